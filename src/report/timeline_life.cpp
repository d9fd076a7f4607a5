#include "report/timeline_life.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/timeline_fold.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

using model::Event;

namespace {

constexpr std::uint64_t kLinesInRun = 12;
constexpr std::size_t kSessions = 100'000;

bool found_afterwards(const Event& event) {
    return event.is_true("record.reconciled") || event.is_true("record.replayed");
}

bool is_exec(const Event& event) {
    return event.text("record.kind") == "session" || words::action(event).starts_with("exec_");
}

Moment moment_of(const Event& event, Telling telling) {
    Moment moment{.time = event.time(), .telling = std::move(telling), .afterwards = found_afterwards(event)};
    if (event.has("record.number")) moment.records.push_back(event.number("record.number"));
    return moment;
}

void copy_fields(const Event& from, Event& to) {
    for (const Event::Slot& slot : from.slots()) {
        if (slot.state == model::Reading::State::present)
            to.put_list(slot.field, slot.key, from.values(slot));
        else if (to.read(slot.field, slot.key).state == model::Reading::State::absent)
            to.put_unknown(slot.field, slot.key, slot.reason);
    }
}

Nanoseconds longest_stretch(const TimelineRequest& request) {
    return std::max((request.until - request.since) / 8, 5 * 60 * kSecond);
}

}  // namespace

LifeBuilder::LifeBuilder(std::string id, const TimelineRequest& request)
    : request_(request), usage_(longest_stretch(request)) {
    life_.id = std::move(id);
}

void LifeBuilder::name(const Event& event) {
    const auto take = [&](std::string& into, std::string_view text) {
        if (!text.empty()) into = text;
    };
    take(life_.name, event.text("container.name"));
    take(life_.image, image_text(event));
    take(life_.project, event.text("container.compose.project"));
    take(life_.service, event.text("container.compose.service"));
    if (!begun_ || event.time() < begin_) begin_ = event.time();
    begun_ = true;
}

void LifeBuilder::before(const Event& event) {
    was_there_ = true;
    const auto action = words::action(event);
    if (action == "create") created_ = event.time();
    if (action == "start") running_since_ = event.time(), ended_.reset(), paused_ = false, health_.clear();
    if (action == "found" && event.text("container.state") == "running")
        running_since_ = static_cast<Nanoseconds>(event.number("container.start_ts"));
    if (action == "die") running_since_.reset(), ended_ = event.time(), ended_with_ = words::exit_code(event);
    if (action == "pause") paused_ = true;
    if (action == "unpause") paused_ = false;
    if (action == "health_status") {
        const auto told = tell(event);
        health_ = told && told->text.starts_with("became ") ? told->text.substr(7) : "";
    }
    if (action == "destroy" || action == "remove") removed_ = true;
}

void LifeBuilder::put(Moment moment) {
    if (life_.moments.size() >= 4 * request_.most) {
        ++life_.left_out;
        return;
    }
    if (moment.telling.kind != "log") lines_in_run_ = 0;
    life_.moments.push_back(std::move(moment));
}

void LifeBuilder::session(const Event& event) {
    const auto id = event.text("exec.id").empty() ? event.text("docker.attributes", "execID") : event.text("exec.id");
    if (id.empty()) {
        if (event.text("record.kind") != "session") return;  // the session's own record says all that the steps do
        Session alone{.facts = event.clone(), .time = event.time(), .afterwards = found_afterwards(event)};
        if (event.has("record.number")) alone.records.push_back(event.number("record.number"));
        put_session(alone);
        return;
    }
    auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        if (sessions_.size() >= kSessions) {
            ++life_.left_out;
            return;
        }
        found = sessions_.emplace(id, Session{.facts = Event(event.time()), .time = event.time()}).first;
    }
    Session& one = found->second;
    copy_fields(event, one.facts);
    one.time = std::min(one.time, event.time());
    one.afterwards |= found_afterwards(event);
    if (event.has("record.number")) one.records.push_back(event.number("record.number"));
    const auto action = words::action(event);
    if (action == "exec_start" && !one.facts.has("exec.start_ts")) one.facts.set_number("exec.start_ts", event.time());
    if (action == "exec_die" && !one.facts.has("exec.exit_code")) {
        if (const auto code = words::exit_code(event)) one.facts.set_number("exec.exit_code", *code);
    }
}

