#include "enrich/engine_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace plimsoll::enrich {

namespace {

constexpr Nanoseconds kShortly = 5 * kSecond;  ///< a client connects, asks, and the engine acts
constexpr Nanoseconds kLong = 600 * kSecond;   ///< a client that keeps its connection
constexpr Nanoseconds kSlack = kSecond / 10;   ///< the clocks of two sources are read at different places
constexpr std::size_t kMostSockets = 64;
constexpr std::size_t kLongestText = 4096;

/// Names under which engines' sockets are reached, wherever they are mounted.
bool is_engine_socket(std::string_view path) {
    static constexpr std::array<std::string_view, 5> kNames = {"docker.sock", "podman.sock", "containerd.sock",
                                                               "buildkitd.sock", "crio.sock"};
    return std::ranges::find(kNames, path.substr(path.rfind('/') + 1)) != kNames.end();
}

/// Whether the program is an engine's command line where only root installs programs.
bool is_installed_client(std::string_view path) {
    static constexpr std::array<std::string_view, 5> kNames = {"docker", "podman", "nerdctl", "docker-compose",
                                                               "podman-remote"};
    if (!path.starts_with("/usr/") && !path.starts_with("/bin/") && !path.starts_with("/snap/")) return false;
    return std::ranges::find(kNames, path.substr(path.rfind('/') + 1)) != kNames.end();
}

std::string bounded(std::string_view text) { return std::string(text.substr(0, kLongestText)); }

template <typename Values>
bool any(const model::Event& event, model::FieldKey field, Values&& holds) {
    const model::Reading reading = event.read(field.id(), {});
    return std::ranges::any_of(reading.values, [&](const model::Value& value) {
        const auto* text = std::get_if<std::string_view>(&value);
        return text != nullptr && holds(*text);
    });
}

bool is_session(const model::Event& event) { return event.text("record.kind") == "session"; }

std::string_view action_of(const model::Event& event) {
    return is_session(event) ? std::string_view("exec_start") : event.text("docker.action");
}

/// Things that happen without anybody's asking.
bool nobody_asked(const model::Event& event) {
    static constexpr std::array<std::string_view, 5> kOwn = {"die", "oom", "health_status", "exec_die", "top"};
    if (event.is_true("exec.healthcheck") || event.text("container.started_by").starts_with("restart policy"))
        return true;
    return std::ranges::find(kOwn, action_of(event)) != kOwn.end();
}

/// Whether the command line names what the event is about.
bool names_object(std::string_view command, const model::Event& event) {
    const auto is_word = [&](std::size_t at) {
        constexpr std::string_view kEnds = " /:=,@'\"";
        return at >= command.size() || kEnds.find(command[at]) != kEnds.npos;
    };
    const auto holds = [&](std::string_view name) {  // as a word: web is not web2
        if (name.size() < 2) return false;
        for (auto at = command.find(name); at != command.npos; at = command.find(name, at + 1))
            if ((at == 0 || is_word(at - 1)) && is_word(at + name.size())) return true;
        return false;
    };
    if (holds(event.text("container.name")) || holds(event.text("docker.name"))) return true;
    const std::string_view id = event.text("container.full_id");
    if (id.size() >= 12 && (holds(id.substr(0, 12)) || holds(id))) return true;
    return holds(event.text("container.image"));
}

std::string in_words(Nanoseconds span) {
    return span < kSecond ? fmt::format("{} ms", std::max<Nanoseconds>(span, 0) / 1'000'000)
                          : fmt::format("{:.1f} s", static_cast<double>(span) / 1e9);
}

}  // namespace

void EngineAccess::observe(const model::Event& event) {
    if (!event.text("api.method").empty() && event.text("evt.type") == "request") return observe_request(event);
    if (event.text("evt.source") != "audit") return;
    observe_login(event);
    observe_program(event);
    observe_connect(event);
}

