#include <fmt/format.h>

#include <algorithm>

#include "report/activity_state.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

using activity::kLongest;
using model::Event;
using model::FieldKey;

namespace {

bool is_unknown(const Event& event, FieldKey field) {
    return event.read(field.id(), {}).state == model::Reading::State::unknown;
}

SessionActivity facts_of(const Event& event, std::string_view container) {
    SessionActivity out{.first = event.time(),
                        .container = std::string(container.substr(0, kLongest)),
                        .user = std::string(event.text("exec.user").substr(0, kLongest)),
                        .command = std::string(event.text("exec.command").substr(0, kLongest)),
                        .user_unknown = is_unknown(event, "exec.user"),
                        .privileged_unknown = is_unknown(event, "exec.privileged"),
                        .tty = event.is_true("exec.tty"),
                        .privileged = event.is_true("exec.privileged"),
                        .count = 1,
                        .asker = activity::asker_of(event),
                        .inferred = event.text("who.strength") == "inferred"};
    if (event.has("exec.start_ts")) out.first = static_cast<Nanoseconds>(event.number("exec.start_ts"));
    return out;
}

}  // namespace

/// The record of a session comes with its end; until then its start stands for it.
void ActivityBuilder::Impl::exec_step(const Event& event, std::string_view action) {
    const auto id = event.text("exec.id").substr(0, kLongest);
    if (action != "exec_start" || id.empty() || words::is_health_check(event)) return;
    if (open_.size() >= activity::kOpenSessions) return;
    SessionActivity facts = facts_of(event, name_of(event));
    facts.open = 1;
    open_.try_emplace(std::string(id), std::move(facts));
}

void ActivityBuilder::Impl::session(const Event& event) {
    const auto id = event.text("exec.id").substr(0, kLongest);
    if (words::is_health_check(event)) {
        if (const auto known = open_.find(id); known != open_.end()) open_.erase(known);
        if (now_) ++out_.health_checks;
        return;
    }
    if (now_) container(event);  // it has an image, which the start alone does not say
    SessionActivity one = facts_of(event, name_of(event));
    const bool started = event.text("evt.type") != "exec_failed";
    const bool ended = !started || event.has("exec.exit_code") || event.has("exec.duration");
    one.not_started = started ? 0 : 1;
    one.failed = started && event.integer("exec.exit_code") != 0 ? 1 : 0;
    one.open = ended ? 0 : 1;
    if (const auto known = open_.find(id); known != open_.end()) {
        one.first = std::min(one.first, known->second.first);
        if (one.asker.empty()) one.asker = known->second.asker;
        open_.erase(known);
    }
    // Recording stopped while it ran: its end may come with a record of its own.
    if (!ended && !id.empty() && open_.size() < activity::kOpenSessions)
        open_.try_emplace(std::string(id), std::move(one));
    else
        count_session(one);
}

void ActivityBuilder::Impl::count_session(const SessionActivity& one) {
    count(out_.sessions_total);
    if (!now_) return;
    activity::Container& container = containers_[one.container];
    container.seen_now = true;
    ++container.told.sessions;
    if (one.tty) ++out_.interactive;
    out_.sessions_open += one.open;
    const std::string user = one.user_unknown ? "\x01" : one.user;
    std::string key;
    for (const std::string_view part : {std::string_view(one.container), std::string_view(user),
                                        std::string_view(one.command), std::string_view(one.tty ? "t" : "")})
        key.append(part).append(1, '\0');
    SessionActivity& row = sessions_[key];
    if (row.count == 0) {
        row.first = one.first;
        row.container = one.container;
        row.user = one.user;
        row.command = one.command;
    }
    row.first = std::min(row.first, one.first);
    row.user_unknown |= one.user_unknown;
    row.privileged_unknown |= one.privileged_unknown;
    row.tty |= one.tty;
    row.privileged |= one.privileged;
    ++row.count;
    row.failed += one.failed;
    row.not_started += one.not_started;
    row.open += one.open;
    if (one.asker.empty()) {
        ++out_.unknown_people;
        if (!one.user.empty()) ++people_[fmt::format("{} inside {}", one.user, one.container)].sessions;
        return;
    }
    if (row.asker.empty()) row.asker = one.asker;
    PersonActivity& person = people_[one.asker];
    ++person.sessions;
    if (one.inferred) ++person.inferred;
}

}  // namespace plimsoll::report