void LifeBuilder::put_session(Session& one) {
    Moment moment{.time = one.time, .telling = tell_session(one.facts), .records = std::move(one.records)};
    if (one.facts.has("exec.start_ts")) moment.time = static_cast<Nanoseconds>(one.facts.number("exec.start_ts"));
    if (one.facts.has("exec.duration"))
        moment.until = moment.time + static_cast<Nanoseconds>(one.facts.number("exec.duration"));
    if (one.facts.has("exec.exit_code")) moment.outcome = one.facts.integer("exec.exit_code");
    moment.afterwards = one.afterwards;
    if (words::is_health_check(one.facts)) {
        moment.telling.kind = "checks";
        moment.telling.tone = Tone::quiet;
        moment.until.reset();
    }
    put(std::move(moment));
}

void LifeBuilder::line(const Event& event) {
    Moment moment = moment_of(event, *tell(event));
    if (++lines_in_run_ <= kLinesInRun) return put(std::move(moment));
    if (lines_in_run_ == kLinesInRun + 1) {
        moment.telling.text = "1 more line";
        return put(std::move(moment));
    }
    Moment& rest = life_.moments.back();
    if (rest.telling.kind != "log") return put(std::move(moment));
    ++rest.count;
    rest.until = event.time();
    rest.telling.text = fmt::format("{} more lines", rest.count);
    if (rest.records.size() < 100)
        rest.records.insert(rest.records.end(), moment.records.begin(), moment.records.end());
}

void LifeBuilder::add(const Event& event) {
    name(event);
    if (event.time() < request_.since) return before(event);
    const auto kind = event.text("record.kind");
    if (kind == "sample") return usage_.add(event);
    if (is_exec(event)) return session(event);
    if (kind == "line") return line(event);
    if (auto act = tell_alerting_act(event)) put(moment_of(event, std::move(*act)));
    auto told = tell(event);
    if (!told) return;
    const auto action = words::action(event);
    if (kind == "event" || kind.empty()) {
        if (action == "create") created_inside_ = true;
        if (action == "destroy" || action == "remove") removed_inside_ = true;
        if (action == "start" || action == "die" || action == "oom") usage_.cut();
        const bool ended = action == "found" && event.text("container.state") != "running";
        if (!was_there_ && !created_inside_ && event.has("container.start_ts") && !running_since_ && !ended) {
            const auto start = static_cast<Nanoseconds>(event.number("container.start_ts"));
            if (start > 0 && start < request_.since) running_since_ = start;
        }
    }
    Moment moment = moment_of(event, std::move(*told));
    if (moment.telling.kind == "died") moment.outcome = words::exit_code(event);
    if (moment.telling.kind == "alert") moment.acknowledged = false;
    put(std::move(moment));
}

std::string LifeBuilder::state_before() const {
    const Nanoseconds since = request_.since;
    if (created_inside_ && !was_there_) return {};
    std::string out;
    if (running_since_) {
        out = fmt::format("{} since {} ({})", paused_ ? "paused, and started" : "running",
                          words::minute(*running_since_), words::span(since - *running_since_));
        if (!health_.empty()) out += ", " + health_;
    } else if (ended_) {
        out = fmt::format("not running: it ended {} ({} before)", words::minute(*ended_), words::span(since - *ended_));
        if (ended_with_) out += fmt::format(" with exit code {}", *ended_with_);
    } else if (created_) {
        out = fmt::format("created {}, and not started since", words::minute(*created_));
    } else {
        return "it existed already; the ledger holds nothing that says in what state";
    }
    if (!life_.image.empty()) out += fmt::format("; image {}", life_.image);
    return out;
}

std::optional<Life> LifeBuilder::finish(const std::vector<Moment>& gaps) {
    if (removed_) return std::nullopt;  // gone before the range began
    for (auto& [id, one] : sessions_) put_session(one);
    for (Moment& moment : usage_.finish()) put(std::move(moment));
    auto& moments = life_.moments;
    if (moments.empty() && !was_there_) return std::nullopt;
    life_.before = state_before();
    const auto by_time = [](const Moment& a, const Moment& b) {
        if (a.time != b.time) return a.time < b.time;
        if (a.records.empty() || b.records.empty()) return false;
        return a.records[0] < b.records[0];
    };
    std::ranges::stable_sort(moments, by_time);
    const Nanoseconds from = life_.before.empty() && !moments.empty() ? moments.front().time : request_.since;
    const Nanoseconds to = removed_inside_ && !moments.empty() ? moments.back().time : request_.until;
    for (const Moment& gap : gaps) {
        if (gap.time < to && gap.until.value_or(gap.time + 1) > from) moments.push_back(gap);
    }
    std::ranges::stable_sort(moments, by_time);
    fold(moments);
    if (moments.size() > request_.most) {
        life_.left_out += moments.size() - request_.most;
        moments.resize(request_.most);
    }
    return std::move(life_);
}

}  // namespace plimsoll::report
