#include "cli/auditd_command.h"

namespace plimsoll::cli {

void add_auditd(CLI::App& root, int& exit) {
    CLI::App* auditd = root.add_subcommand("auditd", "Linux audit: rules that fire, and search of its logs");
    auditd->require_subcommand(1);
    (void)exit;
}

}  // namespace plimsoll::cli
