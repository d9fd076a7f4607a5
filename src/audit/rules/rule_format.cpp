#include <fmt/format.h>
#include <linux/audit.h>

#include "audit/rules/rule_text.h"
#include "audit/rules/rule_values.h"
#include "audit/tables.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;

bool is_watch(const AuditRule& rule) {
    return rule.filter == "exit" && rule.action == "always" && rule.path && !rule.path_negated &&
           !rule.permissions.empty() && rule.all_syscalls && !rule.architecture && !rule.executable &&
           rule.others.empty();
}

/// Names that no auditctl of the last years refuses: its tables end with the kernel of their day, and i386 kexec_load
/// has another name in them.
bool is_portable(const AuditRule& rule, unsigned number, std::string_view name) {
    constexpr unsigned kFirstLate = 424;
    return number < kFirstLate && !(rule.architecture == compat_arch() && name == "kexec_load");
}

std::string calls_text(const AuditRule& rule, bool for_file) {
    if (rule.all_syscalls) return "all";
    std::string out;
    for (const unsigned number : rule.syscalls) {
        if (!out.empty()) out += ',';
        const std::string_view name = rule.filter == "io_uring"
                                          ? uring_name(number)
                                          : syscall_name(rule.architecture.value_or(native_arch()), number);
        const bool by_name = !name.empty() && (!for_file || is_portable(rule, number, name));
        out += by_name ? std::string(name) : std::to_string(number);
    }
    return out;
}

std::string arch_text(std::uint32_t arch) {
    if (arch == native_arch()) return "b64";
    if (arch == compat_arch()) return "b32";
    const std::string_view name = arch_name(arch);
    return name.empty() ? fmt::format("{:#x}", arch) : std::string(name);
}

/// Everything between the list and the keys.
std::string conditions_text(const AuditRule& rule, bool for_file) {
    std::string out;
    if (rule.architecture) out += " -F arch=" + arch_text(*rule.architecture);
    const bool by_call = rule.filter == "exit" || rule.filter == "io_uring";
    if (by_call && (!rule.all_syscalls || !for_file)) out += " -S " + calls_text(rule, for_file);
    if (rule.path)
        out +=
            fmt::format(" -F {}{}{}", rule.is_directory ? "dir" : "path", rule.path_negated ? "!=" : "=", *rule.path);
    if (!rule.permissions.empty()) out += " -F perm=" + rule.permissions;
    if (rule.executable) out += " -F exe=" + *rule.executable;
    for (const host::AuditField& field : rule.others) {
        const auto pair = field.number == AUDIT_FIELD_COMPARE
                              ? comparison_pair(host::number<std::uint32_t>(field.value).value_or(0))
                              : std::nullopt;
        if (pair)
            out += fmt::format(" -C {}{}{}", pair->first, field.comparison, pair->second);
        else
            out += fmt::format(" -F {}{}{}", field.name, field.comparison, condition_text(field));
    }
    return out;
}

/// Blanks get a backslash; control characters have no way into a file of rules.
Result<std::string> escaped(std::string_view word) {
    std::string out;
    for (const char c : word) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\')
            return Error{"a name with control characters or backslashes cannot stand in a file of audit rules"};
        if (c == ' ') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

std::string listed_text(const AuditRule& rule) {
    std::string out;
    if (is_watch(rule)) {
        out = fmt::format("-w {} -p {}", *rule.path, rule.permissions);
        for (const std::string& key : rule.keys) out += " -k " + key;
        return out;
    }
    out = fmt::format("-a {},{}{}", rule.action, rule.filter, conditions_text(rule, false));
    for (const std::string& key : rule.keys) out += " -F key=" + key;
    return out;
}

Result<std::string> file_text(const AuditRule& rule) {
    AuditRule safe = rule;
    if (rule.path) {
        TRY(safe.path, escaped(*rule.path));
    }
    if (rule.executable) {
        TRY(safe.executable, escaped(*rule.executable));
    }
    std::string out =
        fmt::format("{} {},{}{}", rule.prepend ? "-A" : "-a", rule.action, rule.filter, conditions_text(safe, true));
    for (const std::string& key : rule.keys) {
        TRY(const auto text, escaped(key));
        out += " -k " + text;
    }
    return out;
}

}  // namespace plimsoll::audit
