#include "cli/config_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "app/config.h"
#include "app/rule_packs.h"
#include "app/runtime_rules.h"
#include "cli/output.h"

namespace plimsoll::cli {

namespace {

int check_config(const std::string& path) {
    const auto config = app::read_config(path);
    if (!config) {
        complain(config.error().message);
        return kUsage;
    }
    const auto rules = app::load_runtime_rules(app::kRulesFolder, config->agent.rule_files);
    if (!rules) {
        complain(rules.error().message);
        return kUsage;
    }
    return finish(fmt::format("{}: ok, {} rules, {} sinks\n", path.empty() ? app::kConfigFile : path.c_str(),
                              rules->rules.size(), config->agent.sinks.size()),
                  kClean);
}

}  // namespace

void add_config(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("config", "Check the configuration file, or list every setting");
    command.require_subcommand(1);
    command.footer(
        "Exit codes: 0 in order, 2 something is wrong.\nExample: plimsoll config check /etc/plimsoll/plimsoll.yaml");

    CLI::App& check =
        *command.add_subcommand("check", "Read the file and the rules it names; say what is wrong, and where");
    auto path = std::make_shared<std::string>();
    check.add_option("FILE", *path, "Configuration file (default: /etc/plimsoll/plimsoll.yaml)");
    check.footer(
        "Exit codes: 0 in order, 2 something is wrong.\nExample: plimsoll config check && systemctl reload "
        "plimsoll-agent");
    check.callback([path, &exit] { exit = check_config(*path); });

    CLI::App& reference =
        *command.add_subcommand("reference", "Every setting with form, default and meaning, as Markdown");
    reference.footer("Exit codes: 0 written, 3 it could not be written.\nExample: plimsoll config reference | less");
    reference.callback([&exit] { exit = finish(app::config_reference(), kClean); });
}

}  // namespace plimsoll::cli
