#include "posture/seccomp_profile.h"

#include <algorithm>
#include <array>
#include <set>

namespace plimsoll::posture {

namespace {

/// System calls that Docker's default profile keeps from containers without the capability they belong to, because each
/// has been, or gives, a way out (docs.docker.com/engine/security/seccomp, "significant syscalls blocked").
constexpr std::array<std::string_view, 36> kDangerous = {"acct",
                                                         "add_key",
                                                         "bpf",
                                                         "clock_settime",
                                                         "create_module",
                                                         "delete_module",
                                                         "finit_module",
                                                         "fsconfig",
                                                         "fsmount",
                                                         "fsopen",
                                                         "init_module",
                                                         "ioperm",
                                                         "iopl",
                                                         "kcmp",
                                                         "kexec_file_load",
                                                         "kexec_load",
                                                         "keyctl",
                                                         "mount",
                                                         "move_mount",
                                                         "name_to_handle_at",
                                                         "nfsservctl",
                                                         "open_by_handle_at",
                                                         "open_tree",
                                                         "perf_event_open",
                                                         "pivot_root",
                                                         "quotactl",
                                                         "reboot",
                                                         "request_key",
                                                         "setns",
                                                         "swapon",
                                                         "syslog",
                                                         "umount2",
                                                         "unshare",
                                                         "userfaultfd",
                                                         "io_uring_setup",
                                                         "vm86"};

bool allows(std::string_view action) {
    return action == "SCMP_ACT_ALLOW" || action == "SCMP_ACT_LOG" || action == "SCMP_ACT_TRACE";
}

bool holds_any(const Json& list, const std::vector<std::string>& capabilities) {
    bool any = false;
    list.each([&](Json name) { any = any || std::ranges::find(capabilities, name.text_or("")) != capabilities.end(); });
    return any;
}

bool applies(const Json& rule, const std::vector<std::string>& capabilities) {
    const Json needed = rule.at("includes.caps");
    if (needed.size() > 0 && !holds_any(needed, capabilities)) return false;
    return !holds_any(rule.at("excludes.caps"), capabilities);
}

}  // namespace

SeccompJudgement judge_seccomp(const Json& profile, const std::vector<std::string>& capabilities) {
    const bool open_by_default = allows(profile["defaultAction"].text_or("SCMP_ACT_ALLOW"));
    std::set<std::string, std::less<>> allowed;
    std::set<std::string, std::less<>> forbidden;
    profile["syscalls"].each([&](Json rule) {
        if (!applies(rule, capabilities)) return;
        // A condition on arguments can always hold (arg0 >= 0), and one that forbids can be walked round: it opens,
        // never closes.
        const bool conditional = rule["args"].size() > 0;
        const bool allow = allows(rule["action"].text_or(""));
        const auto note = [&](std::string_view name) {
            if (allow)
                allowed.emplace(name);
            else if (!conditional)
                forbidden.emplace(name);
        };
        if (const auto name = rule["name"].text()) note(*name);
        rule["names"].each([&](Json name) { note(name.text_or("")); });
    });

    SeccompJudgement judgement;
    std::size_t forbidden_dangers = 0;
    for (const std::string_view name : kDangerous) {
        const bool open = allowed.contains(name) || (open_by_default && !forbidden.contains(name));
        if (open)
            judgement.dangerous.emplace_back(name);
        else
            ++forbidden_dangers;
    }
    judgement.permissive = open_by_default || forbidden_dangers < kDangerous.size() / 2;
    std::ranges::sort(judgement.dangerous);
    return judgement;
}

}  // namespace plimsoll::posture
