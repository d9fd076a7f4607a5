// Ancestors of the process, leaders of its session and group: proc.pname, proc.aname, proc.sname, …

#include <algorithm>

#include "host/number.h"
#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::Reading;
using model::Value;

constexpr std::size_t kMostAncestors = 1024;  // looked at

/// What is told of one process; nothing when that is not known.
using Tell = std::optional<Value> (*)(EventView&, const Process&);

std::optional<Value> pid(EventView&, const Process& process) { return static_cast<std::int64_t>(process.key.pid); }
std::optional<Value> comm(EventView&, const Process& process) { return std::string_view(process.comm); }

template <std::string_view Program::*Member>
std::optional<Value> text(EventView&, const Process& process) {
    if (process.program == nullptr) return std::nullopt;
    return (*process.program).*Member;
}

std::optional<Value> cmdline(EventView& v, const Process& process) {
    if (process.program != nullptr && process.comm == process.program->comm) return process.program->cmdline;
    std::string& out = v.builder();
    write_cmdline(process, out);
    return v.scratch.keep(out);
}

std::optional<Value> started(EventView& v, const Process& process) {
    return process.key.start + static_cast<std::uint64_t>(v.around.boot_offset);
}

std::optional<Value> age(EventView& v, const Process& process) {
    const std::uint64_t now = v.raw.head->time;
    return now > process.key.start ? now - process.key.start : std::uint64_t{0};
}

std::optional<Value> environment(EventView& v, const Process& process) {
    if (process.program == nullptr || !process.program->environment_known) return std::nullopt;
    std::string& out = v.builder();
    for (const std::string_view each : process.program->environment) {
        if (!out.empty()) out += ' ';
        out += each;
    }
    return v.scratch.keep(out);
}

Reading one(EventView& v, const Process* process, Tell tell) {
    if (process == nullptr) return Reading::missing();
    const auto told = tell(v, *process);
    return told ? v.value(*told) : Reading::cannot_know(kUnseen);
}

const Process* ancestor(const Process* process, std::size_t generation) {
    for (; process != nullptr && generation > 0; --generation) process = process->parent.get();
    return process;
}

/// With a number that ancestor (0 is the process itself), without one all of them, the parent first.
template <Tell tell>
Reading of_ancestors(EventView& v, std::string_view arg) {
    if (v.process == nullptr) return Reading::missing();
    if (!arg.empty()) {
        const auto generation = host::number<std::size_t>(arg);
        return generation ? one(v, ancestor(v.process, *generation), tell) : Reading::missing();
    }
    std::size_t count = 0;
    for (const Process* each = v.process->parent.get(); each != nullptr && count < kMostAncestors;
         each = each->parent.get())
        ++count;
    auto all = v.scratch.values(count);
    std::size_t told = 0;
    const Process* each = v.process->parent.get();
    for (std::size_t i = 0; i < count; ++i, each = each->parent.get())
        if (const auto value = tell(v, *each)) all[told++] = *value;
    return told == 0 ? Reading::missing() : Reading::of(all.first(told));
}

/// Up to the container's first process, or the first of the session: who started an engine is no matter of a
/// container's.
Reading names_inside(EventView& v, std::string_view) {
    if (v.process == nullptr) return Reading::missing();
    const auto next = [&](const Process* at) -> const Process* {
        const Process* const parent = at->parent.get();
        return parent != nullptr && parent->in_container == v.process->in_container &&
                       parent->container == v.process->container
                   ? parent
                   : nullptr;
    };
    std::size_t count = 0;
    for (const Process* each = next(v.process); each != nullptr && count < kMostAncestors; each = next(each)) ++count;
    if (count == 0) return Reading::missing();
    auto all = v.scratch.values(count);
    const Process* each = v.process;
    for (std::size_t i = 0; i < count; ++i) all[i] = std::string_view((each = next(each))->comm);
    return Reading::of(all);
}

template <Tell tell>
Reading of_parent(EventView& v, std::string_view) {
    return v.process == nullptr ? Reading::missing() : one(v, v.process->parent.get(), tell);
}

