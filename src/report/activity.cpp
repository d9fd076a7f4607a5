#include "report/activity.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/activity_state.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

using activity::Container;
using activity::kLongest;
using activity::Meter;
using model::Event;

namespace {

constexpr std::size_t kAlertsHeld = 100'000;
constexpr Nanoseconds kLoopTime = 600 * kSecond;
constexpr std::size_t kLoopDeaths = 3;
constexpr Nanoseconds kRequestTime = 30 * kSecond;

/// A counter that went down began anew.
std::uint64_t grown(std::uint64_t before, std::uint64_t now) { return now >= before ? now - before : now; }

std::string key(std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const auto part : parts) out.append(part.substr(0, kLongest)).append(1, '\0');
    return out;
}

/// The line without its times, addresses and ids, so that equal faults count together.
std::string shape(std::string_view line) {
    std::string out;
    for (std::size_t at = 0; at < line.size() && out.size() < 200;) {
        if (line[at] < '0' || line[at] > '9') {
            out += line[at++];
            continue;
        }
        while (at < line.size() && line[at] >= '0' && line[at] <= '9') ++at;
        out += '0';
    }
    return out;
}

}  // namespace

std::string activity::asker_of(const Event& event) {
    std::string who(event.text("who.name").substr(0, kLongest));
    if (const auto address = event.text("who.address"); !who.empty() && !address.empty())
        who.append(" from ").append(address.substr(0, kLongest));
    return who;
}

void ActivityBuilder::Impl::engine(const Event& event) {
    const auto type = event.text("docker.type");
    const auto action = words::action(event);
    const auto source = event.text("evt.source");
    if (source == "audit" || source == "syscall")
        return count(kinds_[scratch_.assign(source == "audit" ? "audit " : "kernel ").append(action)]);
    scratch_.assign(type.empty() ? "event" : type).append(" ").append(action);
    count(kinds_[scratch_]);
    if (action == "engine_down" || action == "engine_up") return reach(event, action == "engine_up");
    if (type != "container") return;
    if (action.starts_with("exec_"))
        exec_step(event, action);
    else
        life(event, action);
}

void ActivityBuilder::Impl::life(const Event& event, std::string_view action) {
    Container& one = container(event);
    auto& told = one.told;
    const bool start = action == "start";
    if (action == "die") return death(event, one);
    if (action == "kill" || action == "stop") {
        one.asked_to_end = event.time();
        if (action == "stop" && now_ && told.failed > 0 && !one.deaths.empty() &&
            event.time() - one.deaths.back() < kRequestTime && one.dead && last_failed_ == &one) {
            --told.failed;
            last_failed_ = nullptr;
        }
    }
    if (start && one.dead) {
        count(out_.restarts);
        if (now_) ++told.restarts;
    }
    if (start || action == "create" || action == "destroy") one.dead = false;
    if (!now_) return;
    asked(event, action);
    if (action == "create") ++told.created;
    if (action == "found") ++told.found;
    if (start) ++told.started;
    if (action == "destroy" || action == "remove") ++told.removed;
    if (action == "oom") ++told.oom;
    if (action == "update" || action == "rename") ++told.changes;
    if (action == "create" || action == "found" || start) image(event);
}

/// Counts an act for whoever asked for it.
void ActivityBuilder::Impl::asked(const Event& event, std::string_view action) {
    const bool start = action == "start";
    std::string who = activity::asker_of(event);
    const bool known = !who.empty();
    if (start && !known) who = event.text("container.started_by").substr(0, kLongest);
    if (who.empty()) {
        if (start) ++out_.unknown_people;
        return;
    }
    PersonActivity& person = people_[who];
    ++(start ? person.starts : person.others);
    if (known && event.text("who.strength") == "inferred") ++person.inferred;
}

void ActivityBuilder::Impl::death(const Event& event, Container& one) {
    one.dead = true;
    count(out_.deaths);
    one.deaths.push_back(event.time());
    if (one.deaths.size() > kLoopDeaths) one.deaths.pop_front();
    if (!now_) return;
    ++one.told.died;
    const auto code = words::exit_code(event);
    if (code && (one.codes.size() < 100 || one.codes.contains(*code))) ++one.codes[*code];
    if (event.is_true("container.oom_killed") && one.told.oom == 0) ++one.told.oom;
    const bool asked = event.time() - one.asked_to_end < kRequestTime;
    if (code != 0 && !asked) {
        ++one.told.failed;
        last_failed_ = &one;
    }
    if (!asked && one.deaths.size() == kLoopDeaths && one.deaths.back() - one.deaths.front() <= kLoopTime)
        one.told.restart_loop = true;
}

void ActivityBuilder::Impl::image(const Event& event) {
    const auto name = event.text("container.image");
    auto digest = event.text("container.image.digest");
    if (digest.empty()) digest = event.text("container.image.id");
    if (name.empty() && digest.empty()) return;
    ImageActivity& row = images_[key({name, digest})];
    row.image = name.substr(0, kLongest);
    row.digest = digest.substr(0, kLongest);
    if (words::action(event) != "start" || row.containers == 0) ++row.containers;
    row.is_new |= event.is_true("container.image.new");
}

