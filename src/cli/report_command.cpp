#include "cli/report_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <ctime>
#include <filesystem>
#include <memory>

#include "base/time_words.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "cli/time_range.h"
#include "host/terminal.h"
#include "ledger/reader.h"
#include "ledger/verify.h"
#include "report/activity.h"
#include "report/timeline_words.h"
#include "rule/scope.h"

namespace plimsoll::cli {

namespace {

struct ReportArguments {
    std::string day, since, until;
    bool is_day = false;
    bool week = false;
    std::string format = "text";
    std::string output;
    std::string save;
    std::string ledger;
    std::string colour = "auto";
    bool verify = false;
    bool verbose = false;
};

struct Format {
    const char* name;
    std::string (*render)(const report::Activity& activity, const report::Options& options);
};

constexpr std::array kFormats = {Format{"text", report::activity_text}, Format{"md", report::activity_markdown},
                                 Format{"html", report::activity_html}, Format{"json", report::activity_json}};

/// Local midnight `days` days after the one that the moment's day began with; days of 23 and 25 hours included.
Nanoseconds midnight(Nanoseconds moment, int days) {
    const std::time_t seconds = moment / kSecond;
    std::tm parts{};
    localtime_r(&seconds, &parts);
    std::tm begin{.tm_mday = parts.tm_mday + days, .tm_mon = parts.tm_mon, .tm_year = parts.tm_year, .tm_isdst = -1};
    return std::mktime(&begin) * kSecond;
}

/// A whole day or week by the local calendar, else --since to --until; without any of them the last 24 hours.
Result<TimeRange> range_of(const ReportArguments& arguments) {
    const Nanoseconds time = now();
    if (arguments.week) return TimeRange{midnight(time, -7), midnight(time, 0)};
    if (arguments.is_day) {
        Nanoseconds within = midnight(time, -1);
        if (!arguments.day.empty()) {
            TRY(within, parse_time_words(arguments.day, time));
        }
        return TimeRange{midnight(within, 0), midnight(within, 1)};
    }
    TimeRange out{time - kDay, time};
    if (!arguments.until.empty()) {
        TRY(out.until, parse_time_words(arguments.until, time));
        out.since = out.until - kDay;
    }
    if (!arguments.since.empty()) {
        TRY(out.since, parse_time_words(arguments.since, time));
    }
    if (out.since >= out.until) return Error{"the range ends before it begins"};
    return out;
}

Result<void> read(ledger::Reader& reader, const TimeRange& range, report::ActivityBuilder& builder,
                  std::vector<std::string>& faults) {
    const auto visit = [&](const ledger::StoredRecord& record) {
        builder.add(record.event);
        return true;
    };
    ledger::Query query;
    query.since = range.since - (range.until - range.since);
    query.until = range.until;
    query.fields = report::ActivityBuilder::fields();
    TRY(auto scanned, reader.scan(query, visit));
    faults = std::move(scanned.faults);
    // An alert of the period may have been acknowledged after it.
    ledger::Query later;
    auto acknowledged = rule::resolve("record.kind = ack", {});
    check(acknowledged.has_value());
    later.condition = *acknowledged;
    later.since = range.until;
    TRY_VOID(reader.scan(later, visit));
    return {};
}

void verify(const std::string& path, report::LedgerHealth& health) {
    const auto report = ledger::verify({.path = path});
    if (!report) {
        health.verified = false;
        health.verification = report.error().message;
        return;
    }
    health.verified = report->verdict == ledger::Verdict::ok;
    const std::string_view word = report->verdict == ledger::Verdict::ok         ? "ok"
                                  : report->verdict == ledger::Verdict::tampered ? "tampered with"
                                                                                 : "incomplete";
    health.verification = fmt::format("{}, {} records checked, {} of {} signed", word, report->checked,
                                      report->signed_size, report->size);
    if (!report->faults.empty()) health.verification += "; first fault: " + report->faults[0].message;
}

void describe(ledger::Reader& reader, report::LedgerHealth& health) {
    const auto size = reader.size();
    const auto first = reader.first_kept();
    if (size <= first) {
        health.range = "The ledger holds no record.";
        return;
    }
    const auto record = reader.record(first);
    health.range = fmt::format("The ledger {} holds records {} to {}", reader.origin(), first, size - 1);
    if (record && *record) health.range += fmt::format(", since {}", to_clock((*record)->event.time(), Zone::local, 0));
    health.range += ".";
}

/// Writes DATE.html and DATE.json, DATE being the day on which the period begins.
int save(const ReportArguments& arguments, const report::Activity& activity) {
    std::error_code fault;
    std::filesystem::create_directories(arguments.save, fault);
    const std::string stem = arguments.save + "/" + to_clock(activity.since, Zone::local, 0).substr(0, 10);
    if (!deliver(stem + ".html", report::activity_html(activity, {}))) return kUnknown;
    return deliver(stem + ".json", report::activity_json(activity, {})) ? kClean : kUnknown;
}

int write(const ReportArguments& arguments, const report::Activity& activity) {
    const host::Terminal terminal = host::standard_output();
    const bool to_terminal = terminal.is_terminal && (arguments.output.empty() || arguments.output == "-");
    report::Options options{.verbose = arguments.verbose};
    options.colour = arguments.colour == "always" || (arguments.colour == "auto" && to_terminal && !terminal.no_colour);
    if (to_terminal && terminal.width > 0) options.width = terminal.width;
    for (const Format& format : kFormats) {
        if (arguments.format == format.name)
            return deliver(arguments.output, format.render(activity, options)) ? kClean : kUnknown;
    }
    return kUsage;
}

int report(const ReportArguments& arguments) {
    const auto range = range_of(arguments);
    if (!range) {
        complain(range.error().message);
        return kUsage;
    }
    auto reader = ledger::Reader::open(arguments.ledger);
    if (!reader) {
        complain(reader.error().message);
        return kUnknown;
    }
    report::ActivityBuilder builder(range->since, range->until);
    std::vector<std::string> faults;
    if (const auto done = read(**reader, *range, builder, faults); !done) {
        complain(done.error().message);
        return kUnknown;
    }
    report::Activity activity = builder.finish();
    if (activity.host.empty()) activity.host = report::words::host_of((*reader)->origin());
    activity.ledger.faults = std::move(faults);
    describe(**reader, activity.ledger);
    if (arguments.verify) verify(arguments.ledger, activity.ledger);
    report::write_headlines(activity);
    int exit = arguments.save.empty() ? write(arguments, activity) : save(arguments, activity);
    if (exit == kClean && activity.ledger.verified == false) exit = kFindings;
    return exit == kClean && !activity.ledger.faults.empty() ? int{kUnknown} : exit;
}

}  // namespace

void add_report(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("report", "Sum up what happened on this host, from the ledger");
    auto arguments = std::make_shared<ReportArguments>();
    auto* day = command
                    .add_option_function<std::vector<std::string>>(
                        "--day",
                        [arguments](const std::vector<std::string>& given) {
                            arguments->is_day = true;
                            arguments->day = given.empty() ? std::string() : given.front();
                        },
                        "A whole day, for example 2026-11-17 or 'last tuesday'; without one, yesterday")
                    ->expected(0, 1)
                    ->type_name("DATE");
    auto* week = command.add_flag("--week", arguments->week, "The seven days up to last midnight")->excludes(day);
    command.add_option("--since", arguments->since, "Begin of the period (default: a day before its end)")
        ->excludes(day)
        ->excludes(week)
        ->type_name("TIME");
    command.add_option("--until", arguments->until, "End of the period (default: now)")
        ->excludes(day)
        ->excludes(week)
        ->type_name("TIME");
    command.add_option("--format", arguments->format, "text, md (mail and chat), html (one page) or json")
        ->check(CLI::IsMember({"text", "md", "html", "json"}))
        ->capture_default_str()
        ->type_name("FORMAT");
    command.add_flag_callback(
        "--json", [arguments] { arguments->format = "json"; }, "The same as --format json");
    auto* output = command.add_option("--output", arguments->output, "Write to a file instead of standard output");
    output->type_name("FILE");
    command.add_option("--save", arguments->save, "Write DATE.html and DATE.json into this folder")
        ->excludes(output)
        ->type_name("DIR");
    add_ledger_option(command, arguments->ledger);
    command.add_flag("--verify", arguments->verify, "Also verify the whole ledger, and say what came of it");
    command.add_flag("--verbose", arguments->verbose, "Longer tables");
    command.add_option("--colour,--color", arguments->colour, "auto, always or never; NO_COLOR is honoured")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->capture_default_str()
        ->type_name("WHEN");
    command.footer(
        "The period is compared with the one of equal length before it. Without a period: the last 24 hours.\n"
        "Exit codes: 0 written, 1 --verify found the ledger altered or incomplete, 2 wrong usage, 3 the ledger, or a "
        "part of "
        "it, cannot be read.\nExample: plimsoll report --day yesterday --format html --output yesterday.html");
    command.callback([arguments, &exit] { exit = report(*arguments); });
}

}  // namespace plimsoll::cli
