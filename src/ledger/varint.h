#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace plimsoll::ledger {

static_assert(std::endian::native == std::endian::little, "the formats are little endian and copied as they are");

inline constexpr std::size_t kVarintMost = 10;

/// Writes LEB128: seven bits a byte, lowest first. Returns the place behind.
inline char* put_varint(char* at, std::uint64_t value) {
    while (value >= 0x80) {
        *at++ = static_cast<char>(value | 0x80U);
        value >>= 7U;
    }
    *at++ = static_cast<char>(value);
    return at;
}

inline void append_varint(std::string& out, std::uint64_t value) {
    char bytes[kVarintMost];
    out.append(bytes, static_cast<std::size_t>(put_varint(bytes, value) - bytes));
}

/// Reads what put_varint wrote and nothing else: a form longer than needed is refused. `at` moves only on success.
inline bool get_varint(const char*& at, const char* end, std::uint64_t& value) {
    std::uint64_t result = 0;
    const char* next = at;
    for (unsigned shift = 0; shift < 64 && next != end; shift += 7) {
        const auto byte = static_cast<unsigned char>(*next++);
        if (shift == 63 && byte > 1) return false;
        result |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift != 0) return false;
            value = result;
            at = next;
            return true;
        }
    }
    return false;
}

[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1));
}

/// A number copied as it lies in memory.
template <typename T>
void append_fixed(std::string& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.append(bytes, sizeof(T));
}

/// Reads forward through bytes that may be hostile. After the first fault everything reads as zero and `ok` is false.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        if (!ok_ || !get_varint(at_, end_, value)) fail();
        return value;
    }
    /// A varint that may not be above `most`.
    std::uint64_t varint(std::uint64_t most) {
        const std::uint64_t value = varint();
        if (value > most) return fail(), 0;
        return value;
    }
    template <typename T>
    T fixed() {
        T value{};
        const std::string_view bytes = take(sizeof(T));
        if (ok_) std::memcpy(&value, bytes.data(), sizeof(T));
        return value;
    }
    std::string_view take(std::uint64_t size) {
        if (!ok_ || size > left()) return fail(), std::string_view();
        const std::string_view bytes(at_, size);
        at_ += size;
        return bytes;
    }
    std::string_view text(std::uint64_t most) { return take(varint(most)); }

private:
    void fail() {
        ok_ = false;
        at_ = end_;
    }

    const char* at_;
    const char* end_;
    bool ok_ = true;
};

}  // namespace plimsoll::ledger
