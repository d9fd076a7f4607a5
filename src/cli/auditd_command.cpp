#include "cli/auditd_command.h"

#include "cli/auditd_import_command.h"
#include "cli/auditd_rules_command.h"
#include "cli/auditd_search_command.h"
#include "cli/auditd_summary_command.h"

namespace plimsoll::cli {

void add_auditd(CLI::App& root, int& exit) {
    CLI::App* auditd = root.add_subcommand("auditd", "Linux audit: rules that fire, and search of its logs");
    auditd->require_subcommand(1);
    add_auditd_rules(*auditd, exit);
    add_auditd_search(*auditd, exit);
    add_auditd_summary(*auditd, exit);
    add_auditd_import(*auditd, exit);
}

}  // namespace plimsoll::cli
