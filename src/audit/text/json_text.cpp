#include "audit/text/json_text.h"

#include <cstdint>

#include "audit/text/escape.h"

namespace plimsoll::audit {

namespace {

void put_unit(Buffer& out, std::uint32_t unit) {
    out.put("\\u");
    for (unsigned shift = 16; shift > 0; shift -= 4) out.put("0123456789abcdef"[unit >> (shift - 4) & 15U]);
}

void put_character(Buffer& out, std::uint32_t code) {
    if (code < 0x10000) {
        put_unit(out, code);
        return;
    }
    code -= 0x10000;
    put_unit(out, 0xD800 + (code >> 10U));
    put_unit(out, 0xDC00 + (code & 0x3FFU));
}

}  // namespace

void put_json(Buffer& out, std::string_view bytes) {
    out.put('"');
    for (std::size_t i = 0; i < bytes.size();) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        if (byte >= 0x80) {
            std::uint32_t code = 0;
            const std::size_t size = utf8_character(bytes.substr(i), code);
            if (size == 0) {
                out.put("\\\\x");
                out.put("0123456789abcdef"[byte >> 4U]);
                out.put("0123456789abcdef"[byte & 15U]);
            } else {
                put_character(out, code);
            }
            i += size == 0 ? 1 : size;
            continue;
        }
        switch (byte) {
            case '"': out.put("\\\""); break;
            case '\\': out.put("\\\\"); break;
            case '\n': out.put("\\n"); break;
            case '\t': out.put("\\t"); break;
            case '\r': out.put("\\r"); break;
            default:
                if (byte < 0x20 || byte == 0x7F)
                    put_unit(out, byte);
                else
                    out.put(static_cast<char>(byte));
        }
        ++i;
    }
    out.put('"');
}

}  // namespace plimsoll::audit
