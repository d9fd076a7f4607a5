#include "audit/rules/coverage.h"

#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <span>

#include "audit/rules/rule_text.h"
#include "audit/rules/rule_values.h"
#include "audit/tables.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;

/// System calls that an access is usually made by; a rule on calls covers it when it names all that its architecture
/// has.
std::span<const std::string_view> usual_calls(Access access) {
    static constexpr std::array<std::string_view, 3> kRead{"open", "openat", "openat2"};
    static constexpr std::array<std::string_view, 10> kWrite{"open",   "openat",   "openat2",   "creat",  "truncate",
                                                             "rename", "renameat", "renameat2", "unlink", "unlinkat"};
    static constexpr std::array<std::string_view, 7> kAttribute{"chmod",  "fchmod",   "fchmodat", "chown",
                                                                "fchown", "fchownat", "setxattr"};
    static constexpr std::array<std::string_view, 2> kExecute{"execve", "execveat"};
    static constexpr std::array<std::string_view, 1> kConnect{"connect"};
    switch (access) {
        case Access::read: return kRead;
        case Access::write: return kWrite;
        case Access::attribute: return kAttribute;
        case Access::execute: return kExecute;
        case Access::connect: return kConnect;
    }
    return kRead;
}

char letter(Access access) {
    switch (access) {
        case Access::read: return 'r';
        case Access::write: return 'w';
        case Access::attribute: return 'a';
        case Access::execute: return 'x';
        case Access::connect: return '\0';  // no kind of access of a rule holds connect(2)
    }
    return '\0';
}

bool below(std::string_view path, std::string_view tree) {
    return tree == "/" || path == tree ||
           (path.size() > tree.size() && path.starts_with(tree) && path[tree.size()] == '/');
}

bool same_file(const FileIdentity& a, const FileIdentity& b) {
    return a.path == b.path || (a.exists && b.exists && a.inode == b.inode && a.device == b.device);
}

bool contains(std::string_view letters, std::string_view part) {
    return std::ranges::all_of(part, [&](char c) { return letters.find(c) != std::string_view::npos; });
}

bool condition_in(const host::AuditField& wanted, const std::vector<host::AuditField>& all) {
    return std::ranges::any_of(all, [&](const host::AuditField& field) {
        return field.number == wanted.number && field.comparison == wanted.comparison && field.value == wanted.value;
    });
}

}  // namespace

std::string_view to_text(Access access) {
    switch (access) {
        case Access::read: return "read";
        case Access::write: return "write";
        case Access::attribute: return "change of attributes";
        case Access::execute: return "execution";
        case Access::connect: return "connect";
    }
    return "?";
}

FileIdentity identify(const host::Root& root, std::string_view path) {
    FileIdentity out{.path = std::string(path)};
    while (out.path.size() > 1 && out.path.ends_with('/')) out.path.pop_back();
    const auto slash = out.path.rfind('/');
    if (slash == std::string::npos) return out;
    if (out.path != "/") {
        const std::string leaf = out.path.substr(slash + 1);
        const auto folder = host::resolve(root, slash == 0 ? "/" : out.path.substr(0, slash));
        if (!folder || !*folder) return out;
        out.path = (**folder == "/" ? "" : **folder) + "/" + leaf;
    }
    out.parent_exists = true;
    const auto facts = host::file_facts(root, out.path, host::Links::keep);
    if (!facts || !*facts) return out;
    out.exists = true;
    out.type = (*facts)->type;
    out.link = out.type == host::FileType::symlink;
    out.inode = (*facts)->inode;
    out.device = (std::uint64_t{(*facts)->device_major} << 32U) | (*facts)->device_minor;
    return out;
}

std::string limits_of(const AuditRule& rule) {
    std::string out;
    if (rule.executable) out += "exe=" + *rule.executable;
    for (const host::AuditField& field : rule.others) {
        if (!out.empty()) out += ' ';
        out += field.name + field.comparison + condition_text(field);
    }
    return out;
}

RuleSet::RuleSet(const host::Root& root, std::vector<AuditRule> rules) : rules_(std::move(rules)) {
    for (const AuditRule& rule : rules_) files_.push_back(rule.path ? identify(root, *rule.path) : FileIdentity{});
}

const FileIdentity* RuleSet::file_of(std::size_t rule) const {
    return files_[rule].path.empty() ? nullptr : &files_[rule];
}

