#include "audit/text/escape.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace plimsoll::audit {

namespace {

constexpr std::string_view kShell = "\"'`$\\!()| ";
constexpr std::string_view kShellQuote = "#&*;<>?[]{}";

/// Characters that move, hide or reorder text: C1 controls, zero-width ones, line and paragraph separators,
/// bidirectional marks, interlinear annotation, tags.
bool deceives(std::uint32_t code) {
    return code <= 0x9F || (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) ||
           (code >= 0xE0000 && code <= 0xE007F);
}

void put_octal(std::string& out, unsigned char byte) {
    out += '\\';
    out += static_cast<char>('0' + (byte >> 6U));
    out += static_cast<char>('0' + (byte >> 3U & 7U));
    out += static_cast<char>('0' + (byte & 7U));
}

void escape_slowly(std::string& out, std::string_view text, Escape mode) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x80) {
            std::uint32_t code = 0;
            const std::size_t size = utf8_character(text.substr(i), code);
            const std::size_t taken = size == 0 ? 1 : size;
            if (size == 0 || deceives(code))
                for (std::size_t k = 0; k < taken; ++k) put_octal(out, static_cast<unsigned char>(text[i + k]));
            else
                out += text.substr(i, size);
            i += taken;
            continue;
        }
        if (byte < 0x20 || byte == 0x7F) {
            put_octal(out, byte);
        } else {
            if (mode != Escape::tty &&
                (kShell.find(text[i]) != std::string_view::npos ||
                 (mode == Escape::shell_quote && kShellQuote.find(text[i]) != std::string_view::npos)))
                out += '\\';
            out += text[i];
        }
        ++i;
    }
}

}  // namespace

std::size_t utf8_character(std::string_view text, std::uint32_t& code) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::uint32_t lead = at(0);
    std::size_t size = 0;
    std::uint32_t least = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
        size = 2, code = lead & 0x1FU, least = 0x80;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        size = 3, code = lead & 0x0FU, least = 0x800;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        size = 4, code = lead & 0x07U, least = 0x10000;
    }
    if (size == 0 || size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((at(i) & 0xC0U) != 0x80) return 0;
        code = code << 6U | (at(i) & 0x3FU);
    }
    return code >= least && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) ? size : 0;
}

std::optional<Escape> escape_mode(std::string_view name) {
    if (name == "raw") return Escape::raw;
    if (name == "tty") return Escape::tty;
    if (name == "shell") return Escape::shell;
    if (name == "shell_quote") return Escape::shell_quote;
    return std::nullopt;
}

namespace {

#if defined(__SSE2__)
/// Bytes other than printable ASCII; as signed numbers those of 0x80 and more are below 0x20, too.
__m128i not_plain(__m128i bytes) {
    return _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F)));
}
__m128i sixteen(const char* at) {
    __m128i bytes;
    std::memcpy(&bytes, at, 16);
    return bytes;
}
__m128i eight(const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    return _mm_cvtsi64_si128(static_cast<std::int64_t>(bytes));
}
#endif

}  // namespace

bool is_plain(std::string_view text) {
    const std::size_t size = text.size();
#if defined(__SSE2__)
    // The last bytes are looked at twice rather than one by one
    if (size >= 16) {
        __m128i bad = not_plain(sixteen(text.data() + size - 16));
        for (std::size_t i = 0; i + 16 < size; i += 16) bad = _mm_or_si128(bad, not_plain(sixteen(text.data() + i)));
        return _mm_movemask_epi8(bad) == 0;
    }
    if (size >= 8)
        return _mm_movemask_epi8(not_plain(_mm_unpacklo_epi64(eight(text.data()), eight(text.data() + size - 8)))) == 0;
#endif
    unsigned bad = 0;
    for (std::size_t i = 0; i < size; ++i)
        bad |= static_cast<unsigned>(static_cast<unsigned char>(text[i] - 0x20) >= 0x5F);
    return bad == 0;
}

void append_escaped(std::string& out, std::string_view text, Escape mode) {
    if (mode == Escape::raw || (mode == Escape::tty && is_plain(text)))
        out += text;
    else
        escape_slowly(out, text, mode);
}

void put_escaped(Buffer& out, std::string_view text, Escape mode) {
    if (mode == Escape::raw || (mode == Escape::tty && is_plain(text))) {
        out.put(text);
        return;
    }
    std::string escaped;
    escape_slowly(escaped, text, mode);
    out.put(escaped);
}

}  // namespace plimsoll::audit
