#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace plimsoll::audit {

/// Text that grows, written through a pointer: an interpreted log is millions of short pieces, and std::string pays for
/// each of them. Kept between events.
class Buffer {
public:
    Buffer() : bytes_(new char[kFirst]), size_(kFirst) {}

    void clear() { used_ = 0; }
    [[nodiscard]] std::size_t size() const { return used_; }
    [[nodiscard]] std::string_view text() const { return {bytes_.get(), used_}; }
    [[nodiscard]] std::string_view text_from(std::size_t begin) const { return text().substr(begin); }

    void put(char c) {
        reserve(1);
        bytes_[used_++] = c;
    }
    void put(std::string_view text) {
        const std::size_t size = text.size();
        reserve(size);
        char* const to = bytes_.get() + used_;
        used_ += size;
        if (size > 32)
            std::memcpy(to, text.data(), size);
        else if (size >= 16)
            put_ends<Sixteen>(to, text);
        else if (size >= 8)
            put_ends<std::uint64_t>(to, text);
        else if (size >= 4)
            put_ends<std::uint32_t>(to, text);
        else if (size > 0)
            put_few(to, text);
    }

    /// Room for `size` bytes, to be filled; `keep` says how many of them stay.
    [[nodiscard]] char* room(std::size_t size) {
        reserve(size);
        return bytes_.get() + used_;
    }
    void keep(std::size_t size) { used_ += size; }
    void cut(std::size_t size) { used_ = size; }

    void put_number(std::uint64_t value) {
        char* digits = room(20);
        std::size_t n = 0;
        do {
            digits[n++] = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        for (std::size_t i = 0; i < n / 2; ++i) std::swap(digits[i], digits[n - 1 - i]);
        used_ += n;
    }
    void put_signed(std::int64_t value) {
        if (value < 0) put('-');
        put_number(value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                             : static_cast<std::uint64_t>(value));
    }
    void put_hex(std::uint64_t value) {
        char* digits = room(16);
        std::size_t n = 0;
        do {
            digits[n++] = "0123456789abcdef"[value & 15U];
            value >>= 4U;
        } while (value != 0);
        for (std::size_t i = 0; i < n / 2; ++i) std::swap(digits[i], digits[n - 1 - i]);
        used_ += n;
    }
    /// At least `digits` octal digits.
    void put_octal(std::uint64_t value, unsigned digits) {
        for (unsigned left = 21; left-- > 0;) {
            const std::uint64_t digit = value >> (3U * left) & 7U;
            if (digit == 0 && left >= digits && value >> (3U * left) == 0) continue;
            put(static_cast<char>('0' + digit));
        }
    }
    /// Exactly `digits` decimal digits of a number that has no more.
    void put_padded(unsigned value, unsigned digits) {
        char* at = room(digits);
        for (unsigned i = digits; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
        used_ += digits;
    }

private:
    static constexpr std::size_t kFirst = 4096;

    struct Sixteen {
        std::uint64_t low, high;
    };

    // Most pieces are short: a call would take longer than the copying. The two words may overlap.
    template <typename Word>
    static void put_ends(char* to, std::string_view text) {
        Word first;
        Word last;
        std::memcpy(&first, text.data(), sizeof first);
        std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
        std::memcpy(to, &first, sizeof first);
        std::memcpy(to + text.size() - sizeof last, &last, sizeof last);
    }
    static void put_few(char* to, std::string_view text) {
        to[0] = text[0];
        to[text.size() / 2] = text[text.size() / 2];
        to[text.size() - 1] = text[text.size() - 1];
    }

    void reserve(std::size_t more) {
        if (size_ - used_ < more) [[unlikely]]
            grow(more);
    }
    void grow(std::size_t more) {
        std::size_t size = size_ * 2;
        while (size - used_ < more) size *= 2;
        std::unique_ptr<char[]> bytes(new char[size]);
        std::memcpy(bytes.get(), bytes_.get(), used_);
        bytes_ = std::move(bytes);
        size_ = size;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
    std::size_t used_ = 0;
};

}  // namespace plimsoll::audit