void EngineAccess::observe_login(const model::Event& event) {
    const std::string_view type = event.text("audit.type");
    if (type != "USER_LOGIN" && type != "USER_START" && type != "CRED_ACQ") return;
    const std::int64_t session = event.integer("audit.session");
    const std::string_view container = event.text("container.id");
    if (session <= 0 || !event.text("audit.forged").empty()) return;
    if (container != "host" && event.has("container.id")) return;  // of a container, or nobody knows
    if (event.number("user.uid") != 0) return;  // only a login service of the host may say where a login comes from
    std::string_view address = event.text("audit.claim", "addr");
    if (address.empty() || address == "?") address = event.text("audit.claim", "hostname");
    if (address == "?") address = {};
    std::string_view tty = event.text("audit.claim", "terminal");
    if (tty == "?") tty = {};
    if (!logins_.contains(session)) {
        if (login_order_.size() >= kMostSessions) {
            logins_.erase(login_order_.front());
            login_order_.pop_front();
        }
        login_order_.push_back(session);
    }
    Login& login = logins_[session];
    if (!address.empty()) login.address = bounded(address);
    if (tty.starts_with('/') || tty.starts_with("pts") || tty.starts_with("tty")) login.tty = bounded(tty);
    if (login.service.empty()) login.service = bounded(event.text("proc.exepath"));
    if (login.service.empty()) login.service = bounded(event.text("audit.claim", "exe"));
}

void EngineAccess::observe_program(const model::Event& event) {
    const std::string_view call = event.text("syscall.type");
    if ((call != "execve" && call != "execveat") || event.is_true("evt.failed")) return;
    const std::int64_t pid = event.integer("proc.pid");
    if (pid <= 0) return;
    const auto known = programs_.find(pid);
    if (known != programs_.end() && known->second.time > event.time()) return;
    if (program_order_.size() >= kMostPrograms) {
        const auto [old, time] = program_order_.front();
        program_order_.pop_front();
        const auto at = programs_.find(old);
        if (at != programs_.end() && at->second.time == time) programs_.erase(at);
    }
    Program& program = programs_[pid];
    program.time = event.time();
    program.exe = bounded(event.text("proc.exepath"));
    program.command = bounded(event.text("proc.exe"));
    if (const std::string_view arguments = event.text("proc.args"); !arguments.empty()) {
        program.command.append(" ").append(arguments.substr(0, kLongestText));
    }
    program.who = actor_of(event);
    program_order_.emplace_back(pid, event.time());
    const std::string_view name = std::string_view(program.exe).substr(program.exe.rfind('/') + 1);
    if (name != "podman" || engine_verb(program.command).empty()) return;
    Connect command = actor_of(event);
    command.title = program.command;
    command.itself = true;
    remember(std::move(command));
}

void EngineAccess::observe_connect(const model::Event& event) {
    const std::string_view call = event.text("syscall.type");
    if (call != "connect" && call != "socketcall" && event.text("audit.uring") != "connect") return;
    if (!event.text("who.name").empty()) return;  // the recorder's own question to the engine
    const std::int64_t result = event.integer("evt.rawres");
    constexpr std::int64_t kInProgress = -115;
    if (result < 0 && result != kInProgress) return;
    const bool named = is_engine_socket(event.text("audit.saddr")) || any(event, "audit.paths", is_engine_socket);
    const bool known = any(event, "audit.inodes", [&](std::string_view inode) {
        return std::ranges::find(sockets_, inode) != sockets_.end();
    });
    if (!named && !known) return;
    if (named) {  // bind mounts show the same socket under other names
        const model::Reading inodes = event.read(model::FieldKey("audit.inodes").id(), {});
        const auto* inode = inodes.values.size() == 1 ? std::get_if<std::string_view>(&inodes.values.front()) : nullptr;
        if (inode != nullptr && !known) {
            sockets_.emplace_back(*inode);
            if (sockets_.size() > kMostSockets) sockets_.pop_front();
        }
    }
    remember(actor_of(event));
}

void EngineAccess::observe_request(const model::Event& event) {
    Connect asked;
    asked.time = event.time();
    asked.request = engine_request(event.text("api.method"), event.text("api.path"));
    asked.pid = event.integer("who.pid");
    asked.uid = event.number("who.uid");
    asked.user = bounded(event.text("user.name"));
    asked.loginuid = event.has("who.loginuid") ? event.integer("who.loginuid") : -1;
    asked.login = asked.loginuid >= 0 ? bounded(event.text("who.name")) : std::string();
    asked.session = event.has("who.session") ? event.integer("who.session") : -1;
    asked.tty = bounded(event.text("who.tty"));
    asked.exe = bounded(event.text("who.exe"));
    asked.title = bounded(event.text("who.command"));
    if (const std::string_view name = event.text("container.name"); !name.empty()) asked.container = bounded(name);
    const std::vector<std::string>& path = asked.request.path;
    if (path.size() == 3 && path[0] == "exec" && path[2] == "start" && sessions_.emplace(path[1], asked).second) {
        session_order_.push_back(path[1]);
        if (session_order_.size() > kMostSessions) {
            sessions_.erase(session_order_.front());
            session_order_.pop_front();
        }
    }
    const auto later = std::ranges::upper_bound(requests_, asked.time, {}, &Connect::time);
    requests_.insert(later, std::move(asked));
    if (requests_.size() > kMostRequests) requests_.pop_front();
}

