#include "host/firewall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>

namespace plimsoll::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Runs in a new network namespace, with a command that sets it up; a text is why the test cannot run here.
std::string in_new_network(const std::string& setup, const std::function<void()>& body) {
    std::string skip;
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0) {
            skip = "no new network namespace: " + std::string(std::strerror(errno));
        } else if (std::system(("(" + setup + ") >/dev/null 2>&1").c_str()) != 0) {
            skip = "the tool is missing or refused: " + setup;
        } else {
            body();
        }
    }).join();
    return skip;
}

TEST(Firewall, NftablesOfTheRunningKernel) {
    const std::string setup =
        "nft 'table inet t { chain helper { accept ; } ; chain in { type filter hook input priority -5 ; policy drop ; "
        "tcp dport 22 jump helper ; ct state new goto helper ; drop ; } ; } ; "
        "table ip nat { chain out { type nat hook postrouting priority 100 ; masquerade ; } ; } ; "
        "table arp a { chain o { type filter hook output priority 0 ; } ; }'";
    const auto skip = in_new_network(setup, [] {
        const Firewall firewall = read_firewall(Root{});
        EXPECT_THAT(firewall.unreadable, IsEmpty());
        EXPECT_EQ(firewall.tables.size(), 3U);
        const FirewallTable* table = firewall.table(FirewallBackend::nftables, "inet", "t");
        ASSERT_NE(table, nullptr);
        const FirewallChain* in = table->chain("in");
        ASSERT_NE(in, nullptr);
        EXPECT_EQ(in->hook, "input");
        EXPECT_EQ(in->type, "filter");
        EXPECT_EQ(in->priority, -5);
        EXPECT_EQ(in->policy, "drop");
        EXPECT_EQ(in->rules, 3U);
        EXPECT_THAT(in->jumps, ElementsAre("helper"));
        EXPECT_EQ(table->chain("helper")->hook, "");
        EXPECT_EQ(table->chain("helper")->policy, "");
        EXPECT_EQ(table->chain("helper")->rules, 1U);
        const FirewallTable* nat = firewall.table(FirewallBackend::nftables, "ip", "nat");
        ASSERT_NE(nat, nullptr);
        EXPECT_EQ(nat->chain("out")->hook, "postrouting");
        EXPECT_EQ(nat->chain("out")->policy, "accept");
        EXPECT_EQ(firewall.table(FirewallBackend::nftables, "arp", "a")->chain("o")->hook, "output");
    });
    if (!skip.empty()) GTEST_SKIP() << skip;
}

TEST(Firewall, LegacyTablesOfTheRunningKernel) {
    const std::string setup =
        "iptables-legacy -N DOCKER-USER && iptables-legacy -A DOCKER-USER -j RETURN && iptables-legacy -N EMPTY &&"
        "iptables-legacy -A DOCKER-USER -s 10.0.0.0/8 -j DROP && iptables-legacy -P FORWARD DROP &&"
        "iptables-legacy -A FORWARD -j DOCKER-USER && iptables-legacy -A FORWARD -i lo -g EMPTY &&"
        "iptables-legacy -A FORWARD -j ACCEPT && ip6tables-legacy -A INPUT -p tcp --dport 22 -j DROP";
    const auto skip = in_new_network(setup, [] {
        const Firewall firewall = read_firewall(Root{});
        EXPECT_THAT(firewall.unreadable, IsEmpty());
        const FirewallTable* filter = firewall.table(FirewallBackend::legacy, "ip", "filter");
        ASSERT_NE(filter, nullptr);
        EXPECT_EQ(filter->chains.size(), 5U);
        const FirewallChain* forward = filter->chain("FORWARD");
        ASSERT_NE(forward, nullptr);
        EXPECT_EQ(forward->hook, "forward");
        EXPECT_EQ(forward->policy, "drop");
        EXPECT_EQ(forward->rules, 3U);
        EXPECT_THAT(forward->jumps, ElementsAre("DOCKER-USER", "EMPTY"));
        EXPECT_EQ(filter->chain("INPUT")->policy, "accept");
        EXPECT_EQ(filter->chain("INPUT")->rules, 0U);
        EXPECT_EQ(filter->chain("DOCKER-USER")->rules, 2U);
        EXPECT_EQ(filter->chain("EMPTY")->rules, 0U);
        const FirewallTable* filter6 = firewall.table(FirewallBackend::legacy, "ip6", "filter");
        ASSERT_NE(filter6, nullptr);
        EXPECT_EQ(filter6->chain("INPUT")->rules, 1U);
        EXPECT_EQ(firewall.table(FirewallBackend::legacy, "ip", "nat"), nullptr);  // never asked for, so never made
    });
    if (!skip.empty()) GTEST_SKIP() << skip;
}

