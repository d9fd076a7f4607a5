#include "cli/who_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/who.h"
#include "base/text.h"
#include "base/time_words.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "cli/record_output.h"
#include "host/terminal.h"

namespace plimsoll::cli {

namespace {

using app::AttributedAct;

struct WhoArguments {
    app::WhoQuestion question;
    std::string since, until;
    std::string ledger;
    bool json = false;
};

Result<void> read_times(WhoArguments& arguments) {
    const Nanoseconds time = now();
    if (!arguments.since.empty()) {
        TRY(arguments.question.since, parse_time_words(arguments.since, time));
    }
    if (!arguments.until.empty()) {
        TRY(arguments.question.until, parse_time_words(arguments.until, time));
    }
    return {};
}

nlohmann::ordered_json json_of(const AttributedAct& act) {
    nlohmann::ordered_json out;
    out["record"] = act.number;
    out["time"] = exact_time(act.time);
    out["act"] = valid_utf8(act.act);
    out["container"] = valid_utf8(act.container);
    out["strength"] = to_text(act.chain.strength);
    if (!act.chain.person.empty()) {
        out["person"] = valid_utf8(act.chain.person);
        out["uid"] = act.chain.uid;
        out["loginuid"] = act.chain.loginuid;
        out["session"] = act.chain.session;
        out["pid"] = act.chain.pid;
        for (const auto& [name, text] : {std::pair("tty", &act.chain.tty), std::pair("address", &act.chain.address),
                                         std::pair("exe", &act.chain.exe), std::pair("command", &act.chain.command)}) {
            if (!text->empty()) out[name] = valid_utf8(*text);
        }
    }
    out["links"] = nlohmann::ordered_json::array();
    for (const enrich::Link& link : act.chain.links) {
        out["links"].push_back({{"strength", to_text(link.strength)}, {"text", valid_utf8(link.text)}});
    }
    return out;
}

std::string text_of(const AttributedAct& act, bool to_terminal) {
    const auto safe = [&](std::string_view text) { return printable(text); };
    std::string person = act.chain.person.empty() ? "unknown" : safe(act.chain.person);
    if (!act.chain.address.empty()) person += " from " + safe(act.chain.address);
    if (!act.chain.tty.empty()) person += " on " + safe(act.chain.tty);
    std::string out = fmt::format("{}  {}  {}\n    {}{}{}, {}\n", to_clock(act.time, Zone::local, 3),
                                  safe(act.container), shortened(safe(act.act), 120), to_terminal ? "\033[1m" : "",
                                  person, to_terminal ? "\033[0m" : "", to_text(act.chain.strength));
    for (const enrich::Link& link : act.chain.links) {
        out += fmt::format("      {:<9} {}\n", to_text(link.strength), safe(link.text));
    }
    return out;
}

int who(WhoArguments& arguments) {
    if (const auto times = read_times(arguments); !times) {
        complain(times.error().message);
        return kUsage;
    }
    const auto reader = ledger::Reader::open(arguments.ledger);
    if (!reader) {
        complain(reader.error().message);
        return kUnknown;
    }
    const auto answer = app::who(**reader, arguments.question);
    if (!answer) {
        complain(answer.error().message);
        return kUnknown;
    }
    for (const std::string& fault : answer->faults) complain(fault);
    if (answer->acts.empty()) {
        complain(fmt::format("nothing is recorded of {}", arguments.question.subject));
        return answer->faults.empty() ? kFindings : kUnknown;
    }
    std::string out;
    if (arguments.json) {
        for (const AttributedAct& act : answer->acts) out += json_of(act).dump() + "\n";
    } else {
        const host::Terminal terminal = host::standard_output();
        for (const AttributedAct& act : answer->acts) out += text_of(act, terminal.is_terminal && !terminal.no_colour);
        out += fmt::format("times are {}\n", zone_name(answer->acts.back().time, Zone::local));
    }
    if (answer->more)
        complain(fmt::format("older acts are left out; --limit {} or more shows them", arguments.question.limit * 2));
    if (!answer->audited) {
        complain(
            "the ledger holds no audit records of that time: people are not known (audit.mode in plimsoll.yaml, "
            "plimsoll auditd import)");
    }
    return finish(out, answer->faults.empty() ? kClean : kUnknown);
}

}  // namespace

void add_who(CLI::App& root, int& exit) {
    CLI::App& command =
        *root.add_subcommand("who", "Name the person behind what was done to a container, link by link");
    auto arguments = std::make_shared<WhoArguments>();
    command
        .add_option("SUBJECT", arguments->question.subject,
                    "Container by name or beginning of its id, exec session by id, or the number of a record")
        ->required();
    command.add_option("--since", arguments->since, "Acts from here on")->type_name("TIME");
    command.add_option("--until", arguments->until, "Acts before this")->type_name("TIME");
    command.add_option("--limit", arguments->question.limit, "Newest acts of a container")
        ->capture_default_str()
        ->check(CLI::Range(1, 10000));
    add_ledger_option(command, arguments->ledger);
    command.add_flag("--json", arguments->json, "Write one JSON object a line");
    command.footer(
        "Each link of the chain is proved (a record of the kernel, the engine's own event), inferred (from times and "
        "names) or "
        "unknown;\nthe chain is as strong as its weakest link. It needs audit records: audit.mode in plimsoll.yaml, or "
        "plimsoll "
        "auditd import.\nExit codes: 0 answered, 1 nothing is recorded of the subject, 2 wrong usage, 3 a part of the "
        "ledger "
        "could not be read.\nExample: plimsoll who web --since yesterday");
    command.callback([arguments, &exit] { exit = who(*arguments); });
}

}  // namespace plimsoll::cli