std::vector<const EngineAccess::Connect*> EngineAccess::requests_for(const model::Event& event,
                                                                     Nanoseconds time) const {
    // An exec session has an id of its own, and these take their time; the others the engine does at once.
    static constexpr std::array<std::string_view, 6> kSlow = {"stop", "restart", "kill", "commit", "pull", "push"};
    const std::string_view action = action_of(event);
    const bool slow = !event.text("exec.id").empty() || std::ranges::find(kSlow, action) != kSlow.end();
    const auto end = std::ranges::upper_bound(requests_, time + kSlack, {}, &Connect::time);
    const auto begin = std::ranges::lower_bound(requests_, time - (slow ? kLong : 2 * kShortly), {}, &Connect::time);
    std::vector<const Connect*> found;
    for (auto at = begin; at != end; ++at) {
        if (!asks_for(at->request, event, action)) continue;
        std::erase_if(found, [&](const Connect* other) {  // the last one of each person
            return other->uid == at->uid && other->loginuid == at->loginuid && other->container == at->container;
        });
        found.push_back(&*at);
    }
    return found;
}

EngineAccess::Connect EngineAccess::actor_of(const model::Event& event) {
    Connect connect;
    connect.time = event.time();
    connect.pid = event.integer("proc.pid");
    connect.uid = event.number("user.uid");
    connect.user = bounded(event.text("user.name"));
    connect.has_login = event.has("user.loginuid");
    connect.loginuid = connect.has_login ? event.integer("user.loginuid") : -1;
    connect.login = bounded(event.text("user.loginname"));
    connect.session = event.has("audit.session") ? event.integer("audit.session") : -1;
    connect.tty = bounded(event.text("audit.tty"));
    connect.exe = bounded(event.text("proc.exepath"));
    connect.title = bounded(event.text("audit.title"));
    const std::string_view container = event.text("container.id");
    if (!container.empty() && container != "host") {
        const std::string_view name = event.text("container.name");
        connect.container = bounded(name.empty() ? container : name);
    }
    return connect;
}

void EngineAccess::remember(Connect connect) {
    const auto later = std::ranges::upper_bound(connects_, connect.time, {}, &Connect::time);
    connects_.insert(later, std::move(connect));
    if (connects_.size() > kMostConnects) connects_.pop_front();
}

std::string EngineAccess::command_of(const Connect& connect) const {
    const auto program = programs_.find(connect.pid);
    if (program != programs_.end() && program->second.time <= connect.time &&
        (program->second.exe == connect.exe || !connect.has_login)) {
        return program->second.command;
    }
    return connect.title;
}

EngineAccess::Connect EngineAccess::with_login(const Connect& connect) const {
    Connect out = connect;
    const auto program = programs_.find(connect.pid);
    if (connect.has_login || program == programs_.end() || program->second.time > connect.time ||
        !program->second.who.has_login) {
        return out;
    }
    const Connect& who = program->second.who;
    out.loginuid = who.loginuid;
    out.login = who.login;
    out.session = who.session;
    out.tty = who.tty;
    out.exe = who.exe;
    if (out.user.empty()) out.user = who.user;
    out.has_login = out.by_program = true;
    return out;
}

