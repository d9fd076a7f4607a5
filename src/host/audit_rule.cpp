#include "host/audit_rule.h"

#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plimsoll::host {

namespace {

// auditctl's words for the rule fields of linux/audit.h.
constexpr AuditFieldName kFields[] = {
    {AUDIT_PID, "pid", false},
    {AUDIT_UID, "uid", false},
    {AUDIT_EUID, "euid", false},
    {AUDIT_SUID, "suid", false},
    {AUDIT_FSUID, "fsuid", false},
    {AUDIT_GID, "gid", false},
    {AUDIT_EGID, "egid", false},
    {AUDIT_SGID, "sgid", false},
    {AUDIT_FSGID, "fsgid", false},
    {AUDIT_LOGINUID, "auid", false},
    {AUDIT_PERS, "pers", false},
    {AUDIT_ARCH, "arch", false},
    {AUDIT_MSGTYPE, "msgtype", false},
    {AUDIT_SUBJ_USER, "subj_user", true},
    {AUDIT_SUBJ_ROLE, "subj_role", true},
    {AUDIT_SUBJ_TYPE, "subj_type", true},
    {AUDIT_SUBJ_SEN, "subj_sen", true},
    {AUDIT_SUBJ_CLR, "subj_clr", true},
    {AUDIT_PPID, "ppid", false},
    {AUDIT_OBJ_USER, "obj_user", true},
    {AUDIT_OBJ_ROLE, "obj_role", true},
    {AUDIT_OBJ_TYPE, "obj_type", true},
    {AUDIT_OBJ_LEV_LOW, "obj_lev_low", true},
    {AUDIT_OBJ_LEV_HIGH, "obj_lev_high", true},
    {AUDIT_LOGINUID_SET, "loginuid_set", false},
    {AUDIT_SESSIONID, "sessionid", false},
    {AUDIT_FSTYPE, "fstype", false},
    {AUDIT_DEVMAJOR, "devmajor", false},
    {AUDIT_DEVMINOR, "devminor", false},
    {AUDIT_INODE, "inode", false},
    {AUDIT_EXIT, "exit", false},
    {AUDIT_SUCCESS, "success", false},
    {AUDIT_WATCH, "path", true},
    {AUDIT_PERM, "perm", false},
    {AUDIT_DIR, "dir", true},
    {AUDIT_FILETYPE, "filetype", false},
    {AUDIT_OBJ_UID, "obj_uid", false},
    {AUDIT_OBJ_GID, "obj_gid", false},
    {AUDIT_FIELD_COMPARE, "field_compare", false},
    {AUDIT_EXE, "exe", true},
    {AUDIT_SADDR_FAM, "saddr_fam", false},
    {AUDIT_ARG0, "a0", false},
    {AUDIT_ARG1, "a1", false},
    {AUDIT_ARG2, "a2", false},
    {AUDIT_ARG3, "a3", false},
    {AUDIT_FILTERKEY, "key", true},
};

constexpr std::array<std::string_view, 8> kFilters{"user", "task",    "entry",      "watch",
                                                   "exit", "exclude", "filesystem", "io_uring"};
constexpr std::array<std::string_view, 3> kActions{"never", "possible", "always"};

std::string filter_name(std::uint32_t filter) {
    filter &= ~static_cast<std::uint32_t>(AUDIT_FILTER_PREPEND);
    return filter < kFilters.size() ? std::string(kFilters[filter]) : fmt::format("filter#{}", filter);
}

std::string action_name(std::uint32_t action) {
    return action < kActions.size() ? std::string(kActions[action]) : fmt::format("action#{}", action);
}

std::string comparison_name(std::uint32_t flags) {
    switch (flags & AUDIT_OPERATORS) {
        case AUDIT_EQUAL: return "=";
        case AUDIT_NOT_EQUAL: return "!=";
        case AUDIT_LESS_THAN: return "<";
        case AUDIT_LESS_THAN_OR_EQUAL: return "<=";
        case AUDIT_GREATER_THAN: return ">";
        case AUDIT_GREATER_THAN_OR_EQUAL: return ">=";
        case AUDIT_BIT_MASK: return "&";
        case AUDIT_BIT_TEST: return "&=";
        default: return "?";
    }
}

std::string permission_letters(std::uint32_t bits) {
    std::string out;
    if ((bits & AUDIT_PERM_READ) != 0) out += 'r';
    if ((bits & AUDIT_PERM_WRITE) != 0) out += 'w';
    if ((bits & AUDIT_PERM_EXEC) != 0) out += 'x';
    if ((bits & AUDIT_PERM_ATTR) != 0) out += 'a';
    return out;
}

std::string plain_value(const AuditFieldName* field, std::uint32_t value) {
    const bool is_signed = field != nullptr && field->number == AUDIT_EXIT;
    return is_signed ? std::to_string(static_cast<std::int32_t>(value)) : std::to_string(value);
}

void decode_syscalls(const audit_rule_data& raw, AuditRule& rule) {
    // The kernel turns the last 16 bits into classes, so the last word says nothing about "all".
    const std::span words(raw.mask);
    rule.all_syscalls =
        std::ranges::all_of(words.first(words.size() - 1), [](std::uint32_t word) { return word == ~0U; });
    if (rule.all_syscalls) return;
    for (unsigned number = 0; number < words.size() * 32; ++number) {
        if ((words[number / 32] >> number % 32 & 1U) != 0) rule.syscalls.push_back(number);
    }
}

/// Puts one decoded condition where it belongs.
void place(AuditRule& rule, AuditField field, std::uint32_t raw_value) {
    const bool equal = field.comparison == "=";
    if (field.number == AUDIT_WATCH || field.number == AUDIT_DIR) {
        rule.path = std::move(field.value);
        rule.is_directory = field.number == AUDIT_DIR;
        rule.path_negated = !equal;
    } else if (field.number == AUDIT_PERM && equal) {
        rule.permissions = permission_letters(raw_value);
    } else if (field.number == AUDIT_ARCH && equal) {
        rule.architecture = raw_value;
    } else if (field.number == AUDIT_EXE && equal) {
        rule.executable = std::move(field.value);
    } else if (field.number == AUDIT_FILTERKEY) {
        for (const std::string_view key : split(field.value, '\x01')) rule.keys.emplace_back(key);
    } else {
        rule.others.push_back(std::move(field));
    }
}

}  // namespace

