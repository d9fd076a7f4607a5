#include "source/engine/event_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/engine/event_record.h"
#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

using namespace std::chrono_literals;
using model::Event;

constexpr std::size_t kRing = 256;  ///< events that dockerd keeps
constexpr std::size_t kMostPolls = 256;
constexpr auto kReplayQuiet = 250ms;
constexpr auto kAgain = 2000ms;
constexpr auto kSpare = 5000ms;
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

void EventWork::put(Event event) {
    ++told_;
    parts_.put(std::move(event));
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
    compared_ = met_last_ = another_ = false;
    touched_.clear();
    state_.reset();
    quiet_since_ = Clock::now();
    ask_again_ = {};
    if (sessions_.all().empty()) {
        std::vector<ExecSession> given_up;
        for (ExecSession& session : checkpoint_.sessions) sessions_.open(std::move(session), given_up);
        checkpoint_.sessions.clear();
    }
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
    if (checkpoint_.told.empty()) {
        checkpoint_.told.set(*state_);
        compared_ = compared_ || asked_since_ == 0;
        if (compared_) state_.reset();
    }
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

void EventWork::look_at_execs(const std::set<std::string, std::less<>>& ids, Looked& out) {
    std::vector<std::string> wanted;
    for (const std::string& id : ids) {
        if (!out.execs.contains(id)) wanted.push_back(id);
    }
    std::vector<std::string> targets;
    for (const std::string& id : wanted) targets.push_back("/exec/" + host::url_part(id) + "/json");
    if (targets.empty()) return;
    bool answered = false;
    parts_.quick.get(targets, [&](std::size_t index, EngineClient::Reply reply) {
        answered = answered || reply.status != 0;
        out.execs[wanted[index]] = std::move(reply);
    });
    if (!answered) ask_again_ = Clock::now() + kSpare;
}

EventWork::Looked EventWork::look(const std::vector<Item>& items) {
    Looked out;
    std::set<std::string, std::less<>> containers;
    std::set<std::string, std::less<>> execs;
    bool images = false;
    for (const auto& [event, malformed] : items) {
        images = images || alters_images(event);
        const std::string id(event.container());
        if (id.empty() || malformed) continue;
        const bool unnamed_exec = event.action == "exec_start" && event.attribute("execID").empty();
        if (alters(event) || unnamed_exec || (event.action != "destroy" && !parts_.inventory->find(id)))
            containers.insert(id);
        const std::string exec(event.attribute("execID"));
        if (exec.empty() || exec.size() > 128) continue;
        ExecSession* session = sessions_.find(id, exec);
        if (session == nullptr || (event.action == "exec_die" && session->pid == 0 && !session->health))
            execs.insert(exec);
    }
    if (Clock::now() < ask_again_) {
        for (const std::string& id : containers) out.unread[id] = "the engine no longer answers in time";
        return out;
    }
    if (images) read_images();
    look_at_containers(containers, out);
    for (const auto& [container, ids] : out.exec_ids) {  // for events that do not name their session
        for (const std::string& id : ids) {
            if (engine_ == "podman" && sessions_.find(container, id) == nullptr) execs.insert(id);
        }
    }
    look_at_execs(execs, out);
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
        if (event->time < connected_at_ && asked_since_ > 0) ++replayed_;
        if (first_new_ == 0) first_new_ = event->time;
        newest = std::max(newest, std::min(event->time, now()));
        items.push_back({.event = std::move(*event)});
    }
    Looked looked = look(items);
    for (auto& [event, malformed] : items) {
        if (malformed)
            put(std::move(*malformed));
        else
            tell(event, looked);
    }
    checkpoint_.last = newest;
    quiet_since_ = Clock::now();
}

void EventWork::tell_change(const EngineEvent& event, const ContainerRecord& now, Event& out) const {
    if (event.action == "start" || event.action == "die") return;
    const auto before = event.action == "create" ? nullptr : checkpoint_.told.record(now.id);
    set_change(before.get(), now, out);
}

void EventWork::tell_start(const EngineEvent& event, const ContainerRecord& now, Event& out) const {
    if (!is_container_action(event, {"start", "restart"})) return;
    const auto before = checkpoint_.told.record(now.id);
    const auto label = [&now](std::string_view name) {
        const auto found = now.labels.find(name);
        return found == now.labels.end() ? std::string() : bounded(found->second, 256);
    };
    const std::string project = label("com.docker.compose.project");
    const std::string service = label("com.docker.swarm.service.name");
    if (before && now.restarts > before->restarts)
        out.set("container.started_by", fmt::format("restart policy {}", now.restart_policy));
    else if (!service.empty())
        out.set("container.started_by", "swarm service " + service);
    else if (!project.empty())
        out.set("container.started_by", fmt::format("compose {}/{}", project, label("com.docker.compose.service")));
    else
        out.unknown("container.started_by", "the engine does not say who asked");
}

