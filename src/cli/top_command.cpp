#include "cli/top_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "base/time.h"
#include "base/time_words.h"
#include "cli/command.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "cli/time_range.h"
#include "host/endpoint.h"
#include "host/terminal.h"
#include "ledger/reader.h"
#include "report/top.h"
#include "rule/scope.h"
#include "source/resource/engine_names.h"
#include "source/resource/sampler.h"

namespace plimsoll::cli {

namespace {

constexpr Nanoseconds kMinute = 60 * kSecond;

struct TopArguments {
    std::string ledger;
    std::string at, since, until;
    std::vector<std::string> hosts;
    report::TopSort sort = report::TopSort::cpu;
    double interval = 2;
    bool once = false;
    bool json = false;
    bool utc = false;
};

report::Options options_of(const host::Terminal& terminal) {
    report::Options options{.colour = terminal.is_terminal && !terminal.no_colour};
    if (terminal.width != 0) options.width = terminal.width;
    return options;
}

/// Two rounds of samples as one table.
report::TopTable table_of(const source::Samples& before, Nanoseconds then, const source::Samples& samples,
                          Nanoseconds now) {
    report::TopTotals totals;
    for (const source::Sample& old : before.containers) {
        const bool lives = std::ranges::any_of(
            samples.containers, [&](const source::Sample& each) { return each.container.id == old.container.id; });
        if (lives) totals.add(to_event(old, then));
    }
    totals.add(to_event(before.host, then));
    for (const source::Sample& each : samples.containers) totals.add(to_event(each, now));
    totals.add(to_event(samples.host, now));
    report::TopTable table = totals.table(true);
    table.notes = samples.faults;
    return table;
}

int live(const TopArguments& arguments) {
    auto sampler = source::Sampler::open(nullptr);
    if (!sampler) {
        complain(sampler.error().message);
        return kUnknown;
    }
    const auto endpoints = host::choose_endpoints(arguments.hosts, host::EndpointEnvironment::of_process());
    if (!endpoints) {
        complain(endpoints.error().message);
        return kUsage;
    }
    host::HttpLimits limits;
    limits.answer = std::chrono::milliseconds(3000);
    source::EngineNames names(*endpoints, limits);
    const host::Terminal terminal = host::standard_output();
    const bool once = arguments.once || arguments.json || !terminal.is_terminal;
    const auto interval = std::chrono::duration<double>(once ? std::min(arguments.interval, 1.0) : arguments.interval);

    source::Samples before = sampler->sample();
    Nanoseconds then = now();
    for (;;) {
        std::this_thread::sleep_for(interval);
        source::Samples samples = sampler->sample();
        const Nanoseconds time = now();
        names.name(samples);
        report::TopTable table = table_of(before, then, samples, time);
        for (const std::string& fault : names.faults()) table.notes.push_back("names: " + fault);
        sort(table, arguments.sort);
        if (arguments.json) return finish(report::top_json(table), kClean);
        const std::string text = report::top_text(table, options_of(terminal));
        if (once) return finish(text, kClean);
        const std::string head = fmt::format("plimsoll top  {}  {} containers, every {} s; Ctrl-C ends\n\n",
                                             to_clock(time, Zone::local, 0), table.rows.size(), arguments.interval);
        if (!print("\x1b[H\x1b[2J" + head + text)) return kUnknown;
        before = std::move(samples);
        then = time;
    }
}

/// --at: the minute that ends then; else --since, up to --until or now.
Result<TimeRange> range_of(const TopArguments& arguments) {
    const Nanoseconds time = now();
    const Zone zone = arguments.utc ? Zone::utc : Zone::local;
    if (!arguments.at.empty()) {
        TRY(const Nanoseconds at, parse_time_words(arguments.at, time, zone));
        return TimeRange{at - kMinute, at + 1};
    }
    TimeRange out{time - 60 * kMinute, time};
    if (!arguments.until.empty()) {
        TRY(out.until, parse_time_words(arguments.until, time, zone));
        out.since = out.until - 60 * kMinute;
    }
    if (!arguments.since.empty()) {
        TRY(out.since, parse_time_words(arguments.since, time, zone));
    }
    if (out.since >= out.until) return Error{"the range ends before it begins"};
    return out;
}

int past(const TopArguments& arguments) {
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
    ledger::Query query;
    const auto condition = rule::resolve("record.kind = sample", {});
    check(condition.has_value());
    query.condition = *condition;
    query.since = range->since;
    query.until = range->until;
    report::TopTotals totals;
    const auto scanned = (*reader)->scan(query, [&](const ledger::StoredRecord& record) {
        totals.add(record.event);
        return true;
    });
    if (!scanned) {
        complain(scanned.error().message);
        return kUnknown;
    }
    report::TopTable table = totals.table(false);
    for (const std::string& fault : scanned->faults) table.notes.push_back(fault);
    sort(table, arguments.sort);
    const int exit = scanned->faults.empty() ? kClean : kUnknown;
    if (arguments.json) return finish(report::top_json(table), exit);
    const Zone zone = arguments.utc ? Zone::utc : Zone::local;
    if (scanned->matched == 0) {
        complain(fmt::format("no samples from {} to {} ({})", to_clock(range->since, zone, 0),
                             to_clock(range->until, zone, 0), zone_name(range->until, zone)));
        return kUnknown;
    }
    const std::string head =
        fmt::format("{} to {} ({}), {} samples\n", to_clock(table.since, zone, 0), to_clock(table.until, zone, 0),
                    zone_name(table.until, zone), scanned->matched);
    return finish(head + report::top_text(table, options_of(host::standard_output())), exit);
}

}  // namespace

void add_top(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand(
        "top", "Show what containers use: live, or over a past range of time from the ledger's samples");
    auto arguments = std::make_shared<TopArguments>();
    CLI::Option& at = *command.add_option("--at", arguments->at, "The minute that ends then, as \"yesterday 14:00\"")
                           ->type_name("WORDS");
    command.add_option("--since", arguments->since, "Begin of the range (default: an hour before its end)")
        ->type_name("WORDS")
        ->excludes(&at);
    command.add_option("--until", arguments->until, "End of the range (default: now)")
        ->type_name("WORDS")
        ->excludes(&at);
    add_ledger_option(command, arguments->ledger);
    command.add_option("--host", arguments->hosts, "Engine to ask for names, unix:///path or tcp://host:port")
        ->type_name("ADDRESS");
    command.add_option("--sort", arguments->sort, "What most of comes first: cpu, memory, io, net or pids")
        ->transform(CLI::CheckedTransformer(std::map<std::string, report::TopSort>{{"cpu", report::TopSort::cpu},
                                                                                   {"memory", report::TopSort::memory},
                                                                                   {"io", report::TopSort::io},
                                                                                   {"net", report::TopSort::net},
                                                                                   {"pids", report::TopSort::pids}},
                                            CLI::ignore_case))
        ->option_text("cpu|memory|io|net|pids [cpu]");
    command.add_option("--interval", arguments->interval, "Seconds between two live tables")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str()
        ->type_name("SECONDS");
    command.add_flag("--once", arguments->once, "One table, also on a terminal; always so when piped");
    command.add_flag("--utc", arguments->utc, "Read and show times in UTC");
    command.add_flag("--json", arguments->json, "Write one table as JSON");
    command.footer(
        "A - stands for what does not exist (no limit), a ? for what could not be found out; why is said below the "
        "table.\nCPU is in percent of one processor. Live, IO and NET are bytes per second; over a past range they are "
        "sums.\nWhat a container sends and receives is only visible to root.\n"
        "Exit codes: 0 shown, 2 wrong usage, 3 no samples, or something could not be read.\n"
        "Example: sudo plimsoll top --since \"yesterday 14:00\" --until \"yesterday 15:00\" --sort memory");
    command.callback([arguments, &exit] {
        const bool about_past = !arguments->at.empty() || !arguments->since.empty() || !arguments->until.empty();
        exit = about_past ? past(*arguments) : live(*arguments);
    });
}

}  // namespace plimsoll::cli
