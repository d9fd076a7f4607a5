#include "source/engine/event_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

using model::Event;

constexpr std::size_t kMostName = 1024;
constexpr std::string_view kStatedTime = "stated time";  ///< nanoseconds; beside a time that cannot be true

/// The time that the engine gave the event that a record was made of.
Nanoseconds time_of(const Event& record) {
    const std::string_view stated = record.text("docker.attributes", kStatedTime);
    Nanoseconds time = record.time();
    std::from_chars(stated.data(), stated.data() + stated.size(), time);
    return time;
}

void set_attributes(const EngineEvent& event, const ContainerRecord* container, Event& out) {
    // Whole once, when the object is made; in later events the engine only repeats it.
    const std::size_t most = event.action == "create" ? SIZE_MAX : kMostLabelBytes;
    for (const auto& [name, value] : event.attributes) {
        if (container != nullptr && event.type == "container" && !is_engine_attribute(name)) {
            const auto label = container->labels.find(name);
            if (label != container->labels.end() && (label->second == value || value.size() > most))
                continue;  // it stands in container.label
        }
        std::string_view shown = value;
        if (name == "oldName" && shown.starts_with('/')) shown.remove_prefix(1);  // as container.name has it
        out.set_keyed("docker.attributes", bounded(name, kMostName), bounded(shown, most));
    }
    if (!event.as_sent.empty()) out.set_keyed("docker.attributes", "action", event.as_sent);
    if (!event.detail.empty() && !event.action.starts_with("exec_"))
        out.set_keyed("docker.attributes", "detail", bounded(event.detail, most));
    if (event.attributes_left_out > 0)
        out.set_keyed("docker.attributes", "left out", std::to_string(event.attributes_left_out));
}

}  // namespace

Event event_record(const EngineEvent& event, const ContainerRecord* container, std::string_view endpoint) {
    Event out(event.time);
    if (container != nullptr) describe(*container, out);
    out.set("evt.type", event.action);
    out.set("evt.source", "docker");
    out.set("record.kind", "event");
    out.set("docker.type", event.type);
    out.set("docker.action", event.action);
    out.set("docker.id", bounded(event.id, kMostName));
    std::string_view name = event.attribute("name");
    if (name.empty() && (event.type == "volume" || event.type == "image")) name = event.id;
    if (!name.empty()) out.set("docker.name", bounded(name, kMostName));
    if (!event.scope.empty()) out.set("docker.scope", bounded(event.scope, kMostName));
    set_attributes(event, container, out);
    out.set("docker.endpoint", endpoint);
    return out;
}

Event malformed_record(const Line& line, std::string_view reason, std::string_view endpoint) {
    Event out(now());
    out.set("evt.type", "malformed");
    out.set("evt.source", "docker");
    out.set("record.kind", "event");
    out.set("record.malformed", reason);
    out.set("record.raw", std::string_view(line.text).substr(0, kMostRawBytes));
    if (line.text.size() > kMostRawBytes)
        out.set("record.malformed",
                fmt::format("{}; of {} bytes the first {} are kept", reason, line.text.size(), kMostRawBytes));
    out.set("docker.endpoint", endpoint);
    return out;
}

void set_change(const ContainerRecord* before, const ContainerRecord& after, Event& out) {
    if (before == nullptr) return out.set("change.after", settings(after.snapshot));
    const Change change = changes(before->snapshot, after.snapshot);
    out.set_list("change.paths", change.paths);
    if (change.paths.empty()) return;
    out.set("change.before", change.before);
    out.set("change.after", change.after);
}