std::vector<const EngineAccess::Connect*> EngineAccess::candidates(const model::Event& event, Nanoseconds time) const {
    const auto possible = [&](Nanoseconds span) {
        std::vector<const Connect*> found;
        const bool podman = event.text("container.type") == "podman";
        const auto end = std::ranges::upper_bound(connects_, time + kSlack, {}, &Connect::time);
        for (auto at = std::ranges::lower_bound(connects_, time - span, {}, &Connect::time); at != end; ++at) {
            if (at->itself && !podman) continue;
            const std::string command = command_of(*at);
            const std::string_view verb = engine_verb(command);
            // Anybody can call his own client `docker ps`: only the installed ones are taken at their word.
            const bool believed = is_installed_client(at->exe);
            if (believed && !verb.empty() && verb_leads_to(verb, action_of(event)) == Leads::never) continue;
            // One process asks over several connections; the last one before the act stands for it.
            std::erase_if(found, [&](const Connect* other) { return other->pid == at->pid && other->exe == at->exe; });
            found.push_back(&*at);
        }
        return found;
    };
    std::vector<const Connect*> found = possible(kShortly);
    if (found.empty()) found = possible(kLong);
    return found;
}

std::optional<AccessChain> EngineAccess::chain(const model::Event& event) const {
    if (nobody_asked(event) || action_of(event).empty()) return std::nullopt;
    const auto started = static_cast<Nanoseconds>(event.number("exec.start_ts"));
    const Nanoseconds time = is_session(event) && started != 0 ? started : event.time();
    if (const auto asked = requests_for(event, time); !asked.empty()) {
        const Connect& last = *asked.back();
        AccessChain result = from(last, last.title);
        std::string others;
        for (const Connect* other : std::span(asked).first(asked.size() - 1))
            others += (others.empty() ? "" : ", ") + (other->login.empty() ? other->user : other->login);
        const Strength strength = others.empty() ? Strength::proved : Strength::inferred;
        result.links.push_back(
            {fmt::format("the engine did it to {} {} later: its own event{}",
                         event.text("container.name").empty() ? event.text("docker.id") : event.text("container.name"),
                         in_words(time - last.time), others.empty() ? "" : "; the same was asked before by " + others),
             strength});
        result.strength = strength;
        return result;
    }
    if (connects_.empty()) return std::nullopt;
    std::vector<const Connect*> found = candidates(event, time);

    AccessChain nobody;
    if (found.empty()) {
        nobody.links.push_back(
            {fmt::format(
                 "no process is known to have connected to the engine's socket, or to be its command, within {} "
                 "before",
                 in_words(kLong)),
             Strength::unknown});
        return nobody;
    }
    std::vector<const Connect*> naming;
    for (const Connect* connect : found) {
        const std::string command = command_of(*connect);
        if (!engine_verb(command).empty() && names_object(command, event)) naming.push_back(connect);
    }
    const bool named = !naming.empty();
    if (named) found = std::move(naming);
    const auto directly = [&](const Connect* connect) {
        const std::string command = command_of(*connect);
        return verb_leads_to(engine_verb(command), action_of(event)) == Leads::directly;
    };
    if (named && std::ranges::any_of(found, directly)) {
        std::erase_if(found, [&](const Connect* connect) { return !directly(connect); });
    }

    std::set<std::tuple<std::int64_t, std::int64_t, std::uint64_t, std::string>> people;
    std::vector<Connect> whole;
    for (const Connect* connect : found) whole.push_back(with_login(*connect));
    for (const Connect& one : whole) people.emplace(one.loginuid, one.session, one.uid, one.container);
    if (people.size() > 1) {
        std::string who;
        for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 8); ++i) {
            const AccessChain one = from(whole[i], {});
            who += fmt::format("{}{} (process {} {})", i == 0 ? "" : ", ", one.person, one.pid, one.exe);
        }
        nobody.links.push_back(
            {fmt::format("{} processes of different people may have asked: {}", found.size(), who), Strength::unknown});
        return nobody;
    }

    const Connect& best = whole.back();
    const std::string command = command_of(best);
    AccessChain result = from(best, command);
    const std::string basis = named              ? "its command line names it"
                              : found.size() > 1 ? fmt::format("one of {} processes of the same login", found.size())
                                                 : "no other process that could have asked is known";
    result.links.push_back({fmt::format("it {} {} {} later: {}", best.itself ? "did" : "asked for", action_of(event),
                                        in_words(time - best.time), basis),
                            Strength::inferred});
    result.links.push_back(
        {fmt::format("the engine did it to container {}: its own event",
                     event.text("container.name").empty() ? event.text("docker.id") : event.text("container.name")),
         Strength::proved});
    result.strength = Strength::inferred;
    for (const Link& link : result.links) result.strength = std::max(result.strength, link.strength);
    return result;
}

}  // namespace plimsoll::enrich
