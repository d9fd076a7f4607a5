#include "cli/timeline_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "base/time_words.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "host/terminal.h"
#include "ledger/reader.h"
#include "report/timeline.h"
#include "report/timeline_words.h"
#include "rule/scope.h"

namespace plimsoll::cli {

namespace {

using model::FieldKey;

struct TimelineArguments {
    std::string container;
    std::string around, since, until;
    std::string window = "30m";
    std::string ledger;
    std::string output;
    std::string colour = "auto";
    bool json = false;
    bool html = false;
    bool timesketch = false;
};

constexpr std::size_t kMostLives = 1000;

/// --around with its window, else --since and --until; what is not given is the ledger's own begin, or now.
Result<report::TimelineRequest> request_of(const TimelineArguments& arguments, Nanoseconds first) {
    const Nanoseconds time = now();
    report::TimelineRequest out{.asked = arguments.container, .since = first, .until = time + 1};
    if (!arguments.around.empty()) {
        TRY(const Nanoseconds around, parse_time_words(arguments.around, time));
        TRY(const Nanoseconds window, parse_duration_words(arguments.window));
        out.around = around;
        out.since = around - window;
        out.until = around + window;
    }
    if (!arguments.since.empty()) {
        TRY(out.since, parse_time_words(arguments.since, time));
    }
    if (!arguments.until.empty()) {
        TRY(out.until, parse_time_words(arguments.until, time));
    }
    if (out.since >= out.until) return Error{"the range ends before it begins"};
    return out;
}

Result<rule::ExpressionPtr> condition(const std::string& text) {
    auto resolved = rule::resolve(text, {});
    if (!resolved) return Error{fmt::format("reading the condition {}", text)};
    return *resolved;
}

/// Collects the records of one container, or of several that had the same name.
class Collector {
public:
    Collector(ledger::Reader& reader, const report::TimelineRequest& request)
        : reader_(reader), request_(request), builder_(request) {}

    /// False when the ledger knows no container of that name.
    Result<bool> find() {
        const std::string word = rule::quoted_item(request_.asked);
        const std::string id = rule::quoted_item(request_.asked.substr(0, 12));
        std::string text = fmt::format("container.name = {0} or container.compose.service = {0}", word);
        const bool hex =
            request_.asked.size() >= 3 && request_.asked.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (hex) text += fmt::format(" or container.id startswith {}", id);
        ledger::Query query;
        TRY(query.condition, condition(text));
        query.until = request_.until;
        TRY(const auto found, reader_.count(query, {FieldKey("container.id").id()}, 0));
        for (const ledger::Count& one : found) {
            if (one.group.empty() || one.group[0].empty() || ids_.size() >= kMostLives) continue;
            ids_ += fmt::format("{}{}", ids_.empty() ? "" : ", ", rule::quoted_item(one.group[0]));
        }
        return !ids_.empty();
    }

    Result<report::Timeline> collect() {
        const std::string mine = fmt::format("container.id in ({})", ids_);
        TRY_VOID(
            scan(mine + " and docker.type = container and docker.action in (create, found, start, die, pause, unpause, "
                        "health_status, destroy, remove)",
                 std::nullopt, request_.since));
        TRY_VOID(scan(mine, request_.since, request_.until));
        // The record of a gap is written when it is over, an acknowledgement whenever somebody gets to it.
        TRY_VOID(scan("record.kind in (loss, start, stop, ack) or evt.type in (engine_down, engine_up)",
                      request_.since - 7 * kDay, std::nullopt));
        report::Timeline out = builder_.finish();
        out.problems.insert(out.problems.end(), faults_.begin(), faults_.end());
        if (out.host.empty()) out.host = report::words::host_of(reader_.origin());
        return out;
    }

private:
    Result<void> scan(const std::string& text, std::optional<Nanoseconds> since, std::optional<Nanoseconds> until) {
        ledger::Query query;
        TRY(query.condition, condition(text));
        query.since = since;
        query.until = until;
        TRY(const auto report, reader_.scan(query, [&](const ledger::StoredRecord& record) {
            builder_.add(record.event);
            return true;
        }));
        for (const std::string& fault : report.faults) {
            if (std::ranges::find(faults_, fault) == faults_.end()) faults_.push_back(fault);
        }
        return {};
    }

