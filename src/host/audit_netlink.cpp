#include "host/audit_netlink.h"

#include <linux/audit.h>

#include <algorithm>

#include "host/netlink.h"

namespace plimsoll::host {

namespace {

/// Adds what the kernel's terse answer means.
Error explained(const Error& error, int refusal) {
    if (refusal == EPERM) return {error.message + " (needs CAP_AUDIT_CONTROL)"};
    if (refusal == ECONNREFUSED) return {error.message + " (only the initial user and pid namespace may ask)"};
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

}  // namespace plimsoll::host
