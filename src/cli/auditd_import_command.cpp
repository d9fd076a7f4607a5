#include "cli/auditd_import_command.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/audit_import.h"
#include "app/config.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/ledger_option.h"
#include "cli/output.h"

namespace plimsoll::cli {

namespace {

struct ImportArguments {
    app::ImportRequest request;
    bool json = false;
};

std::string told(const app::ImportReport& report, bool dry_run) {
    std::string out = fmt::format("{} events {}, {} were in the ledger already\n", report.added,
                                  dry_run           ? "would be added"
                                  : report.by_agent ? "added by the agent"
                                                    : "added",
                                  report.known);
    if (report.contained > 0)
        out += fmt::format("{} of {} are of containers, as far as the logs tell\n", report.contained, report.events);
    if (report.incomplete > 0) out += fmt::format("{} miss records (audit.incomplete)\n", report.incomplete);
    if (report.damaged > 0) out += fmt::format("{} lines are no records\n", report.damaged);
    return out;
}

int import_logs(const ImportArguments& arguments) {
    const auto report = app::import_audit_logs(arguments.request);
    if (!report) {
        complain(report.error().message);
        return kUnknown;
    }
    for (const std::string& fault : report->faults) complain(fault);
    std::string out = told(*report, arguments.request.dry_run);
    if (arguments.json) {
        const nlohmann::ordered_json json = {{"events", report->events},         {"added", report->added},
                                             {"known", report->known},           {"contained", report->contained},
                                             {"incomplete", report->incomplete}, {"damaged", report->damaged},
                                             {"by_agent", report->by_agent}};
        out = json.dump() + "\n";
    }
    return finish(out, report->faults.empty() ? kClean : kUnknown);
}

}  // namespace

void add_auditd_import(CLI::App& auditd, int& exit) {
    CLI::App& command = *auditd.add_subcommand("import", "Bring old audit logs into the ledger");
    auto arguments = std::make_shared<ImportArguments>();
    arguments->request.socket = app::kControlSocket;
    command
        .add_option("FILE", arguments->request.files,
                    "Log files, folders of rotated ones, or - for standard input; gzip and zstd too")
        ->required();
    add_ledger_option(command, arguments->request.ledger);
    command
        .add_option("--socket", arguments->request.socket, "Control socket of the agent, which writes while it runs")
        ->capture_default_str()
        ->type_name("PATH");
    command.add_flag("--dry-run", arguments->request.dry_run, "Say what would be added, add nothing");
    command.add_flag("!--no-mask", arguments->request.mask_secrets, "Keep secrets in command lines as they are");
    command.add_flag("--json", arguments->json, "Write JSON");
    command.footer(
        "Each event is added once, however often its log is given. Rules do not judge what is imported.\n"
        "Exit codes: 0 imported, 2 wrong usage, 3 something could not be read or written.\n"
        "Example: sudo plimsoll auditd import /var/log/audit");
    command.callback([arguments, &exit] { exit = import_logs(*arguments); });
}

}  // namespace plimsoll::cli
