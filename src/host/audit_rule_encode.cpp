#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "host/audit_rule.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

/// struct audit_rule_data without its flexible end, which C++ allows in no class.
struct RuleHead {
    std::uint32_t flags, action, field_count;
    std::array<std::uint32_t, AUDIT_BITMASK_SIZE> mask;
    std::array<std::uint32_t, AUDIT_MAX_FIELDS> fields, values, operators;
    std::uint32_t buflen;
};
static_assert(sizeof(RuleHead) == sizeof(audit_rule_data));

struct Comparison {
    std::string_view text;
    std::uint32_t flag;
};
constexpr Comparison kComparisons[] = {
    {"=", AUDIT_EQUAL},        {"!=", AUDIT_NOT_EQUAL},
    {"<", AUDIT_LESS_THAN},    {"<=", AUDIT_LESS_THAN_OR_EQUAL},
    {">", AUDIT_GREATER_THAN}, {">=", AUDIT_GREATER_THAN_OR_EQUAL},
    {"&", AUDIT_BIT_MASK},     {"&=", AUDIT_BIT_TEST},
};

/// Collects the conditions of one rule; the first thing that does not fit is the error.
class Encoder {
public:
    void number(std::uint32_t field, std::uint32_t value, std::uint32_t comparison = AUDIT_EQUAL) {
        if (head_.field_count == AUDIT_MAX_FIELDS) {
            fail(fmt::format("more than {} conditions", AUDIT_MAX_FIELDS));
            return;
        }
        head_.fields[head_.field_count] = field;
        head_.values[head_.field_count] = value;
        head_.operators[head_.field_count++] = comparison;
    }
    void text(std::uint32_t field, std::string_view value, std::uint32_t comparison = AUDIT_EQUAL) {
        const std::size_t limit = field == AUDIT_FILTERKEY ? AUDIT_MAX_KEY_LEN : 4096;
        if (value.empty() || value.size() > limit || value.find('\0') != std::string_view::npos) {
            fail(fmt::format("a text that is empty, holds a NUL or is longer than {} bytes", limit));
            return;
        }
        text_ += value;
        number(field, static_cast<std::uint32_t>(value.size()), comparison);
    }
    void other(const AuditField& field) {
        const auto comparison = std::ranges::find(kComparisons, field.comparison, &Comparison::text);
        if (comparison == std::end(kComparisons)) {
            fail(fmt::format("comparison '{}'", field.comparison));
            return;
        }
        const auto names = audit_field_names();
        const auto known = std::ranges::find(names, field.number, &AuditFieldName::number);
        if (known != names.end() && known->text) {
            text(field.number, field.value, comparison->flag);
        } else if (const auto value = host::number<std::uint32_t>(field.value)) {
            number(field.number, *value, comparison->flag);
        } else if (const auto negative = host::number<std::int32_t>(field.value)) {
            number(field.number, static_cast<std::uint32_t>(*negative), comparison->flag);
        } else {
            fail(fmt::format("value '{}' of {}", field.value, field.name));
        }
    }
    void systems_calls(const AuditRule& rule) {
        // The last word stays empty: its bits stand for classes of system calls.
        if (rule.all_syscalls) std::fill(head_.mask.begin(), head_.mask.end() - 1, ~0U);
        for (const unsigned number : rule.syscalls) {
            if (number / 32 >= head_.mask.size())
                fail(fmt::format("system call {}", number));
            else
                head_.mask[number / 32] |= 1U << number % 32;
        }
    }
    void fail(std::string why) {
        if (error_.empty()) error_ = "an audit rule cannot hold " + std::move(why);
    }

    Result<std::vector<std::byte>> finish(std::uint32_t flags, std::uint32_t action) {
        if (!error_.empty()) return Error{error_};
        head_.flags = flags;
        head_.action = action;
        head_.buflen = static_cast<std::uint32_t>(text_.size());
        std::vector<std::byte> out(sizeof head_ + text_.size());
        std::memcpy(out.data(), &head_, sizeof head_);
        if (!text_.empty()) std::memcpy(out.data() + sizeof head_, text_.data(), text_.size());
        return out;
    }

private:
    RuleHead head_{};
    std::string text_;
    std::string error_;
};

std::uint32_t permission_bits(std::string_view letters) {
    std::uint32_t bits = 0;
    for (const char letter : letters) {
        if (letter == 'r') bits |= AUDIT_PERM_READ;
        if (letter == 'w') bits |= AUDIT_PERM_WRITE;
        if (letter == 'x') bits |= AUDIT_PERM_EXEC;
        if (letter == 'a') bits |= AUDIT_PERM_ATTR;
    }
    return bits;
}

/// The place of a name in a list; nothing when it is not there.
std::optional<std::uint32_t> place_of(std::span<const std::string_view> names, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - names.begin());
}

}  // namespace

Result<std::vector<std::byte>> encode_audit_rule(const AuditRule& rule) {
    const auto filter = place_of(audit_filter_names(), rule.filter);
    const auto action = place_of(audit_action_names(), rule.action);
    Encoder out;
    if (!filter || !action) out.fail(fmt::format("'{},{}'", rule.action, rule.filter));
    out.systems_calls(rule);
    if (rule.architecture) out.number(AUDIT_ARCH, *rule.architecture);
    if (rule.path) {
        out.text(rule.is_directory ? AUDIT_DIR : AUDIT_WATCH, *rule.path,
                 rule.path_negated ? AUDIT_NOT_EQUAL : AUDIT_EQUAL);
    }
    if (!rule.permissions.empty()) out.number(AUDIT_PERM, permission_bits(rule.permissions));
    if (rule.executable) out.text(AUDIT_EXE, *rule.executable);
    for (const AuditField& field : rule.others) out.other(field);
    std::string keys;
    for (const std::string& key : rule.keys) keys += (keys.empty() ? "" : "\x01") + key;
    if (!keys.empty()) out.text(AUDIT_FILTERKEY, keys);
    return out.finish(filter.value_or(0) | (rule.prepend ? AUDIT_FILTER_PREPEND : 0U), action.value_or(0));
}

}  // namespace plimsoll::host