RuleSet::Match RuleSet::match(std::size_t index, const FileIdentity& file, Access access) const {
    const AuditRule& rule = rules_[index];
    if (rule.filter != "exit") return Match::none;
    if (rule.path) {
        if (rule.path_negated) return Match::part;
        const FileIdentity& watched = files_[index];
        const bool hit = rule.is_directory ? below(file.path, watched.path) : same_file(watched, file);
        if (!hit) return Match::none;
    }
    if (!rule.permissions.empty() &&
        (letter(access) == '\0' || rule.permissions.find(letter(access)) == std::string::npos))
        return Match::none;
    bool whole = limits_of(rule).empty();
    if (!rule.all_syscalls) {
        const std::uint32_t arch = rule.architecture.value_or(native_arch());
        bool any = false;
        bool all = true;
        for (const std::string_view name : usual_calls(access)) {
            const auto number = syscall_number(arch, name);
            if (!number) continue;
            const bool listed = std::ranges::find(rule.syscalls, *number) != rule.syscalls.end();
            any = any || listed;
            all = all && listed;
        }
        if (!any) return Match::none;
        // io_uring connects without any call of that name, so a rule on calls never has all connects.
        whole = whole && all && access != Access::connect;
    }
    // A rule of one architecture leaves the calls of the other out.
    whole = whole && !rule.architecture;
    return whole ? Match::whole : Match::part;
}

RuleSet::Verdict RuleSet::verdict(const FileIdentity& file, Access access) const {
    Verdict out;
    std::vector<std::uint32_t> architectures;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const Match hit = match(i, file, access);
        if (hit == Match::none) continue;
        const AuditRule& rule = rules_[i];
        const bool never = rule.action == "never";
        if (hit == Match::part) {
            if (!never) out.in_part.push_back(i);
            // Two rules that differ by their architecture alone are as good as one.
            const bool only_architecture =
                rule.architecture && limits_of(rule).empty() && access != Access::connect && rule.all_syscalls;
            if (only_architecture && !never) architectures.push_back(*rule.architecture);
            const auto have = [&](std::optional<std::uint32_t> arch) {
                return !arch || std::ranges::find(architectures, *arch) != architectures.end();
            };
            if (!have(native_arch()) || !have(compat_arch())) continue;
        }
        out.by = i;
        out.recorded = !never;
        if (never) out.why_not = fmt::format("'{}' keeps it from being recorded", listed_text(rule));
        return out;
    }
    if (out.in_part.empty()) {
        out.why_not = "no loaded rule records it";
        return out;
    }
    const AuditRule& rule = rules_[out.in_part.front()];
    const std::string limits = limits_of(rule);
    out.why_not = !limits.empty() ? fmt::format("recorded only with {}", limits)
                  : access == Access::connect
                      ? "recorded only of some system calls: not of io_uring, maybe not of 32-bit calls"
                  : rule.architecture ? "recorded of one architecture's system calls only"
                                      : "recorded of some system calls only";
    return out;
}

bool RuleSet::covers_path(std::size_t outer, std::size_t inner) const {
    const AuditRule& a = rules_[outer];
    const AuditRule& b = rules_[inner];
    if (!a.path) return true;
    if (!b.path || a.path_negated || b.path_negated) return false;
    if (a.is_directory) return below(files_[inner].path, files_[outer].path);
    return !b.is_directory && same_file(files_[outer], files_[inner]);
}

std::optional<std::size_t> RuleSet::shadowed_by(std::size_t index) const {
    const AuditRule& b = rules_[index];
    for (std::size_t i = 0; i < index; ++i) {
        const AuditRule& a = rules_[i];
        if (a.filter != b.filter || !covers_path(i, index)) continue;
        if (a.architecture && a.architecture != b.architecture) continue;
        if (!a.permissions.empty() && (b.permissions.empty() || !contains(a.permissions, b.permissions))) continue;
        if (!a.all_syscalls && (b.all_syscalls || !std::ranges::includes(a.syscalls, b.syscalls))) continue;
        if (a.executable && a.executable != b.executable) continue;
        if (!std::ranges::all_of(a.others, [&](const auto& field) { return condition_in(field, b.others); })) continue;
        return i;
    }
    return std::nullopt;
}

std::size_t RuleSet::walked() const {
    return static_cast<std::size_t>(std::ranges::count_if(rules_, [](const AuditRule& rule) {
        const bool by_inode = rule.path && !rule.is_directory;
        const bool inode_condition = std::ranges::any_of(
            rule.others, [](const auto& field) { return field.number == AUDIT_INODE && field.comparison == "="; });
        return rule.filter == "exit" && !by_inode && !inode_condition;
    }));
}

}  // namespace plimsoll::audit
