#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace plimsoll::model {

/// An IPv4 or IPv6 address in network byte order; IPv4 uses the first four bytes.
struct Ip {
    std::array<std::uint8_t, 16> bytes{};
    bool v6 = false;

    friend bool operator==(const Ip&, const Ip&) = default;
};

/// An address block: `bits` leading bits of `address` are the network.
struct Net {
    Ip address;
    std::uint8_t bits = 0;

    friend bool operator==(const Net&, const Net&) = default;
};

/// One value of one field, borrowed from whoever owns the record. Text and raw bytes are both string_view; which of the
/// two is meant is said by the field's type.
using Value = std::variant<std::string_view, std::uint64_t, std::int64_t, double, bool, Ip, Net>;

/// The same value with its text owned; what a fact store keeps.
using OwnedValue = std::variant<std::string, std::uint64_t, std::int64_t, double, bool, Ip, Net>;

/// Borrows from `owned`, which must outlive the result.
[[nodiscard]] Value view(const OwnedValue& owned);

/// Reads dotted or colon notation; nothing else is accepted.
[[nodiscard]] bool parse_ip(std::string_view text, Ip& out);

/// Reads `address/bits`; a bare address is a block of one.
[[nodiscard]] bool parse_net(std::string_view text, Net& out);

[[nodiscard]] bool contains(const Net& net, const Ip& ip);

/// The value as a person writes it: decimal numbers, true/false, addresses in canonical notation, text as it is (not
/// escaped).
[[nodiscard]] std::string to_text(const Value& value);
[[nodiscard]] std::string to_text(const Ip& ip);
[[nodiscard]] std::string to_text(const Net& net);

}  // namespace plimsoll::model
