#include "source/engine/exec_sessions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/secret_mask.h"
#include "base/text.h"
#include "host/process.h"
#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

constexpr std::size_t kMostCommand = 16 * 1024;

/// Where the script of `sh -c SCRIPT` begins; 0 for another command.
std::size_t script_begin(std::string_view text) {
    const std::string_view program = text.substr(0, text.find(' '));
    const std::string_view name = program.substr(program.rfind('/') + 1);
    if (name != "sh" && name != "bash" && name != "dash" && name != "ash" && name != "zsh") return 0;
    const std::string_view rest = text.substr(program.size());
    return rest.starts_with(" -c ") ? program.size() + 4 : 0;
}

/// Masks first and cuts then: the beginning of a secret is one too.
void keep_command(std::string plain, std::string masked, const SecretMasker& masker, ExecSession& session) {
    session.command = bounded(masked, kMostCommand);
    session.plain = bounded(plain, kMostCommand);
    session.masked.clear();
    for (const std::string_view rule : masker.found()) session.masked.emplace_back(rule);
}

}  // namespace

void read_command(std::string_view text, ExecSession& session, bool mask) {
    SecretMasker masker;
    const auto hidden = [&](std::string_view words, bool one) {
        auto found = !mask ? std::nullopt : one ? masker.argument(words) : masker.text(words);
        return found ? std::move(*found) : std::string(words);
    };
    // `sh -c SCRIPT`: all that follows is one argument, whose words are commands again.
    const std::size_t script = script_begin(text);
    std::string masked;
    if (script == 0) {
        masked = hidden(text, false);
    } else {
        for (const std::string_view word : split(text.substr(0, script - 1), ' ')) masked += hidden(word, true) + " ";
        masked += hidden(text.substr(script), true);
    }
    keep_command(std::string(text), std::move(masked), masker, session);
}

bool runs(const ExecSession& session, std::string_view command) {
    if (!session.plain.empty() || session.masked.empty()) {
        return (session.plain.empty() ? session.command : session.plain) == command;
    }
    ExecSession other;  // what was read back from a file has no secrets any more
    read_command(command, other, true);
    return other.command == session.command;
}

ExecSession* ExecSessions::find(std::string_view container, std::string_view id) {
    const auto found = std::ranges::find_if(sessions_, [&](const ExecSession& session) {
        return session.container == container && (id.empty() || session.id == id);
    });
    return found == sessions_.end() ? nullptr : &*found;
}

ExecSession& ExecSessions::open(ExecSession session, std::vector<ExecSession>& given_up) {
    if (sessions_.size() >= kMost) {
        given_up.push_back(std::move(sessions_.front()));
        sessions_.pop_front();
    }
    return sessions_.emplace_back(std::move(session));
}

std::optional<ExecSession> ExecSessions::close(std::string_view container, std::string_view id) {
    ExecSession* found = find(container, id);
    if (found == nullptr) return std::nullopt;
    ExecSession out = std::move(*found);
    sessions_.erase(sessions_.begin() +
                    (std::ranges::find(sessions_, found, [](auto& one) { return &one; }) - sessions_.begin()));
    return out;
}

std::vector<ExecSession> ExecSessions::close_all(std::string_view container) {
    std::vector<ExecSession> out;
    std::erase_if(sessions_, [&](ExecSession& session) {
        if (!container.empty() && session.container != container) return false;
        out.push_back(std::move(session));
        return true;
    });
    return out;
}

void read_exec(const Json& answer, ExecSession& session, bool mask) {
    const Json process = answer["ProcessConfig"];
    if (!process.is_object()) return;
    SecretMasker masker;
    std::string plain;
    std::string masked;
    const auto add = [&](std::string_view word) {
        const std::optional<std::string> hidden = mask ? masker.argument(word) : std::nullopt;
        plain.append(word);
        masked.append(hidden ? std::string_view(*hidden) : word);
    };
    add(process["entrypoint"].text_or(""));
    process["arguments"].each([&](Json word) {
        if (plain.size() >= kMostCommand) return;
        plain += ' ';
        masked += ' ';
        add(word.text_or(""));
    });
    if (!plain.empty()) keep_command(std::move(plain), std::move(masked), masker, session);
    session.user = bounded(process["user"].text_or(""), 256);
    session.tty = process["tty"].truth_or(false);
    session.privileged = process["privileged"].truth_or(false);
    session.unread.clear();
    if (const auto pid = answer["Pid"].integer().value_or(0); pid > 0) {
        session.pid = pid;
        session.pid_unknown.clear();
    }
    if (!answer["Running"].truth_or(true) && !session.exit_code) session.exit_code = answer["ExitCode"].integer();
}

