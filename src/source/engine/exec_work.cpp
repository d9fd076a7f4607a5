#include "source/engine/exec_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostPolls = 256;
constexpr auto kFirstPoll = 20ms;
constexpr auto kHealthPoll = 5000ms;  ///< most checks are over by then, and need no question
constexpr auto kLastWord = 250ms;     ///< for an exec_die that is on its way

}  // namespace

void ExecWork::end(const ExecSession& session, std::string_view outcome) {
    ended_.push_back(session_record(session, parts_.inventory->find(session.container), outcome));
}

void ExecWork::resume(std::vector<ExecSession>& sessions) {
    if (!sessions_.all().empty()) return;
    std::vector<ExecSession> given_up;
    for (ExecSession& session : std::exchange(sessions, {})) watch(sessions_.open(std::move(session), given_up));
}

bool ExecWork::knows(std::string_view container, std::string_view id) {
    return sessions_.find(container, id) != nullptr;
}

bool ExecWork::must_ask(const EngineEvent& event) {
    const ExecSession* session = sessions_.find(event.container(), event.attribute("execID"));
    if (session == nullptr) return true;
    if (session->health) return false;
    return !session->unread.empty() || (event.action == "exec_die" && session->pid == 0);
}

bool ExecWork::ask(const Ids& ids, Answers& out) const {
    std::vector<std::string> wanted;
    std::vector<std::string> targets;
    for (const std::string& id : ids) {
        if (out.contains(id)) continue;
        wanted.push_back(id);
        targets.push_back("/exec/" + host::url_part(id) + "/json");
    }
    bool answered = targets.empty();
    parts_.quick.get(targets, [&](std::size_t index, EngineClient::Reply reply) {
        answered = answered || reply.status != 0;
        out[wanted[index]] = std::move(reply);
    });
    return answered;
}

std::string ExecWork::id_of(const EngineEvent& event, const std::vector<std::string>& listed) {
    std::string id(event.attribute("execID"));
    if (!id.empty() || event.action == "exec_die") return id;
    for (const std::string& candidate : listed) {  // the one that is new in this container
        if (!knows(event.id, candidate)) id = candidate;
    }
    return id;
}

void ExecWork::learn(const EngineClient::Reply& reply, ExecSession& session) const {
    if (reply.document) {
        read_exec(reply.document->root(), session, parts_.mask_secrets);
        if (session.pid == 0) session.pid_unknown = "its process had not started yet";
        return;
    }
    if (session.unread.empty()) return;  // known from before
    session.unread =
        reply.status == 404 ? "the session was gone before the engine was asked" : "asking for it: " + reply.reason;
    session.pid_unknown = session.unread;
}

/// Of a session that was started and whose process is not known.
void ExecWork::watch(const ExecSession& session) {
    if (session.id.empty() || session.started == 0 || session.vpid > 0) return;
    if (polls_.size() >= (session.health ? kMostPolls / 2 : kMostPolls)) return;
    polls_.push_back({.container = session.container,
                      .exec = session.id,
                      .due = Clock::now() + (session.health ? kHealthPoll : kFirstPoll)});
}

void ExecWork::tell(const EngineEvent& event, const ContainerRecord* container, const Answers& answers,
                    const std::vector<std::string>& listed, model::Event& out) {
    const std::string id = id_of(event, listed);
    const std::string owner(event.id);
    ExecSession* session = id.empty() && event.action != "exec_die" ? nullptr : sessions_.find(owner, id);
    if (session == nullptr) {
        std::vector<ExecSession> given_up;
        session = &sessions_.open({.id = id, .container = owner}, given_up);
        read_command(event.detail, *session, parts_.mask_secrets);
        for (const ExecSession& old : given_up) end(old, "too many sessions at once to follow it on");
        session->unread = "the engine was not asked in time";
    }
    if (const auto found = answers.find(id); found != answers.end()) learn(found->second, *session);
    if (container != nullptr && !container->health_command.empty())
        session->health = runs(*session, container->health_command);
    if (session->health) session->pid_unknown = "health checks are not looked up";
    if (!parts_.local) session->vpid_unknown = "the engine is on another host";
    if (event.action == "exec_create") session->created = event.time;
    if (event.action == "exec_start") {
        session->started = event.time;
        if (parts_.local) read_vpid(*session);
        watch(*session);
        // A rule can name what is present, not what is unknown.
        if (!session->unread.empty()) out.set_keyed("docker.attributes", "unknown", session->unread);
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
    const auto closed = sessions_.close(owner, id);
    if (closed) end(*closed, closed->exit_code ? fmt::format("exit code {}", *closed->exit_code) : "exit code unknown");
}

bool ExecWork::poll(bool idle) {
    std::erase_if(polls_, [this](const Poll& poll) { return !knows(poll.container, poll.exec); });
    const auto time = Clock::now();
    Ids ids;
    for (const Poll& poll : polls_) {
        if (poll.due <= time) ids.insert(poll.exec);
    }
    Answers answers;
    const bool answered = ask(ids, answers);
    std::erase_if(polls_, [&](Poll& poll) {
        const auto found = answers.find(poll.exec);
        return found != answers.end() && !poll_again(poll, found->second, idle);
    });
    return answered;
}

bool ExecWork::poll_again(Poll& poll, const EngineClient::Reply& reply, bool idle) {
    ExecSession* session = sessions_.find(poll.container, poll.exec);
    if (session == nullptr || reply.status == 404) return false;
    if (reply.document) {
        read_exec(reply.document->root(), *session, parts_.mask_secrets);
        if (parts_.local) read_vpid(*session);
    }
    if (session->pid > 0) return false;
    if (never_ran(*session)) {
        if (poll.ended && idle) {
            if (auto closed = sessions_.close(poll.container, poll.exec)) {
                closed->failed = true;
                end(*closed, fmt::format("did not start, exit code {}", *closed->exit_code));
            }
            return false;
        }
        poll.ended = true;
        poll.due = Clock::now() + kLastWord;
        return true;
    }
    if (session->health || poll.next > 2s) return false;
    poll.due = Clock::now() + poll.next;
    poll.next *= 2;
    return true;
}

std::optional<ExecWork::Clock::time_point> ExecWork::due() const {
    if (polls_.empty()) return std::nullopt;
    return std::ranges::min_element(polls_, {}, &Poll::due)->due;
}

void ExecWork::container_gone(std::string_view container, Nanoseconds time) {
    for (ExecSession& session : sessions_.close_all(container)) {
        session.failed = never_ran(session);
        session.ended = session.failed ? 0 : time;
        if (session.failed)
            end(session, fmt::format("did not start, exit code {}", *session.exit_code));
        else
            end(session, time > 0 ? "ended with its container" : "ended unseen");
    }
}

std::vector<ExecSession> ExecWork::stop() {
    std::vector<ExecSession> open = sessions_.close_all({});
    for (const ExecSession& session : open) {
        if (!session.health) end(session, "still running when recording stopped");
    }
    polls_.clear();
    return open;
}

}  // namespace plimsoll::source
