#include "host/audit_netlink.h"

#include <linux/audit.h>
#include <sys/stat.h>

#include <algorithm>

#include "host/file.h"
#include "host/netlink.h"

namespace plimsoll::host {

namespace {

/// Adds what the kernel's terse answer means.
Error explained(const Error& error, int refusal) {
    if (refusal == EPERM) return {error.message + " (needs CAP_AUDIT_CONTROL, and the host's own pid namespace)"};
    if (refusal == ECONNREFUSED) return {error.message + " (only the initial user namespace may ask)"};
    if (error.message.ends_with("Protocol not supported")) return {error.message + " (this kernel has no audit)"};
    return error;
}

Result<NetlinkSocket> open_audit() {
    auto netlink = NetlinkSocket::open(NETLINK_AUDIT, "audit");
    if (!netlink) return explained(netlink.error(), 0);
    return netlink;
}

/// Answers of old kernels are shorter, of newer ones longer; what is missing stays 0.
template <typename T>
T copy_what_is_there(Bytes payload) {
    T value{};
    if (!payload.empty()) std::memcpy(&value, payload.data(), std::min(payload.size(), sizeof value));
    return value;
}

}  // namespace

Result<AuditStatus> audit_status() {
    TRY(auto netlink, open_audit());
    AuditStatus out;
    const auto asked =
        netlink.ask(AUDIT_GET, 0, {}, NetlinkSocket::Until::first, [&](const NetlinkSocket::Message& message) {
            const auto raw = copy_what_is_there<::audit_status>(message.payload);
            out.enabled = raw.enabled;
            out.failure = raw.failure;
            out.daemon_pid = raw.pid;
            out.rate_limit = raw.rate_limit;
            out.backlog_limit = raw.backlog_limit;
            out.lost = raw.lost;
            out.backlog = raw.backlog;
            out.backlog_wait_time = raw.backlog_wait_time;
            out.backlog_wait_actual = raw.backlog_wait_time_actual;
            out.feature_bitmap = raw.feature_bitmap;
        });
    if (!asked) return explained(asked.error(), netlink.refusal()).during("reading the audit state");
    // A kernel before 3.13 refuses this; then the feature does not exist and the answer stays unknown.
    const auto features =
        netlink.ask(AUDIT_GET_FEATURE, 0, {}, NetlinkSocket::Until::first, [&](const NetlinkSocket::Message& message) {
            const auto raw = copy_at<audit_features>(message.payload);
            if (raw) out.loginuid_immutable = (raw->features >> AUDIT_FEATURE_LOGINUID_IMMUTABLE & 1U) != 0;
        });
    if (!features && netlink.refusal() == 0) return features.error().during("reading the audit features");
    return out;
}

std::optional<bool> in_host_network() {
    // Process 2 of the host is a kernel thread, which never leaves the first namespaces; process 1 may hide its own.
    const auto name = read_if_exists({}, "/proc/2/comm");
    if (!name || *name != "kthreadd\n") return std::nullopt;
    struct stat mine {};
    struct stat first {};
    if (::stat("/proc/self/ns/net", &mine) != 0 || ::stat("/proc/2/ns/net", &first) != 0) return std::nullopt;
    return mine.st_ino == first.st_ino && mine.st_dev == first.st_dev;
}

Result<AuditRules> audit_rules() {
    TRY(auto netlink, open_audit());
    AuditRules out;
    const auto asked =
        netlink.ask(AUDIT_LIST_RULES, 0, {}, NetlinkSocket::Until::done, [&](const NetlinkSocket::Message& message) {
            if (message.type != AUDIT_LIST_RULES) return;
            auto rule = decode_audit_rule(message.payload);
            if (rule) {
                out.rules.push_back(std::move(*rule));
            } else {
                out.undecoded.push_back(rule.error().message);
            }
        });
    if (!asked) return explained(asked.error(), netlink.refusal()).during("listing the audit rules");
    return out;
}

namespace {

/// Why the kernel did not take a rule, beyond errno's own words.
Error refused(const Error& error, int refusal) {
    switch (refusal) {
        case EPERM:
            return {error.message +
                    " (needs CAP_AUDIT_CONTROL in the host's own pid namespace, and rules that are not locked until "
                    "reboot)"};
        case ENOENT: return {error.message + " (the folder of the path, or the program of exe=, does not exist)"};
        case EINVAL: return {error.message + " (this kernel does not take these conditions together)"};
        case EOPNOTSUPP: return {error.message + " (this kernel lacks the feature)"};
        default: return explained(error, refusal);
    }
}

Result<AuditChange> change(unsigned type, Bytes rule, int already) {
    TRY(auto netlink, open_audit());
    const auto asked = netlink.ask(type, NLM_F_ACK, rule, NetlinkSocket::Until::ack, [](const auto&) {});
    if (asked) return AuditChange::done;
    if (netlink.refusal() == already) return AuditChange::already;
    return refused(asked.error(), netlink.refusal());
}

}  // namespace

Result<AuditChange> add_audit_rule(const AuditRule& rule) {
    TRY(const auto bytes, encode_audit_rule(rule));
    return change(AUDIT_ADD_RULE, bytes, EEXIST);
}

Result<AuditChange> delete_audit_rule(const AuditRule& rule) {
    if (!rule.bytes.empty()) return change(AUDIT_DEL_RULE, rule.bytes, ENOENT);
    AuditRule stored = rule;
    stored.prepend = false;  // the kernel forgets it once the rule stands in its place
    TRY(const auto bytes, encode_audit_rule(stored));
    return change(AUDIT_DEL_RULE, bytes, ENOENT);
}

Result<void> set_audit_enabled(std::uint32_t enabled) {
    TRY(auto netlink, open_audit());
    ::audit_status wanted{};
    wanted.mask = AUDIT_STATUS_ENABLED;
    wanted.enabled = enabled;
    const auto asked =
        netlink.ask(AUDIT_SET, NLM_F_ACK, bytes_of(wanted), NetlinkSocket::Until::ack, [](const auto&) {});
    if (!asked) return refused(asked.error(), netlink.refusal()).during("switching auditing");
    return {};
}

}  // namespace plimsoll::host
