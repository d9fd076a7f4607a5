#include "app/agent_status.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/version.h"
#include "host/file.h"

namespace plimsoll::app {

namespace {

/// Resident memory of this process, bytes; 0 when /proc does not say.
std::uint64_t resident_bytes() {
    const auto text = host::read_file({}, "/proc/self/statm");
    if (!text) return 0;
    const auto fields = split(*text, ' ');
    if (fields.size() < 2) return 0;
    return std::strtoull(std::string(fields[1]).c_str(), nullptr, 10) * static_cast<std::uint64_t>(getpagesize());
}

nlohmann::json source_json(const source::SourceStatus& status) {
    return {{"name", valid_utf8(status.name)},
            {"connected", status.connected},
            {"fault", valid_utf8(status.fault)},
            {"events", status.events},
            {"lost", status.lost},
            {"malformed", status.malformed},
            {"last_event", status.last_event},
            {"note", valid_utf8(status.note)}};
}

/// Rules that could not be told for some events stand there with the reason: silence of a rule must not look like
/// peace.
nlohmann::json rules_json(const AgentStatus& status) {
    nlohmann::json unknown = nlohmann::json::array();
    for (const rule::AlertRuleCount& count : status.rules) {
        if (count.unknown == 0) continue;
        unknown.push_back({{"rule", valid_utf8(count.rule->name)},
                           {"events", count.unknown},
                           {"reason", valid_utf8(count.unknown_reason)}});
    }
    return {{"loaded", status.rules.size()}, {"alerts", status.recorder.alerts}, {"unknown", std::move(unknown)}};
}

/// Why a sink does not deliver just now; empty when it does.
std::string trouble(const sink::SinkStatus& status) {
    if (!status.fault.empty()) return status.fault;
    return status.attempts > 0 && !status.last_error.empty() ? status.last_error : std::string();
}

nlohmann::json sink_json(const sink::SinkStatus& status) {
    return {{"name", valid_utf8(status.name)},
            {"description", valid_utf8(status.description)},
            {"delivered", status.delivered},
            {"sent", status.sent},
            {"undelivered", status.undelivered},
            {"not_wanted", status.not_wanted},
            {"held", status.held},
            {"pending", status.pending},
            {"behind", status.behind},
            {"retries", status.retries},
            {"cursor", status.cursor},
            {"lag_seconds", static_cast<double>(status.lag) / static_cast<double>(kSecond)},
            {"last_delivery", status.last_delivery},
            {"last_error", valid_utf8(status.last_error)},
            {"fault", valid_utf8(trouble(status))}};
}

}  // namespace

bool AgentStatus::healthy() const {
    return recorder.ledger.fault.empty() && witness.fault.empty() &&
           std::ranges::all_of(sources, [](const auto& source) { return source.fault.empty(); }) &&
           std::ranges::all_of(sinks, [](const auto& sink) { return trouble(sink).empty(); });
}

std::string to_json(const AgentStatus& status) {
    const ledger::WriterStatus& ledger = status.recorder.ledger;
    nlohmann::json out = {{"version", kVersion},
                          {"pid", getpid()},
                          {"started", status.started},
                          {"healthy", status.healthy()},
                          {"resident_bytes", resident_bytes()},
                          {"rules", rules_json(status)},
                          {"clock_steps", status.recorder.clock_steps},
                          {"queue",
                           {{"events", status.queued},
                            {"most", status.queue_most},
                            {"waits", status.queue_waits},
                            {"recorded", status.recorder.recorded},
                            {"per_second", status.recorder.per_second}}},
                          {"ledger",
                           {{"path", valid_utf8(status.ledger_path)},
                            {"next", ledger.next},
                            {"durable", ledger.durable},
                            {"first_kept", ledger.first_kept},
                            {"segments", ledger.segments},
                            {"sealed_bytes", ledger.sealed_bytes},
                            {"tail_bytes", ledger.tail_bytes},
                            {"refused", ledger.refused},
                            {"fault", valid_utf8(ledger.fault)},
                            {"checkpoint_time", ledger.checkpoint_time},
                            {"checkpoint_size", ledger.checkpoint_size}}},
                          {"witness",
                           {{"url", valid_utf8(status.witness.url)},
                            {"size", status.witness.size},
                            {"time", status.witness.time},
                            {"fault", valid_utf8(status.witness.fault)}}},
                          {"sources", nlohmann::json::array()},
                          {"sinks", nlohmann::json::array()}};
    for (const auto& source : status.sources) out["sources"].push_back(source_json(source));
    for (const auto& sink : status.sinks) out["sinks"].push_back(sink_json(sink));
    return out.dump();
}

std::vector<report::Metric> to_metrics(const AgentStatus& status) {
    using report::Metric;
    using report::MetricType;
    const auto one = [](std::string name, std::string help, MetricType type, double value) {
        return Metric{std::move(name), std::move(help), type, {{{}, value}}};
    };
    const auto real = [](auto value) { return static_cast<double>(value); };
    const ledger::WriterStatus& ledger = status.recorder.ledger;
    std::vector<Metric> all = {
        one("plimsoll_healthy", "1 when nothing has a fault.", MetricType::gauge, status.healthy() ? 1 : 0),
        one("plimsoll_queue_events", "Events between sources and ledger.", MetricType::gauge, real(status.queued)),
        one("plimsoll_records_total", "Records since the ledger began.", MetricType::counter, real(ledger.next)),
        one("plimsoll_records_refused_total", "Records that the disk did not take.", MetricType::counter,
            real(ledger.refused)),
        one("plimsoll_ledger_bytes", "Size of sealed segments and tail.", MetricType::gauge,
            real(ledger.sealed_bytes + ledger.tail_bytes)),
        one("plimsoll_alerts_total", "Alerts since the agent started.", MetricType::counter,
            real(status.recorder.alerts)),
        one("plimsoll_checkpoint_seconds", "Time of the newest checkpoint.", MetricType::gauge,
            real(ledger.checkpoint_time) / real(kSecond)),
    };
    Metric up{"plimsoll_source_up", "1 when the source delivers.", MetricType::gauge, {}};
    Metric events{"plimsoll_source_events_total", "Events that the source handed over.", MetricType::counter, {}};
    Metric lost{"plimsoll_source_lost_total", "Events known to be lost.", MetricType::counter, {}};
    for (const auto& source : status.sources) {
        const std::vector<std::pair<std::string, std::string>> labels = {{"source", source.name}};
        up.samples.push_back({labels, source.connected ? 1.0 : 0.0});
        events.samples.push_back({labels, real(source.events)});
        lost.samples.push_back({labels, real(source.lost)});
    }
    Metric delivered{"plimsoll_sink_delivered_total", "Alerts that arrived.", MetricType::counter, {}};
    Metric lag{"plimsoll_sink_lag_seconds", "Age of the alert that waits.", MetricType::gauge, {}};
    for (const auto& sink : status.sinks) {
        delivered.samples.push_back({{{"sink", sink.name}}, real(sink.delivered)});
        lag.samples.push_back({{{"sink", sink.name}}, real(sink.lag) / real(kSecond)});
    }
    for (Metric* metric : {&up, &events, &lost, &delivered, &lag}) all.push_back(std::move(*metric));
    return all;
}

}  // namespace plimsoll::app
