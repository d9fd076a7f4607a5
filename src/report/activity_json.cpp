#include <nlohmann/json.hpp>

#include "report/activity.h"
#include "report/timeline_page.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

using Json = nlohmann::ordered_json;

/// Raised when a key changes its meaning or goes away; new keys alone do not raise it.
constexpr std::string_view kSchemaVersion = "1.0";

Json both(const Counted& counted) { return {{"now", counted.now}, {"before", counted.before}}; }

Json of(const ResourceUse& use) {
    return {{"cpu_ns", use.cpu_ns},
            {"memory_peak", use.memory_peak},
            {"io_bytes", use.io_bytes},
            {"received", use.received},
            {"sent", use.sent}};
}

Json of(const KindCount& one) { return {{"kind", one.kind}, {"now", one.count.now}, {"before", one.count.before}}; }

Json of(const ContainerActivity& one) {
    Json codes = Json::array();
    for (const auto& [code, count] : one.exit_codes) codes.push_back({{"code", code}, {"count", count}});
    return {{"name", one.name},
            {"image", one.image},
            {"found", one.found},
            {"created", one.created},
            {"started", one.started},
            {"died", one.died},
            {"failed", one.failed},
            {"removed", one.removed},
            {"restarts", one.restarts},
            {"out_of_memory", one.oom},
            {"sessions", one.sessions},
            {"alerts", one.alerts},
            {"changes", one.changes},
            {"restart_loop", one.restart_loop},
            {"exit_codes", std::move(codes)},
            {"use", one.sampled ? of(one.use) : Json(nullptr)},
            {"use_before", one.sampled ? of(one.use_before) : Json(nullptr)}};
}

Json of(const SessionActivity& one) {
    return {{"first", words::iso(one.first)},
            {"container", one.container},
            {"user", one.user},
            {"user_unknown", one.user_unknown},
            {"command", one.command},
            {"tty", one.tty},
            {"privileged", one.privileged},
            {"privileged_unknown", one.privileged_unknown},
            {"count", one.count},
            {"failed", one.failed},
            {"not_started", one.not_started},
            {"open", one.open},
            {"asker", one.asker}};
}

Json of(const ImageActivity& one) {
    return {{"image", one.image}, {"digest", one.digest}, {"containers", one.containers}, {"new", one.is_new}};
}

Json of(const AlertActivity& one) {
    return {{"rule", one.rule},   {"priority", one.priority}, {"container", one.container},
            {"count", one.count}, {"open", one.open},         {"last", words::iso(one.last)}};
}

Json of(const PersonActivity& one) {
    return {{"who", one.who},
            {"sessions", one.sessions},
            {"starts", one.starts},
            {"others", one.others},
            {"inferred", one.inferred}};
}

Json of(const DaemonFault& one) { return {{"text", one.text}, {"count", one.count}, {"last", words::iso(one.last)}}; }

Json of(const LossActivity& one) {
    return {{"what", one.what},
            {"reason", one.reason},
            {"from", words::iso(one.from)},
            {"until", words::iso(one.until)},
            {"count", one.count == 0 ? Json(nullptr) : Json(one.count)}};
}

template <typename Rows>
Json list(const Rows& rows) {
    Json out = Json::array();
    for (const auto& row : rows) out.push_back(of(row));
    return out;
}

Json of(const LedgerHealth& ledger) {
    return {{"records", ledger.records},
            {"malformed", ledger.malformed},
            {"starts", ledger.starts},
            {"stops", ledger.stops},
            {"unclean_starts", ledger.unclean},
            {"losses", ledger.losses},
            {"lost", ledger.lost},
            {"outages", ledger.outages},
            {"outage_ns", ledger.outage},
            {"blind_ns", ledger.blind},
            {"gaps", list(ledger.gaps)},
            {"faults", ledger.faults},
            {"range", ledger.range},
            {"checkpoint", ledger.checkpoint},
            {"verified", ledger.verified ? Json(*ledger.verified) : Json(nullptr)},
            {"verification", ledger.verification}};
}

}  // namespace

std::string activity_json(const Activity& activity, const Options& /*options*/) {
    const Json document = {{"schema_version", kSchemaVersion},
                           {"plimsoll_version", activity.version},
                           {"host", activity.host},
                           {"since", words::iso(activity.since)},
                           {"until", words::iso(activity.until)},
                           {"time_zone", words::zone(activity.since)},
                           {"unusual", activity.unusual},
                           {"unusual_left", activity.unusual_left},
                           {"records", both(activity.records)},
                           {"kinds", list(activity.kinds)},
                           {"deaths", both(activity.deaths)},
                           {"restarts", both(activity.restarts)},
                           {"containers_total", activity.containers_total},
                           {"containers", list(activity.containers)},
                           {"sessions_total", both(activity.sessions_total)},
                           {"sessions_open", activity.sessions_open},
                           {"interactive_sessions", activity.interactive},
                           {"health_checks", activity.health_checks},
                           {"sessions", list(activity.sessions)},
                           {"images_total", activity.images_total},
                           {"images_new", activity.images_new},
                           {"images", list(activity.images)},
                           {"alerts_total", both(activity.alerts_total)},
                           {"alerts_open", activity.alerts_open},
                           {"alerts", list(activity.alerts)},
                           {"people", list(activity.people)},
                           {"unknown_people", activity.unknown_people},
                           {"engine_errors_total", both(activity.faults_total)},
                           {"engine_errors", list(activity.faults)},
                           {"ledger", of(activity.ledger)}};
    return page::json_for_html(document.dump(2, ' ', true, Json::error_handler_t::replace)) + "\n";
}

}  // namespace plimsoll::report
