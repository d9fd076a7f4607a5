#include "source/engine/event_work.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/engine/event_record.h"
#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

using namespace std::chrono_literals;
using model::Event;

constexpr std::size_t kRing = 256;  ///< events that dockerd keeps
constexpr auto kReplayQuiet = 250ms;
constexpr auto kMostReplay = 10'000ms;  ///< on an engine that is never quiet
constexpr auto kAgain = 2000ms;
constexpr auto kSpare = 5000ms;
constexpr Nanoseconds kMostAhead = 300 * kSecond;                      ///< clocks of two machines differ
constexpr Nanoseconds kEarliest = Nanoseconds{946'684'800} * kSecond;  ///< the year 2000: no engine is older
constexpr std::string_view kGone = "the container was gone before it could be inspected";

bool is_container_action(const EngineEvent& event, std::initializer_list<std::string_view> actions) {
    return event.type == "container" && std::ranges::find(actions, event.action) != actions.end();
}

/// After these a container is another one than before.
bool alters(const EngineEvent& event) {
    if (event.type == "network") return event.action == "connect" || event.action == "disconnect";
    return is_container_action(event, {"create", "start", "update", "rename", "die"});
}

bool alters_images(const EngineEvent& event) {
    return event.type == "image" || is_container_action(event, {"commit"}) || event.type == "builder";
}

}  // namespace

EventWork::EventWork(Parts parts, Checkpoint& checkpoint)
    : parts_(std::move(parts)),
      checkpoint_(checkpoint),
      execs_({.quick = parts_.quick,
              .inventory = parts_.inventory,
              .local = parts_.local,
              .mask_secrets = parts_.mask_secrets}) {}

void EventWork::put(Event event) {
    ++told_;
    parts_.put(std::move(event));
}

void EventWork::put_sessions() {
    for (Event& record : execs_.take()) {
        ++changes_;
        put(std::move(record));
    }
}

void EventWork::connected(std::string engine, Nanoseconds asked_since, std::optional<bool> restarted) {
    engine_ = std::move(engine);
    connected_at_ = now();
    asked_since_ = asked_since;
    restarted_ = restarted;
    gap_from_ = checkpoint_.known_until;
    gap_last_ = checkpoint_.last;
    first_new_ = 0;
    replayed_ = 0;
    compared_ = met_last_ = another_ = first_contact_ = false;
    touched_.clear();
    lives_ = {};  // what happened meanwhile may not all come
    state_.reset();
    quiet_since_ = Clock::now();
    compare_by_ = quiet_since_ + kMostReplay;
    ask_again_ = {};
    execs_.resume(checkpoint_.sessions);
    take_inventory();
}

void EventWork::take_inventory() {
    Result<EngineState> state = parts_.patient.state(engine_);
    if (!state) {
        fault_ = "taking the inventory: " + state.error().message;
        inventory_again_ = Clock::now() + kAgain;
        return;
    }
    fault_.clear();
    another_ = !checkpoint_.engine_id.empty() && checkpoint_.engine_id != state->engine_id;
    checkpoint_.engine_id = state->engine_id;
    images_ = state->images;
    // What was told of a container that is gone by now still describes it in events asked for afterwards.
    for (const auto& [id, told] : checkpoint_.told.containers()) {
        if (told.record && !parts_.inventory->find(id)) parts_.inventory->put(told.record);
    }
    parts_.inventory->replace(state->containers);
    state_ = std::move(*state);
    first_contact_ = checkpoint_.told.empty();
    if (first_contact_) checkpoint_.told.set(*state_);
    ++changes_;
}

void EventWork::read_images() {
    if (auto images = parts_.quick.images()) {
        images_ = std::move(*images);
        checkpoint_.told.set_images(images_);
        ++changes_;
    }
}

