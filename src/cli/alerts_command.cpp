#include "cli/alerts_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/config.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/ledger_option.h"
#include "cli/output.h"
#include "cli/record_output.h"
#include "host/accounts.h"
#include "host/environment.h"
#include "host/http_post.h"
#include "host/process.h"
#include "ledger/reader.h"
#include "ledger/writer.h"
#include "sink/alert_event.h"
#include "sink/alert_json.h"

namespace plimsoll::cli {

namespace {

struct ListArguments {
    RecordQuestion question;
    std::string ledger;
    std::string rule;
    std::string priority = "debug";
    std::uint64_t limit = 100;
    bool all = false;
    bool open = false;
    bool json = false;
    bool utc = false;
};

struct AckArguments {
    std::vector<ledger::RecordNumber> alerts;
    std::string reason;
    std::string by;
    std::string ledger;
    std::string socket = app::kControlSocket;
};

struct Acknowledgement {
    std::string by;
    std::string reason;
    Nanoseconds time = 0;
};
using Acknowledgements = std::map<ledger::RecordNumber, Acknowledgement>;

Result<Acknowledgements> acknowledgements(ledger::Reader& reader, std::vector<std::string>& faults) {
    TRY(const ledger::Query query, query_of({.condition = "record.kind = ack"}, now()));
    Acknowledgements out;
    TRY(auto report, reader.scan(query, [&](const ledger::StoredRecord& record) {
        out[record.event.number("ack.alert")] = {.by = std::string(record.event.text("ack.by")),
                                                 .reason = std::string(record.event.text("ack.reason")),
                                                 .time = record.event.time()};
        return true;
    }));
    faults.insert(faults.end(), report.faults.begin(), report.faults.end());
    return out;
}

std::optional<rule::Priority> parse_priority(std::string_view text) {
    for (int i = 0; i <= static_cast<int>(rule::Priority::debug); ++i) {
        const auto priority = static_cast<rule::Priority>(i);
        if (lowered(rule::to_text(priority)).starts_with(lowered(text)) && !text.empty()) return priority;
    }
    return std::nullopt;
}

std::string text_of(const ledger::StoredRecord& record, const Acknowledgement* ack, Zone zone) {
    const model::Event& alert = record.event;
    std::string out = fmt::format("{:>9}  {}  {:<13} {}\n{:>9}  {}\n", record.number, to_clock(alert.time(), zone, 3),
                                  printable(alert.text("alert.priority")), printable(alert.text("alert.rule")), "",
                                  printable(alert.text("alert.output")));
    if (ack != nullptr) {
        out += fmt::format("{:>9}  acknowledged {} by {}: {}\n", "", to_clock(ack->time, zone, 0), printable(ack->by),
                           printable(ack->reason));
    }
    return out;
}

std::string json_of(const ledger::StoredRecord& record, const Acknowledgement* ack, const std::string& host) {
    std::string out = sink::alert_json({.number = record.number, .alert = record.event, .host = host});
    nlohmann::ordered_json told;  // null
    if (ack != nullptr) {
        told = {{"by", valid_utf8(ack->by)}, {"reason", valid_utf8(ack->reason)}, {"time", exact_time(ack->time)}};
    }
    out.pop_back();
    return out + ",\"ack\":" + told.dump() + "}\n";
}

int fail(const Error& error, int exit) {
    complain(error.message);
    return exit;
}

int list(const ListArguments& arguments) {
    const auto least = parse_priority(arguments.priority);
    if (!least) {
        return fail({fmt::format("'{}' is no priority: expected emergency, alert, critical, error, warning, notice, "
                                 "informational or debug",
                                 arguments.priority)},
                    kUsage);
    }
    RecordQuestion question = arguments.question;
    question.condition = "record.kind = alert";
    question.zone = arguments.utc ? Zone::utc : Zone::local;
    auto query = query_of(question, now());
    if (!query) return fail(query.error(), kUsage);
    auto reader = ledger::Reader::open(arguments.ledger);
    if (!reader) return fail(reader.error(), kUnknown);
    std::vector<std::string> faults;
    const auto acks = acknowledgements(**reader, faults);
    if (!acks) return fail(acks.error(), kUnknown);

    // The newest ones, shown in the order in which they happened.
    query->newest_first = true;
    std::vector<std::string> shown;
    bool more = false;
    const auto visit = [&](const ledger::StoredRecord& record) {
        const auto found = acks->find(record.number);
        const Acknowledgement* ack = found == acks->end() ? nullptr : &found->second;
        if (ack != nullptr && !arguments.all) return true;
        if (!arguments.rule.empty() && record.event.text("alert.rule") != arguments.rule) return true;
        if (sink::priority_of(record.event) > *least) return true;
        more = arguments.limit > 0 && shown.size() == arguments.limit;
        if (more) return false;
        shown.push_back(arguments.json ? json_of(record, ack, (*reader)->origin())
                                       : text_of(record, ack, question.zone));
        return true;
    };
    const auto report = (*reader)->scan(*query, visit);
    if (!report) return fail(report.error(), kUnknown);
    faults.insert(faults.end(), report->faults.begin(), report->faults.end());
    std::string out;
    for (const std::string& one : std::ranges::reverse_view(shown)) out += one;
    if (!arguments.json) {
        const std::string kind = arguments.all ? "alerts" : "open alerts";
        out += shown.empty() ? fmt::format("No {}.\n", kind)
                             : fmt::format("{} {}{}; times: {}\n", shown.size(), kind,
                                           more ? ", the newest of more" : "", zone_name(now(), question.zone));
    }
    for (const std::string& fault : faults) complain(fault);
    return finish(out, faults.empty() ? kClean : kUnknown);
}

/// Who acts: the person behind sudo, else behind the login session, else the user of this process.
std::string person() {
    const auto environment = host::environment();
    if (const auto sudo = environment.find("SUDO_USER"); sudo != environment.end() && !sudo->second.empty())
        return sudo->second;
    std::uint32_t uid = ::getuid();
    const auto process = host::read_process({}, ::getpid(), host::kLogin);
    if (process && *process && (*process)->login_uid && *(*process)->login_uid != UINT32_MAX)
        uid = *(*process)->login_uid;
    const auto accounts = host::read_accounts({});
    const host::User* user = accounts ? accounts->user(uid) : nullptr;
    return user == nullptr ? fmt::format("uid {}", uid) : user->name;
}

/// Asks the agent. Nothing when no agent listens there.
std::optional<int> ask_agent(const AckArguments& arguments) {
    host::PostUrl url{.target = {.unix_path = arguments.socket}, .authority = "localhost", .path = "/v1/ack"};
    const auto patience = host::Patience::of(std::chrono::seconds(30));
    if (!host::Stream::open(url.target, patience)) return std::nullopt;
    const nlohmann::json body = {{"alerts", arguments.alerts}, {"by", arguments.by}, {"reason", arguments.reason}};
    const auto answer = host::HttpPoster(std::move(url)).post({}, body.dump(), patience);
    if (!answer) return fail(answer.error().during("asking the agent"), kUnknown);
    if (answer->status == 200) return kClean;
    const auto document = JsonDocument::parse(answer->body);
    std::string reason(document ? document->root()["error"].text_or("") : "");
    if (reason.empty()) reason = fmt::format("the agent answered HTTP {}", answer->status);
    return fail({reason}, answer->status == 404 || answer->status == 400 ? kUsage : kUnknown);
}

/// Whether all of them are alerts: the exit code, after having said which one is none.
int check_alerts(const AckArguments& arguments) {
    const auto reader = ledger::Reader::open(arguments.ledger);
    if (!reader) return fail(reader.error(), kUnknown);
    for (const ledger::RecordNumber number : arguments.alerts) {
        const auto record = (*reader)->record(number);
        if (!record) return fail(record.error(), kUnknown);
        if (!*record || (*record)->event.text("record.kind") != "alert")
            return fail({fmt::format("record {} is no alert of this ledger", number)}, kUsage);
    }
    return kClean;
}

Result<void> append_acks(const AckArguments& arguments) {
    ledger::WriterOptions options;
    options.path = arguments.ledger;
    TRY(const auto writer, ledger::Writer::open(std::move(options)));
    for (const ledger::RecordNumber number : arguments.alerts) {
        model::Event event(now());
        event.set("record.kind", "ack");
        event.set("evt.source", "plimsoll");
        event.set("evt.type", "ack");
        event.set_unsigned("ack.alert", number);
        event.set("ack.by", arguments.by);
        event.set("ack.reason", arguments.reason);
        event.set_number("user.uid", ::getuid());
        event.set("record.summary",
                  fmt::format("alert {} acknowledged by {}: {}", number, arguments.by, arguments.reason));
        TRY_VOID(writer->append(event));
    }
    return writer->close();
}

int acknowledge(AckArguments arguments) {
    if (arguments.by.empty()) arguments.by = person();
    if (trim(arguments.reason).empty()) return fail({"a reason is needed: --reason TEXT"}, kUsage);
    int exit = kClean;
    if (const auto asked = ask_agent(arguments)) {
        exit = *asked;
    } else if (const int known = check_alerts(arguments); known != kClean) {
        return known;
    } else if (const auto done = append_acks(arguments); !done) {
        return fail(done.error(), kUnknown);
    }
    if (exit != kClean) return exit;
    return finish(fmt::format("{} acknowledged by {}\n", arguments.alerts.size() == 1 ? "alert" : "alerts",
                              printable(arguments.by)),
                  kClean);
}

}  // namespace

void add_alerts(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("alerts", "List alerts, and say that somebody has seen to them");
    auto arguments = std::make_shared<ListArguments>();
    command.add_option("--since", arguments->question.since, "Not before: 2h ago, yesterday 14:00, RFC 3339")
        ->type_name("TIME");
    command.add_option("--until", arguments->question.until, "Before this time")->type_name("TIME");
    command.add_option("--container", arguments->question.container, "Name, id or begin of an id")->type_name("NAME");
    command.add_option("--rule", arguments->rule, "Only of the rule of that name")->type_name("NAME");
    command.add_option("--priority", arguments->priority, "Only of this priority and graver")->type_name("WORD");
    auto* open = command.add_flag("--open", arguments->open, "Only those that nobody acknowledged (default)");
    command.add_flag("--all", arguments->all, "Acknowledged ones too")->excludes(open);
    command.add_option("--limit", arguments->limit, "At most so many, the newest; 0: all")->capture_default_str();
    add_ledger_option(command, arguments->ledger);
    command.add_flag("--json", arguments->json, "One JSON object a line");
    command.add_flag("--utc", arguments->utc, "Times in UTC");
    command.footer(
        "Exit codes: 0 listed, 2 wrong usage, 3 the ledger, or a part of it, cannot be read.\n"
        "Example: plimsoll alerts --since yesterday --priority warning");
    command.callback([arguments, &command, &exit] {
        if (command.get_subcommands().empty()) exit = list(*arguments);
    });

    CLI::App& ack = *command.add_subcommand("ack", "Acknowledge alerts; who and why is recorded");
    auto given = std::make_shared<AckArguments>();
    ack.add_option("NUMBER", given->alerts, "Record numbers of the alerts")->required();
    ack.add_option("--reason", given->reason, "Why: what was found, what was done")->required()->type_name("TEXT");
    ack.add_option("--by", given->by, "Who; by default the user behind sudo or the login session")->type_name("NAME");
    add_ledger_option(ack, given->ledger);
    ack.add_option("--socket", given->socket, "Control socket of the agent")->capture_default_str()->type_name("PATH");
    ack.footer(
        "Exit codes: 0 recorded, 2 no such alert or wrong usage, 3 there is no ledger, or it could not be recorded.\n"
        "Example: sudo plimsoll alerts ack 4711 4712 --reason 'planned maintenance, ticket 93'");
    ack.callback([given, &exit] { exit = acknowledge(*given); });
}

}  // namespace plimsoll::cli
