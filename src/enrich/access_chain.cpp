// What the chain from a person to an act says.
#include <fmt/format.h>

#include "enrich/engine_access.h"

namespace plimsoll::enrich {

std::string_view to_text(Strength strength) {
    switch (strength) {
        case Strength::proved: return "proved";
        case Strength::inferred: return "inferred";
        case Strength::unknown: break;
    }
    return "unknown";
}

AccessChain EngineAccess::from(const Connect& connect, const std::string& command) const {
    AccessChain chain;
    chain.uid = connect.uid;
    chain.loginuid = connect.loginuid;
    chain.session = connect.session;
    chain.pid = connect.pid;
    chain.tty = connect.tty;
    chain.exe = connect.exe;
    chain.command = command;
    const std::string user =
        connect.user.empty() ? fmt::format("user {}", connect.uid) : fmt::format("{} ({})", connect.user, connect.uid);
    if (!connect.container.empty()) {
        chain.person = "container " + connect.container;
        chain.links.push_back(
            {fmt::format("process {} {} of container {}, {}{}", connect.pid, connect.exe, connect.container, user,
                         connect.request.empty() ? std::string(": kernel's audit record")
                                                 : ", asked " + connect.request.to_text() + ": seen in the kernel"),
             Strength::proved});
        return chain;
    }
    if (!connect.has_login) {
        chain.person = user;
        chain.links.push_back(
            {"whose login that is cannot be said: io_uring's own thread connected, and its record has none",
             Strength::unknown});
    } else if (connect.loginuid >= 0) {
        chain.person = connect.login.empty() ? fmt::format("user {}", connect.loginuid) : connect.login;
        chain.links.push_back({fmt::format("{} logged in (login uid {}, session {}): set at login, kept by the kernel",
                                           chain.person, connect.loginuid, connect.session),
                               Strength::proved});
        if (const auto login = logins_.find(connect.session); login != logins_.end()) {
            chain.address = login->second.address;
            if (chain.tty.empty()) chain.tty = login->second.tty;
            if (!chain.address.empty()) {
                chain.links.push_back(
                    {fmt::format("from {}: as {} told", chain.address, login->second.service), Strength::inferred});
            }
        }
    } else {
        chain.person = connect.user.empty() ? fmt::format("user {}", connect.uid) : connect.user;
        chain.links.push_back({fmt::format("no login: a service, or older than auditing; {}", user), Strength::proved});
    }
    if (connect.by_program)
        chain.links.push_back(
            {"the login is that of the start of its program: io_uring's own thread connected, whose "
             "record has none",
             Strength::inferred});
    chain.links.push_back(
        {connect.request.empty()
             ? fmt::format("process {} {} as {} {}: kernel's audit record", connect.pid, connect.exe, user,
                           connect.itself ? "was started, which needs no daemon" : "connected to the engine's socket")
             : fmt::format("process {} {} as {} asked {}: read by the engine from that process's connection, seen in "
                           "the kernel",
                           connect.pid, connect.exe, user, connect.request.to_text()),
         Strength::proved});
    return chain;
}

std::optional<AccessChain> EngineAccess::session_chain(std::string_view exec_id, const model::Event& process) const {
    const auto found = sessions_.find(std::string(exec_id));
    if (found == sessions_.end()) return std::nullopt;
    AccessChain chain = from(found->second, found->second.title);
    chain.links.push_back(
        {fmt::format("process {} {} is of exec session {}: the runtime that made it was started for it",
                     process.integer("proc.pid"), process.text("proc.exepath"), exec_id.substr(0, 12)),
         Strength::proved});
    chain.strength = Strength::proved;
    return chain;
}

void AccessChain::write(model::Event& event) const {
    event.set("who.strength", to_text(strength));
    std::vector<std::string> texts;
    for (const Link& link : links) texts.push_back(fmt::format("{}: {}", to_text(link.strength), link.text));
    event.set_list("who.links", texts);
    if (person.empty()) return;
    event.set("who.name", person);
    event.set_unsigned("who.uid", uid);
    event.set_number("who.loginuid", loginuid);
    event.set_number("who.session", session);
    event.set_number("who.pid", pid);
    if (!tty.empty()) event.set("who.tty", tty);
    if (!address.empty()) event.set("who.address", address);
    if (!exe.empty()) event.set("who.exe", exe);
    if (!command.empty()) event.set("who.command", command);
}

}  // namespace plimsoll::enrich
