#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "base/text.h"
#include "host/firewall.h"
#include "host/netlink.h"
#include "host/system_error.h"

namespace plimsoll::host {

namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20U;
constexpr std::array<std::string_view, 5> kHookNames{"prerouting", "input", "forward", "output", "postrouting"};
constexpr std::array<std::string_view, 5> kChainNames{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
constexpr std::string_view kErrorTarget = "ERROR";

/// What differs between the two families.
struct Family {
    int domain;
    int level;
    int get_info;
    int get_entries;
    std::size_t entry_size;
    std::size_t target_offset_at;  ///< where in an entry the two 16-bit offsets stand: target, then next entry
};

constexpr Family kIp{
    AF_INET, SOL_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES, sizeof(ipt_entry), offsetof(ipt_entry, target_offset)};
constexpr Family kIp6{
    AF_INET6, SOL_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES, sizeof(ip6t_entry), offsetof(ip6t_entry, target_offset)};

/// The fixed part of struct xt_entry_target as user space sees it.
struct Target {
    std::uint16_t size;
    char name[XT_EXTENSION_MAXNAMELEN];
    std::uint8_t revision;
};
static_assert(sizeof(Target) == sizeof(xt_entry_target));

struct Entry {
    std::size_t offset = 0;
    std::size_t end = 0;
    std::string target;      ///< empty: a standard verdict
    int verdict = 0;         ///< of a standard target: ≥ 0 offset of a chain, < 0 -(NF_*) - 1
    std::string error_name;  ///< of an ERROR target: name of the chain that begins after it
};

std::string bounded_text(Bytes bytes) { return attribute_text(bytes); }

Result<std::vector<Entry>> split_entries(const Family& family, Bytes blob) {
    std::vector<Entry> entries;
    for (std::size_t at = 0; at < blob.size();) {
        const auto bad = [&](std::string_view what) { return Error{fmt::format("entry at byte {}: {}", at, what)}; };
        if (blob.size() - at < family.entry_size) return bad("cut short");
        const auto target_at = copy_at<std::uint16_t>(blob, at + family.target_offset_at);
        const auto next_at = copy_at<std::uint16_t>(blob, at + family.target_offset_at + sizeof(std::uint16_t));
        if (!target_at || !next_at) return bad("cut short");
        if (*next_at < family.entry_size || *next_at > blob.size() - at) return bad("its length is wrong");
        const Bytes body = blob.subspan(at, *next_at);
        if (*target_at < family.entry_size) return bad("its target is misplaced");
        const auto target = copy_at<Target>(body, *target_at);
        if (!target) return bad("its target is misplaced");
        Entry entry;
        entry.offset = at;
        entry.end = at + *next_at;
        entry.target = bounded_text(std::as_bytes(std::span(target->name)));
        const std::size_t data_at = *target_at + sizeof(Target);
        if (entry.target.empty()) {
            const auto verdict = copy_at<int>(body, data_at);
            if (!verdict) return bad("its verdict is cut short");
            entry.verdict = *verdict;
        } else if (entry.target == kErrorTarget) {
            entry.error_name = bounded_text(
                body.subspan(data_at, std::min<std::size_t>(body.size() - data_at, XT_FUNCTION_MAXNAMELEN)));
        }
        entries.push_back(std::move(entry));
        at += *next_at;
    }
    return entries;
}

/// Turns entries into chains: where each begins is known from the hooks and from ERROR entries, which name the next
/// chain.
class ChainBuilder {
public:
    ChainBuilder(const std::vector<Entry>& entries, const LegacyHooks& hooks) : entries_(entries), hooks_(hooks) {}

    Result<std::vector<FirewallChain>> build() {
        TRY_VOID(find_starts());
        for (std::size_t i = 0; i < entries_.size(); ++i) add(i);
        for (FirewallChain& chain : chains_) {
            std::ranges::sort(chain.jumps);
            chain.jumps.erase(std::ranges::unique(chain.jumps).begin(), chain.jumps.end());
        }
        return std::move(chains_);
    }

private:
    Result<void> find_starts() {
        std::map<std::size_t, std::size_t> by_offset;
        for (std::size_t i = 0; i < entries_.size(); ++i) by_offset.emplace(entries_[i].offset, i);
        for (unsigned hook = 0; hook < kHookNames.size(); ++hook) {
            if ((hooks_.valid >> hook & 1U) == 0) continue;
            const auto policy = by_offset.find(hooks_.underflow[hook]);
            if (!by_offset.contains(hooks_.entry[hook]) || policy == by_offset.end()) {
                return Error{fmt::format("the chain {} begins or ends at no entry", kChainNames[hook])};
            }
            const Entry& last = entries_[policy->second];
            FirewallChain chain;
            chain.name = kChainNames[hook];
            chain.hook = kHookNames[hook];
            if (last.target.empty() && last.verdict == -NF_ACCEPT - 1) chain.policy = "accept";
            if (last.target.empty() && last.verdict == -NF_DROP - 1) chain.policy = "drop";
            start_.emplace(hooks_.entry[hook], chains_.size());
            policies_.push_back(hooks_.underflow[hook]);
            chains_.push_back(std::move(chain));
        }
        for (std::size_t i = 0; i + 1 < entries_.size();
             ++i) {  // the last ERROR entry ends the table and names nothing
            if (entries_[i].target != kErrorTarget) continue;
            FirewallChain chain;
            chain.name = entries_[i].error_name;
            start_.emplace(entries_[i].end, chains_.size());
            chains_.push_back(std::move(chain));
        }
        return {};
    }

    void add(std::size_t i) {
        const Entry& entry = entries_[i];
        if (const auto begins = start_.find(entry.offset); begins != start_.end()) current_ = begins->second;
        if (current_ == kNone || entry.target == kErrorTarget) return;
        if (std::ranges::find(policies_, entry.offset) != policies_.end()) return;
        const bool user_chain = chains_[current_].hook.empty();
        const bool chain_ends = i + 1 < entries_.size() && entries_[i + 1].target == kErrorTarget;
        if (user_chain && chain_ends && entry.target.empty() && entry.verdict == XT_RETURN)
            return;  // its unwritten end
        ++chains_[current_].rules;
        if (!entry.target.empty() || entry.verdict < 0) return;
        const auto to = start_.find(static_cast<std::size_t>(entry.verdict));
        if (to != start_.end()) chains_[current_].jumps.push_back(chains_[to->second].name);
    }

    static constexpr std::size_t kNone = ~std::size_t{0};

    const std::vector<Entry>& entries_;
    const LegacyHooks& hooks_;
    std::vector<FirewallChain> chains_;
    std::map<std::size_t, std::size_t> start_;  // offset of a chain's first entry → its place in chains_
    std::vector<std::size_t> policies_;
    std::size_t current_ = kNone;
};

Error getsockopt_error(std::string_view what, std::string_view table) {
    const int number = errno;
    Error error = system_error(what, table, number);
    if (number == EPERM) error.message += " (needs CAP_NET_ADMIN)";
    return error;
}

}  // namespace

Result<std::vector<FirewallChain>> decode_legacy_entries(std::string_view family, const LegacyHooks& hooks,
                                                         std::span<const std::byte> blob) {
    TRY(const auto entries, split_entries(family == "ip6" ? kIp6 : kIp, blob));
    return ChainBuilder(entries, hooks).build();
}

Result<FirewallTable> read_legacy_table(std::string_view family_name, std::string_view name) {
    check(family_name == "ip" || family_name == "ip6");
    const Family& family = family_name == "ip6" ? kIp6 : kIp;
    const Fd socket(::socket(family.domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    if (!socket) return system_error("opening a raw socket for the table", name);
    ipt_getinfo info{};
    static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo) && sizeof(ipt_get_entries) == sizeof(ip6t_get_entries));
    if (name.size() >= sizeof info.name) return Error{"the table name is too long: " + printable(name)};
    std::memcpy(info.name, name.data(), name.size());
    socklen_t size = sizeof info;
    if (::getsockopt(socket.get(), family.level, family.get_info, &info, &size) != 0) {
        return getsockopt_error("reading the outline of table", name);
    }
    if (info.size > kMostBytes) return Error{fmt::format("table {} has {} bytes", printable(name), info.size)};
    std::vector<std::byte> answer(sizeof(ipt_get_entries) + info.size);
    std::memcpy(answer.data(), info.name, sizeof info.name);
    std::memcpy(answer.data() + offsetof(ipt_get_entries, size), &info.size, sizeof info.size);
    size = static_cast<socklen_t>(answer.size());
    if (::getsockopt(socket.get(), family.level, family.get_entries, answer.data(), &size) != 0) {
        return getsockopt_error("reading the entries of table", name);
    }
    LegacyHooks hooks;
    hooks.valid = info.valid_hooks;
    std::ranges::copy(info.hook_entry, hooks.entry);
    std::ranges::copy(info.underflow, hooks.underflow);
    FirewallTable table{FirewallBackend::legacy, std::string(family_name), std::string(name), {}};
    TRY(table.chains, decode_legacy_entries(family_name, hooks, Bytes(answer).subspan(sizeof(ipt_get_entries))));
    return table;
}

}  // namespace plimsoll::host
