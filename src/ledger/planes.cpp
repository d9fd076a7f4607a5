#include "ledger/planes.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace plimsoll::ledger {

namespace {

enum Mode : std::uint8_t { as_it_is = 0, compressed = 1, all_equal = 2 };
enum Form : std::uint8_t { from_least = 0, from_former = 1, in_blocks = 2 };

constexpr int kLevel = 1;
constexpr std::size_t kWorthTrying = 16;  // bytes; below that the compressor's own head is the larger part

constexpr std::size_t kBlock = 256;    // numbers that are packed together in in_blocks
constexpr unsigned kMostBits = 56;     // of a difference there: a word of 64 bits holds one at any bit of a byte
constexpr std::size_t kBlockHead = 9;  // its first number, bits of a difference

/// Numbers in the block that begins at `first`, and bytes of its differences.
std::size_t block_size(std::size_t first, std::size_t count) { return std::min(kBlock, count - first); }
std::size_t packed_bytes(std::size_t numbers, unsigned bits) { return ((numbers - 1) * bits + 7) / 8; }

/// The word of `bits` bits at the bit `at`.
std::uint64_t bits_at(std::string_view bytes, std::size_t at, unsigned bits) {
    std::uint64_t word = 0;
    const std::size_t byte = at / 8;
    if (byte >= bytes.size()) return 0;
    if (byte + sizeof word <= bytes.size()) {
        std::memcpy(&word, bytes.data() + byte, sizeof word);
    } else {
        std::memcpy(&word, bytes.data() + byte, bytes.size() - byte);
    }
    return word >> (at % 8) & ((std::uint64_t{1} << bits) - 1);
}

unsigned bytes_for(std::uint64_t most) { return static_cast<unsigned>((std::bit_width(most) + 7) / 8); }

/// What follows the form of numbers in blocks.
bool read_blocks(ByteReader& in, std::span<std::uint64_t> out) {
    const std::string_view heads = in.take((out.size() + kBlock - 1) / kBlock * kBlockHead);
    if (!in.ok()) return false;
    for (std::size_t first = 0; first < out.size(); first += kBlock) {
        const char* const head = heads.data() + first / kBlock * kBlockHead;
        const auto bits = static_cast<unsigned>(static_cast<std::uint8_t>(head[8]));
        const std::size_t size = block_size(first, out.size());
        const std::string_view packed = in.take(bits <= kMostBits ? packed_bytes(size, bits) : ~std::uint64_t{0});
        if (!in.ok()) return false;
        std::uint64_t value = 0;
        std::memcpy(&value, head, 8);
        out[first] = value;
        for (std::size_t i = 1; i < size; ++i) out[first + i] = value += bits_at(packed, (i - 1) * bits, bits);
    }
    return true;
}

}  // namespace

void Packer::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void Unpacker::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

Packer::Packer() : context_(ZSTD_createCCtx()) {}
Packer::~Packer() = default;
Unpacker::Unpacker() : context_(ZSTD_createDCtx()) {}
Unpacker::~Unpacker() = default;

void Packer::plane(std::span<const std::uint8_t> bytes, std::string& out) {
    if (bytes.empty()) return;
    if (std::ranges::all_of(bytes, [&](std::uint8_t byte) { return byte == bytes.front(); })) {
        out += static_cast<char>(all_equal);
        out += static_cast<char>(bytes.front());
        return;
    }
    if (bytes.size() >= kWorthTrying) {
        packed_.resize(std::max(packed_.size(), ZSTD_compressBound(bytes.size())));
        const std::size_t size =
            ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(), bytes.data(), bytes.size(), kLevel);
        if (ZSTD_isError(size) == 0 && size + 3 < bytes.size()) {
            out += static_cast<char>(compressed);
            append_varint(out, size);
            out.append(packed_.data(), size);
            return;
        }
    }
    out += static_cast<char>(as_it_is);
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void Packer::words(std::span<const std::uint64_t> values, unsigned width, std::string& out) {
    plane_.resize(std::max(plane_.size(), values.size()));
    for (unsigned byte = 0; byte < width; ++byte) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            plane_[i] = static_cast<std::uint8_t>(values[i] >> (8 * byte));
        }
        plane({plane_.data(), values.size()}, out);
    }
}

