#include "audit/rules/rule_values.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <sys/stat.h>

#include <algorithm>

#include "audit/tables.h"
#include "base/text.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

constexpr unsigned kMostErrno = 4095;
constexpr unsigned kMostUringOperation = 255;

struct Pair {
    std::uint32_t number;
    std::string_view left, right;
};

// AUDIT_COMPARE_* of linux/audit.h.
constexpr Pair kPairs[] = {
    {AUDIT_COMPARE_UID_TO_OBJ_UID, "uid", "obj_uid"},     {AUDIT_COMPARE_GID_TO_OBJ_GID, "gid", "obj_gid"},
    {AUDIT_COMPARE_EUID_TO_OBJ_UID, "euid", "obj_uid"},   {AUDIT_COMPARE_EGID_TO_OBJ_GID, "egid", "obj_gid"},
    {AUDIT_COMPARE_AUID_TO_OBJ_UID, "auid", "obj_uid"},   {AUDIT_COMPARE_SUID_TO_OBJ_UID, "suid", "obj_uid"},
    {AUDIT_COMPARE_SGID_TO_OBJ_GID, "sgid", "obj_gid"},   {AUDIT_COMPARE_FSUID_TO_OBJ_UID, "fsuid", "obj_uid"},
    {AUDIT_COMPARE_FSGID_TO_OBJ_GID, "fsgid", "obj_gid"}, {AUDIT_COMPARE_UID_TO_AUID, "uid", "auid"},
    {AUDIT_COMPARE_UID_TO_EUID, "uid", "euid"},           {AUDIT_COMPARE_UID_TO_FSUID, "uid", "fsuid"},
    {AUDIT_COMPARE_UID_TO_SUID, "uid", "suid"},           {AUDIT_COMPARE_AUID_TO_FSUID, "auid", "fsuid"},
    {AUDIT_COMPARE_AUID_TO_SUID, "auid", "suid"},         {AUDIT_COMPARE_AUID_TO_EUID, "auid", "euid"},
    {AUDIT_COMPARE_EUID_TO_SUID, "euid", "suid"},         {AUDIT_COMPARE_EUID_TO_FSUID, "euid", "fsuid"},
    {AUDIT_COMPARE_SUID_TO_FSUID, "suid", "fsuid"},       {AUDIT_COMPARE_GID_TO_EGID, "gid", "egid"},
    {AUDIT_COMPARE_GID_TO_FSGID, "gid", "fsgid"},         {AUDIT_COMPARE_GID_TO_SGID, "gid", "sgid"},
    {AUDIT_COMPARE_EGID_TO_FSGID, "egid", "fsgid"},       {AUDIT_COMPARE_EGID_TO_SGID, "egid", "sgid"},
    {AUDIT_COMPARE_SGID_TO_FSGID, "sgid", "fsgid"},
};

struct FileTypeName {
    std::string_view name;
    std::uint32_t type;
};
constexpr FileTypeName kFileTypes[] = {
    {"file", S_IFREG},    {"dir", S_IFDIR},       {"socket", S_IFSOCK}, {"link", S_IFLNK},
    {"symlink", S_IFLNK}, {"character", S_IFCHR}, {"block", S_IFBLK},   {"fifo", S_IFIFO},
};

bool is_user(std::uint32_t field) {
    return field == AUDIT_UID || field == AUDIT_EUID || field == AUDIT_SUID || field == AUDIT_FSUID ||
           field == AUDIT_LOGINUID || field == AUDIT_OBJ_UID;
}

bool is_group(std::uint32_t field) {
    return field == AUDIT_GID || field == AUDIT_EGID || field == AUDIT_SGID || field == AUDIT_FSGID ||
           field == AUDIT_OBJ_GID;
}

/// Decimal, octal after 0, hexadecimal after 0x; a minus before decimal.
std::optional<std::int64_t> any_number(std::string_view word) {
    if (word.starts_with("0x") || word.starts_with("0X")) return host::number<std::int64_t>(word.substr(2), 16);
    if (word.size() > 1 && word.front() == '0') return host::number<std::int64_t>(word.substr(1), 8);
    return host::number<std::int64_t>(word);
}

