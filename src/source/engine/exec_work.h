#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/engine/engine_client.h"
#include "source/engine/exec_sessions.h"
#include "source/engine/inventory.h"

namespace plimsoll::source {

/// Follows exec sessions from exec_create to exec_die: joins what events say with what the engine answers about each,
/// and notices those that never came to run, of which no event tells. One thread.
class ExecWork {
public:
    using Clock = std::chrono::steady_clock;
    using Ids = std::set<std::string, std::less<>>;
    using Answers = std::map<std::string, EngineClient::Reply, std::less<>>;  ///< by session id

    struct Parts {
        const EngineClient& quick;
        std::shared_ptr<const Inventory> inventory;
        bool local = true;         ///< the engine's processes are this host's
        bool mask_secrets = true;  ///< in commands of sessions
    };

    explicit ExecWork(Parts parts) : parts_(std::move(parts)) {}

    /// Takes over the sessions that were open when recording stopped; nothing when some are open here.
    void resume(std::vector<ExecSession>& sessions);

    [[nodiscard]] bool knows(std::string_view container, std::string_view id);

    /// Whether the engine should be asked about the event's session before the event is told.
    [[nodiscard]] bool must_ask(const EngineEvent& event);

    /// Asks about sessions that `out` has no answer of. False when the engine did not answer at all.
    bool ask(const Ids& ids, Answers& out) const;

    /// An event of a session: adds its exec.* fields. `listed`: the sessions that the engine lists for the container,
    /// for events that do not name theirs.
    void tell(const EngineEvent& event, const ContainerRecord* container, const Answers& answers,
              const std::vector<std::string>& listed, model::Event& out);

    /// Asks again about sessions of which something is missing still. `idle`: no event waits that could tell. False
    /// when the engine did not answer.
    bool poll(bool idle);
    [[nodiscard]] std::optional<Clock::time_point> due() const;

    /// The container is gone: so are its sessions. `time` 0: nobody knows since when.
    void container_gone(std::string_view container, Nanoseconds time);

    /// Recording ends: tells of the sessions that still run, and hands them over.
    [[nodiscard]] std::vector<ExecSession> stop();

    /// Records of sessions that ended since the last call.
    [[nodiscard]] std::vector<model::Event> take() { return std::exchange(ended_, {}); }

private:
    struct Poll {
        std::string container, exec;
        Clock::time_point due;
        std::chrono::milliseconds next{20};
        bool ended = false;  ///< the engine said that it does not run; its exec_die may still be on its way
    };

    [[nodiscard]] std::string id_of(const EngineEvent& event, const std::vector<std::string>& listed);
    void learn(const EngineClient::Reply& reply, ExecSession& session) const;
    void watch(const ExecSession& session);
    [[nodiscard]] bool poll_again(Poll& poll, const EngineClient::Reply& reply, bool idle);
    void end(const ExecSession& session, std::string_view outcome);

    Parts parts_;
    ExecSessions sessions_;
    std::vector<Poll> polls_;
    std::vector<model::Event> ended_;
};

}  // namespace plimsoll::source