void Packer::words(std::span<const std::uint16_t> values, std::string& out) {
    std::uint16_t all = 0;
    for (const std::uint16_t value : values) all |= value;
    const unsigned width = all > 0xff ? 2 : 1;
    out += static_cast<char>(width);
    plane_.resize(std::max(plane_.size(), values.size()));
    for (unsigned byte = 0; byte < width; ++byte) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            plane_[i] = static_cast<std::uint8_t>(values[i] >> (8 * byte));
        }
        plane({plane_.data(), values.size()}, out);
    }
}

void Packer::numbers(std::span<const std::uint64_t> values, bool is_signed, std::string& out) {
    if (values.empty()) return;
    constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
    const std::uint64_t flip = is_signed ? kSign : 0;
    std::uint64_t least = ~std::uint64_t{0};
    for (const std::uint64_t value : values) least = std::min(least, value ^ flip);
    least ^= flip;

    near_.resize(values.size());
    steps_.resize(values.size());
    std::uint64_t all_near = 0;
    std::uint64_t all_steps = 0;
    std::uint64_t bits_near = 0;
    std::uint64_t bits_steps = 0;
    std::uint64_t former = values.front();
    for (std::size_t i = 0; i < values.size(); ++i) {
        near_[i] = values[i] - least;
        steps_[i] = zigzag(static_cast<std::int64_t>(values[i] - former));
        former = values[i];
        all_near |= near_[i];
        all_steps |= steps_[i];
        bits_near += static_cast<unsigned>(std::bit_width(near_[i]));
        bits_steps += static_cast<unsigned>(std::bit_width(steps_[i]));
    }
    const bool stepwise = bits_steps < bits_near;
    const unsigned width = bytes_for(stepwise ? all_steps : all_near);
    out += static_cast<char>(stepwise ? from_former : from_least);
    out += static_cast<char>(width);
    append_fixed(out, stepwise ? values.front() : least);
    words(stepwise ? steps_ : near_, width, out);
}

void Packer::times(std::span<const std::uint64_t> values, std::string& out) {
    std::uint64_t needed = 0;  // bits of all differences
    std::uint64_t packed = 0;
    bool fits = !values.empty();
    for (std::size_t first = 0; first < values.size() && fits; first += kBlock) {
        std::uint64_t all = 0;
        const std::size_t size = block_size(first, values.size());
        for (std::size_t i = first + 1; i < first + size; ++i) {
            const std::uint64_t step = values[i] - values[i - 1];
            all |= step;
            needed += static_cast<unsigned>(std::bit_width(step));
        }
        const auto bits = static_cast<unsigned>(std::bit_width(all));
        fits = bits <= kMostBits;  // one that falls has all bits
        packed += packed_bytes(size, std::min(bits, kMostBits)) * 8;
    }
    if (!fits || packed > needed + needed / 4 + 64) return numbers(values, true, out);

    out += static_cast<char>(in_blocks);
    const std::size_t heads = out.size();
    out.append((values.size() + kBlock - 1) / kBlock * kBlockHead, '\0');
    for (std::size_t first = 0; first < values.size(); first += kBlock) {
        const std::size_t size = block_size(first, values.size());
        std::uint64_t all = 0;
        for (std::size_t i = first + 1; i < first + size; ++i) all |= values[i] - values[i - 1];
        const auto bits = static_cast<unsigned>(std::bit_width(all));
        char* const head = out.data() + heads + first / kBlock * kBlockHead;
        std::memcpy(head, &values[first], 8);
        head[8] = static_cast<char>(bits);
        const std::size_t begin = out.size();
        out.append(packed_bytes(size, bits) + 8, '\0');  // room to write whole words
        std::size_t at = 0;
        for (std::size_t i = first + 1; i < first + size; ++i, at += bits) {
            std::uint64_t word = 0;
            char* const place = out.data() + begin + at / 8;
            std::memcpy(&word, place, 8);
            word |= (values[i] - values[i - 1]) << (at % 8);
            std::memcpy(place, &word, 8);
        }
        out.resize(begin + packed_bytes(size, bits));
    }
}

