#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

enum class FirewallBackend : std::uint8_t { nftables, legacy };

/// One chain of packet filter rules.
struct FirewallChain {
    std::string name;
    std::string hook;  ///< "input", "forward", …; empty for a chain that is only jumped to
    std::string type;  ///< nftables: "filter", "nat", "route"; empty for legacy tables and chains without a hook
    std::optional<std::int32_t> priority;  ///< nftables base chains only
    std::string policy;                    ///< "accept" or "drop"; empty for chains without a hook
    std::size_t rules = 0;                 ///< without the policy itself
    std::vector<std::string> jumps;        ///< chains its rules jump or go to, sorted and unique
};

struct FirewallTable {
    FirewallBackend backend = FirewallBackend::nftables;
    std::string family;  ///< "ip", "ip6", "inet", "arp", "bridge", "netdev"
    std::string name;    ///< "filter", "nat"
    std::vector<FirewallChain> chains;

    /// The chain of this name; null when there is none.
    [[nodiscard]] const FirewallChain* chain(std::string_view name) const;
};

/// The packet filters of one network namespace. What could not be read is in `unreadable`, so an empty table list means
/// "no rules" only when that is empty too.
struct Firewall {
    std::vector<FirewallTable> tables;
    std::vector<std::string> unreadable;

    /// The table of this family and name with this backend; null when there is none.
    [[nodiscard]] const FirewallTable* table(FirewallBackend backend, std::string_view family,
                                             std::string_view name) const;
};

/// Reads nftables through netlink and legacy iptables tables through their sockets, in the calling thread's network
/// namespace. Needs CAP_NET_ADMIN there. Never makes the kernel load a module: what is not loaded holds no rules.
/// `root` is where /proc, /sys and /lib/modules are looked at for that.
[[nodiscard]] Firewall read_firewall(const Root& root);

/// The nftables half, which read_firewall calls.
[[nodiscard]] Result<std::vector<FirewallTable>> read_nftables();

/// One legacy table, which read_firewall calls after /proc listed it: family "ip" or "ip6".
[[nodiscard]] Result<FirewallTable> read_legacy_table(std::string_view family, std::string_view name);

/// Where the kernel's table blob has its built-in chains (struct ipt_getinfo): offsets of first entry and policy by
/// hook.
struct LegacyHooks {
    std::uint32_t valid = 0;  ///< bit per hook
    std::uint32_t entry[5]{};
    std::uint32_t underflow[5]{};
};

/// Decodes the entries of a legacy table (struct ipt_entry or ip6t_entry); an error says where they do not fit
/// together.
[[nodiscard]] Result<std::vector<FirewallChain>> decode_legacy_entries(std::string_view family,
                                                                       const LegacyHooks& hooks,
                                                                       std::span<const std::byte> blob);

}  // namespace plimsoll::host