std::span<const AuditFieldName> audit_field_names() { return kFields; }
std::span<const std::string_view> audit_filter_names() { return kFilters; }
std::span<const std::string_view> audit_action_names() { return kActions; }

Result<AuditRule> decode_audit_rule(Bytes payload) {
    audit_rule_data raw;
    if (payload.size() < sizeof raw) return Error{fmt::format("audit rule of {} bytes: too short", payload.size())};
    std::memcpy(&raw, payload.data(), sizeof raw);
    if (raw.field_count > AUDIT_MAX_FIELDS) return Error{fmt::format("audit rule with {} fields", raw.field_count)};
    Bytes buffer = payload.subspan(sizeof(audit_rule_data));
    if (raw.buflen > buffer.size()) return Error{"audit rule: its text is cut short"};
    buffer = buffer.first(raw.buflen);

    AuditRule rule;
    rule.bytes.assign(payload.begin(), payload.end());
    rule.filter = filter_name(raw.flags);
    rule.action = action_name(raw.action);
    decode_syscalls(raw, rule);
    for (std::uint32_t i = 0; i < raw.field_count; ++i) {
        const auto known = std::ranges::find(kFields, raw.fields[i], &AuditFieldName::number);
        const AuditFieldName* name = known == std::end(kFields) ? nullptr : known;
        AuditField field{raw.fields[i],
                         name != nullptr ? std::string(name->name) : fmt::format("field#{}", raw.fields[i]),
                         comparison_name(raw.fieldflags[i]), plain_value(name, raw.values[i])};
        if (name != nullptr && name->text) {
            const std::uint32_t length = raw.values[i];
            if (length > buffer.size()) return Error{"audit rule: the text of " + field.name + " is cut short"};
            field.value.assign(length, '\0');
            std::ranges::transform(buffer.first(length), field.value.begin(),
                                   [](std::byte b) { return static_cast<char>(b); });
            buffer = buffer.subspan(length);
        }
        place(rule, std::move(field), raw.values[i]);
    }
    return rule;
}

std::string AuditRule::to_text() const {
    std::string out = fmt::format("-a {},{}", action, filter);
    if (architecture) out += fmt::format(" -F arch={:#x}", *architecture);
    if (!all_syscalls && !syscalls.empty()) out += fmt::format(" -S {}", fmt::join(syscalls, ","));
    if (path) out += fmt::format(" -F {}{}{}", is_directory ? "dir" : "path", path_negated ? "!=" : "=", *path);
    if (!permissions.empty()) out += " -F perm=" + permissions;
    if (executable) out += " -F exe=" + *executable;
    for (const AuditField& field : others) out += fmt::format(" -F {}{}{}", field.name, field.comparison, field.value);
    for (const std::string& key : keys) out += " -F key=" + key;
    return out;
}

}  // namespace plimsoll::host
