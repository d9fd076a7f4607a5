#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/event.h"
#include "source/engine/inventory.h"

namespace plimsoll::source {

/// What was run inside a container beside its own process: from exec_create to exec_die.
struct ExecSession {
    std::string id;  ///< empty with an engine that does not name it in its events
    std::string container;
    std::string command;              ///< as it is stored: without secrets when they are masked
    std::string plain;                ///< as it was given; in memory only, empty after a restart
    std::vector<std::string> masked;  ///< rules that masked something in `command`
    std::string user;
    std::string unread;  ///< why user, tty and privileged are not known; empty when they are
    std::string pid_unknown = "the engine was not asked yet";
    bool tty = false;
    bool privileged = false;
    bool health = false;  ///< runs the container's health check
    bool failed = false;  ///< its command could not be started: it never ran
    std::int64_t pid = 0;
    std::int64_t vpid = 0;
    std::string vpid_unknown = "its process was not seen while it lived";
    std::optional<std::int64_t> exit_code;
    Nanoseconds created = 0, started = 0, ended = 0;  ///< 0: not seen
};

/// The open sessions of one engine, at most kMost; the oldest is given up for a new one beyond.
class ExecSessions {
public:
    static constexpr std::size_t kMost = 4096;

    /// Of that id in that container; without an id, of the container's oldest session that runs.
    [[nodiscard]] ExecSession* find(std::string_view container, std::string_view id);
    ExecSession& open(ExecSession session, std::vector<ExecSession>& given_up);
    /// Takes it out.
    [[nodiscard]] std::optional<ExecSession> close(std::string_view container, std::string_view id);
    /// Takes out all of one container, or with an empty id all there are.
    [[nodiscard]] std::vector<ExecSession> close_all(std::string_view container);
    [[nodiscard]] const std::deque<ExecSession>& all() const { return sessions_; }

private:
    std::deque<ExecSession> sessions_;  ///< oldest first
};

/// What GET /exec/ID/json says: command, user, terminal, privileges, process. `mask`: secrets in the command are
/// masked.
void read_exec(const Json& answer, ExecSession& session, bool mask);

/// The command as an event tells it: one text.
void read_command(std::string_view text, ExecSession& session, bool mask);

/// Whether the session runs this command, which is compared as it was given.
[[nodiscard]] bool runs(const ExecSession& session, std::string_view command);

/// Looks up the process id inside the container, while the process lives and belongs to the container.
void read_vpid(ExecSession& session);

/// Whether the engine says that its command could not be started: an end of which no event tells.
[[nodiscard]] bool never_ran(const ExecSession& session);

/// The exec.* fields of a session as far as known.
void describe(const ExecSession& session, model::Event& event);

/// The record of a whole session; its time is its end. `evt.type` is exec_failed for one that never ran.
[[nodiscard]] model::Event session_record(const ExecSession& session, const Inventory::Container& container,
                                          std::string_view outcome);

}  // namespace plimsoll::source
