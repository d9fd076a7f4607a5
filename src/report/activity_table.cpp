#include "report/activity_table.h"

#include <fmt/format.h>

#include "report/digest.h"
#include "report/timeline_sentence.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

using Row = std::vector<std::string>;

std::string blank_zero(std::uint64_t count) { return count == 0 ? "" : std::to_string(count); }

/// "3.2 GiB (was 1.1 GiB)".
std::string was(std::uint64_t now, std::uint64_t before, std::string (*text)(std::uint64_t)) {
    if (now == 0 && before == 0) return "";
    if (before == 0) return text(now);
    const double share = static_cast<double>(now) / static_cast<double>(before);
    if (share > 0.8 && share < 1.25) return text(now);
    return fmt::format("{} (was {})", text(now), text(before));
}

std::string seconds_text(std::uint64_t ns) { return words::span(static_cast<Nanoseconds>(ns)); }

std::string codes(const ContainerActivity& one) {
    std::string out;
    for (std::size_t i = 0; i < one.exit_codes.size() && i < 3; ++i) {
        const auto& [code, count] = one.exit_codes[i];
        out += fmt::format("{}{}{}", i == 0 ? "" : ", ", code, count > 1 ? fmt::format(" ×{}", count) : "");
    }
    return out;
}

ActivityTable alerts(const Activity& activity) {
    ActivityTable out{.title = "Alerts",
                      .note = fmt::format("{}, {} open.", against(activity.alerts_total), activity.alerts_open),
                      .columns = {{"priority"}, {"rule"}, {"container"}, {"count", true}, {"open", true}, {"last"}}};
    for (const auto& one : activity.alerts) {
        out.rows.push_back(Row{one.priority, one.rule, one.container, std::to_string(one.count),
                               std::to_string(one.open), words::minute(one.last)});
        out.grave.push_back(one.open > 0 && tone_of_priority(one.priority) >= Tone::warning);
    }
    return out;
}

ActivityTable containers(const Activity& activity) {
    ActivityTable out{
        .title = "Lives of containers",
        .note = fmt::format("{}; deaths {}, restarts {}.", counted(activity.containers_total, "container"),
                            against(activity.deaths), against(activity.restarts)),
        .columns = {{"container"},
                    {"created", true},
                    {"started", true},
                    {"died", true},
                    {"exit codes"},
                    {"restarts", true},
                    {"out of memory", true},
                    {"removed", true},
                    {"changed", true}}};
    for (const auto& one : activity.containers) {
        if (one.found + one.created + one.started + one.died + one.removed + one.changes + one.oom == 0) continue;
        const bool only_found = one.created == 0 && one.found > 0;
        out.rows.push_back(Row{one.restart_loop ? one.name + " (restart loop)" : one.name,
                               only_found ? "found" : blank_zero(one.created), blank_zero(one.started),
                               blank_zero(one.died), codes(one), blank_zero(one.restarts), blank_zero(one.oom),
                               blank_zero(one.removed), blank_zero(one.changes)});
        out.grave.push_back(one.restart_loop || one.oom > 0);
    }
    return out;
}

std::string how(const SessionActivity& one) {
    std::string out = one.privileged           ? "all privileges"
                      : one.privileged_unknown ? "privileges not known"
                      : one.tty                ? "terminal"
                                               : "";
    const auto add = [&](std::uint64_t of, std::string_view what) {
        if (of == 0) return;
        out += fmt::format("{}{}{}", out.empty() ? "" : ", ", what, of == one.count ? "" : fmt::format(" ×{}", of));
    };
    add(one.not_started, "did not start");
    add(one.open, "still open, or end not seen");
    return out;
}

ActivityTable sessions(const Activity& activity) {
    ActivityTable out{
        .title = "Exec sessions",
        .note = fmt::format(
            "{}, {} with a terminal{}; {} not counted here.", against(activity.sessions_total), activity.interactive,
            activity.sessions_open == 0
                ? ""
                : fmt::format(", {} still open or with an end that was not seen", activity.sessions_open),
            counted(activity.health_checks, "health check")),
        .columns = {{"first"}, {"container"}, {"user"}, {"command"}, {"how"}, {"count", true}, {"failed", true}}};
    for (const auto& one : activity.sessions) {
        const std::string user = one.user_unknown ? "(not known)" : one.user.empty() ? "(its own)" : one.user;
        out.rows.push_back(Row{words::minute(one.first), one.container, user, one.command, how(one),
                               std::to_string(one.count), blank_zero(one.failed)});
        out.grave.push_back(one.privileged || one.privileged_unknown);
    }
    return out;
}

ActivityTable people(const Activity& activity) {
    ActivityTable out{
        .title = "Who",
        .note = activity.unknown_people == 0 ? std::string("Asked the engine; `plimsoll who` shows the chain to each.")
                                             : fmt::format("Author of {}: unknown, no audit record leads to anybody.",
                                                           counted(activity.unknown_people, "request")),
        .columns = {{"who"}, {"sessions", true}, {"starts", true}, {"other acts", true}, {"inferred", true}}};
    for (const auto& one : activity.people) {
        out.rows.push_back(Row{one.who, blank_zero(one.sessions), blank_zero(one.starts), blank_zero(one.others),
                               blank_zero(one.inferred)});
        out.grave.push_back(false);
    }
    return out;
}