std::optional<std::int64_t> exit_number(std::string_view word) {
    const bool negative = word.starts_with('-');
    const std::string_view name = negative ? word.substr(1) : word;
    for (int number = 1; number <= static_cast<int>(kMostErrno); ++number) {
        if (errno_name(number) == name && !name.empty()) return negative ? -number : number;
    }
    return std::nullopt;
}

std::optional<std::int64_t> special_number(std::uint32_t field, std::string_view word, const host::Accounts* accounts) {
    if ((is_user(field) || is_group(field) || field == AUDIT_SESSIONID) && word == "unset") return -1;
    if (is_user(field) && accounts != nullptr) {
        if (const host::User* user = accounts->user(word)) return user->uid;
    }
    if (is_group(field) && accounts != nullptr) {
        if (const host::Group* group = accounts->group(word)) return group->gid;
    }
    if (field == AUDIT_EXIT) return exit_number(word);
    if (field == AUDIT_MSGTYPE) {
        if (const auto type = type_number(word)) return *type;
    }
    if (field == AUDIT_FILETYPE) {
        const auto type = std::ranges::find(kFileTypes, word, &FileTypeName::name);
        if (type != std::end(kFileTypes)) return type->type;
    }
    if (field == AUDIT_SUCCESS) {
        if (word == "yes") return 1;
        if (word == "no") return 0;
    }
    if (field == AUDIT_FSTYPE && word == "debugfs") return 0x64626720;
    if (field == AUDIT_FSTYPE && word == "tracefs") return 0x74726163;
    return std::nullopt;
}

}  // namespace

Result<std::string> condition_value(std::uint32_t field, std::string_view word, const host::Accounts* accounts,
                                    std::string& surprise) {
    auto value = special_number(field, word, accounts);
    if (!value) value = any_number(word);
    if (!value && field == AUDIT_SADDR_FAM) {
        // auditctl 3 and 4 take any word and hand the kernel 0.
        surprise = fmt::format("saddr_fam={} is taken as saddr_fam=0, which matches nothing: only numbers work", word);
        value = 0;
    }
    if (!value) return Error{fmt::format("'{}' is no value of this condition", word)};
    if (*value < -0x80000000LL || *value > 0xffffffffLL) return Error{fmt::format("{} does not fit", word)};
    if (field == AUDIT_EXIT) return std::to_string(static_cast<std::int32_t>(*value));
    return std::to_string(static_cast<std::uint32_t>(*value));
}

std::string condition_text(const host::AuditField& field) {
    const auto value = host::number<std::int64_t>(field.value);
    if (!value) return field.value;
    if (field.number == AUDIT_EXIT && *value != 0) {
        const std::string_view name = errno_name(static_cast<int>(*value < 0 ? -*value : *value));
        if (!name.empty()) return fmt::format("{}{}", *value < 0 ? "-" : "", name);
    }
    if ((is_user(field.number) || is_group(field.number)) && *value == 0xffffffff) return "-1";
    if (field.number == AUDIT_MSGTYPE) {
        const std::string_view name = type_name(static_cast<std::uint32_t>(*value));
        if (!name.empty()) return std::string(name);
    }
    if (field.number >= AUDIT_ARG0 && field.number <= AUDIT_ARG3) return fmt::format("{:#x}", *value);
    return field.value;
}

std::optional<std::uint32_t> comparison_number(std::string_view left, std::string_view right) {
    for (const Pair& pair : kPairs) {
        if ((pair.left == left && pair.right == right) || (pair.left == right && pair.right == left))
            return pair.number;
    }
    return std::nullopt;
}

std::optional<std::pair<std::string_view, std::string_view>> comparison_pair(std::uint32_t number) {
    const auto found = std::ranges::find(kPairs, number, &Pair::number);
    if (found == std::end(kPairs)) return std::nullopt;
    return std::pair{found->left, found->right};
}

std::optional<unsigned> uring_number(std::string_view name) {
    for (unsigned number = 0; number <= kMostUringOperation; ++number) {
        if (!name.empty() && uring_name(number) == name) return number;
    }
    return std::nullopt;
}

}  // namespace plimsoll::audit
