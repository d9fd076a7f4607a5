#include "cli/record_output.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "host/terminal.h"
#include "report/escape.h"
#include "report/record_text.h"
#include "rule/parser.h"
#include "rule/program.h"
#include "rule/scope.h"

namespace plimsoll::cli {

namespace {

constexpr std::size_t kHeld = 64 * 1024;
constexpr std::size_t kSubjectWidth = 18;
constexpr std::size_t kKindWidth = 22;

rule::ExpressionPtr check(const char* field, rule::Operator op, const std::string& value) {
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
    std::vector<rule::ExpressionPtr> any = {check("container.name", rule::Operator::eq, wanted)};
    const bool id = wanted.size() >= 4 && wanted.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (id) {
        const auto op = wanted.size() >= kShort ? rule::Operator::eq : rule::Operator::startswith;
        any.push_back(check("container.id", op, wanted.substr(0, kShort)));
    }
    if (wanted == "host") any.push_back(check("container.id", rule::Operator::eq, wanted));
    if (!id || wanted.size() <= kShort) return rule::make_group(rule::Expression::Kind::disjunction, any, {});
    // Twelve characters may be shared: a record that knows the whole id must have this one.
    any[1] = rule::make_group(
        rule::Expression::Kind::conjunction,
        {any[1], rule::make_group(rule::Expression::Kind::disjunction,
                                  {check("container.full_id", rule::Operator::startswith, wanted),
                                   rule::make_negation(check("container.full_id", rule::Operator::startswith, ""), {})},
                                  {})},
        {});
    return rule::make_group(rule::Expression::Kind::disjunction, any, {});
}

std::string padded(const std::string& text, std::size_t width) {
    const auto used = display_width(text);
    return used >= width ? text : text + std::string(width - used, ' ');
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

std::string exact_time(Nanoseconds time) {
    auto text = to_clock(time, Zone::utc, 9);
    text[10] = 'T';
    return text + "Z";
}

RecordPrinter::RecordPrinter(RecordFormat format, std::vector<rule::FieldUse> fields, Zone zone, bool to_terminal)
    : format_(format), fields_(std::move(fields)), zone_(zone), to_terminal_(to_terminal) {}

std::string RecordPrinter::head() const {
    if (format_ != RecordFormat::csv) return {};
    std::string out = "number,time";
    if (fields_.empty()) return out + ",container,kind,text\r\n";
    for (const auto& use : fields_) out += "," + report::csv_cell(rule::to_text(use));
    return out + "\r\n";
}

std::string RecordPrinter::line(const ledger::StoredRecord& record) const {
    switch (format_) {
        case RecordFormat::json: return report::json_line(record.event) + "\n";
        case RecordFormat::csv: return csv(record);
        case RecordFormat::raw: return raw(record);
        default: return text(record);
    }
}

std::string RecordPrinter::csv(const ledger::StoredRecord& record) const {
    std::string out = fmt::format("{},{}", record.number, exact_time(record.event.time()));
    const auto cell = [&](std::string_view bytes) { out += "," + report::csv_cell(bytes); };
    if (fields_.empty()) {
        cell(report::subject_text(record.event));
        cell(report::kind_text(record.event));
        cell(report::one_line(record.event));
    }
    for (const auto& use : fields_) cell(report::field_text(record.event, use.field, use.arg));
    return out + "\r\n";
}

std::string RecordPrinter::text(const ledger::StoredRecord& record) const {
    std::string out = to_clock(record.event.time(), zone_) + "  ";
    if (fields_.empty()) {
        out += padded(shortened(report::subject_text(record.event), kSubjectWidth), kSubjectWidth) + "  ";
        out += padded(shortened(report::kind_text(record.event), kKindWidth), kKindWidth) + "  ";
        return out + report::one_line(record.event) + "\n";
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (i > 0) out += "  ";
        out += rule::to_text(fields_[i]) + "=" +
               printable(report::field_text(record.event, fields_[i].field, fields_[i].arg));
    }
    return out + "\n";
}

std::string RecordPrinter::raw(const ledger::StoredRecord& record) const {
    const auto raw = record.event.text("record.raw");
    if (raw.empty()) return exact_time(record.event.time()) + " " + report::field_line(record.event) + "\n";
    return (to_terminal_ ? printable(raw) : std::string(raw)) + "\n";
}

Stream::Stream() : is_terminal_(host::standard_output().is_terminal) {}

bool Stream::write(std::string_view text) {
    held_ += text;
    return held_.size() < kHeld && !is_terminal_ ? !closed_ : flush();
}

bool Stream::flush() {
    std::string_view left = held_;
    while (!left.empty() && !closed_) {
        const ssize_t wrote = ::write(STDOUT_FILENO, left.data(), left.size());
        if (wrote > 0) {
            left.remove_prefix(static_cast<std::size_t>(wrote));
        } else if (wrote < 0 && errno == EAGAIN) {
            pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
            ::poll(&out, 1, -1);
        } else if (wrote < 0 && errno == EPIPE) {
            closed_ = true;
        } else if (wrote < 0 && errno != EINTR) {
            held_.clear();
            return false;
        }
    }
    held_.clear();
    return !closed_;
}

bool Stream::is_read() const {
    pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
    return ::poll(&out, 1, 0) <= 0 || (out.revents & (POLLERR | POLLHUP)) == 0;
}

}  // namespace plimsoll::cli
