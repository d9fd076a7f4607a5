#include <algorithm>
#include <array>
#include <tuple>

#include "base/version.h"
#include "report/activity_state.h"
#include "report/timeline_sentence.h"

namespace plimsoll::report {

using model::FieldKey;

namespace {

template <typename Rows, typename Project>
void keep_first(Rows& rows, Project order) {
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows.size(), kActivityRows));
    std::partial_sort(rows.begin(), middle, rows.end(),
                      [&](const auto& a, const auto& b) { return order(a) > order(b); });
    rows.erase(middle, rows.end());
}

}  // namespace

Activity ActivityBuilder::Impl::finish() {
    out_.version = kVersion;
    out_.since = since_;
    out_.until = until_;
    now_ = true;
    for (const auto& [id, one] : open_) count_session(one);
    for (const auto& [endpoint, one] : away_) outage(one, until_, "; not back by the end of this period");
    if (stopped_)
        gap({.what = "all",
             .reason = "the recorder stopped and did not start again",
             .from = std::max(*stopped_, since_),
             .until = until_});
    if (sample_count_.now + sample_count_.before > 0) kinds_["sample"] = sample_count_;
    for (auto& [name, row] : kinds_) out_.kinds.push_back({name, row});
    keep_first(out_.kinds, [](const KindCount& row) { return std::max(row.count.now, row.count.before); });
    for (auto& [name, one] : containers_) {
        if (!one.seen_now) continue;
        if (name != "host") ++out_.containers_total;
        one.told.name = name;
        one.told.exit_codes.assign(one.codes.begin(), one.codes.end());
        std::ranges::stable_sort(one.told.exit_codes, std::greater{}, [](const auto& code) { return code.second; });
        out_.containers.push_back(std::move(one.told));
    }
    keep_first(out_.containers, [](const ContainerActivity& row) {
        return std::tuple(row.restart_loop, row.oom, row.failed, row.alerts, row.sessions, row.changes + row.created,
                          row.use.cpu_ns, row.name);
    });
    for (auto& [name, row] : sessions_) out_.sessions.push_back(std::move(row));
    keep_first(out_.sessions, [](const SessionActivity& row) {
        return std::tuple(row.privileged, row.privileged_unknown, row.tty, row.count, -row.first, row.command);
    });
    for (auto& [name, row] : images_) {
        ++out_.images_total;
        if (row.is_new) ++out_.images_new;
        out_.images.push_back(std::move(row));
    }
    keep_first(out_.images, [](const ImageActivity& row) { return std::tuple(row.is_new, row.containers, row.image); });
    for (auto& [name, row] : alerts_) {
        out_.alerts_open += row.open;
        out_.alerts.push_back(std::move(row));
    }
    keep_first(out_.alerts, [](const AlertActivity& row) {
        return std::tuple(row.open > 0, tone_of_priority(row.priority), row.count, row.rule, row.container);
    });
    for (auto& [name, row] : people_) {
        row.who = name;
        out_.people.push_back(std::move(row));
    }
    keep_first(out_.people, [](const PersonActivity& row) { return std::tuple(row.sessions, row.starts, row.who); });
    for (auto& [name, row] : faults_) out_.faults.push_back(std::move(row));
    keep_first(out_.faults, [](const DaemonFault& row) { return std::tuple(row.count, row.text); });
    return std::move(out_);
}

std::vector<model::FieldId> ActivityBuilder::fields() {
    static constexpr std::array kNeeded = {FieldKey("record.kind"),
                                           FieldKey("record.number"),
                                           FieldKey("record.malformed"),
                                           FieldKey("docker.type"),
                                           FieldKey("docker.action"),
                                           FieldKey("docker.id"),
                                           FieldKey("docker.endpoint"),
                                           FieldKey("docker.attributes"),
                                           FieldKey("evt.type"),
                                           FieldKey("container.id"),
                                           FieldKey("container.full_id"),
                                           FieldKey("container.name"),
                                           FieldKey("container.image"),
                                           FieldKey("container.image.id"),
                                           FieldKey("container.image.digest"),
                                           FieldKey("container.image.new"),
                                           FieldKey("container.exit_code"),
                                           FieldKey("container.oom_killed"),
                                           FieldKey("container.started_by"),
                                           FieldKey("evt.source"),
                                           FieldKey("who.name"),
                                           FieldKey("who.address"),
                                           FieldKey("who.strength"),
                                           FieldKey("container.healthcheck"),
                                           FieldKey("proc.is_container_healthcheck"),
                                           FieldKey("exec.healthcheck"),
                                           FieldKey("exec.id"),
                                           FieldKey("exec.duration"),
                                           FieldKey("exec.command"),
                                           FieldKey("exec.user"),
                                           FieldKey("exec.tty"),
                                           FieldKey("exec.privileged"),
                                           FieldKey("exec.start_ts"),
                                           FieldKey("exec.exit_code"),
                                           FieldKey("usage.cpu.ns"),
                                           FieldKey("usage.memory"),
                                           FieldKey("usage.io.read"),
                                           FieldKey("usage.io.written"),
                                           FieldKey("usage.net.received"),
                                           FieldKey("usage.net.sent"),
                                           FieldKey("alert.rule"),
                                           FieldKey("alert.priority"),
                                           FieldKey("alert.folded"),
                                           FieldKey("ack.alert"),
                                           FieldKey("log.level"),
                                           FieldKey("log.unit"),
                                           FieldKey("log.line"),
                                           FieldKey("loss.what"),
                                           FieldKey("loss.count"),
                                           FieldKey("loss.from"),
                                           FieldKey("loss.until"),
                                           FieldKey("loss.reason"),
                                           FieldKey("ledger.host")};
    std::vector<model::FieldId> out;
    for (const FieldKey needed : kNeeded) out.push_back(needed.id());
    return out;
}

}  // namespace plimsoll::report
