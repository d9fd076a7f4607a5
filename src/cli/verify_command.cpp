#include "cli/verify_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "cli/verify_proof.h"
#include "host/user_file.h"
#include "ledger/checkpoint.h"
#include "ledger/verify.h"

namespace plimsoll::cli {

namespace {

using ledger::Fault;
using ledger::Verdict;
using ledger::VerifyReport;
using nlohmann::json;

constexpr std::size_t kKeysBytes = std::size_t{4} << 20U;

struct VerifyArguments {
    std::string ledger;
    std::string from;
    std::string proof;
    std::vector<std::string> pubkeys;
    unsigned threads = 0;
    bool as_json = false;
};

/// A key on the command line, or the keys of a file, one on each line.
Result<std::vector<ledger::VerifierKey>> keys_of(const std::vector<std::string>& texts) {
    std::vector<ledger::VerifierKey> keys;
    for (const std::string& text : texts) {
        if (auto key = ledger::parse_verifier_key(text)) {
            keys.push_back(std::move(*key));
            continue;
        }
        const auto file = host::read_user_file(text, kKeysBytes);
        if (!file) return Error{fmt::format("--pubkey {}: neither a verifier key nor a file that can be read", text)};
        for (const std::string_view line : split(*file, '\n')) {
            // A ledger's `keys` says more behind the key.
            const std::string_view first = split(trim(line), ' ').front();
            if (first.empty() || first.starts_with('#')) continue;
            auto key = ledger::parse_verifier_key(first);
            if (!key) return key.error().during("reading " + text);
            keys.push_back(std::move(*key));
        }
    }
    return keys;
}

std::string records_text(const Fault& fault) {
    if (!fault.first && !fault.last) return {};
    if (!fault.last) return fmt::format("from record {} on", *fault.first);
    if (fault.first == fault.last) return fmt::format("record {}", *fault.first);
    return fmt::format("records {} to {}", fault.first.value_or(0), *fault.last);
}

std::string text_of(const Fault& fault) {
    std::string line(to_text(fault.kind));
    if (!fault.file.empty()) line += ", " + fault.file;
    if (const std::string records = records_text(fault); !records.empty()) line += ", " + records;
    return printable(line + ": " + fault.message) + '\n';
}

std::string text_of(const VerifyReport& report) {
    std::string text;
    switch (report.verdict) {
        case Verdict::ok: text = "ok: every record is as it was signed\n"; break;
        case Verdict::tampered: text = "TAMPERED: the ledger is not what was signed\n"; break;
        case Verdict::incomplete: text = "incomplete: nothing contradicts, but not all could be checked\n"; break;
    }
    for (const Fault& fault : report.faults) text += "  " + text_of(fault);
    if (report.more_faults != 0) text += fmt::format("  and {} more\n", report.more_faults);
    text += fmt::format("origin      {}\n", printable(report.origin));
    text += fmt::format("records     {} to {}, {} checked in {} segments and the log\n", report.first_kept,
                        report.size == 0 ? 0 : report.size - 1, report.checked, report.segments);
    text += fmt::format("signed      {} records\n", report.signed_size);
    if (report.anchor_size) text += fmt::format("anchor      {} records\n", *report.anchor_size);
    if (!report.keys.empty()) {
        text += fmt::format("key         {}{}\n", printable(report.keys.back()),
                            report.key_trusted ? ", vouched for by a key that you gave"
                                               : "; not compared with a key that you know (--pubkey)");
    }
    for (const std::string& remark : report.remarks) text += fmt::format("note        {}\n", printable(remark));
    return text;
}

json json_of(const VerifyReport& report) {
    static constexpr std::array kWords = {"ok", "tampered", "incomplete"};
    json faults = json::array();
    for (const Fault& fault : report.faults) {
        json one = {{"kind", to_text(fault.kind)}, {"message", valid_utf8(fault.message)}};
        if (!fault.file.empty()) one["file"] = valid_utf8(fault.file);
        if (fault.first) one["first"] = *fault.first;
        if (fault.last) one["last"] = *fault.last;
        faults.push_back(std::move(one));
    }
    json out = {{"verdict", kWords.at(static_cast<std::size_t>(report.verdict))},
                {"faults", std::move(faults)},
                {"more_faults", report.more_faults},
                {"origin", valid_utf8(report.origin)},
                {"first_kept", report.first_kept},
                {"size", report.size},
                {"checked", report.checked},
                {"signed", report.signed_size},
                {"segments", report.segments},
                {"root", ledger::to_base64(report.root)},
                {"keys", report.keys},
                {"key_trusted", report.key_trusted},
                {"remarks", report.remarks}};
    if (report.anchor_size) out["anchor"] = *report.anchor_size;
    return out;
}

int verify_ledger(const VerifyArguments& arguments, std::vector<ledger::VerifierKey> keys) {
    ledger::VerifyOptions options{.path = arguments.ledger, .trusted = std::move(keys), .threads = arguments.threads};
    if (!arguments.from.empty()) {
        auto anchor = host::read_user_file(arguments.from, ledger::kNoteBytes);
        if (!anchor) {
            complain(anchor.error().message);
            return kUnknown;
        }
        const auto note = ledger::parse_note(*anchor);
        const auto checkpoint = note ? ledger::parse_checkpoint(note->text) : Result<ledger::Checkpoint>(note.error());
        if (!checkpoint) {
            complain(fmt::format("{} is no checkpoint: {}", arguments.from, checkpoint.error().message));
            return kUsage;
        }
        options.anchor = std::move(*anchor);
    }
    std::function<void(ledger::Progress)> progress;
    if (::isatty(STDERR_FILENO) == 1) {
        progress = [](ledger::Progress at) {
            std::fprintf(stderr, "\rverifying %llu of %llu records", static_cast<unsigned long long>(at.done),
                         static_cast<unsigned long long>(at.total));
        };
    }
    const auto report = ledger::verify(options, progress);
    if (progress) std::fputs("\r\x1b[K", stderr);
    if (!report) {
        complain(report.error().message);
        return kUnknown;
    }
    const int exit = report->verdict == Verdict::ok         ? kClean
                     : report->verdict == Verdict::tampered ? kTampered
                                                            : kIncomplete;
    return finish(arguments.as_json ? json_of(*report).dump(2) + '\n' : text_of(*report), exit);
}

int verify(const VerifyArguments& arguments) {
    auto keys = keys_of(arguments.pubkeys);
    if (!keys) {
        complain(keys.error().message);
        return kUsage;
    }
    return arguments.proof.empty() ? verify_ledger(arguments, std::move(*keys))
                                   : verify_proof({arguments.proof, std::move(*keys), arguments.as_json});
}

}  // namespace

void add_verify(CLI::App& root, int& exit) {
    CLI::App& command =
        *root.add_subcommand("verify", "Check that a ledger, or one proved record, is as it was signed");
    auto arguments = std::make_shared<VerifyArguments>();
    add_ledger_option(command, arguments->ledger);
    command
        .add_option("--from", arguments->from,
                    "Checkpoint kept elsewhere (a witness's note, a copy): finds what was cut off or signed anew since")
        ->type_name("FILE");
    CLI::Option* proof =
        command.add_option("--proof", arguments->proof, "Check this proof alone, without a ledger")->type_name("FILE");
    proof->excludes("--ledger")->excludes("--from");
    command
        .add_option("--pubkey", arguments->pubkeys,
                    "Verifier key known from elsewhere, of the ledger or of a witness, or a file of such keys; may be "
                    "given again")
        ->type_name("KEY|FILE");
    command.add_option("--threads", arguments->threads, "Threads (default: one for each processor)")->type_name("N");
    command.add_flag("--json", arguments->as_json, "Write the result as JSON");
    command.footer(
        "Exit codes: 0 ok, 1 tampered, 2 incomplete: something is missing or unreadable but nothing contradicts,\n"
        "3 could not find out: no ledger, no permission. 2 also stands for wrong usage: a key, checkpoint or proof "
        "that "
        "is none.\n"
        "Example: plimsoll verify --from /mnt/elsewhere/checkpoint");
    command.callback([arguments, &exit] { exit = verify(*arguments); });
}

}  // namespace plimsoll::cli
