#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "host/firewall.h"
#include "host/netlink.h"

namespace plimsoll::host {

namespace {

using Until = NetlinkSocket::Until;
using TableKey = std::pair<unsigned, std::string>;  // family, name

constexpr std::size_t kMostJumps = 4096;  // per chain; a verdict map may name any number

std::string family_name(unsigned family) {
    switch (family) {
        case NFPROTO_INET: return "inet";
        case NFPROTO_IPV4: return "ip";
        case NFPROTO_ARP: return "arp";
        case NFPROTO_NETDEV: return "netdev";
        case NFPROTO_BRIDGE: return "bridge";
        case NFPROTO_IPV6: return "ip6";
        default: return "family#" + std::to_string(family);
    }
}

std::string hook_name(unsigned family, std::uint32_t hook) {
    static constexpr std::array<std::string_view, 6> kInet{"prerouting", "input",       "forward",
                                                           "output",     "postrouting", "ingress"};
    static constexpr std::array<std::string_view, 3> kArp{"input", "output", "forward"};
    static constexpr std::array<std::string_view, 2> kNetdev{"ingress", "egress"};
    const std::span<const std::string_view> names = family == NFPROTO_NETDEV
                                                        ? std::span<const std::string_view>(kNetdev)
                                                    : family == NFPROTO_ARP ? std::span<const std::string_view>(kArp)
                                                                            : std::span<const std::string_view>(kInet);
    return hook < names.size() ? std::string(names[hook]) : "hook#" + std::to_string(hook);
}

/// nftables sends numbers in network order.
std::optional<std::uint32_t> network_number(Bytes content) {
    const auto value = copy_at<std::uint32_t>(content);
    if (!value) return std::nullopt;
    return ntohl(*value);
}

Result<void> dump(NetlinkSocket& netlink, unsigned question, unsigned answer,
                  const std::function<void(unsigned family, Bytes payload)>& take) {
    nfgenmsg request{};
    request.nfgen_family = AF_UNSPEC;
    request.version = NFNETLINK_V0;
    return netlink.ask(NFNL_SUBSYS_NFTABLES << 8U | question, NLM_F_DUMP, bytes_of(request), Until::done,
                       [&](const NetlinkSocket::Message& message) {
                           const auto header = copy_at<nfgenmsg>(message.payload);
                           if (!header || message.type != (NFNL_SUBSYS_NFTABLES << 8U | answer)) return;
                           take(header->nfgen_family, message.payload);
                       });
}

FirewallChain decode_chain(unsigned family, Bytes payload, std::string& table) {
    FirewallChain chain;
    for_each_attribute(payload, sizeof(nfgenmsg), [&](unsigned type, Bytes content) {
        if (type == NFTA_CHAIN_TABLE) table = attribute_text(content);
        if (type == NFTA_CHAIN_NAME) chain.name = attribute_text(content);
        if (type == NFTA_CHAIN_TYPE) chain.type = attribute_text(content);
        if (type == NFTA_CHAIN_POLICY) {
            const auto policy = network_number(content);
            if (policy) chain.policy = *policy == NF_DROP ? "drop" : *policy == NF_ACCEPT ? "accept" : "";
        }
        if (type == NFTA_CHAIN_HOOK) {
            for_each_attribute(content, 0, [&](unsigned part, Bytes value) {
                const auto n = network_number(value);
                if (part == NFTA_HOOK_HOOKNUM && n) chain.hook = hook_name(family, *n);
                if (part == NFTA_HOOK_PRIORITY && n) chain.priority = static_cast<std::int32_t>(*n);
            });
        }
    });
    return chain;
}

/// Jump targets in a rule's immediate verdicts: EXPRESSIONS → LIST_ELEM → EXPR_DATA → IMMEDIATE_DATA → VERDICT → CHAIN.
void collect_jumps(Bytes expressions, std::vector<std::string>& jumps) {
    for_each_attribute(expressions, 0, [&](unsigned, Bytes element) {
        std::string name;
        Bytes data;
        for_each_attribute(element, 0, [&](unsigned type, Bytes content) {
            if (type == NFTA_EXPR_NAME) name = attribute_text(content);
            if (type == NFTA_EXPR_DATA) data = content;
        });
        if (name != "immediate") return;
        for_each_attribute(data, 0, [&](unsigned type, Bytes immediate) {
            if (type != NFTA_IMMEDIATE_DATA) return;
            for_each_attribute(immediate, 0, [&](unsigned kind, Bytes verdict) {
                if (kind != NFTA_DATA_VERDICT) return;
                for_each_attribute(verdict, 0, [&](unsigned part, Bytes content) {
                    if (part == NFTA_VERDICT_CHAIN && jumps.size() < kMostJumps)
                        jumps.push_back(attribute_text(content));
                });
            });
        });
    });
}

/// One look at tables, chains and rules; fails when they change meanwhile.
Result<std::vector<FirewallTable>> read_once(NetlinkSocket& netlink) {
    std::vector<FirewallTable> tables;
    std::map<TableKey, std::size_t> table_index;
    TRY_VOID(dump(netlink, NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, [&](unsigned family, Bytes payload) {
        for_each_attribute(payload, sizeof(nfgenmsg), [&](unsigned type, Bytes content) {
            if (type != NFTA_TABLE_NAME) return;
            table_index.emplace(TableKey{family, attribute_text(content)}, tables.size());
            tables.push_back({FirewallBackend::nftables, family_name(family), attribute_text(content), {}});
        });
    }));
    std::map<std::tuple<unsigned, std::string, std::string>, std::pair<std::size_t, std::size_t>> chain_index;
    TRY_VOID(dump(netlink, NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN, [&](unsigned family, Bytes payload) {
        std::string table;
        FirewallChain chain = decode_chain(family, payload, table);
        const auto found = table_index.find({family, table});
        if (found == table_index.end()) return;  // made after the tables were read
        auto& chains = tables[found->second].chains;
        chain_index.emplace(std::tuple(family, table, chain.name), std::pair(found->second, chains.size()));
        chains.push_back(std::move(chain));
    }));
    TRY_VOID(dump(netlink, NFT_MSG_GETRULE, NFT_MSG_NEWRULE, [&](unsigned family, Bytes payload) {
        std::string table;
        std::string name;
        Bytes expressions;
        for_each_attribute(payload, sizeof(nfgenmsg), [&](unsigned type, Bytes content) {
            if (type == NFTA_RULE_TABLE) table = attribute_text(content);
            if (type == NFTA_RULE_CHAIN) name = attribute_text(content);
            if (type == NFTA_RULE_EXPRESSIONS) expressions = content;
        });
        const auto found = chain_index.find({family, table, name});
        if (found == chain_index.end()) return;
        FirewallChain& chain = tables[found->second.first].chains[found->second.second];
        ++chain.rules;
        collect_jumps(expressions, chain.jumps);
    }));
    for (FirewallTable& table : tables) {
        for (FirewallChain& chain : table.chains) {
            std::ranges::sort(chain.jumps);
            chain.jumps.erase(std::ranges::unique(chain.jumps).begin(), chain.jumps.end());
        }
    }
    return tables;
}

}  // namespace

Result<std::vector<FirewallTable>> read_nftables() {
    constexpr int kAttempts = 4;
    TRY(auto netlink, NetlinkSocket::open(NETLINK_NETFILTER, "netfilter"));
    for (int attempt = 1;; ++attempt) {
        auto tables = read_once(netlink);
        if (tables) return tables;
        const bool refused = netlink.refusal() != 0 && netlink.refusal() != EINTR && netlink.refusal() != EAGAIN;
        if (refused || attempt == kAttempts) {
            const bool needs = netlink.refusal() == EPERM;
            return Error{tables.error().message + (needs ? " (needs CAP_NET_ADMIN)" : "")}.during("reading nftables");
        }
        // A late part of the failed answer must not meet the next question.
        TRY(netlink, NetlinkSocket::open(NETLINK_NETFILTER, "netfilter"));
    }
}

}  // namespace plimsoll::host
