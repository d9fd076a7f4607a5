#include "audit/text/socket_text.h"

#include <string>

#include "audit/tables.h"
#include "audit/tables_decode.h"
#include "audit/tables_values.h"

namespace plimsoll::audit {

namespace {

enum Family : unsigned { kUnix = 1, kAx25 = 3, kInet = 2, kX25 = 9, kInet6 = 10, kNetlink = 16, kVsock = 40 };

std::string_view text_until_nul(std::string_view bytes) { return bytes.substr(0, bytes.find('\0')); }

std::uint32_t u32(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// `bytes` begins with the family.
void put_family(Buffer& out, unsigned family, std::string_view bytes, const SocketAddress& address, Escape escape) {
    const bool is_short = address.text == "(too short)";
    switch (family) {
        case kUnix:
            if (bytes.size() <= 2) {
                out.put("sockaddr len too short");
            } else {
                out.put("path=");
                put_escaped(out, address.text, escape);  // an abstract name keeps its @: it is no path
            }
            return;
        case kInet:
            // The kernel's struct has 16 bytes, and programs may hand over less than all of it
            if (bytes.size() < 16) {
                out.put("sockaddr len too short");
                return;
            }
            break;
        case kInet6:
            if (is_short) {
                out.put("sockaddr6 len too short");
                return;
            }
            break;
        case kNetlink:
            if (is_short) {
                out.put("len too short");
                return;
            }
            out.put("nlnk-fam=16 nlnk-pid=");
            out.put_number(u32(bytes, 4));
            return;
        case kVsock:
            if (is_short) {
                out.put("len too short");
                return;
            }
            out.put("cid=");
            put_escaped(out, address.address, escape);
            out.put(" port=");
            out.put_number(address.port);
            return;
        case kAx25:
            out.put("call=");
            put_escaped(out, text_until_nul(bytes.substr(2, 7)), escape);
            return;
        case kX25:
            out.put("laddr=");
            put_escaped(out, text_until_nul(bytes.substr(2, 16)), escape);
            return;
        default: out.put("(unsupported)"); return;
    }
    out.put("laddr=");
    put_escaped(out, address.address, escape);
    out.put(" lport=");
    out.put_number(address.port);
}

}  // namespace

void put_socket(Buffer& out, std::string_view hexadecimal, Escape escape) {
    std::string bytes;
    constexpr std::size_t kLongest = 512;  // in digits; the kernel's longest address has 256
    if (!append_hex_decoded(bytes, hexadecimal.substr(0, kLongest)) || bytes.empty()) {
        out.put("malformed-host(");
        put_escaped(out, hexadecimal, escape);
        out.put(')');
        return;
    }
    const SocketAddress address = socket_address(hexadecimal);
    const unsigned family = bytes.size() >= 2 ? address.family : static_cast<unsigned char>(bytes[0]);
    const std::string_view name = name_of(families_names(), family);
    if (name.empty()) {
        out.put("unknown-family(");
        out.put_number(family);
        out.put(')');
        return;
    }
    out.put("{ saddr_fam=");
    out.put(name);
    out.put(' ');
    put_family(out, family, bytes, address, escape);
    out.put(" }");
}

}  // namespace plimsoll::audit