void EventWork::end_session(ExecSession session, std::string_view outcome) {
    after_.push_back(session_record(session, parts_.inventory->find(session.container), outcome));
}

void EventWork::follow_exec(const EngineEvent& event, const ContainerRecord* container, Looked& looked, Event& out) {
    std::string id(event.attribute("execID"));
    const std::string owner(event.id);
    const bool begins = event.action == "exec_create" || event.action == "exec_start";
    if (id.empty() && begins) {  // the session that is new in this container, if there is one alone
        for (const std::string& candidate : looked.exec_ids[owner]) {
            if (sessions_.find(owner, candidate) == nullptr) id = candidate;
        }
    }
    ExecSession* session = begins && id.empty() ? nullptr : sessions_.find(owner, id);
    if (session == nullptr) {
        std::vector<ExecSession> given_up;
        session = &sessions_.open({.id = id, .container = owner, .command = bounded(event.detail, 16384)}, given_up);
        for (ExecSession& old : given_up) end_session(std::move(old), "too many sessions at once to follow it on");
        session->unread = "the engine was not asked in time";
    }
    if (const auto found = looked.execs.find(id); found != looked.execs.end()) {
        if (found->second.document)
            read_exec(found->second.document->root(), *session);
        else if (session->unread.empty() || session->user.empty())
            session->unread = found->second.status == 404 ? "the session was gone before the engine was asked"
                                                          : "asking for it: " + found->second.reason;
        if (found->second.document && session->pid == 0) session->pid_unknown = "its process had not started yet";
        if (!found->second.document) session->pid_unknown = session->unread;
    }
    if (container != nullptr && !container->health_command.empty())
        session->health = session->command == container->health_command;
    if (session->health) session->pid_unknown = "health checks are not looked up";
    if (!parts_.local) session->vpid_unknown = "the engine is on another host";
    if (event.action == "exec_create") session->created = event.time;
    if (event.action == "exec_start") {
        session->started = event.time;
        if (parts_.local) read_vpid(*session);
        if (!session->health && !id.empty() && session->vpid == 0 && polls_.size() < kMostPolls)
            polls_.push_back({.container = owner, .exec = id, .due = Clock::now() + 20ms});
    }
    if (event.action == "exec_die") {
        session->ended = event.time;
        std::string_view code = event.attribute("exitCode");
        if (code.empty()) code = event.attribute("execDiedExitCode");
        if (!code.empty() && code.size() < 8) session->exit_code = std::atoll(std::string(code).c_str());
        if (session->pid == 0 && session->pid_unknown.starts_with("its process had not"))
            session->pid_unknown = "the session ended before the engine told its process id";
    }
    describe(*session, out);
    if (event.action != "exec_die") return;
    ++changes_;
    auto closed = sessions_.close(owner, id);
    if (!closed) return;
    const std::string outcome =
        closed->exit_code ? fmt::format("exit code {}", *closed->exit_code) : "exit code unknown";
    end_session(std::move(*closed), outcome);
}

void EventWork::tell(const EngineEvent& event, Looked& looked) {
    const std::string id(event.container());
    if (!compared_ && (event.time >= connected_at_ || asked_since_ == 0)) {
        touched_.insert(event.id);
        if (!id.empty()) touched_.insert(id);
    }
    std::shared_ptr<const ContainerRecord> fresh;
    std::shared_ptr<const ContainerRecord> container;
    if (!id.empty()) {
        if (const auto found = looked.containers.find(id); found != looked.containers.end()) fresh = found->second;
        container = fresh ? fresh : parts_.inventory->find(id);
        const bool unread = looked.unread.contains(id);
        if (!container)
            container = container_record(event, engine_, unread ? std::string_view(looked.unread[id]) : kGone);
    }
    Event out = event_record(event, container.get(), parts_.endpoint);
    if (event.time < connected_at_ && asked_since_ > 0) out.set("record.replayed", true);
    if (container) {
        if (container->started > 0) {
            out.set_number("container.start_ts", container->started);
            if (event.time >= container->started) out.set_number("container.duration", event.time - container->started);
        }
        if (container->started > 0 && event.time > container->started &&
            is_container_action(event, {"die", "stop", "kill", "destroy", "oom"}))
            out.set_number("container.lifetime", event.time - container->started);
    }
    if (fresh) {
        if (alters(event)) tell_change(event, *fresh, out);
    } else if (alters(event) && looked.unread.contains(id) && !is_container_action(event, {"start", "die"})) {
        out.unknown("change.after", looked.unread[id]);
    }
    if (container) tell_start(event, *container, out);
    // A network that joins a container when it starts is one thing, one that joins it later another.
    if (event.type == "network" && fresh && fresh->running && fresh->started > 0 && fresh->started < event.time)
        out.set("container.state", "running");
    if (event.type == "container" && event.action.starts_with("exec_"))
        follow_exec(event, container.get(), looked, out);
    if (is_container_action(event, {"destroy"})) {
        for (ExecSession& session : sessions_.close_all(id)) {
            session.ended = event.time;
            end_session(std::move(session), "ended with its container");
        }
    }
    checkpoint_.told.apply(event, alters(event) ? fresh : nullptr);
    if (is_container_action(event, {"destroy"})) parts_.inventory->remove(id);
    if (alters(event) || event.action == "destroy" || event.type != "container") ++changes_;
    put(std::move(out));
    for (Event& record : after_) put(std::move(record));
    after_.clear();
}

