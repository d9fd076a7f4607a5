#include "cli/record_question.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "base/text.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/output.h"
#include "rule/parser.h"
#include "rule/program.h"
#include "rule/scope.h"

namespace plimsoll::cli {

namespace {

rule::ExpressionPtr comparison(const char* field, rule::Operator op, const std::string& value) {
    rule::Expression node;
    node.left.name = field;
    node.op = op;
    node.right.kind = rule::Comparand::Kind::text;
    node.right.values = {value};
    node.right.places = {{}};
    node.right.quoted = {true};
    return rule::make_check(std::move(node));
}

/// The container of that name, or whose id begins so.
rule::ExpressionPtr container_is(const std::string& wanted) {
    constexpr std::size_t kShort = 12;
    std::vector<rule::ExpressionPtr> any = {comparison("container.name", rule::Operator::eq, wanted)};
    const bool id = wanted.size() >= 4 && wanted.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (id) {
        const auto op = wanted.size() >= kShort ? rule::Operator::eq : rule::Operator::startswith;
        any.push_back(comparison("container.id", op, wanted.substr(0, kShort)));
    }
    if (wanted == "host") any.push_back(comparison("container.id", rule::Operator::eq, wanted));
    if (!id || wanted.size() <= kShort) return rule::make_group(rule::Expression::Kind::disjunction, any, {});
    // Twelve characters may be shared: a record that knows the whole id must have this one.
    any[1] = rule::make_group(
        rule::Expression::Kind::conjunction,
        {any[1],
         rule::make_group(rule::Expression::Kind::disjunction,
                          {comparison("container.full_id", rule::Operator::startswith, wanted),
                           rule::make_negation(comparison("container.full_id", rule::Operator::startswith, ""), {})},
                          {})},
        {});
    return rule::make_group(rule::Expression::Kind::disjunction, any, {});
}

}  // namespace

Result<std::vector<rule::FieldUse>> fields_of(const std::vector<std::string>& names) {
    std::vector<rule::FieldUse> uses;
    for (const std::string& list : names) {
        for (const auto part : split(list, ',')) {
            const auto name = trim(part);
            if (name.empty()) continue;
            std::size_t used = 0;
            const auto operand = rule::parse_operand(name, used);
            if (!operand) return Error{fmt::format("'{}': {}", printable(name), operand.error().message)};
            if (used != name.size() || operand->kind != rule::Operand::Kind::field)
                return Error{fmt::format("'{}' is no field", printable(name))};
            rule::Operand plain = *operand;
            if (const auto id = model::find_field(plain.name); id && !plain.arg) {  // all keys of a keyed field
                uses.push_back({*id, ""});
                continue;
            }
            const auto field = rule::resolve_field(plain);
            if (!field) return Error{field.error().message};
            uses.push_back(field->use);
        }
    }
    return uses;
}

Result<ledger::Query> query_of(const RecordQuestion& question, Nanoseconds now) {
    ledger::Query query;
    if (!trim(question.condition).empty()) {
        const auto condition = rule::resolve(question.condition, {});
        if (!condition) return Error{rule::to_text(condition.error())}.during("the condition");
        rule::ProgramBuilder builder;
        if (const auto added = builder.add(*condition); !added)
            return Error{rule::to_text(added.error())}.during("the condition");
        query.condition = *condition;
    }
    if (!question.container.empty()) {
        auto container = container_is(question.container);
        query.condition = query.condition ? rule::make_group(rule::Expression::Kind::conjunction,
                                                             {std::move(container), query.condition}, {})
                                          : std::move(container);
    }
    if (!question.since.empty()) {
        TRY(query.since, parse_time_words(question.since, now, question.zone));
    }
    if (!question.until.empty()) {
        TRY(query.until, parse_time_words(question.until, now, question.zone));
    }
    if (query.since && query.until && *query.since >= *query.until) return Error{"--since is not before --until"};
    TRY(const auto fields, fields_of(question.fields));
    for (const auto& use : fields) query.fields.push_back(use.field);
    return query;
}

std::expected<Asked, int> ask(const RecordQuestion& question, const std::string& ledger) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen by write()
    Asked asked{.time = now()};
    auto query = query_of(question, asked.time);
    if (!query) {
        complain(query.error().message);
        return std::unexpected(kUsage);
    }
    asked.query = std::move(*query);
    auto reader = ledger::Reader::open(ledger);
    if (!reader) {
        complain(reader.error().message);
        return std::unexpected(kUnknown);
    }
    asked.reader = std::move(*reader);
    return asked;
}

void tell_times(const Asked& asked, Zone zone) {
    const ledger::Query& query = asked.query;
    std::string out = "times: " + zone_name(query.since.value_or(query.until.value_or(asked.time)), zone);
    if (query.since) out += ", from " + to_clock(*query.since, zone, 0);
    if (query.until) out += ", until " + to_clock(*query.until, zone, 0);
    std::fprintf(stderr, "%s\n", printable(out).c_str());
}

}  // namespace plimsoll::cli
