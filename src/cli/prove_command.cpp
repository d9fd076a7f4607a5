#include "cli/prove_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "ledger/proof.h"
#include "ledger/reader.h"

namespace plimsoll::cli {

namespace {

struct ProveArguments {
    std::uint64_t number = 0;
    std::string ledger;
    std::string output;
};

int fail(const std::string& message, int exit) {
    complain(message);
    return exit;
}

int prove(const ProveArguments& arguments) {
    const auto reader = ledger::Reader::open(arguments.ledger);
    if (!reader) return fail(reader.error().message, kUnknown);
    const auto record = (*reader)->record(arguments.number);
    if (!record) return fail(record.error().message, kUnknown);
    if (!*record) {
        const auto first = (*reader)->first_kept();
        const auto end = (*reader)->size();
        if (end == first)
            return fail(fmt::format("there is no record {}: the ledger is empty", arguments.number), kUsage);
        return fail(fmt::format("there is no record {}: the ledger holds {} to {}", arguments.number, first, end - 1),
                    kUsage);
    }
    const auto proof = ledger::prove(arguments.ledger, arguments.number);
    if (!proof) return fail(proof.error().message, kUnknown);
    return deliver(arguments.output, to_text(*proof)) ? kClean : kUnknown;
}

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
        "The file is a c2sp.org/tlog-proof; it holds the record itself. It leads to the newest checkpoint that a "
        "witness "
        "cosigned\nwhen that covers the record, else to the ledger's own.\n"
        "Exit codes: 0 done, 2 no such record (any more) or wrong usage, 3 no ledger, not signed yet, or damaged.\n"
        "Example: plimsoll prove 73894 > 73894.tlog-proof; plimsoll verify --proof 73894.tlog-proof");
    command.callback([arguments, &exit] { exit = prove(*arguments); });
}

}  // namespace plimsoll::cli