void EventWork::poll_execs() {
    const auto time = Clock::now();
    std::set<std::string, std::less<>> ids;
    for (const Poll& poll : polls_) {
        if (poll.due <= time) ids.insert(poll.exec);
    }
    if (ids.empty() || time < ask_again_) return;
    Looked looked;
    look_at_execs(ids, looked);
    std::erase_if(polls_, [&](Poll& poll) {
        const auto found = looked.execs.find(poll.exec);
        if (found == looked.execs.end()) return false;
        ExecSession* session = sessions_.find(poll.container, poll.exec);
        if (session == nullptr || !found->second.document) return true;
        read_exec(found->second.document->root(), *session);
        if (parts_.local) read_vpid(*session);
        if (session->pid > 0 || poll.next > 2s) return true;
        poll.due = time + poll.next;
        poll.next *= 2;
        return false;
    });
}

void EventWork::compare() {
    compared_ = true;
    const bool whole = met_last_ || (gap_last_ == 0 && restarted_ == false && replayed_ < kRing - 1);
    if (asked_since_ > 0 && (!whole || another_)) {
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
    if (!checkpoint_.told.empty()) {
        for (const Told::Difference& difference : checkpoint_.told.compare(*state_, touched_)) {
            Event record = difference_record(difference, connected_at_, parts_.endpoint);
            if (difference.after)
                tell_start({.type = "container", .action = difference.action}, *difference.after, record);
            put(std::move(record));
        }
    }
    for (const auto& container : state_->containers) {
        if (container->running || touched_.contains(container->id)) continue;
        for (ExecSession& session : sessions_.close_all(container->id)) end_session(std::move(session), "ended unseen");
    }
    for (Event& record : after_) put(std::move(record));
    after_.clear();
    // Events that came since tell of what they touched; the rest is as it was found.
    EngineState real = std::move(*state_);
    state_.reset();
    Told now_told;
    now_told.set(real);
    for (const auto& [id, container] : checkpoint_.told.containers()) {
        if (touched_.contains(id)) now_told.restore(container);
    }
    checkpoint_.told = std::move(now_told);
    checkpoint_.told.set_images(images_);
    ++changes_;
}

std::chrono::milliseconds EventWork::tick(bool idle) {
    const auto time = Clock::now();
    if (!state_ && !compared_ && time >= inventory_again_) take_inventory();
    if (!compared_ && state_ && idle && time - quiet_since_ >= kReplayQuiet) compare();
    poll_execs();
    auto next = std::chrono::milliseconds(60'000);
    if (!compared_) next = 50ms;
    for (const Poll& poll : polls_) {
        const auto due = std::max(poll.due, ask_again_);
        next = std::min(next, std::max(std::chrono::milliseconds(1),
                                       std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now())));
    }
    checkpoint_.known_until = compared_ ? now() : checkpoint_.known_until;
    return next;
}

void EventWork::disconnected() {
    if (!compared_ && state_) compare();
    if (compared_) checkpoint_.known_until = now();
}

void EventWork::stop() {
    checkpoint_.sessions.clear();
    for (ExecSession& session : sessions_.close_all({})) {
        checkpoint_.sessions.push_back(session);
        if (session.health) continue;
        end_session(std::move(session), "still running when recording stopped");
    }
    for (Event& record : after_) {
        record.set_time(now());
        put(std::move(record));
    }
    after_.clear();
}

}  // namespace plimsoll::source