ActivityTable images(const Activity& activity) {
    ActivityTable out{
        .title = "Images used",
        .note = fmt::format("{}, {} for the first time.", counted(activity.images_total, "image"), activity.images_new),
        .columns = {{"image"}, {"digest"}, {"containers", true}, {"new"}}};
    for (const auto& one : activity.images) {
        out.rows.push_back(
            Row{one.image, words::short_digest(one.digest), std::to_string(one.containers), one.is_new ? "new" : ""});
        out.grave.push_back(false);
    }
    return out;
}

ActivityTable resources(const Activity& activity) {
    ActivityTable out{.title = "Resources",
                      .note = "In brackets what it was in the period before, where it differs by a quarter or more.",
                      .columns = {{"container"},
                                  {"processor time", true},
                                  {"memory at most", true},
                                  {"disks", true},
                                  {"received", true},
                                  {"sent", true}}};
    for (const auto& one : activity.containers) {
        if (!one.sampled) continue;
        const auto& now = one.use;
        const auto& old = one.use_before;
        out.rows.push_back(Row{one.name, was(now.cpu_ns, old.cpu_ns, seconds_text),
                               was(now.memory_peak, old.memory_peak, words::bytes),
                               was(now.io_bytes, old.io_bytes, words::bytes),
                               was(now.received, old.received, words::bytes), was(now.sent, old.sent, words::bytes)});
        out.grave.push_back(false);
    }
    return out;
}

ActivityTable faults(const Activity& activity) {
    ActivityTable out{.title = "Errors in the engine's log",
                      .note = against(activity.faults_total) + ".",
                      .columns = {{"count", true}, {"last"}, {"message"}}};
    for (const auto& one : activity.faults) {
        out.rows.push_back(Row{std::to_string(one.count), words::minute(one.last), one.text});
        out.grave.push_back(false);
    }
    return out;
}

ActivityTable kinds(const Activity& activity) {
    ActivityTable out{.title = "Events by kind", .columns = {{"kind"}, {"now", true}, {"before", true}}};
    for (const auto& one : activity.kinds) {
        out.rows.push_back(Row{one.kind, std::to_string(one.count.now), std::to_string(one.count.before)});
        out.grave.push_back(false);
    }
    return out;
}

ActivityTable gaps(const Activity& activity) {
    ActivityTable out{.title = "Gaps in the record",
                      .columns = {{"from"}, {"until"}, {"what"}, {"lost", true}, {"why"}}};
    for (const auto& one : activity.ledger.gaps) {
        out.rows.push_back(
            Row{words::minute(one.from), words::minute(one.until), one.what, blank_zero(one.count), one.reason});
        out.grave.push_back(one.until - one.from > 600 * kSecond);
    }
    return out;
}

}  // namespace

std::string against(const Counted& counted) {
    if (counted.now == counted.before) return fmt::format("{} as before", counted.now);
    if (counted.before == 0) return fmt::format("{} (none before)", counted.now);
    const bool more = counted.now > counted.before;
    return fmt::format("{} ({} {} than before)", counted.now,
                       more ? counted.now - counted.before : counted.before - counted.now, more ? "more" : "fewer");
}

std::vector<ActivityTable> activity_tables(const Activity& activity) {
    std::vector<ActivityTable> all = {alerts(activity), containers(activity), sessions(activity),
                                      people(activity), images(activity),     resources(activity),
                                      faults(activity), gaps(activity),       kinds(activity)};
    std::erase_if(all, [&](const ActivityTable& one) {
        return one.rows.empty() && !(one.title == "Who" && activity.unknown_people > 0);
    });
    return all;
}

std::vector<std::string> ledger_sentences(const LedgerHealth& ledger) {
    std::vector<std::string> out;
    out.push_back(fmt::format("{} in this period, {} of them malformed; {} with {} known to be lost.",
                              counted(ledger.records, "record"), ledger.malformed, counted(ledger.losses, "loss"),
                              counted(ledger.lost, "record")));
    out.push_back(fmt::format("The recorder started {} and stopped {}; {} came without a stop before.",
                              counted(ledger.starts, "time"), counted(ledger.stops, "time"),
                              counted(ledger.unclean, "start")));
    if (ledger.outages > 0)
        out.push_back(fmt::format("Engines were out of reach {}, for {} in all.", counted(ledger.outages, "time"),
                                  words::span(ledger.outage)));
    if (ledger.blind > 0) out.push_back(fmt::format("Gaps add up to {}.", words::span(ledger.blind)));
    if (!ledger.range.empty()) out.push_back(ledger.range);
    if (!ledger.checkpoint.empty()) out.push_back(ledger.checkpoint);
    out.push_back(!ledger.verified ? "Not verified for this report; --verify does it."
                                   : fmt::format("Verification: {}.", ledger.verification));
    for (const auto& fault : ledger.faults) out.push_back("Could not be read: " + fault);
    return out;
}

}  // namespace plimsoll::report