void read_vpid(ExecSession& session) {
    if (session.pid <= 0 || session.vpid > 0) return;
    const auto process = host::read_process({}, static_cast<pid_t>(session.pid), host::kStatus | host::kCgroups);
    if (!process || !*process || !(*process)->status || !(*process)->cgroups) return;
    const bool belongs = std::ranges::any_of(*(*process)->cgroups, [&](const host::CgroupMembership& membership) {
        return membership.path.find(session.container) != std::string::npos;
    });
    if (!belongs) {
        session.vpid_unknown = "its process id belongs to another process by now, or to another machine's";
        return;
    }
    const auto& pids = (*process)->status->namespace_thread_groups;
    if (pids.empty()) return;
    session.vpid = pids.back();
    session.vpid_unknown.clear();
}

bool never_ran(const ExecSession& session) {
    // Engines give 126 or 127 as a shell would, or 125 and 128 for other reasons; what ran had a process id.
    return session.pid == 0 && session.ended == 0 && session.exit_code && *session.exit_code >= 125 &&
           *session.exit_code <= 128;
}

void describe(const ExecSession& session, model::Event& event) {
    if (session.id.empty())
        event.unknown("exec.id", "the engine's events do not name the session");
    else
        event.set("exec.id", session.id);
    if (!session.masked.empty()) event.set_list("audit.masked", session.masked);
    if (!session.command.empty())
        event.set("exec.command", session.command);
    else
        event.unknown("exec.command", session.unread.empty() ? "the engine does not say" : session.unread);
    if (session.unread.empty()) {
        event.set("exec.user", session.user);
        event.set("exec.tty", session.tty);
        event.set("exec.privileged", session.privileged);
    } else {
        event.unknown("exec.user", session.unread);
        event.unknown("exec.tty", session.unread);
        event.unknown("exec.privileged", session.unread);
    }
    event.set("exec.healthcheck", session.health);
    if (session.exit_code) event.set_number("exec.exit_code", *session.exit_code);
    if (session.failed) return;  // no process, no time in which it ran
    if (session.pid > 0)
        event.set_number("exec.pid", session.pid);
    else
        event.unknown("exec.pid", session.pid_unknown);
    if (session.vpid > 0)
        event.set_number("exec.vpid", session.vpid);
    else
        event.unknown("exec.vpid", session.pid > 0 ? session.vpid_unknown : session.pid_unknown);
    if (session.started > 0) event.set_number("exec.start_ts", session.started);
    if (session.started > 0 && session.ended >= session.started)
        event.set_number("exec.duration", session.ended - session.started);
}

model::Event session_record(const ExecSession& session, const Inventory::Container& container,
                            std::string_view outcome) {
    const Nanoseconds last = std::max(session.created, session.started);
    model::Event event(session.ended > 0 ? session.ended : last);
    if (container) describe(*container, event);
    event.set("container.full_id", session.container);
    event.set("container.id", std::string_view(session.container).substr(0, 12));
    event.set("evt.type", session.failed ? "exec_failed" : "exec_session");
    event.set("evt.source", "docker");
    event.set("record.kind", "session");
    const std::string name = container && !container->name.empty() ? container->name : session.container.substr(0, 12);
    const std::string shown = shortened(printable(session.command), 160);
    event.set("record.summary", fmt::format("{} in {}: {}{}", session.health ? "health check" : "exec session",
                                            printable(name), shown.empty() ? "unknown command" : shown,
                                            outcome.empty() ? "" : fmt::format("; {}", outcome)));
    event.set("docker.type", "container");
    event.set("docker.id", session.container);
    describe(session, event);
    return event;
}

}  // namespace plimsoll::source
