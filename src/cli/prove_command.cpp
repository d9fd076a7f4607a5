#include "cli/prove_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/ledger_option.h"
#include "cli/output.h"
#include "ledger/proof.h"

namespace plimsoll::cli {

namespace {

struct ProveArguments {
    std::uint64_t number = 0;
    std::string ledger;
    std::string output;
};

}  // namespace

void add_prove(CLI::App& root, int& exit) {
    CLI::App& command =
        *root.add_subcommand("prove", "Write a file that shows one record to anybody who has the public key");
    auto arguments = std::make_shared<ProveArguments>();
    command.add_option("RECORD", arguments->number, "Number of the record, as search shows it")->required();
    add_ledger_option(command, arguments->ledger);
    command.add_option("--output", arguments->output, "Write to this file (default: standard output)")
        ->type_name("FILE");
    command.footer(
        "The file is a c2sp.org/tlog-proof; it holds the record itself.\n"
        "Exit codes: 0 done, 3 no such record, not signed yet, or no ledger.\n"
        "Example: plimsoll prove 73894 > 73894.tlog-proof; plimsoll verify --proof 73894.tlog-proof");
    command.callback([arguments, &exit] {
        const auto proof = ledger::prove(arguments->ledger, arguments->number);
        if (!proof) {
            complain(proof.error().message);
            exit = kUnknown;
            return;
        }
        exit = deliver(arguments->output, to_text(*proof)) ? kClean : kUnknown;
    });
}

}  // namespace plimsoll::cli