void EventWork::look_at_containers(const std::set<std::string, std::less<>>& ids, Looked& out) {
    const std::vector<std::string> wanted(ids.begin(), ids.end());
    std::vector<std::string> targets;
    for (const std::string& id : wanted) targets.push_back("/containers/" + host::url_part(id) + "/json");
    std::map<std::string, std::string> snapshots;
    bool strange_image = false;
    bool answered = false;
    parts_.quick.get(targets, [&](std::size_t index, EngineClient::Reply reply) {
        answered = answered || reply.status != 0;
        if (reply.document && reply.document->root().is_object()) {
            const Json root = reply.document->root();
            snapshots[wanted[index]] = snapshot(root);
            std::string image(root["Image"].text_or(""));
            if (!image.starts_with("sha256:")) image.insert(0, "sha256:");
            strange_image = strange_image || !images_.contains(image);
            root["ExecIDs"].each([&](Json id) { out.exec_ids[wanted[index]].emplace_back(id.text_or("")); });
        } else {
            out.unread[wanted[index]] = reply.status == 404 ? std::string(kGone) : "inspecting it: " + reply.reason;
        }
    });
    if (!targets.empty() && !answered) ask_again_ = Clock::now() + kSpare;
    if (strange_image) read_images();
    for (const auto& [id, text] : snapshots) {
        auto record = container_record(text, engine_, images_);
        if (!record) {
            out.unread[id] = "inspecting it: the engine's answer names no container";
            continue;
        }
        parts_.inventory->put(record);
        out.containers[id] = std::move(record);
    }
}

EventWork::Looked EventWork::look(const std::vector<Item>& items) {
    Looked out;
    std::set<std::string, std::less<>> containers;
    ExecWork::Ids execs;
    bool images = false;
    for (const auto& [event, stated, malformed] : items) {
        images = images || alters_images(event);
        const std::string id(event.container());
        if (id.empty() || malformed) continue;
        const bool unnamed_exec = event.action == "exec_start" && event.attribute("execID").empty();
        if (alters(event) || unnamed_exec || (event.action != "destroy" && !parts_.inventory->find(id)))
            containers.insert(id);
        const std::string exec(event.attribute("execID"));
        if (!exec.empty() && exec.size() <= 128 && execs_.must_ask(event)) execs.insert(exec);
    }
    if (Clock::now() < ask_again_) {
        for (const std::string& id : containers) out.unread[id] = "the engine no longer answers in time";
        return out;
    }
    if (images) read_images();
    look_at_containers(containers, out);
    for (const auto& [container, ids] : out.exec_ids) {  // for events that do not name their session
        for (const std::string& id : ids) {
            if (engine_ == "podman" && !execs_.knows(container, id)) execs.insert(id);
        }
    }
    if (!execs_.ask(execs, out.execs)) ask_again_ = Clock::now() + kSpare;
    return out;
}

void EventWork::handle(std::vector<Line>& lines) {
    std::vector<Item> items;
    Nanoseconds newest = checkpoint_.last;
    for (Line& line : lines) {
        auto event = parse_engine_event(line.text);
        if (!event) {
            ++malformed_;
            std::string reason = event.error().message;
            if (line.cut == Line::Cut::too_long) reason = "the line is longer than allowed";
            if (line.cut == Line::Cut::stream_ended) reason = "the connection ended within this line";
            items.push_back({.malformed = malformed_record(line, reason, parts_.endpoint)});
            continue;
        }
        const bool known = !checkpoint_.seen.add(fingerprint(*event));
        if (known && event->time == gap_last_) met_last_ = true;
        if (known) continue;
        Item item{.event = std::move(*event)};
        if (const Nanoseconds arrived = now(); item.event.time > arrived + kMostAhead || item.event.time < kEarliest) {
            ++malformed_;
            item.stated = std::exchange(item.event.time, arrived);
        }
        const Nanoseconds time = item.event.time;
        if (time < connected_at_ && asked_since_ > 0) ++replayed_;
        if (first_new_ == 0) first_new_ = time;
        newest = std::max(newest, std::min(time, now()));
        items.push_back(std::move(item));
    }
    const Looked looked = look(items);
    for (Item& item : items) {
        if (item.malformed)
            put(std::move(*item.malformed));
        else
            tell(item, looked);
    }
    checkpoint_.last = newest;
    quiet_since_ = Clock::now();
}