Event difference_record(const Told::Difference& difference, Nanoseconds otherwise, std::string_view endpoint) {
    EngineEvent event;
    event.time = difference.time > 0 ? difference.time : otherwise;
    event.type = difference.type;
    event.action = difference.action;
    event.id = difference.id;
    if (!difference.name.empty()) event.attributes.emplace_back("name", difference.name);
    const ContainerRecord* container = difference.after ? difference.after.get() : difference.before.get();
    Event out = event_record(event, container, endpoint);
    if (container == nullptr && event.type == "container") {  // known by its events alone
        out.set("container.id", event.id.substr(0, 12));
        out.set("container.full_id", event.id);
        if (!difference.name.empty()) out.set("container.name", difference.name);
    }
    out.set("record.reconciled", true);
    out.set("record.summary", difference.summary);
    if (difference.after && (difference.before || difference.action == "create"))
        set_change(difference.before.get(), *difference.after, out);
    if (container != nullptr && container->started > 0) out.set_number("container.start_ts", container->started);
    if (difference.after && difference.action == "die") {
        out.set_keyed("docker.attributes", "exitCode", std::to_string(difference.after->exit_code));
        if (difference.after->finished > difference.after->started && difference.after->started > 0)
            out.set_number("container.lifetime", difference.after->finished - difference.after->started);
    }
    return out;
}

Event found_record(const ContainerRecord& container, Nanoseconds time, std::string_view endpoint) {
    EngineEvent event{.time = time, .type = "container", .action = "found", .id = container.id};
    event.attributes.emplace_back("name", container.name);
    const bool ran = !container.running && container.started > 0;
    if (ran) event.attributes.emplace_back("exitCode", std::to_string(container.exit_code));
    Event out = event_record(event, &container, endpoint);
    out.set("record.reconciled", true);
    out.set("container.state", container.running ? "running" : ran ? "exited" : "created");
    out.set("change.after", settings(container.snapshot));
    if (container.started > 0) out.set_number("container.start_ts", container.started);
    if (container.running && container.started > 0 && container.started <= time)
        out.set_number("container.duration", time - container.started);
    const std::string state = container.running ? "running since " + to_rfc3339(container.started)
                              : ran             ? fmt::format("ended with exit code {}", container.exit_code)
                                                : std::string("never started");
    out.set("record.summary",
            fmt::format("container {} was there when recording began, {}", printable(container.name), state));
    return out;
}

Event reach_record(Nanoseconds from, Nanoseconds until, std::string_view reason, std::string_view endpoint) {
    const bool back = until > 0;
    Event out(back ? until : now());
    out.set("evt.type", back ? "engine_up" : "engine_down");
    out.set("evt.source", "docker");
    out.set("record.kind", "event");
    out.set("record.summary",
            fmt::format("engine {} {}: {}", endpoint, back ? "is back" : "cannot be reached", reason));
    out.set("docker.endpoint", endpoint);
    out.set_number("loss.from", from);
    if (back) out.set_number("loss.until", until);
    out.set("loss.reason", reason);
    return out;
}

void mark_time(Nanoseconds stated, Event& record) {
    const bool future = stated > record.time();
    record.set("record.malformed", fmt::format("the engine dates it {}, {}; the time given here is that of its arrival",
                                               to_rfc3339(stated), future ? "in the future" : "before the year 2000"));
    record.set_keyed("docker.attributes", kStatedTime, std::to_string(stated));
}

Event loss_record(std::string_view what, std::uint64_t count, Nanoseconds from, Nanoseconds until,
                  std::string_view reason) {
    Event out(until);
    out.set("record.kind", "loss");
    out.set("evt.type", "loss");
    out.set("record.summary", fmt::format("missing: {}, {}", what, reason));
    out.set("loss.what", what);
    if (count > 0) out.set_unsigned("loss.count", count);
    out.set_number("loss.from", from);
    out.set_number("loss.until", until);
    out.set("loss.reason", reason);
    return out;
}

EngineEvent recorded_event(const Event& record) {
    EngineEvent event{.time = record.time(),
                      .type = std::string(record.text("docker.type")),
                      .action = std::string(record.text("docker.action")),
                      .id = std::string(record.text("docker.id"))};
    if (const auto name = record.text("docker.name"); !name.empty()) event.attributes.emplace_back("name", name);
    if (const auto id = record.text("docker.attributes", "container"); !id.empty())
        event.attributes.emplace_back("container", id);
    return event;
}

std::uint64_t fingerprint(const Event& record) {
    const std::string_view type = record.text("docker.type");
    const std::string_view id = record.text("docker.id");
    return fingerprint(time_of(record), type, record.text("docker.action"), id,
                       type == "container" ? id : record.text("docker.attributes", "container"));
}

}  // namespace plimsoll::source
