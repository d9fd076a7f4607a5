#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "enrich/engine_request.h"
#include "model/event.h"

namespace plimsoll::enrich {

enum class Strength : std::uint8_t {
    proved,    ///< a kernel's record or the engine's own answer says so
    inferred,  ///< it follows from times and names
    unknown,
};
[[nodiscard]] std::string_view to_text(Strength strength);

/// One link of the chain that leads from an act to a person, with what it rests on.
struct Link {
    std::string text;
    Strength strength = Strength::unknown;
};

/// Who asked the engine for something, as far as audit records tell.
struct AccessChain {
    std::string person;  ///< of the login; without a login the user; empty when unknown
    std::uint64_t uid = 0;
    std::int64_t loginuid = -1;
    std::int64_t session = -1;
    std::int64_t pid = -1;
    std::string tty, address, exe, command;
    Strength strength = Strength::unknown;  ///< of the weakest link
    std::vector<Link> links;                ///< from the person to the act

    /// Sets the `who.` fields.
    void write(model::Event& event) const;
};

/// Joins what processes did at the engine's socket with what the engine did. It is told audit events (connects, starts
/// of programs, logins) and the requests that the sensor saw engines read, in any order, and is asked about the
/// engine's events and about processes in containers. A request that names the object proves who asked; a connect alone
/// leaves it to be inferred. Podman needs no daemon: its command does the work itself, so its start stands for the
/// connect. Bounded; what is oldest is forgotten. One thread.
class EngineAccess {
public:
    static constexpr std::size_t kMostConnects = 8192;
    static constexpr std::size_t kMostPrograms = 16384;
    static constexpr std::size_t kMostSessions = 4096;
    static constexpr std::size_t kMostRequests = 8192;

    /// Remembers the event if it says who reached an engine's socket, which program a process runs, or where a login
    /// came from; other events are passed over.
    void observe(const model::Event& event);

    /// The chain behind an event of the engine or an exec session; nothing for what nobody asked for (a health check, a
    /// death by itself) and while no connect was ever told.
    [[nodiscard]] std::optional<AccessChain> chain(const model::Event& event) const;

    /// The chain behind a process of an exec session, by the session's id; nothing when its start was not seen.
    [[nodiscard]] std::optional<AccessChain> session_chain(std::string_view exec_id, const model::Event& process) const;

private:
    struct Connect {
        Nanoseconds time = 0;
        EngineRequest request;  ///< what was asked for, where that was seen; else without a method
        std::int64_t pid = 0, loginuid = -1, session = -1;
        std::uint64_t uid = 0;
        std::string user, login, tty, exe, title, container;
        bool itself = false;      ///< no connect: a podman command, which does what it is told by itself
        bool has_login = true;    ///< false: io_uring's own thread made it, whose record has no login
        bool by_program = false;  ///< the login is that of the process's program
    };
    struct Program {
        Nanoseconds time = 0;
        std::string exe, command;
        Connect who;
    };
    struct Login {
        std::string address, tty, service;
    };

    void observe_connect(const model::Event& event);
    [[nodiscard]] static Connect actor_of(const model::Event& event);
    void remember(Connect connect);
    void observe_program(const model::Event& event);
    void observe_login(const model::Event& event);
    void observe_request(const model::Event& event);
    /// Who asked for it, oldest first, each person once.
    [[nodiscard]] std::vector<const Connect*> requests_for(const model::Event& event, Nanoseconds time) const;
    [[nodiscard]] std::string command_of(const Connect& connect) const;
    /// With the login of the record of the process's program, where its own has none.
    [[nodiscard]] Connect with_login(const Connect& connect) const;
    [[nodiscard]] std::vector<const Connect*> candidates(const model::Event& event, Nanoseconds time) const;
    [[nodiscard]] AccessChain from(const Connect& connect, const std::string& command) const;

    std::deque<Connect> connects_;
    std::deque<Connect> requests_;
    std::unordered_map<std::string, Connect> sessions_;  ///< by exec id: who started it
    std::deque<std::string> session_order_;
    std::unordered_map<std::int64_t, Program> programs_;
    std::deque<std::pair<std::int64_t, Nanoseconds>> program_order_;
    std::unordered_map<std::int64_t, Login> logins_;
    std::deque<std::int64_t> login_order_;
    std::deque<std::string> sockets_;  ///< device and inode of sockets that were once reached by an engine's name
};

/// What a line of the docker or podman command line asks for: "exec", "run", …; "compose" for all of compose; empty for
/// another program or when no word follows.
[[nodiscard]] std::string_view engine_verb(std::string_view command_line);

/// How a verb is to the engine's action ("exec_create", "start", …).
enum class Leads : std::uint8_t {
    never,
    by_the_way,  ///< it may, beside what it is for: `run` passes signals on, and removes with --rm
    directly,    ///< also for actions of which nothing is known
};
[[nodiscard]] Leads verb_leads_to(std::string_view verb, std::string_view action);

}  // namespace plimsoll::enrich
