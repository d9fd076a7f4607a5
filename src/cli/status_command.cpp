#include "cli/status_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/output.h"
#include "host/http_client.h"

namespace plimsoll::cli {

namespace {

std::string size_text(std::int64_t bytes) {
    static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string age_text(std::int64_t then) {
    if (then <= 0) return "never";
    const std::int64_t seconds = std::max<std::int64_t>(0, (now() - then) / kSecond);
    if (seconds < 120) return fmt::format("{} s ago", seconds);
    if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
    return fmt::format("{} h ago", seconds / 3600);
}

std::int64_t number(Json json, std::string_view path) { return json.at(path).integer().value_or(0); }
std::string text(Json json, std::string_view path) { return printable(json.at(path).text_or("")); }

std::string sources_text(Json status) {
    std::string out = "Sources\n";
    status["sources"].each([&](Json source) {
        out += fmt::format("  {:<44} {:<12} {:>9} events  {:>6} lost  {:>4} malformed  last {}\n", text(source, "name"),
                           source["connected"].truth_or(false) ? "connected" : "DOWN", number(source, "events"),
                           number(source, "lost"), number(source, "malformed"), age_text(number(source, "last_event")));
        for (const char* what : {"fault", "note"}) {
            if (const std::string said = text(source, what); !said.empty()) out += "      " + said + "\n";
        }
    });
    return out;
}

std::string sinks_text(Json status) {
    if (status["sinks"].size() == 0) return "Sinks      none\n";
    std::string out = "Sinks\n";
    status["sinks"].each([&](Json sink) {
        out += fmt::format("  {:<44} {:>9} delivered  {:>6} pending  {:>5} retries  {:>4} refused\n",
                           text(sink, "name"), number(sink, "delivered"), number(sink, "pending"),
                           number(sink, "retries"), number(sink, "undelivered"));
        if (const std::string fault = text(sink, "fault"); !fault.empty()) out += "      " + fault + "\n";
    });
    return out;
}

std::string as_text(Json status) {
    std::string out = fmt::format("Agent      {} pid {}, running since {}, {} resident\n", text(status, "version"),
                                  number(status, "pid"), to_rfc3339(number(status, "started")),
                                  size_text(number(status, "resident_bytes")));
    out += fmt::format("Rules      {} loaded, {} alerts since the start\n", number(status, "rules.loaded"),
                       number(status, "rules.alerts"));
    status.at("rules.unknown").each([&](Json rule) {
        out += fmt::format("           {}: could not be told for {} events: {}\n", text(rule, "rule"),
                           number(rule, "events"), text(rule, "reason"));
    });
    out += fmt::format("Queue      {} of {} events, sources waited {} times, {:.1f} events/s\n",
                       number(status, "queue.events"), number(status, "queue.most"), number(status, "queue.waits"),
                       status.at("queue.per_second").number().value_or(0));
    out += fmt::format("Ledger     {}: {} records ({} synced, first kept {}), {} segments {}, tail {}, {} refused\n",
                       text(status, "ledger.path"), number(status, "ledger.next"), number(status, "ledger.durable"),
                       number(status, "ledger.first_kept"), number(status, "ledger.segments"),
                       size_text(number(status, "ledger.sealed_bytes")), size_text(number(status, "ledger.tail_bytes")),
                       number(status, "ledger.refused"));
    out += fmt::format("           checkpoint of {} records, {}\n", number(status, "ledger.checkpoint_size"),
                       age_text(number(status, "ledger.checkpoint_time")));
    if (const std::string fault = text(status, "ledger.fault"); !fault.empty()) out += "           " + fault + "\n";
    if (const std::string witness = text(status, "witness.url"); !witness.empty()) {
        out += fmt::format("Witness    {}: {} records co-signed {}\n", witness, number(status, "witness.size"),
                           age_text(number(status, "witness.time")));
        if (const std::string fault = text(status, "witness.fault"); !fault.empty())
            out += "           " + fault + "\n";
    }
    return out + sources_text(status) + sinks_text(status);
}

int show(const std::string& socket, bool json) {
    const host::Endpoint endpoint{.path = socket};
    std::optional<Result<host::HttpAnswer>> answer;
    host::run_requests(endpoint, {}, {{.target = "/v1/status"}},
                       [&](std::size_t, Result<host::HttpAnswer> got) { answer.emplace(std::move(got)); });
    if (!answer || !*answer) {
        complain(fmt::format("no agent answers at {}: {}", socket, answer ? answer->error().message : "no answer"));
        return kUnknown;
    }
    const auto document = JsonDocument::parse((*answer)->body);
    if (!document || (*answer)->status != 200) {
        complain("the agent's answer cannot be read");
        return kUnknown;
    }
    const int exit = document->root()["healthy"].truth_or(false) ? kClean : kFindings;
    return finish(json ? (*answer)->body + "\n" : as_text(document->root()), exit);
}

}  // namespace

void add_status(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("status", "How the agent of this host is doing");
    struct Arguments {
        std::string socket = app::kControlSocket;
        bool json = false;
    };
    auto arguments = std::make_shared<Arguments>();
    command.add_option("--socket", arguments->socket, "Control socket of the agent")->capture_default_str();
    command.add_flag("--json", arguments->json, "Write JSON");
    command.footer(
        "Exit codes: 0 all is well, 1 a source, a sink or the ledger has a fault, 3 no agent answers.\n"
        "Example: sudo plimsoll status");
    command.callback([arguments, &exit] { exit = show(arguments->socket, arguments->json); });
}

}  // namespace plimsoll::cli
