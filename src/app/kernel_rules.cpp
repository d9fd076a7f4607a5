#include "app/kernel_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "rule/kernel_filter.h"
#include "rule/program.h"
#include "rule/scope.h"

namespace plimsoll::app {

namespace {

constexpr std::string_view kSource = "syscall";

constexpr auto kRecording = std::to_array<std::string_view>({
    // Programs: every one that began, every process that ended.
    "evt.type in (execve, execveat, procexit)",
    // Signals that leave the container.
    "evt.type = signaldeliver",
    // Files: new, changed, moved and removed ones, and those whose reading tells something.
    "evt.type in (open, openat, openat2, creat) and evt.is_open_write = true and fd.typechar = 'f' and not fd.name "
    "startswith /proc/ and not fd.name startswith /sys/",
    "evt.type in (unlink, unlinkat, rename, renameat, renameat2, link, linkat, symlink, symlinkat, chmod, fchmod, "
    "fchmodat, chown, fchown, lchown, fchownat, mknod, mknodat) and evt.rawres >= 0",
    "evt.type in (open, openat, openat2) and (fd.name in (/etc/shadow, /etc/gshadow, /etc/sudoers, /etc/master.passwd) "
    "or "
    "fd.name startswith /root/.ssh/ or fd.name startswith /run/secrets/ or fd.name startswith "
    "/var/run/secrets/)",
    // Connections, by destination.
    "evt.type in (connect, accept, accept4, bind, listen) and fd.typechar in (4, 6)",
    "evt.type in (sendto, sendmsg, sendmmsg) and fd.typechar in (4, 6)",
    "evt.type in (connect) and fd.name endswith .sock",
    // What reaches beyond the process.
    "evt.type in (ptrace, process_vm_writev, setns, unshare, mount, umount, umount2, move_mount, pivot_root, chroot, "
    "bpf, "
    "init_module, finit_module, delete_module, userfaultfd, memfd_create, keyctl, io_uring_setup, capset, kexec_load)",
    "evt.type in (setuid, setgid, setreuid, setregid, setresuid, setresgid) and evt.rawres >= 0",
});

}  // namespace

std::span<const std::string_view> default_recording() { return kRecording; }

Result<std::shared_ptr<KernelRules>> KernelRules::make(rule::RuleSet set, std::span<const std::string> recording,
                                                       bool host) {
    std::shared_ptr<KernelRules> made(new KernelRules());
    std::vector<const rule::Rule*> rules;
    for (const rule::Rule& each : set.rules) {
        if (each.enabled && each.source == kSource) rules.push_back(&each);
    }
    std::vector<rule::ExpressionPtr> conditions;
    for (const std::string& text : recording) {
        auto condition = rule::resolve(text, {});
        if (!condition) return Error{fmt::format("sensor.record: {}: {}", text, condition.error().message)};
        rule::ProgramBuilder alone;
        if (auto added = alone.add(*condition); !added)
            return Error{fmt::format("sensor.record: {}: {}", text, added.error().message)};
        conditions.push_back(std::move(*condition));
    }
    made->filter_ = rule::united(rule::kernel_filter(rules, host), rule::kernel_filter(conditions, host));
    made->filter_.host = host;
    static constexpr std::string_view kSources[] = {kSource};
    made->alerts_ = std::make_unique<rule::AlertRules>(std::move(set), kSources, conditions);
    return made;
}

KernelRules::Judgement KernelRules::judge(sensor::KernelEvent& event, const model::Fields& view) {
    matches_.clear();
    bool wanted = false;
    const std::size_t names = std::max<std::size_t>(event.file_names(), 1);
    for (std::size_t name = 0; name < names; ++name) {
        if (name > 0) event.use_file_name(name);
        for (const rule::AlertMatch& match : name == 0 ? alerts_->match(view) : alerts_->match_again(view)) {
            if (std::ranges::find(matches_, match.rule, &rule::AlertMatch::rule) == matches_.end())
                matches_.push_back(match);
        }
        wanted = wanted || alerts_->wished();
    }
    if (names > 1) event.use_file_name(0);
    return {matches_, wanted};
}

}  // namespace plimsoll::app