    ledger::Reader& reader_;
    const report::TimelineRequest& request_;
    report::TimelineBuilder builder_;
    std::string ids_;
    std::vector<std::string> faults_;
};

struct Coverage {
    std::optional<Nanoseconds> first, last;
};

Coverage coverage_of(ledger::Reader& reader) {
    Coverage out;
    if (reader.size() <= reader.first_kept()) return out;
    const auto first = reader.record(reader.first_kept());
    const auto last = reader.record(reader.size() - 1);
    if (first && *first) out.first = (*first)->event.time();
    // Imported logs are older than the ledger: the begin of the first day that they tell of.
    if (auto imported = condition("audit.imported exists")) {
        ledger::Query query;
        query.condition = std::move(*imported);
        const auto days = reader.count(query, {}, kDay);
        if (days && !days->empty()) out.first = std::min(out.first.value_or(INT64_MAX), days->front().bucket);
    }
    if (last && *last) out.last = (*last)->event.time();
    return out;
}

/// Names that look like the one asked for, nearest first.
std::string nearest(ledger::Reader& reader, const std::string& asked) {
    const auto counts = reader.count({}, {FieldKey("container.name").id()}, 0);
    if (!counts) return {};
    std::vector<std::pair<std::size_t, std::string>> names;
    for (const ledger::Count& one : *counts) {
        if (one.group.empty() || one.group[0].empty()) continue;
        const std::size_t far = icontains(one.group[0], asked) ? 0 : edit_distance(one.group[0], asked);
        names.emplace_back(far, one.group[0]);
    }
    std::ranges::sort(names);
    std::string out;
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 5); ++i)
        out += (i == 0 ? "" : ", ") + names[i].second;
    return out;
}

int nothing_found(ledger::Reader& reader, const TimelineArguments& arguments, const Coverage& range) {
    complain(fmt::format("nothing is recorded of a container called {}", arguments.container));
    if (const auto names = nearest(reader, arguments.container); !names.empty())
        complain("nearest names: " + shortened(printable(names), 300));
    if (range.first && range.last)
        complain(fmt::format("the ledger covers {} to {} ({})", to_clock(*range.first, Zone::local, 0),
                             to_clock(*range.last, Zone::local, 0), zone_name(*range.last, Zone::local)));
    else
        complain("the ledger is empty");
    return kFindings;
}

std::string rendered(const report::Timeline& timeline, const TimelineArguments& arguments) {
    if (arguments.json) return report::timeline_json(timeline);
    if (arguments.html) return report::timeline_html(timeline);
    if (arguments.timesketch) return report::timeline_timesketch(timeline);
    const host::Terminal terminal = host::standard_output();
    const bool to_terminal = terminal.is_terminal && (arguments.output.empty() || arguments.output == "-");
    report::Options options;
    options.colour = arguments.colour == "always" || (arguments.colour == "auto" && to_terminal && !terminal.no_colour);
    if (to_terminal && terminal.width > 0) options.width = terminal.width;
    return report::timeline_text(timeline, options);
}

int timeline(const TimelineArguments& arguments) {
    if (const auto early = request_of(arguments, 0); !early) {
        complain(early.error().message);
        return kUsage;
    }
    auto reader = ledger::Reader::open(arguments.ledger);
    if (!reader) {
        complain(reader.error().message);
        return kUnknown;
    }
    const Coverage range = coverage_of(**reader);
    const auto request = request_of(arguments, range.first.value_or(0));
    if (!request) {
        complain(request.error().message);
        return kUsage;
    }
    Collector collector(**reader, *request);
    const auto found = collector.find();
    if (!found) {
        complain(found.error().message);
        return kUnknown;
    }
    if (!*found) return nothing_found(**reader, arguments, range);
    const auto told = collector.collect();
    if (!told) {
        complain(told.error().message);
        return kUnknown;
    }
    if (!deliver(arguments.output, rendered(*told, arguments))) return kUnknown;
    if (!told->problems.empty()) return kUnknown;
    return told->lives.empty() ? kFindings : kClean;
}

}  // namespace

void add_timeline(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("timeline", "Tell what happened to a container, from the ledger");
    auto arguments = std::make_shared<TimelineArguments>();
    command.add_option("container", arguments->container, "Container by name, beginning of its id, or compose service")
        ->required()
        ->type_name("CONTAINER");
    auto* around = command.add_option("--around", arguments->around,
                                      "Tell the time around this moment, for example 'last tuesday 3am'");
    around->type_name("TIME");
    command.add_option("--window", arguments->window, "How long before and after --around")
        ->capture_default_str()
        ->type_name("SPAN");
    command.add_option("--since", arguments->since, "Tell from here on (default: as far back as the ledger goes)")
        ->excludes(around)
        ->type_name("TIME");
    command.add_option("--until", arguments->until, "Tell up to here (default: now)")
        ->excludes(around)
        ->type_name("TIME");
    add_ledger_option(command, arguments->ledger);
    auto* json = command.add_flag("--json", arguments->json, "Write JSON");
    auto* html =
        command.add_flag("--html", arguments->html, "Write one page that loads and runs nothing")->excludes(json);
    command.add_flag("--timesketch", arguments->timesketch, "Write Timesketch's JSON lines")
        ->excludes(json)
        ->excludes(html);
    command.add_option("--output", arguments->output, "Write to a file instead of standard output")->type_name("FILE");
    command.add_option("--colour,--color", arguments->colour, "auto, always or never; NO_COLOR is honoured")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->capture_default_str()
        ->type_name("WHEN");
    command.footer(
        "Exit codes: 0 told, 1 nothing recorded of that container, 2 wrong usage, 3 the ledger, or a part of it, "
        "cannot be "
        "read.\nExample: plimsoll timeline shop --around 'last tuesday 3am'");
    command.callback([arguments, &exit] { exit = timeline(*arguments); });
}

}  // namespace plimsoll::cli
