#include "report/timeline_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace plimsoll::report {

namespace {

using model::Event;

constexpr std::size_t kMostCommand = 240;

std::string command_of(const Event& event) {
    std::string command(event.text("proc.exe"));
    if (const auto arguments = event.text("proc.args"); !arguments.empty()) command.append(" ").append(arguments);
    if (command.empty()) command = event.text("audit.title");
    return shortened(command, kMostCommand);
}

std::string user_of(const Event& event) {
    if (const auto name = event.text("user.name"); !name.empty()) return std::string(name);
    return event.has("user.uid") ? fmt::format("user {}", event.number("user.uid"))
                                 : std::string("a user that is not known");
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

/// The verb for calls that people know by what they do; the call's own name for others.
std::string_view verb_of(std::string_view call) {
    struct Verb {
        std::string_view call, verb;
    };
    static constexpr std::array kVerbs = {Verb{"open", "opened"},
                                          Verb{"openat", "opened"},
                                          Verb{"openat2", "opened"},
                                          Verb{"creat", "created"},
                                          Verb{"unlink", "removed"},
                                          Verb{"unlinkat", "removed"},
                                          Verb{"rmdir", "removed"},
                                          Verb{"rename", "renamed"},
                                          Verb{"renameat", "renamed"},
                                          Verb{"renameat2", "renamed"},
                                          Verb{"mkdir", "created"},
                                          Verb{"mkdirat", "created"},
                                          Verb{"chmod", "changed mode of"},
                                          Verb{"fchmodat", "changed mode of"},
                                          Verb{"fchmod", "changed mode of"},
                                          Verb{"chown", "changed owner of"},
                                          Verb{"fchownat", "changed owner of"},
                                          Verb{"lchown", "changed owner of"},
                                          Verb{"link", "linked"},
                                          Verb{"linkat", "linked"},
                                          Verb{"symlink", "linked"},
                                          Verb{"symlinkat", "linked"},
                                          Verb{"truncate", "truncated"},
                                          Verb{"mount", "mounted"},
                                          Verb{"umount2", "unmounted"},
                                          Verb{"connect", "connected to"},
                                          Verb{"bind", "bound"},
                                          Verb{"sendto", "sent to"},
                                          Verb{"sendmsg", "sent to"},
                                          Verb{"accept", "took a connection"},
                                          Verb{"accept4", "took a connection"},
                                          Verb{"ptrace", "traced"}};
    const auto found = std::ranges::find(kVerbs, call, &Verb::call);
    return found == kVerbs.end() ? call : found->verb;
}

/// What the call was about: a socket's address, else the paths that are no parents of others.
std::string object_of(const Event& event) {
    if (const auto address = event.text("audit.saddr"); !address.empty()) return std::string(address);
    if (const auto name = event.text("fd.name"); !name.empty()) return std::string(name);
    if (const auto target = event.text("fs.path.target"); !target.empty())
        return fmt::format("{} to {}", event.text("fs.path.source"), target);
    if (const auto name = event.text("fs.path.name"); !name.empty()) return std::string(name);
    const auto paths = event.read(model::FieldKey("audit.paths").id(), {}).values;
    return paths.empty() ? std::string() : model::to_text(paths.back());
}

/// How an opened file is to be used; empty for reading.
std::string_view use_of(const Event& event) {
    if (event.is_true("evt.is_open_create")) return " to make it";
    return event.is_true("evt.is_open_write") ? " to write" : "";
}

/// How a process ended, from its status as wait() gives it; empty for success.
std::string end_of(std::string_view text) {
    unsigned status = 0;
    std::from_chars(text.data(), text.data() + text.size(), status);
    if (const unsigned signal = status & 0x7fU; signal != 0) return fmt::format(", killed by signal {}", signal);
    return status == 0 ? std::string() : fmt::format(", exit code {}", status >> 8U & 0xffU);
}

/// How often it was done again: repetitions are told together.
std::string repeated(const Event& event) {
    const auto count = event.number("evt.count");
    return count > 1 ? fmt::format(", {} times more", count) : std::string();
}

}  // namespace

std::string asked_by(const Event& event) {
    const auto person = event.text("who.name");
    if (person.empty()) return {};
    std::string out(person);
    if (const auto address = event.text("who.address"); !address.empty()) out += fmt::format(" from {}", address);
    if (const auto tty = event.text("who.tty"); !tty.empty()) out += fmt::format(", on {}", tty);
    const auto command = event.text("who.command");
    if (!command.empty()) out += fmt::format(": {}", shortened(command, kMostCommand));
    if (const auto strength = event.text("who.strength"); !strength.empty()) out += fmt::format(" ({})", strength);
    return out;
}

Telling tell_process(const Event& event) {
    Telling out{.kind = "audit"};
    const bool sensed = event.text("evt.source") == "syscall";
    const auto call = sensed ? event.text("evt.type") : event.text("syscall.type");
    const bool failed = event.is_true("evt.failed");
    if (call == "request") {
        out.kind = "asked";
        out.text = std::string(event.text("record.summary"));
        return out;
    }
    if (is_one_of(call, {"cgroup_made", "cgroup_removed"})) {
        out.kind = "cgroup";
        out.tone = Tone::quiet;
        out.text = std::string(event.text("record.summary"));
        return out;
    }
    if (call == "procexit") {
        out.kind = "ended";
        out.tone = Tone::quiet;
        out.text = fmt::format("“{}”{}", command_of(event), end_of(event.text("evt.arg", "status")));
        return out;
    }
    if (is_one_of(call, {"execve", "execveat"})) {
        out.kind = "ran";
        out.text = fmt::format("“{}” as {}", command_of(event), user_of(event));
    } else if (!call.empty()) {
        const std::string program(event.text("proc.exepath").empty() ? event.text("proc.name")
                                                                     : event.text("proc.exepath"));
        const std::string object = object_of(event);
        out.kind = is_one_of(call, {"connect", "bind", "sendto", "accept", "accept4", "listen"}) ? "network" : "file";
        if (object.empty()) out.kind = "call";
        out.text = fmt::format("{} {}{}{}{}, as {}{}", program.empty() ? "a program" : program, verb_of(call),
                               object.empty() ? "" : " ", object, use_of(event), user_of(event), repeated(event));
        if (const auto name = event.text("dns.question.name"); !name.empty())
            out.text += fmt::format(", asking for {} ({})", name, event.text("dns.question.type"));
    } else {
        out.text = std::string(event.text("audit.type"));
        if (const auto op = event.text("audit.op"); !op.empty()) out.text += fmt::format(": {}", op);
        if (const auto op = event.text("audit.claim", "op"); !op.empty())
            out.text += fmt::format(", as a program claims: {}", op);
        if (const auto account = event.text("audit.claim", "acct"); !account.empty())
            out.text += fmt::format(" of {}", account);
    }
    if (failed) {
        const auto why = event.text("evt.res");
        out.text += why.empty() ? "; it failed" : fmt::format("; it failed: {}", why);
        out.tone = Tone::notice;
    }
    if (const auto why = event.text("audit.forged"); !why.empty()) {
        out.tone = Tone::severe;
        out.details.push_back(fmt::format("forged: {}", why));
    }
    if (const auto why = event.text("audit.incomplete"); !why.empty())
        out.details.push_back(fmt::format("incomplete: {}", why));
    return out;
}

}  // namespace plimsoll::report