void ActivityBuilder::Impl::sample(const Event& event) {
    const auto id = words::container_id(event);
    if (id.empty()) return;
    Container& one = container(event);
    Meter& meter = meters_[id];
    const Meter seen{.known = true,
                     .cpu = event.number("usage.cpu.ns"),
                     .io = event.number("usage.io.read") + event.number("usage.io.written"),
                     .received = event.number("usage.net.received"),
                     .sent = event.number("usage.net.sent")};
    if (now_) one.told.sampled = true;
    auto& use = now_ ? one.told.use : one.told.use_before;
    use.memory_peak = std::max(use.memory_peak, event.number("usage.memory"));
    if (meter.known) {
        use.cpu_ns += grown(meter.cpu, seen.cpu);
        use.io_bytes += grown(meter.io, seen.io);
        use.received += grown(meter.received, seen.received);
        use.sent += grown(meter.sent, seen.sent);
    }
    meter = seen;
}

void ActivityBuilder::Impl::alert(const Event& event) {
    const auto many = 1 + event.number("alert.folded");
    count(out_.alerts_total, many);
    if (!now_) return;
    const auto rule = event.text("alert.rule");
    auto name = event.text("container.name");
    if (!words::container_id(event).empty()) container(event).told.alerts += many;
    AlertActivity& row = alerts_[key({rule, name})];
    row.rule = rule.substr(0, kLongest);
    row.priority = event.text("alert.priority").substr(0, 40);
    row.container = name.substr(0, kLongest);
    row.count += many;
    row.open += many;
    row.last = std::max(row.last, event.time());
    if (held_.size() < kAlertsHeld && event.has("record.number")) held_[event.number("record.number")] = {&row, many};
}

void ActivityBuilder::Impl::acknowledge(const Event& event) {
    const auto found = held_.find(event.number("ack.alert"));
    if (found == held_.end()) return;
    found->second.row->open -= std::min(found->second.row->open, found->second.count);
    held_.erase(found);
}

void ActivityBuilder::Impl::line(const Event& event) {
    const auto level = event.text("log.level");
    if (event.text("log.unit").empty() || (level != "error" && level != "fatal")) return;
    count(out_.faults_total);
    if (!now_) return;
    DaemonFault& row = faults_[shape(event.text("log.line"))];
    row.text = event.text("log.line").substr(0, kLongest);
    ++row.count;
    row.last = event.time();
}

void ActivityBuilder::Impl::gap(LossActivity gap) {
    if (gap.until > gap.from) out_.ledger.blind += gap.until - gap.from;
    if (out_.ledger.gaps.size() < 100) out_.ledger.gaps.push_back(std::move(gap));
}

void ActivityBuilder::Impl::loss(const Event& event) {
    if (!now_) return;
    ++out_.ledger.losses;
    out_.ledger.lost += event.number("loss.count");
    LossActivity one{.what = std::string(event.text("loss.what").substr(0, kLongest)),
                     .reason = std::string(event.text("loss.reason").substr(0, kLongest)),
                     .from = event.time(),
                     .until = event.time(),
                     .count = event.number("loss.count")};
    if (event.has("loss.from")) one.from = static_cast<Nanoseconds>(event.number("loss.from"));
    if (event.has("loss.until")) one.until = static_cast<Nanoseconds>(event.number("loss.until"));
    gap(std::move(one));
}

void ActivityBuilder::Impl::recorder(const Event& event, bool start) {
    if (out_.host.empty()) out_.host = event.text("ledger.host").substr(0, kLongest);
    if (now_) ++(start ? out_.ledger.starts : out_.ledger.stops);
    if (!start) {
        stopped_ = event.time();
        running_ = false;
        return;
    }
    if (now_ && running_) ++out_.ledger.unclean;
    if (now_ && stopped_)
        gap({.what = "all",
             .reason = "the recorder was not running",
             .from = std::max(*stopped_, since_),
             .until = event.time()});
    stopped_.reset();
    running_ = true;
}

void ActivityBuilder::Impl::reach(const Event& event, bool up) {
    const auto endpoint = event.text("docker.endpoint").substr(0, kLongest);
    auto known = away_.find(endpoint);
    if (known == away_.end()) {
        if (away_.size() >= activity::kEngines) return;
        known = away_.emplace(endpoint, activity::Outage{.from = event.time()}).first;
        if (event.has("loss.from")) known->second.from = static_cast<Nanoseconds>(event.number("loss.from"));
    }
    known->second.reason = fmt::format("{}: {}", endpoint, event.text("loss.reason").substr(0, kLongest));
    if (!up) return;
    if (now_) outage(known->second, event.time(), "");
    away_.erase(known);
}

/// Stands among the gaps, but is not time in which the recorder was blind: what it missed has a loss of its own.
void ActivityBuilder::Impl::outage(const activity::Outage& one, Nanoseconds until, std::string_view end) {
    const Nanoseconds from = std::max(one.from, since_);
    ++out_.ledger.outages;
    out_.ledger.outage += std::max<Nanoseconds>(until - from, 0);
    if (out_.ledger.gaps.size() < 100)
        out_.ledger.gaps.push_back({.what = "engine out of reach",
                                    .reason = fmt::format("{}{}", one.reason, end),
                                    .from = from,
                                    .until = std::max(from, until)});
}

ActivityBuilder::ActivityBuilder(Nanoseconds since, Nanoseconds until) : impl_(std::make_unique<Impl>(since, until)) {}
ActivityBuilder::~ActivityBuilder() = default;

void ActivityBuilder::add(const Event& event) { impl_->add(event); }
Activity ActivityBuilder::finish() { return impl_->finish(); }

}  // namespace plimsoll::report