EventWork::Subject EventWork::subject_of(const EngineEvent& event, const Looked& looked) const {
    const std::string_view id = event.container();
    if (id.empty()) return {};
    if (const auto found = looked.containers.find(id); found != looked.containers.end())
        return {found->second, found->second};
    if (auto known = parts_.inventory->find(id)) return {std::move(known), nullptr};
    const auto unread = looked.unread.find(id);
    return {container_record(event, engine_, unread == looked.unread.end() ? kGone : std::string_view(unread->second)),
            nullptr};
}

void EventWork::tell_change(const EngineEvent& event, const Subject& subject, const Looked& looked, Event& out) const {
    if (!alters(event) || is_container_action(event, {"start", "die"})) return;
    if (subject.fresh) {
        const auto before = event.action == "create" ? nullptr : checkpoint_.told.record(subject.fresh->id);
        set_change(before.get(), *subject.fresh, out);
    } else if (const auto unread = looked.unread.find(event.container()); unread != looked.unread.end()) {
        out.unknown("change.after", unread->second);
    }
}

/// A network that joins a container when it starts is one thing, one that joins or leaves it later another.
void EventWork::tell_network(const EngineEvent& event, const ContainerRecord& fresh, Event& out) const {
    if (fresh.started < event.time && runs_since(fresh, event.time)) out.set("container.state", "running");
    const std::string_view network = event.attribute("name");
    std::string address = address_in(fresh, network);
    const auto before = checkpoint_.told.record(fresh.id);
    if (event.action == "disconnect") address = before ? address_in(*before, network) : std::string();
    if (!address.empty()) out.set_keyed("docker.attributes", "address", address);
}

void EventWork::tell_start(const EngineEvent& event, const ContainerRecord& now, const ContainerRecord* fresh,
                           Event& out) const {
    if (!is_container_action(event, {"start", "restart"})) return;
    const auto label = [&now](std::string_view name) {
        const auto found = now.labels.find(name);
        return found == now.labels.end() ? std::string() : bounded(found->second, 256);
    };
    const std::string project = label("com.docker.compose.project");
    const std::string service = label("com.docker.swarm.service.name");
    const Lives::Starter starter =
        event.action == "start" ? lives_.starter(event, fresh, now.restart_policy) : Lives::Starter::unknown;
    if (starter != Lives::Starter::unknown)
        out.set("container.started_by", fmt::format("restart policy {}{}", now.restart_policy,
                                                    starter == Lives::Starter::policy ? "" : " (inferred)"));
    else if (!service.empty())
        out.set("container.started_by", "swarm service " + service);
    else if (!project.empty())
        out.set("container.started_by", fmt::format("compose {}/{}", project, label("com.docker.compose.service")));
    else
        out.unknown("container.started_by", "the engine does not say who asked");
}

void EventWork::tell(const Item& item, const Looked& looked) {
    const EngineEvent& event = item.event;
    const std::string id(event.container());
    if (!compared_ && (event.time >= connected_at_ || asked_since_ == 0)) {
        touched_.insert(event.id);
        if (!id.empty()) touched_.insert(id);
    }
    const auto [container, fresh] = subject_of(event, looked);
    Event out = event_record(event, container.get(), parts_.endpoint);
    if (item.stated) mark_time(*item.stated, out);
    if (event.time < connected_at_ && asked_since_ > 0) out.set("record.replayed", true);
    if (container && container->started > 0) {
        out.set_number("container.start_ts", container->started);
        if (event.time >= container->started) out.set_number("container.duration", event.time - container->started);
        if (event.time > container->started && is_container_action(event, {"die", "stop", "kill", "destroy", "oom"}))
            out.set_number("container.lifetime", event.time - container->started);
    }
    tell_change(event, {container, fresh}, looked, out);
    if (container) tell_start(event, *container, fresh.get(), out);
    if (event.type == "network" && fresh) tell_network(event, *fresh, out);
    const bool attached = is_container_action(event, {"attach"});  // `docker run` attaches before it starts
    if (attached && container && runs_since(*container, event.time)) out.set("container.state", "running");
    if (event.type == "container" && event.action.starts_with("exec_")) {
        const auto listed = looked.exec_ids.find(event.id);
        execs_.tell(event, container.get(), looked.execs,
                    listed == looked.exec_ids.end() ? std::vector<std::string>() : listed->second, out);
    }
    const bool gone = is_container_action(event, {"destroy"});
    if (gone) {
        execs_.container_gone(id, event.time);
        if (const auto code = lives_.ended_lately(id, event.time))
            out.set_keyed("docker.attributes", "exitCode", std::to_string(*code));
    }
    lives_.apply(event, fresh.get());
    checkpoint_.told.apply(event, alters(event) ? fresh : nullptr);
    if (gone) parts_.inventory->remove(id);
    if (alters(event) || event.action == "destroy" || event.type != "container") ++changes_;
    put(std::move(out));
    put_sessions();
}

