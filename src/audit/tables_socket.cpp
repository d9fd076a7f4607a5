#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "audit/tables.h"
#include "audit/tables_decode.h"
#include "audit/tables_values.h"

namespace plimsoll::audit {

namespace {

// linux/socket.h
enum Family : unsigned { kUnix = 1, kInet = 2, kInet6 = 10, kNetlink = 16, kPacket = 17, kAlg = 38, kVsock = 40 };

// The log has the struct in the byte order of the host that wrote it; all three whole architectures are little endian.
unsigned u16(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) |
           static_cast<unsigned>(static_cast<unsigned char>(bytes[at + 1])) << 8U;
}
unsigned u32(std::string_view bytes, std::size_t at) { return u16(bytes, at) | u16(bytes, at + 2) << 16U; }
unsigned port(std::string_view bytes) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[2])) << 8U |
           static_cast<unsigned>(static_cast<unsigned char>(bytes[3]));
}

std::string ip_text(int family, std::string_view bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, bytes.data(), text.data(), text.size());
    return text.data();
}

void read_unix(std::string_view bytes, SocketAddress& address) {
    std::string_view path = bytes.substr(2);
    if (path.empty()) {
        address.text = "unnamed";
        return;
    }
    if (path[0] != '\0') {
        address.address = path.substr(0, path.find('\0'));
    } else {
        // An abstract name may hold NULs; those at its end are padding in practice
        const std::size_t last = path.find_last_not_of('\0');
        if (last == std::string_view::npos) {
            address.text = "unnamed";
            return;
        }
        address.address = path.substr(0, last + 1);
        for (char& c : address.address)
            if (c == '\0') c = '@';
    }
    address.text = address.address;
}

void read(std::string_view bytes, SocketAddress& address) {
    const auto short_by = [&](std::size_t size) {
        if (bytes.size() >= size) return false;
        address.text = "(too short)";
        return true;
    };
    switch (address.family) {
        case kUnix: read_unix(bytes, address); return;
        case kInet:
            if (short_by(8)) return;
            address.address = ip_text(AF_INET, bytes.substr(4));
            address.port = port(bytes);
            address.text = fmt::format("{}:{}", address.address, address.port);
            return;
        case kInet6:
            if (short_by(24)) return;
            address.address = ip_text(AF_INET6, bytes.substr(8));
            address.port = port(bytes);
            address.text = fmt::format("[{}]:{}", address.address, address.port);
            return;
        case kNetlink:
            if (short_by(12)) return;
            address.text = fmt::format("netlink:{}:{}", u32(bytes, 4), u32(bytes, 8));
            return;
        case kPacket:
            if (short_by(8)) return;
            address.text = fmt::format("packet:{}", static_cast<int>(u32(bytes, 4)));
            return;
        case kAlg:
            if (short_by(88)) return;
            address.text = fmt::format("alg:{}", ::strnlen(bytes.data() + 24, 64) == 0
                                                     ? std::string_view()
                                                     : bytes.substr(24, ::strnlen(bytes.data() + 24, 64)));
            return;
        case kVsock:
            if (short_by(12)) return;
            address.port = u32(bytes, 4);
            address.address = std::to_string(u32(bytes, 8));
            address.text = fmt::format("vsock:{}:{}", address.address, address.port);
            return;
        default: break;
    }
    const std::string_view name = name_of(families_names(), address.family);
    address.text = name.empty() ? fmt::format("family {}", address.family) : std::string(name);
}

}  // namespace

SocketAddress socket_address(std::string_view saddr) {
    constexpr std::size_t kLongest = 256;  // sizeof(struct sockaddr_storage) is 128
    SocketAddress address;
    std::string bytes;
    if (!append_hex_decoded(bytes, saddr.substr(0, 2 * kLongest))) {
        address.text = "(no hexadecimal)";
        return address;
    }
    if (bytes.size() < 2) {
        address.text = "(too short)";
        return address;
    }
    address.family = u16(bytes, 0);
    read(bytes, address);
    return address;
}

}  // namespace plimsoll::audit
