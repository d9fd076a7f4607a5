#include "model/value.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace plimsoll::model {

Value view(const OwnedValue& owned) {
    return std::visit([](const auto& value) -> Value { return value; }, owned);
}

bool parse_ip(std::string_view text, Ip& out) {
    if (text.size() >= INET6_ADDRSTRLEN) return false;
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    std::memcpy(buffer.data(), text.data(), text.size());
    Ip ip;
    ip.v6 = text.find(':') != std::string_view::npos;
    if (inet_pton(ip.v6 ? AF_INET6 : AF_INET, buffer.data(), ip.bytes.data()) != 1) return false;
    out = ip;
    return true;
}

bool parse_net(std::string_view text, Net& out) {
    const auto slash = text.find('/');
    Net net;
    if (!parse_ip(text.substr(0, slash), net.address)) return false;
    const unsigned most = net.address.v6 ? 128 : 32;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const auto tail = text.substr(slash + 1);
        const auto [end, fault] = std::from_chars(tail.data(), tail.data() + tail.size(), bits);
        if (fault != std::errc() || end != tail.data() + tail.size() || bits > most) return false;
    }
    net.bits = static_cast<std::uint8_t>(bits);
    out = net;
    return true;
}

bool contains(const Net& net, const Ip& ip) {
    if (net.address.v6 != ip.v6) return false;
    const std::size_t whole = net.bits / 8;
    if (std::memcmp(net.address.bytes.data(), ip.bytes.data(), whole) != 0) return false;
    const unsigned rest = net.bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
    return (net.address.bytes[whole] & mask) == (ip.bytes[whole] & mask);
}

std::string to_text(const Ip& ip) {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(ip.v6 ? AF_INET6 : AF_INET, ip.bytes.data(), buffer.data(), buffer.size());
    return buffer.data();
}

std::string to_text(const Net& net) { return to_text(net.address) + "/" + std::to_string(net.bits); }

namespace {

struct ToText {
    std::string operator()(std::string_view text) const { return std::string(text); }
    std::string operator()(std::uint64_t number) const { return std::to_string(number); }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const {
        std::array<char, 32> buffer{};
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
        return {buffer.data(), end};
    }
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(const Ip& ip) const { return to_text(ip); }
    std::string operator()(const Net& net) const { return to_text(net); }
};

}  // namespace

std::string to_text(const Value& value) { return std::visit(ToText{}, value); }

}  // namespace plimsoll::model