void EventWork::tell_gap() {
    const bool whole = met_last_ || (gap_last_ == 0 && restarted_ == false && replayed_ < kRing - 1);
    if (asked_since_ == 0 || (whole && !another_)) return;
    std::string reason = "it cannot be known whether the engine still had all of them";
    if (another_)
        reason = "another engine answers than before";
    else if (restarted_ == true)
        reason = "the engine was started anew meanwhile, and forgets its events when it stops";
    else if (replayed_ >= kRing - 1)
        reason = fmt::format("the engine keeps its last {} events, and more came meanwhile", kRing);
    else if (gap_last_ > 0)
        reason = "the engine no longer has the last event seen: it was started anew, or forgot it";
    const Nanoseconds until = first_new_ > 0 && first_new_ < connected_at_ ? first_new_ : connected_at_;
    put(loss_record("engine-events", 0, std::min(gap_from_, until), until, reason));
}

void EventWork::compare() {
    compared_ = true;
    tell_gap();
    for (const Told::Difference& difference : checkpoint_.told.compare(*state_, touched_)) {
        Event record = difference_record(difference, connected_at_, parts_.endpoint);
        if (difference.after)
            tell_start({.type = "container", .action = difference.action}, *difference.after, nullptr, record);
        put(std::move(record));
    }
    for (const auto& container : state_->containers) {
        if (touched_.contains(container->id)) continue;
        if (first_contact_) put(found_record(*container, connected_at_, parts_.endpoint));
        lives_.found(*container);
        if (!container->running) execs_.container_gone(container->id, 0);
    }
    put_sessions();
    // Events that came since tell of what they touched; the rest is as it was found.
    EngineState real = std::move(*state_);
    state_.reset();
    Told now_told;
    now_told.set(real);
    for (const auto& [id, container] : checkpoint_.told.containers()) {
        if (touched_.contains(id)) now_told.restore(id, container);
    }
    checkpoint_.told = std::move(now_told);
    checkpoint_.told.set_images(images_);
    ++changes_;
}

std::chrono::milliseconds EventWork::tick(bool idle) {
    const auto time = Clock::now();
    if (!state_ && !compared_ && time >= inventory_again_) take_inventory();
    const bool quiet = idle && time - quiet_since_ >= kReplayQuiet;
    if (!compared_ && state_ && (quiet || time >= compare_by_)) compare();
    if (time >= ask_again_ && !execs_.poll(idle)) ask_again_ = Clock::now() + kSpare;
    put_sessions();
    auto next = std::chrono::milliseconds(60'000);
    if (!compared_) next = 50ms;
    if (const auto due = execs_.due()) {
        const auto wait =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::max(*due, ask_again_) - Clock::now());
        next = std::min(next, std::max(1ms, wait));
    }
    checkpoint_.known_until = compared_ ? now() : checkpoint_.known_until;
    return next;
}

void EventWork::disconnected() {
    if (!compared_ && state_) compare();
    if (compared_) checkpoint_.known_until = now();
}

void EventWork::stop() {
    checkpoint_.sessions = execs_.stop();
    for (Event& record : execs_.take()) {
        record.set_time(now());
        put(std::move(record));
    }
}

}  // namespace plimsoll::source
