// What has no row of its own: audit.field and audit.claim.
#include <linux/audit.h>

#include <algorithm>
#include <array>

#include "audit/field_rows.h"

namespace plimsoll::audit {

namespace {

std::string_view bounded(std::string_view text) { return text.substr(0, kMostText); }

/// What kernel fields by number are called in a record.
constexpr std::array<std::string_view, kKnownFields> kNames = {
    "arch", "syscall", "success", "exit", "a0",   "a1",       "a2",    "a3",    "items",     "ppid", "pid",
    "auid", "uid",     "gid",     "euid", "egid", "suid",     "sgid",  "fsuid", "fsgid",     "tty",  "ses",
    "comm", "exe",     "key",     "res",  "op",   "uring_op", "saddr", "cwd",   "proctitle", "oflag"};

/// Those that have no field of their own, and are worth keeping beside the others.
constexpr auto kKept = std::to_array<Known>({Known::a0, Known::a1, Known::a2, Known::a3, Known::oflag});
/// Ids that are told when they differ from the effective one.
constexpr std::array<std::array<Known, 2>, 4> kOdd = {
    {{Known::suid, Known::euid}, {Known::fsuid, Known::euid}, {Known::sgid, Known::egid}, {Known::fsgid, Known::egid}}};

std::string_view other_text(const FieldContext& c, const OtherFact& fact) {
    const std::string_view written = fact.value.text;
    const auto is_digit = [](char digit) { return (digit >= '0' && digit <= '9') || (digit >= 'A' && digit <= 'F'); };
    const bool is_hex = !fact.value.quoted && written.size() % 2 == 0 && !written.empty() &&
                        is_digit(written.front()) && is_digit(written.back());
    if (!is_hex || !may_be_hex(fact.type, fact.name)) return bounded(written);
    const std::string_view decoded = c.facts.text(fact.value);
    return bounded(decoded.empty() ? written : decoded);
}

/// A claim's text with secrets masked, where that is asked for.
std::string_view claim_text(const FieldContext& c, const OtherFact& fact, FieldValues& values) {
    const std::string_view text = other_text(c, fact);
    SecretMasker* masker = c.facts.masker();
    if (masker == nullptr) return text;
    masker->next_command();
    if (is_secret_name(fact.name) && !text.empty() && text != "?") {
        static_cast<void>(masker->argument("--password"));
        if (const auto hidden = masker->argument(text)) return values.store().keep(*hidden);
        return text;
    }
    const auto masked = masker->text(text);
    return masked ? values.store().keep(*masked) : text;
}

}  // namespace

void give_other(const FieldContext& c, std::string_view name, FieldValues& out) {
    const auto known = std::ranges::find(kNames, name);
    if (known != kNames.end()) {
        const auto field = static_cast<Known>(known - kNames.begin());
        const Written& value = c.facts.get(field);
        if (!value.set) return;
        if (value.quoted || !may_be_hex(c.facts.main().type, name)) return out.text(bounded(value.text));
        const std::string_view decoded = c.facts.text(value);
        return out.text(bounded(decoded.empty() ? value.text : decoded));
    }
    for (const OtherFact& fact : c.facts.others()) {
        if (fact.name == name) return out.text(other_text(c, fact));
    }
    // Of PATH records, the first.
    if (c.facts.paths().empty()) return;
    const PathFact& path = c.facts.paths().front();
    if (name == "name" && path.name.set) return out.text(bounded(c.facts.raw_path(path)));
    if (name == "dev") return out.text(path.device);
    if (name == "inode") return out.text(path.inode);
    if (name == "nametype") return out.text(path.kind);
}

void give_claim(const FieldContext& c, std::string_view name, FieldValues& out) {
    for (const OtherFact& fact : c.facts.claims()) {
        if (fact.name == name) return out.text(claim_text(c, fact, out));
    }
}

std::span<const NamedText> all_others(const FieldContext& c, FieldValues& values) {
    std::vector<NamedText>& all = values.named();
    all.clear();
    for (const Known field : kKept) {
        const Written& value = c.facts.get(field);
        if (value.set && value.text != "0")
            all.push_back({kNames[static_cast<std::size_t>(field)], bounded(value.text)});
    }
    for (const auto& [field, usual] : kOdd) {
        const Written& value = c.facts.get(field);
        if (value.set && value.text != c.facts.get(usual).text)
            all.push_back({kNames[static_cast<std::size_t>(field)], bounded(value.text)});
    }
    const std::size_t own = all.size();
    const auto& others = c.facts.others();
    for (std::size_t i = 0; i < others.size(); ++i) {
        const OtherFact& fact = others[i];
        if (fact.name.size() > 64 || (fact.value.text == "0" && fact.type != AUDIT_CONFIG_CHANGE)) continue;
        const auto end = others.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::ranges::find(others.begin(), end, fact.name, &OtherFact::name) != end) continue;
        const auto last = all.begin() + static_cast<std::ptrdiff_t>(own);
        const auto known = std::ranges::find(all.begin(), last, fact.name, &NamedText::name);
        if (known != last)
            known->text = other_text(c, fact);
        else
            all.push_back({fact.name, other_text(c, fact)});
    }
    std::ranges::sort(all, {}, &NamedText::name);
    return all;
}

std::span<const NamedText> all_claims(const FieldContext& c, FieldValues& values) {
    std::vector<NamedText>& all = values.named();
    all.clear();
    for (const OtherFact& claim : c.facts.claims()) {
        if (claim.name.size() > 64 || std::ranges::find(all, claim.name, &NamedText::name) != all.end()) continue;
        all.push_back({claim.name, claim_text(c, claim, values)});
    }
    std::ranges::sort(all, {}, &NamedText::name);
    return all;
}

}  // namespace plimsoll::audit
