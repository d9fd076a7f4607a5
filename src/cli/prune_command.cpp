#include "cli/prune_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/time.h"
#include "cli/output.h"
#include "host/endpoint.h"
#include "posture/prune.h"

namespace plimsoll::cli {

namespace {

struct PruneArguments {
    std::string host;
    std::vector<std::string> kinds;
    double older_than_days = 7;
    std::string only_label;
    std::string record;
    bool named_volumes = false;
    bool yes = false;
    bool json = false;
};

Result<host::Endpoint> engine_of(const PruneArguments& arguments) {
    std::vector<std::string> hosts;
    if (!arguments.host.empty()) hosts.push_back(arguments.host);
    TRY(const auto endpoints, host::choose_endpoints(hosts, host::EndpointEnvironment::of_process()));
    if (endpoints.empty()) return Error{"no container engine was found; name one with --host"};
    if (endpoints.size() > 1) return Error{"several engines run here; name one with --host"};
    return endpoints.front();
}

posture::PruneOptions options_of(const PruneArguments& arguments) {
    posture::PruneOptions options{
        .now = now(),
        .older_than = static_cast<Nanoseconds>(arguments.older_than_days * static_cast<double>(kDay)),
        .named_volumes = arguments.named_volumes,
        .only_label = arguments.only_label};
    if (arguments.kinds.empty()) return options;
    options.kinds.clear();
    for (const auto kind : {posture::PruneKind::container, posture::PruneKind::volume, posture::PruneKind::network,
                            posture::PruneKind::image}) {
        if (std::ranges::find(arguments.kinds, posture::to_text(kind)) != arguments.kinds.end())
            options.kinds.insert(kind);
    }
    return options;
}

int prune(const PruneArguments& arguments) {
    const auto endpoint = engine_of(arguments);
    if (!endpoint) {
        complain(endpoint.error().message);
        return kUnknown;
    }
    const host::HttpLimits limits;
    const auto plan = posture::plan_prune(*endpoint, limits, options_of(arguments));
    if (!plan) {
        complain(plan.error().message);
        return kUnknown;
    }
    if (!arguments.yes) {
        return finish(arguments.json ? posture::to_json(*plan) : posture::to_text(*plan), kClean);
    }
    const std::string record = arguments.record.empty() ? posture::default_prune_record(plan->made) : arguments.record;
    const auto report = posture::execute(*endpoint, limits, *plan, record);
    if (!report) {
        complain(report.error().message);
        return kUnknown;
    }
    const bool all = std::ranges::all_of(report->outcomes, [](const posture::PruneOutcome& outcome) {
        return outcome.state == posture::PruneOutcome::State::removed;
    });
    return finish(arguments.json ? posture::to_json(*plan, &*report) : posture::to_text(*plan, &*report),
                  all ? kClean : kFindings);
}

}  // namespace

void add_prune(CLI::App& root, int& exit) {
    CLI::App& command =
        *root.add_subcommand("prune", "Show what nothing uses, with sizes; remove exactly that with --yes");
    auto arguments = std::make_shared<PruneArguments>();
    command.add_option("--host", arguments->host, "Engine to ask, unix:///path or tcp://host:port")
        ->type_name("ADDRESS");
    command.add_option("--kind", arguments->kinds, "Only this kind; may be given again")
        ->check(CLI::IsMember({"container", "volume", "network", "image"}))
        ->type_name("KIND");
    command.add_option("--older-than", arguments->older_than_days, "Days that a thing must have been unused")
        ->check(CLI::Range(0.0, 36500.0))
        ->capture_default_str()
        ->type_name("DAYS");
    command.add_option("--only-label", arguments->only_label, "Only things with this label, NAME or NAME=value")
        ->type_name("LABEL");
    command.add_flag("--named-volumes", arguments->named_volumes, "Also volumes that a person named");
    command.add_flag("--yes", arguments->yes, "Remove what the plan lists, after writing it down; never by force");
    command
        .add_option("--record", arguments->record,
                    "Where to write the plan and what became of it (default: below /var/lib/plimsoll)")
        ->type_name("FILE");
    command.add_flag("--json", arguments->json, "Write the plan as JSON");
    command.footer(
        "What carries the label plimsoll.keep is never removed.\n"
        "Exit codes: 0 shown, or all of it removed, 1 a part was not removed, 2 wrong usage, 3 the engine could not be "
        "asked.\nExample: plimsoll prune --older-than 30");
    command.callback([arguments, &exit] { exit = prune(*arguments); });
}

}  // namespace plimsoll::cli
