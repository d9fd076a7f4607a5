#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "audit/log/query.h"
#include "audit/tables.h"
#include "rule/parser.h"

namespace plimsoll::audit {

namespace {

using Choice = std::vector<std::string>;

std::string hex(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out;
}

/// How a field with that text may be written: plainly, or in hexadecimal.
Choice text_choice(const std::string& text) { return {text, hex(text)}; }

std::string number(std::string_view prefix, std::uint64_t value) { return std::string(prefix) + std::to_string(value); }

Choice type_choice(const std::vector<std::uint32_t>& types) {
    Choice choice;
    for (const auto type : types) {
        if (type_name(type).empty()) return {};
        choice.push_back("type=" + std::string(type_name(type)) + " ");
        choice.push_back(number("type=", type));
        choice.push_back(number("type=UNKNOWN[", type));
    }
    return choice;
}

/// What every field that says so ends with.
std::string_view user_field(IdOf of) {
    switch (of) {
        case IdOf::login: return "auid=";
        case IdOf::effective: return "euid=";
        case IdOf::real:
        case IdOf::any: break;
    }
    return "uid=";
}

/// Rarer first: the fewest lines can hold a longer literal.
std::size_t weakest(const Choice& choice) {
    std::size_t shortest = SIZE_MAX;
    for (const auto& literal : choice) shortest = std::min(shortest, literal.size());
    return shortest;
}

/// What a check of a condition needs to find in some record; empty when nothing follows from it.
Choice check_choice(const rule::Expression& check) {
    using rule::Operator;
    if (check.left.kind != rule::Operand::Kind::field || check.left.arg || check.right.values.empty()) return {};
    if (check.right.kind == rule::Comparand::Kind::operand || check.right.kind == rule::Comparand::Kind::name)
        return {};
    const bool whole = check.op == Operator::eq || check.op == Operator::in || check.op == Operator::intersects;
    const bool part =
        check.op == Operator::contains || check.op == Operator::startswith || check.op == Operator::endswith;
    static constexpr auto kNumbers =
        std::to_array<std::pair<std::string_view, std::string_view>>({{"proc.pid", "pid="},
                                                                      {"proc.ppid", "ppid="},
                                                                      {"user.uid", "uid="},
                                                                      {"user.loginuid", "auid="},
                                                                      {"audit.session", "ses="},
                                                                      {"audit.serial", ":"}});
    for (const auto& [field, prefix] : kNumbers) {
        if (check.left.name != field) continue;
        if (!whole) return {};
        Choice choice;
        for (const std::string& value : check.right.values) {
            const bool digits = value.find_first_not_of("0123456789") == std::string::npos && !value.starts_with('0');
            if (!digits || value.empty()) return {};  // -1, 0x10, 010: written otherwise in records
            choice.push_back(std::string(prefix) + value);
        }
        return choice;
    }
    const auto& name = check.left.name;
    if (name != "audit.keys" && name != "proc.name" && name != "proc.exepath" && name != "audit.tty") return {};
    if (!whole && !part) return {};
    Choice choice;
    for (const std::string& value : check.right.values)
        for (auto& literal : text_choice(value)) choice.push_back(std::move(literal));
    return choice;
}

/// Choices of which each must be met for the condition to be true.
void add_condition(const rule::Expression& expression, std::vector<Choice>& choices) {
    if (expression.kind == rule::Expression::Kind::conjunction) {
        for (const auto& child : expression.children) add_condition(*child, choices);
    } else if (expression.kind == rule::Expression::Kind::check) {
        if (Choice choice = check_choice(expression); !choice.empty()) choices.push_back(std::move(choice));
    }
}

}  // namespace

bool Query::takes_all() const {
    return !serial && nodes.empty() && types.empty() && !pid && !ppid && !session && !exit && !success && !arch &&
           !syscall && users.empty() && groups.empty() && !comm && !executable && !file && !host && !key && !terminal &&
           !subject && !object && !context && !uuid && !guest && condition.empty();
}

Literals literals_of(const Query& query) {
    constexpr std::size_t kShortest = 3;  // shorter ones stand in nearly every line
    constexpr std::size_t kMost = 6;      // more take longer than reading the records
    if (query.serial) return Literals({number(":", *query.serial) + ")"});
    // The first whose literals are few and long enough: those in front are rarer in practice.
    std::vector<Choice> choices;
    if (query.file) choices.push_back(text_choice(query.file->starts_with('@') ? query.file->substr(1) : *query.file));
    for (const auto* text : {&query.key, &query.executable, &query.comm, &query.uuid, &query.guest})
        if (*text) choices.push_back(text_choice(**text));
    if (query.pid) choices.push_back({number("pid=", static_cast<std::uint64_t>(*query.pid))});
    if (query.ppid) choices.push_back({number("ppid=", static_cast<std::uint64_t>(*query.ppid))});
    if (query.exit && *query.exit != 0) choices.push_back({"exit=" + std::to_string(*query.exit)});
    if (!query.types.empty()) choices.push_back(type_choice(query.types));
    for (const auto& user : query.users)
        if (user.id != UINT32_MAX) choices.push_back({number(user_field(user.of), user.id)});
    for (const auto& group : query.groups)
        if (group.id != UINT32_MAX) choices.push_back({number("gid=", group.id)});
    if (query.success == false) choices.push_back({"success=no", "res=failed", "res=no", "res=0", "result=f"});
    if (query.syscall) {
        choices.push_back({number("syscall=", *query.syscall)});
        if (query.uring) choices.back().push_back(number("uring_op=", *query.uring));
    }
    if (query.session && *query.session != UINT32_MAX) choices.push_back({number("ses=", *query.session)});
    for (const auto* text : {&query.subject, &query.object, &query.context, &query.terminal})
        if (*text) choices.push_back(text_choice(**text));
    if (!query.condition.empty()) {
        if (const auto parsed = rule::parse(query.condition)) add_condition(**parsed, choices);
    }
    for (Choice& choice : choices)
        if (!choice.empty() && choice.size() <= kMost && weakest(choice) >= kShortest)
            return Literals(std::move(choice));
    return {};
}

}  // namespace plimsoll::audit
