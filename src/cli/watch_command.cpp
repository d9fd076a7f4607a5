#include "cli/watch_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/end_signals.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "cli/record_output.h"

namespace plimsoll::cli {

namespace {

constexpr long kPollNanoseconds = 50'000'000;

struct WatchArguments {
    RecordQuestion question;
    std::string ledger;
    bool json = false;
    bool utc = false;
};

/// Says what is new among the faults; the same one is told once.
void tell(const std::vector<std::string>& faults, std::vector<std::string>& told) {
    for (const auto& fault : faults) {
        if (std::ranges::find(told, fault) == told.end()) complain(fault);
    }
    told = faults;
}

int follow(const WatchArguments& arguments, ledger::Reader& reader, ledger::Query query) {
    const EndSignals signals;
    Stream out;
    const RecordPrinter printer(arguments.json ? RecordFormat::json : RecordFormat::text, {}, arguments.question.zone,
                                out.is_terminal());
    if (!query.since) query.first = reader.size();
    std::vector<std::string> told;
    bool ended = false;
    for (bool from_past = query.since.has_value(); !ended; from_past = false) {
        const auto report = reader.scan(query, [&](const ledger::StoredRecord& record) {
            return out.write(printer.line(record)) && !(ended = signals.wait(0));
        });
        if (!out.flush() || !out.is_read()) return kClean;
        if (report) {
            if (!from_past && report->first_kept > query.first && report->next > query.first)
                complain(fmt::format("records {} to {} were pruned before they could be shown", query.first,
                                     report->first_kept - 1));
            tell(report->faults, told);
            query.first = report->next;
            query.since.reset();  // records that follow are new, whatever their clock says
        } else {
            tell({report.error().message}, told);
        }
        ended = ended || signals.wait(kPollNanoseconds);
    }
    return kClean;
}

int watch(WatchArguments& arguments) {
    if (arguments.utc) arguments.question.zone = Zone::utc;
    auto asked = ask(arguments.question, arguments.ledger);
    if (!asked) return asked.error();
    if (!arguments.json) tell_times(*asked, arguments.question.zone);
    return follow(arguments, *asked->reader, std::move(asked->query));
}

}  // namespace

void add_watch(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("watch", "Show records as they are written");
    auto arguments = std::make_shared<WatchArguments>();
    RecordQuestion& question = arguments->question;
    command.add_option("CONDITION", question.condition, "What must hold, for example 'record.kind = alert'");
    add_ledger_option(command, arguments->ledger);
    command.add_option("--since", question.since, "Begin with the past: '2h ago', 'today', '3am'")->type_name("TIME");
    command.add_option("--container", question.container, "Only this container, by name or id")->type_name("NAME");
    command.add_flag("--json", arguments->json, "One JSON object for each record");
    command.add_flag("--utc", arguments->utc, "Read and show times in UTC instead of this host's zone");
    command.footer(
        "Ends with Ctrl-C. Exit codes: 0 ended, 2 wrong usage or condition, 3 the ledger cannot be read.\n"
        "Example: plimsoll watch 'docker.type = container' --since '1h ago'");
    command.callback([arguments, &exit] { exit = watch(*arguments); });
}

}  // namespace plimsoll::cli