TEST(Firewall, WithoutPrivilegeTheReasonIsGiven) {
    std::vector<std::string> unreadable;
    std::thread([&] {
        // Of this thread only: leaving user 0 takes the capabilities away.
        if (::geteuid() == 0) {
            ASSERT_EQ(::syscall(SYS_setresuid, 65534, 65534, 65534), 0);
        }
        unreadable = read_firewall(Root{}).unreadable;
    }).join();
    EXPECT_THAT(unreadable, testing::Contains(testing::AnyOf(HasSubstr("CAP_NET_ADMIN"), HasSubstr("denied"),
                                                             HasSubstr("permitted"))));
}

/// Appends one entry without matches: struct ipt_entry and then the target.
template <typename T>
void append_entry(std::vector<std::byte>& blob, const T& target) {
    ipt_entry entry{};
    entry.target_offset = sizeof(ipt_entry);
    entry.next_offset = sizeof(ipt_entry) + sizeof(T);
    const std::size_t at = blob.size();
    blob.resize(at + entry.next_offset);
    std::memcpy(blob.data() + at, &entry, sizeof entry);
    std::memcpy(blob.data() + at + sizeof entry, &target, sizeof target);
}

/// A table of one chain INPUT with one rule and the end marker, as the kernel lays it out.
std::vector<std::byte> one_rule_table(LegacyHooks& hooks) {
    xt_standard_target verdict{};
    verdict.target.u.user.target_size = sizeof verdict;
    xt_error_target last{};
    std::strcpy(last.target.u.user.name, "ERROR");
    std::strcpy(last.errorname, "ERROR");
    std::vector<std::byte> blob;
    verdict.verdict = -NF_DROP - 1;
    append_entry(blob, verdict);
    hooks.valid = 1U << NF_INET_LOCAL_IN;
    hooks.underflow[NF_INET_LOCAL_IN] = static_cast<std::uint32_t>(blob.size());
    verdict.verdict = -NF_ACCEPT - 1;
    append_entry(blob, verdict);
    append_entry(blob, last);
    return blob;
}

TEST(Firewall, LegacyEntriesThatDoNotFitTogetherAreRefused) {
    LegacyHooks hooks;
    const auto blob = one_rule_table(hooks);
    const auto chains = decode_legacy_entries("ip", hooks, blob).value();
    ASSERT_EQ(chains.size(), 1U);
    EXPECT_EQ(chains[0].name, "INPUT");
    EXPECT_EQ(chains[0].policy, "accept");
    EXPECT_EQ(chains[0].rules, 1U);

    EXPECT_THAT(decode_legacy_entries("ip", hooks, std::span(blob).first(blob.size() - 1)).error().message,
                HasSubstr("length"));
    auto endless = blob;
    std::memset(endless.data() + offsetof(ipt_entry, next_offset), 0, 2);
    EXPECT_THAT(decode_legacy_entries("ip", hooks, endless).error().message, HasSubstr("its length is wrong"));
    auto misplaced = blob;
    std::memset(misplaced.data() + offsetof(ipt_entry, target_offset), 0xff, 2);
    EXPECT_THAT(decode_legacy_entries("ip", hooks, misplaced).error().message, HasSubstr("its target is misplaced"));
    hooks.underflow[NF_INET_LOCAL_IN] = 1;
    EXPECT_THAT(decode_legacy_entries("ip", hooks, blob).error().message,
                HasSubstr("INPUT begins or ends at no entry"));
}

}  // namespace
}  // namespace plimsoll::host