/// proc.aenv[2] is text, proc.aenv[NAME] the value that the nearest ancestor has.
Reading ancestors_environment(EventView& v, std::string_view arg) {
    if (arg.empty() || host::number<std::size_t>(arg)) return of_ancestors<environment>(v, arg);
    std::size_t looked = 0;
    for (const Process* each = v.process; each != nullptr && looked < kMostAncestors;
         each = each->parent.get(), ++looked) {
        if (each->program == nullptr) continue;
        for (const std::string_view variable : each->program->environment)
            if (variable.starts_with(arg) && variable.size() > arg.size() && variable[arg.size()] == '=')
                return v.text(variable.substr(arg.size() + 1));
    }
    return Reading::missing();
}

/// The leader itself where it is an ancestor, else the furthest ancestor that still belongs to it.
template <std::uint32_t WireTask::*Member>
const Process* leader(const EventView& v) {
    if (!v.knows_task()) return nullptr;
    const std::uint32_t wanted = v.process->task.*Member;
    if (wanted == 0) return nullptr;
    const Process* furthest = v.process;
    std::size_t looked = 0;
    for (const Process* each = v.process; each != nullptr && looked < kMostAncestors;
         each = each->parent.get(), ++looked) {
        if (each->key.pid == wanted) return each;
        if (each->task.*Member != wanted) break;
        furthest = each;
    }
    return furthest;
}

template <std::uint32_t WireTask::*Member, Tell tell>
Reading of_leader(EventView& v, std::string_view) {
    return one(v, leader<Member>(v), tell);
}

Reading parent_pid(EventView& v, std::string_view) {
    if (v.process == nullptr) return Reading::missing();
    if (v.process->parent != nullptr) return v.integer(v.process->parent->key.pid);
    return v.knows_task() ? v.integer(v.process->task.parent) : Reading::cannot_know(kUnseen);
}

/// Pid of the oldest shell among the ancestors.
Reading login_shell(EventView& v, std::string_view) {
    const Process* oldest = nullptr;
    std::size_t looked = 0;
    for (const Process* each = v.process; each != nullptr && looked < kMostAncestors;
         each = each->parent.get(), ++looked)
        if (each->comm.ends_with("sh")) oldest = each;
    return oldest == nullptr ? Reading::missing() : v.integer(oldest->key.pid);
}

constexpr auto kSession = &WireTask::session;
constexpr auto kGroup = &WireTask::group;

constexpr auto kRows = std::to_array<FieldRow>({
    {"proc.loginshellid", login_shell},
    {"proc.ppid", parent_pid},
    {"proc.pname", of_parent<comm>},
    {"proc.pcmdline", of_parent<cmdline>},
    {"proc.pexe", of_parent<text<&Program::exe>>},
    {"proc.pexepath", of_parent<text<&Program::exepath>>},
    {"proc.ppid.duration", of_parent<age>},
    {"proc.ppid.ts", of_parent<started>},
    {"proc.sname", of_leader<kSession, comm>},
    {"proc.sid.exe", of_leader<kSession, text<&Program::exe>>},
    {"proc.sid.exepath", of_leader<kSession, text<&Program::exepath>>},
    {"proc.vpgid.name", of_leader<kGroup, comm>},
    {"proc.vpgid.exe", of_leader<kGroup, text<&Program::exe>>},
    {"proc.vpgid.exepath", of_leader<kGroup, text<&Program::exepath>>},
    {"proc.pgid.name", of_leader<kGroup, comm>},
    {"proc.pgid.exe", of_leader<kGroup, text<&Program::exe>>},
    {"proc.pgid.exepath", of_leader<kGroup, text<&Program::exepath>>},
    {"proc.aenv", ancestors_environment},
    {"proc.apid", of_ancestors<pid>},
    {"proc.aname.inside", names_inside},
    {"proc.aname", of_ancestors<comm>},
    {"proc.aexe", of_ancestors<text<&Program::exe>>},
    {"proc.aexepath", of_ancestors<text<&Program::exepath>>},
    {"proc.acmdline", of_ancestors<cmdline>},
    {"proc.aargs", of_ancestors<text<&Program::args>>},
});

}  // namespace

std::span<const FieldRow> ancestor_fields() { return kRows; }

}  // namespace plimsoll::sensor
