#include "audit/rules/generate.h"

#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>

#include "audit/rules/rule_text.h"
#include "audit/tables.h"
#include "base/text.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;
using Kind = Target::Kind;

std::string permissions_of(const Target& target) {
    if (target.link) return "wa";  // the link itself is never executed
    switch (target.kind) {
        case Kind::socket: return "";
        case Kind::program: return "wxa";
        default: return "wa";
    }
}

AuditRule rule_for(const Target& target) {
    AuditRule rule;
    rule.filter = "exit";
    rule.action = "always";
    rule.all_syscalls = true;
    rule.path = target.path;
    rule.is_directory = target.kind == Kind::tree;
    rule.permissions = permissions_of(target);
    rule.keys = {target.key};
    return rule;
}

std::string note_for(const Target& target) {
    if (target.link)
        return "A symbolic link: this rule sees the link replaced; what it points to (" + printable(*target.link) +
               ") has a rule of its own.";
    if (!target.exists) return "Does not exist now; the rule begins to match when it appears.";
    return {};
}

bool in_profile(const Target& target, Profile profile) {
    if (profile != Profile::watch) return true;
    if (target.kind == Kind::directory) return false;
    return target.kind != Kind::program || target.key.ends_with("-client") || target.key == "plimsoll-docker-program";
}

/// System calls of one architecture by name; names that it does not have are left out.
std::vector<unsigned> calls(std::uint32_t arch, const std::vector<std::string_view>& names) {
    std::vector<unsigned> out;
    for (const std::string_view name : names) {
        if (const auto number = syscall_number(arch, name)) out.push_back(*number);
    }
    std::ranges::sort(out);
    return out;
}

struct CallRule {
    std::vector<std::string_view> names;
    bool people;  ///< only processes of somebody who has logged in
    std::string_view key, what;
};

/// Rules on system calls, one for each architecture: a 64-bit process may use the 32-bit calls as well.
void add_call_rules(GeneratedRules& out) {
    const CallRule kRules[] = {
        {{"init_module", "finit_module", "delete_module"},
         false,
         "plimsoll-module",
         "a kernel module was loaded or removed"},
        {{"kexec_load", "kexec_file_load"}, false, "plimsoll-module", "another kernel was loaded"},
        {{"open_by_handle_at"}, false, "plimsoll-escape", "a file was opened past all mounts, as escapes do"},
        {{"mount", "umount", "umount2", "move_mount", "fsopen", "pivot_root", "setns", "unshare"},
         true,
         "plimsoll-namespace",
         "a person mounted something or entered a namespace"},
        {{"ptrace", "process_vm_writev"}, true, "plimsoll-inject", "a person took over another process"},
        {{"execve", "execveat"}, true, "plimsoll-command", "a command of a person"},
    };
    for (const CallRule& wanted : kRules) {
        for (const auto arch : {std::optional(native_arch()), compat_arch()}) {
            if (!arch) continue;
            AuditRule rule;
            rule.filter = "exit";
            rule.action = "always";
            rule.architecture = *arch;
            rule.syscalls = calls(*arch, wanted.names);
            if (rule.syscalls.empty()) continue;
            if (wanted.people) {
                rule.others.push_back({AUDIT_LOGINUID, "auid", ">=", "1000"});
                rule.others.push_back({AUDIT_LOGINUID, "auid", "!=", "4294967295"});
            }
            rule.keys = {std::string(wanted.key)};
            out.rules.push_back({.rule = std::move(rule), .what = std::string(wanted.what), .items = {}, .note = {}});
        }
    }
}

std::string items_text(const std::vector<std::string>& items) {
    return items.empty() ? "" : fmt::format(" [CIS {}]", fmt::join(items, ", "));
}

std::string comment(std::string_view text) {
    std::string out;
    for (const std::string_view line : split(text, '\n')) out += fmt::format("# {}\n", printable(line));
    return out;
}

}  // namespace

bool is_ours(const AuditRule& rule) {
    return !rule.keys.empty() &&
           std::ranges::all_of(rule.keys, [](const std::string& key) { return key.starts_with(kKeyPrefix); });
}

bool is_late(const AuditRule& rule) {
    constexpr std::string_view kRun = "/run/";
    if (!rule.path || !rule.path->starts_with(kRun)) return false;
    return rule.is_directory || rule.path->find('/', kRun.size()) != std::string::npos;
}

GeneratedRules generate_rules(const std::vector<Target>& targets, Profile profile) {
    GeneratedRules out;
    for (const Target& target : targets) {
        if (!in_profile(target, profile)) continue;
        if (!target.parent_exists || (target.kind == Kind::tree && !target.exists)) {
            out.left_out.push_back(fmt::format(
                "{}{}: {}; run this again when it exists", target.path, items_text(target.items),
                target.parent_exists ? "the folder does not exist, and a rule loaded now would never see inside it"
                                     : "its folder does not exist, and the kernel refuses the rule"));
            continue;
        }
        GeneratedRule made{
            .rule = rule_for(target), .what = target.what, .items = target.items, .note = note_for(target)};
        if (const auto line = file_text(made.rule); !line) {
            out.left_out.push_back(fmt::format("{}: {}", target.path, line.error().message));
            continue;
        }
        out.rules.push_back(std::move(made));
    }
    if (profile != Profile::watch)
        out.left_out.emplace_back(
            "Everything below the data root [CIS 1.1.5] and below /run/containerd [CIS 1.1.4]: only the folders "
            "themselves are watched. A watch of the "
            "whole tree records nothing of containers started after it was loaded (their mounts are new), and every "
            "write in volumes and "
            "in older containers: thousands of records a second, five times the work's time.");
    if (profile == Profile::full) add_call_rules(out);
    // Behind all others, so that apply after boot has only these to add.
    std::ranges::stable_partition(out.rules, [](const GeneratedRule& made) { return !is_late(made.rule); });
    return out;
}

std::string rules_file(const GeneratedRules& rules, bool with_command) {
    std::string out = with_command ? "#!/bin/sh\n" : "";
    out +=
        "# Rules of Linux audit for this host's container engines, made by `plimsoll auditd rules`.\n"
        "# The first rule that matches gives a record its key: the order matters. Keys that begin with plimsoll- mark "
        "these rules.\n"
        "# Rules of sockets have neither perm nor system calls: only so are connects of every kind recorded (also by "
        "32-bit calls and\n"
        "# io_uring). They record stat and ls as well.\n";
    for (const GeneratedRule& rule : rules.rules) {
        const auto line = file_text(rule.rule);
        if (!line) continue;  // generate_rules lets none through
        out += "\n" + comment(rule.what + items_text(rule.items));
        if (!rule.note.empty()) out += comment(rule.note);
        if (!with_command) {
            if (is_late(rule.rule))
                out +=
                    "# Loaded by `plimsoll auditd apply`: the folder is made after this file is read at boot, and a "
                    "refused line stops the rest.\n# ";
            out += *line + "\n";
            continue;
        }
        out += "auditctl";
        const auto text = *line;
        std::string word;
        bool escaped = false;
        for (const char c : text + " ") {
            if (c == '\\' && !escaped) {
                escaped = true;
            } else if (c == ' ' && !escaped) {
                std::string quoted;
                for (const char q : word) quoted += q == '\'' ? "'\\''" : std::string(1, q);
                out += " '" + quoted + "'";
                word.clear();
            } else {
                word += c;
                escaped = false;
            }
        }
        out += "\n";
    }
    if (!rules.left_out.empty()) out += "\n# Left out:\n";
    for (const std::string& reason : rules.left_out) out += comment("- " + reason);
    return out;
}

}  // namespace plimsoll::audit