bool Unpacker::one_number(ByteReader& in, std::size_t count, std::size_t index, std::uint64_t& out) {
    out = 0;
    if (in.fixed<std::uint8_t>() != in_blocks || index >= count) return false;
    const std::string_view heads = in.take((count + kBlock - 1) / kBlock * kBlockHead);
    if (!in.ok()) return true;
    for (std::size_t first = 0; first < count; first += kBlock) {
        const char* const head = heads.data() + first / kBlock * kBlockHead;
        const auto bits = static_cast<unsigned>(static_cast<std::uint8_t>(head[8]));
        const std::size_t size = block_size(first, count);
        const std::string_view packed = in.take(bits <= kMostBits ? packed_bytes(size, bits) : ~std::uint64_t{0});
        if (!in.ok()) return true;
        if (index >= first + size) continue;
        std::memcpy(&out, head, 8);
        for (std::size_t i = 0; i < index - first; ++i) out += bits_at(packed, i * bits, bits);
        return true;
    }
    return true;
}

bool Unpacker::plane(ByteReader& in, std::span<std::uint8_t> out) {
    if (out.empty()) return in.ok();
    switch (in.fixed<std::uint8_t>()) {
        case as_it_is: {
            const std::string_view bytes = in.take(out.size());
            if (in.ok()) std::memcpy(out.data(), bytes.data(), out.size());
            return in.ok();
        }
        case all_equal: {
            const auto byte = in.fixed<std::uint8_t>();
            std::ranges::fill(out, byte);
            return in.ok();
        }
        case compressed: {
            const std::string_view bytes = in.take(in.varint());
            if (!in.ok()) return false;
            return ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), bytes.data(), bytes.size()) ==
                   out.size();
        }
        default: return false;
    }
}

bool Unpacker::words(ByteReader& in, unsigned width, std::span<std::uint64_t> out) {
    if (width > 8) return false;
    std::ranges::fill(out, 0);
    plane_.resize(std::max(plane_.size(), out.size()));
    for (unsigned byte = 0; byte < width; ++byte) {
        if (!plane(in, {plane_.data(), out.size()})) return false;
        for (std::size_t i = 0; i < out.size(); ++i) out[i] |= static_cast<std::uint64_t>(plane_[i]) << (8 * byte);
    }
    return true;
}

bool Unpacker::words(ByteReader& in, std::span<std::uint16_t> out) {
    const auto width = in.fixed<std::uint8_t>();
    if (width != 1 && width != 2) return false;
    plane_.resize(std::max(plane_.size(), out.size()));
    if (!plane(in, {plane_.data(), out.size()})) return false;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = plane_[i];
    if (width == 1) return true;
    if (!plane(in, {plane_.data(), out.size()})) return false;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint16_t>(out[i] | plane_[i] << 8U);
    return true;
}

bool Unpacker::numbers(ByteReader& in, std::span<std::uint64_t> out) {
    if (out.empty()) return in.ok();
    const auto form = in.fixed<std::uint8_t>();
    if (form == in_blocks) return read_blocks(in, out);
    const auto width = in.fixed<std::uint8_t>();
    std::uint64_t base = in.fixed<std::uint64_t>();
    if (!in.ok() || form > from_former || !words(in, width, out)) return false;
    for (std::uint64_t& value : out) {
        if (form == from_least) {
            value += base;
        } else {
            base += static_cast<std::uint64_t>(unzigzag(value));
            value = base;
        }
    }
    return true;
}

}  // namespace plimsoll::ledger
