#include "cli/record_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "app/kernel_recording.h"
#include "app/rule_packs.h"
#include "app/runtime_rules.h"
#include "app/setting_values.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/end_signals.h"
#include "cli/output.h"

namespace plimsoll::cli {

namespace {

constexpr long kLookNanoseconds = 100'000'000;

struct RecordArguments {
    std::string file;
    std::string length;
    std::vector<std::string> rules;
    std::vector<std::string> engines;
    bool host = false;
    bool everything = false;
};

int record(const RecordArguments& arguments) {
    app::RecordingOptions options{.file = arguments.file,
                                  .engines = arguments.engines,
                                  .host = arguments.host,
                                  .everything = arguments.everything};
    if (!arguments.length.empty()) {
        const auto length = app::parse_duration(arguments.length);
        if (!length) {
            complain("--for: " + length.error().message);
            return kUsage;
        }
        options.length = *length;
    }
    auto set = app::load_runtime_rules(app::kRulesFolder, arguments.rules);
    if (!set) {
        complain(set.error().message);
        return kUsage;
    }
    const std::vector<std::string> policy(app::default_recording().begin(), app::default_recording().end());
    const auto rules = app::KernelRules::make(std::move(*set), policy, arguments.host);
    if (!rules) {
        complain(rules.error().message);
        return kUsage;
    }
    const EndSignals signals;
    std::stop_source stop;
    const std::jthread waiting([&](const std::stop_token& ended) {
        while (!ended.stop_requested()) {
            if (signals.wait(kLookNanoseconds)) stop.request_stop();
        }
    });
    const auto count = app::record_kernel(options, **rules, stop.get_token());
    if (!count) {
        complain(count.error().message);
        return kUnknown;
    }
    complain(fmt::format("{} events of {} named containers recorded, {} lost", count->events, count->containers,
                         count->lost));
    return count->lost == 0 ? kClean : kFindings;
}

}  // namespace

void add_record(CLI::App& root, int& exit) {
    CLI::App& command =
        *root.add_subcommand("record", "Record what the kernel tells of containers, for tests of rules");
    auto arguments = std::make_shared<RecordArguments>();
    command.add_option("FILE", arguments->file, "Where to write the recording")->required();
    command.add_option("--for", arguments->length, "How long, 30s or 5m; without it until Ctrl-C")
        ->type_name("DURATION");
    command.add_option("--rules", arguments->rules, "More rule files, whose events are recorded too")
        ->type_name("FILE");
    command
        .add_option("--engine", arguments->engines,
                    "Engine that names the containers, such as unix:///run/docker.sock; repeatable")
        ->type_name("ADDRESS");
    command.add_flag("--host", arguments->host, "Processes outside containers too");
    command.add_flag("--all", arguments->everything,
                     "Every event the sensor knows, not only what rules and recording policy can want");
    command.footer(
        "Exit codes: 0 recorded, 1 recorded with losses, 2 wrong usage or rules, 3 the kernel cannot be watched here.\n"
        "Example: sudo plimsoll record --for 30s web.rec && plimsoll rules test --replay web.rec mine.yaml");
    command.callback([arguments, &exit] { exit = record(*arguments); });
}

}  // namespace plimsoll::cli
