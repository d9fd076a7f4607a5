#include "cli/search_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "cli/record_output.h"
#include "report/escape.h"
#include "report/record_text.h"

namespace plimsoll::cli {

namespace {

using Steady = std::chrono::steady_clock;

struct SearchArguments {
    RecordQuestion question;
    std::string ledger;
    std::uint64_t limit = 0;
    std::vector<std::string> count_by;
    std::string per;
    unsigned threads = 0;
    bool newest = false;
    bool json = false;
    bool csv = false;
    bool raw = false;
    bool utc = false;
};

/// A line on standard error that shows how far a long scan is; nothing when that is no terminal.
class ProgressLine {
public:
    void show(ledger::Progress progress) {
        const auto now = Steady::now();
        if (!is_terminal_ || now < next_ || progress.total == 0) return;
        next_ = now + std::chrono::milliseconds(200);
        shown_ = true;
        std::fprintf(stderr, "\r%3u %% of %llu records\x1b[K",
                     static_cast<unsigned>(progress.done * 100 / progress.total),
                     static_cast<unsigned long long>(progress.total));
    }
    void hide() {
        if (shown_) std::fputs("\r\x1b[K", stderr);
        shown_ = false;
    }

private:
    bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool shown_ = false;
    Steady::time_point next_ = Steady::now() + std::chrono::seconds(1);
};

RecordFormat format_of(const SearchArguments& arguments) {
    if (arguments.json) return RecordFormat::json;
    if (arguments.csv) return RecordFormat::csv;
    return arguments.raw ? RecordFormat::raw : RecordFormat::text;
}

/// What was not read, and what could not be judged; the exit code for it.
int tell_of_gaps(const ledger::ScanReport& report) {
    if (report.unknown > 0)
        complain(fmt::format("of {} records the condition is neither true nor false: facts that it needs are unknown",
                             report.unknown));
    for (const auto& fault : report.faults) complain(fault);
    return report.faults.empty() ? kClean : kUnknown;
}

std::string counts_text(const std::vector<ledger::Count>& counts, const std::vector<rule::FieldUse>& by,
                        const SearchArguments& arguments) {
    const bool per = !arguments.per.empty();
    std::string out;
    if (arguments.csv) {
        out = per ? "from," : "";
        for (const auto& use : by) out += report::csv_cell(rule::to_text(use)) + ",";
        out += "count\r\n";
    }
    for (const auto& count : counts) {
        if (arguments.json) {
            out += '{';
            if (per) out += "\"from\":\"" + exact_time(count.bucket) + "\",";
            for (std::size_t i = 0; i < by.size(); ++i) {
                report::append_json(out, rule::to_text(by[i]));
                out += ':';
                report::append_json(out, count.group[i]);
                out += ',';
            }
            out += fmt::format("\"count\":{}}}\n", count.count);
        } else if (arguments.csv) {
            if (per) out += exact_time(count.bucket) + ",";
            for (const auto& text : count.group) out += report::csv_cell(text) + ",";
            out += std::to_string(count.count) + "\r\n";
        } else {
            if (per) out += to_clock(count.bucket, arguments.question.zone, 0) + "  ";
            out += fmt::format("{:>12}", count.count);
            for (const auto& text : count.group) out += "  " + (text.empty() ? "-" : printable(text));
            out += '\n';
        }
    }
    return out;
}

int count(const SearchArguments& arguments, ledger::Reader& reader, ledger::Query query) {
    const auto by = fields_of(arguments.count_by);
    if (!by) {
        complain(by.error().message);
        return kUsage;
    }
    std::vector<model::FieldId> ids;
    for (const auto& use : *by) {
        if (!use.arg.empty()) {
            complain(fmt::format("records cannot be counted by one key of a field, as '{}'", rule::to_text(use)));
            return kUsage;
        }
        ids.push_back(use.field);
    }
    Nanoseconds bucket = 0;
    if (!arguments.per.empty()) {
        const auto span = parse_duration_words(arguments.per);
        if (!span) {
            complain(span.error().message);
            return kUsage;
        }
        bucket = *span;
    }
    ledger::ScanReport report;
    const auto counts = reader.count(query, ids, bucket, &report);
    if (!counts) {
        complain(counts.error().message);
        return kUnknown;
    }
    Stream out;
    const bool written = out.write(counts_text(*counts, *by, arguments)) && out.flush();
    if (!written && !out.closed()) complain("standard output cannot be written");
    if (counts->empty()) complain("no records");
    const int gaps = tell_of_gaps(report);
    return written || out.closed() ? gaps : kUnknown;
}

int list(const SearchArguments& arguments, ledger::Reader& reader, const ledger::Query& query) {
    Stream out;
    ProgressLine line;
    const auto fields = fields_of(arguments.question.fields);
    const RecordPrinter printer(format_of(arguments), fields ? *fields : std::vector<rule::FieldUse>(),
                                arguments.question.zone, out.is_terminal());
    bool written = out.write(printer.head());
    bool first = true;
    auto flushed = Steady::now();
    const auto flush_when_due = [&] {
        const auto now = Steady::now();
        if (!first && now < flushed + std::chrono::milliseconds(50)) return;
        flushed = now;
        written = written && out.flush();
    };
    const auto report = reader.scan(
        query,
        [&](const ledger::StoredRecord& record) {
            line.hide();
            written = written && out.write(printer.line(record));
            if (first) flush_when_due();
            first = false;
            return written;
        },
        [&](ledger::Progress progress) {
            flush_when_due();
            line.show(progress);
        });
    line.hide();
    written = written && out.flush();
    if (!report) {
        complain(report.error().message);
        return kUnknown;
    }
    if (out.closed()) return kClean;
    if (!written) {
        complain("standard output cannot be written");
        return kUnknown;
    }
    if (report->matched == 0) complain("no records");
    return tell_of_gaps(*report);
}

int search(SearchArguments& arguments) {
    if (arguments.utc) arguments.question.zone = Zone::utc;
    auto asked = ask(arguments.question, arguments.ledger);
    if (!asked) return asked.error();
    ledger::Query& query = asked->query;
    query.newest_first = arguments.newest;
    query.threads = arguments.threads;
    if (arguments.limit > 0) query.limit = arguments.limit;
    if (arguments.raw) query.fields.clear();
    if (format_of(arguments) == RecordFormat::text) tell_times(*asked, arguments.question.zone);
    const bool counts = !arguments.count_by.empty() || !arguments.per.empty();
    return counts ? count(arguments, *asked->reader, query) : list(arguments, *asked->reader, query);
}

}  // namespace

void add_search(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("search", "Find records of the ledger, by the language of the rules");
    auto arguments = std::make_shared<SearchArguments>();
    RecordQuestion& question = arguments->question;
    command.add_option("CONDITION", question.condition, "What must hold, for example 'evt.type = exec_create'");
    add_ledger_option(command, arguments->ledger);
    command
        .add_option("--since", question.since,
                    "Begin of the time: '2026-11-17 03:00', '2h ago', 'yesterday 14:00', 'last tuesday 3am'")
        ->type_name("TIME");
    command.add_option("--until", question.until, "End of the time, not included")->type_name("TIME");
    command.add_option("--container", question.container, "Only this container, by name or id")->type_name("NAME");
    command.add_option("--limit", arguments->limit, "At most so many records")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62U))
        ->type_name("N");
    command.add_option("--fields", question.fields, "Show these fields only, commas between")->type_name("FIELDS");
    command.add_flag("--newest", arguments->newest, "Newest records first");
    CLI::Option* json = command.add_flag("--json", arguments->json, "One JSON object for each record");
    CLI::Option* csv = command.add_flag("--csv", arguments->csv, "Comma-separated values with a head line");
    CLI::Option* raw =
        command.add_flag("--raw", arguments->raw, "What the source wrote where it could not be read, else every field");
    json->excludes(csv)->excludes(raw);
    csv->excludes(raw);
    command.add_option("--count-by", arguments->count_by, "Count instead, by the values of these fields")
        ->type_name("FIELDS");
    command.add_option("--per", arguments->per, "Count in steps of time: 1h, 10m, 1d")->type_name("SPAN");
    command.add_option("--threads", arguments->threads, "Threads to scan with; 0: one for each processor")
        ->check(CLI::Range(0, 64))
        ->type_name("N");
    command.add_flag("--utc", arguments->utc, "Read and show times in UTC instead of this host's zone");
    command.footer(
        "Exit codes: 0 done, also when nothing was found, 2 wrong usage or condition, 3 parts could not be read.\n"
        "Example: plimsoll search 'docker.action = exec_create' --container web --since 'last tuesday 3am' --newest");
    command.callback([arguments, &exit] { exit = search(*arguments); });
}

}  // namespace plimsoll::cli
