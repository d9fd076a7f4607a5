#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/varint.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

// How runs of bytes and numbers are packed in a segment; "Chunks" in docs/ledger-format.md.
namespace plimsoll::ledger {

/// Packs; keeps the compressor's memory. One thread.
class Packer {
public:
    Packer();
    ~Packer();
    Packer(Packer&&) noexcept = default;
    Packer& operator=(Packer&&) noexcept = default;

    /// Bytes whose number the reader knows: all equal, compressed, or as they are, whichever is shortest.
    void plane(std::span<const std::uint8_t> bytes, std::string& out);

    /// The low `width` bytes of each value, lowest plane first.
    void words(std::span<const std::uint64_t> values, unsigned width, std::string& out);
    void words(std::span<const std::uint16_t> values, std::string& out);  ///< width in front: 1 or 2

    /// Numbers as distance from their least one or from the one before.
    void numbers(std::span<const std::uint64_t> values, bool is_signed, std::string& out);

    /// Numbers of which most are a little above the one before, so that one can be read without the others where that
    /// costs little room; as signed numbers otherwise.
    void times(std::span<const std::uint64_t> values, std::string& out);

private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    std::vector<std::uint8_t> plane_;
    std::vector<std::uint64_t> near_;
    std::vector<std::uint64_t> steps_;
    std::vector<char> packed_;
};

/// Unpacks; what it reads may be hostile. Each returns false when the bytes are malformed. One thread.
class Unpacker {
public:
    Unpacker();
    ~Unpacker();
    Unpacker(Unpacker&&) noexcept = default;
    Unpacker& operator=(Unpacker&&) noexcept = default;

    [[nodiscard]] bool plane(ByteReader& in, std::span<std::uint8_t> out);
    [[nodiscard]] bool words(ByteReader& in, unsigned width, std::span<std::uint64_t> out);
    [[nodiscard]] bool words(ByteReader& in, std::span<std::uint16_t> out);
    [[nodiscard]] bool numbers(ByteReader& in, std::span<std::uint64_t> out);

    /// True when one of `count` numbers can be read without the others: it is then in `out`, or 0 with `in` at fault.
    [[nodiscard]] static bool one_number(ByteReader& in, std::size_t count, std::size_t index, std::uint64_t& out);

private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    std::vector<std::uint8_t> plane_;
};

}  // namespace plimsoll::ledger
