// The process: proc, thread. Its ancestors are in fields_ancestors.cpp.

#include <sys/stat.h>

#include <algorithm>

#include "sensor/fields.h"
#include "sensor/names_flags.h"

namespace plimsoll::sensor {

namespace {

using model::Reading;

constexpr std::string_view kNotFollowed = "descriptors are not followed from call to call";
constexpr std::string_view kNotCounted = "the sensor does not measure what processes use";
constexpr std::string_view kNoEnvironment = "the environment was not asked for";
constexpr std::string_view kLayerUnknown = "the program began before the sensor: which layer it lies in was not seen";

Reading unseen(const EventView& v) { return v.process == nullptr ? Reading::missing() : Reading::cannot_know(kUnseen); }

/// What `give` tells of the process's program.
template <typename Tell>
Reading of_program(EventView& v, Tell tell) {
    const Program* const runs = v.program();
    return runs == nullptr ? unseen(v) : tell(*runs);
}

template <typename Tell>
Reading of_task(EventView& v, Tell tell) {
    return v.knows_task() ? tell(v.process->task) : unseen(v);
}

Reading cmdline(EventView& v, const Process& process) {
    if (process.program != nullptr && process.comm == process.program->comm) return v.text(process.program->cmdline);
    std::string& out = v.builder();
    write_cmdline(process, out);
    return v.kept(out);
}

Reading exeline(EventView& v, std::string_view) {
    return of_program(v, [&](const Program& p) {
        std::string& out = v.builder();
        out.append(p.exe);
        if (!p.args.empty()) out.append(" ").append(p.args);
        return v.kept(out);
    });
}

/// Falco ends it with a slash.
Reading cwd(EventView& v, std::string_view) {
    std::string_view path;
    if (v.process != nullptr && !v.process->cwd.empty())
        path = v.process->cwd;
    else if (v.program() != nullptr)
        path = v.program()->cwd;
    if (path.empty()) return unseen(v);
    if (path.ends_with('/')) return v.text(path);
    std::string& out = v.builder();
    out.append(path).append("/");
    return v.kept(out);
}

Reading wall(EventView& v, std::uint64_t boot_time) {
    return v.number(static_cast<std::uint64_t>(static_cast<Nanoseconds>(boot_time) + v.around.boot_offset));
}

Reading layer(EventView& v, bool (*holds)(std::uint8_t)) {
    return of_program(v, [&](const Program& p) {
        if (p.file.layer == WIRE_LAYER_UNKNOWN) return Reading::cannot_know(kLayerUnknown);
        return v.truth(holds(p.file.layer));
    });
}

Reading writable(EventView& v, std::string_view) {
    const WireCredentials* const who = v.credentials();
    if (who == nullptr) return unseen(v);
    return of_program(v, [&](const Program& p) {
        constexpr std::uint64_t kDacOverride = 2;
        const std::uint32_t mode = p.file.mode;
        const bool can = (who->effective & kDacOverride) != 0 || (who->fsuid == p.file.uid   ? (mode & 0200U) != 0
                                                                  : who->fsgid == p.file.gid ? (mode & 020U) != 0
                                                                                             : (mode & 02U) != 0);
        return v.truth(can);
    });
}

Reading environment(EventView& v, std::string_view name) {
    return of_program(v, [&](const Program& p) {
        if (!p.environment_known) return Reading::cannot_know(kNoEnvironment);
        if (!name.empty()) {
            for (const std::string_view each : p.environment)
                if (each.starts_with(name) && each.size() > name.size() && each[name.size()] == '=')
                    return v.text(each.substr(name.size() + 1));
            return Reading::missing();
        }
        std::string& out = v.builder();
        for (const std::string_view each : p.environment) {
            if (!out.empty()) out += ' ';
            out += each;
        }
        return v.kept(out);
    });
}

/// The first process of the pid namespace, among the ancestors.
const Process* namespace_init(const Process* process) {
    const std::uint32_t space = process == nullptr ? 0 : process->task.pid_namespace;
    for (; process != nullptr && space != 0; process = process->parent.get())
        if (process->task.pid_namespace == space && process->task.ns_pid == 1) return process;
    return nullptr;
}

Reading namespace_age(EventView& v, std::string_view) {
    const Process* const init = namespace_init(v.process);
    if (init == nullptr) return unseen(v);
    return of_program(v, [&](const Program& p) {
        const auto start = init->key.start + static_cast<std::uint64_t>(v.around.boot_offset);
        return v.number(start > p.file.ctime ? start - p.file.ctime : 0);
    });
}

Reading arguments(EventView& v, const Program& p) {
    const std::size_t count = p.arguments.empty() ? 0 : p.arguments.size() - 1;
    const auto out = v.scratch.values(count);
    for (std::size_t i = 0; i < count; ++i) out[i] = p.arguments[i + 1];
    return Reading::of(out);
}

std::uint64_t argument_bytes(const Program& p) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 1; i < p.arguments.size(); ++i) bytes += p.arguments[i].size();
    return bytes;
}

/// The engine's health check runs it: the process, or one it descends from in the same session.
bool is_health_check(const Process* process) {
    if (process == nullptr || process->container == nullptr || process->container->health_command.empty()) return false;
    const std::string_view wanted = process->container->health_command;
    const Container* const container = process->container.get();
    for (; process != nullptr && process->container.get() == container; process = process->parent.get()) {
        if (!process->exec_session || process->program == nullptr) continue;
        const Program& p = *process->program;
        if (p.exe.size() + (p.args.empty() ? 0 : 1 + p.args.size()) == wanted.size() && wanted.starts_with(p.exe) &&
            wanted.ends_with(p.args))
            return true;
        if (p.args.starts_with("-c ") && p.args.substr(3) == wanted) return true;
    }
    return false;
}

template <std::uint64_t WireCredentials::*Mask>
Reading capabilities(EventView& v, std::string_view) {
    const WireCredentials* const who = v.credentials();
    if (who == nullptr) return unseen(v);
    std::string& out = v.builder();
    write_capabilities(who->*Mask, out);
    return v.kept(out);
}

template <std::uint32_t WireTask::*Member>
Reading task_integer(EventView& v, std::string_view) {
    return of_task(v, [&](const WireTask& task) { return v.integer(task.*Member); });
}

template <std::string_view Program::*Member>
Reading program_text(EventView& v, std::string_view) {
    return of_program(v, [&](const Program& p) { return v.text(p.*Member); });
}

Reading not_counted(EventView&, std::string_view) { return Reading::cannot_know(kNotCounted); }
Reading not_followed(EventView&, std::string_view) { return Reading::cannot_know(kNotFollowed); }

/// As the thread's own pid namespace numbers it.
Reading vtid(EventView& v, std::string_view) {
    if (!v.knows_task()) return unseen(v);
    const WireTask& task = v.process->task;
    if (v.raw.head->tid == v.raw.head->pid) return v.integer(task.ns_pid);
    if (task.ns_pid == v.raw.head->pid) return v.integer(v.raw.head->tid);
    return Reading::cannot_know("only processes are numbered by their own pid namespace here, not threads");
}

constexpr auto kRows = std::to_array<FieldRow>({
    {"proc.pid", [](EventView& v, std::string_view) { return v.integer(v.raw.head->pid); }},
    {"proc.exe", program_text<&Program::exe>},
    {"proc.name",
     [](EventView& v, std::string_view) {
         return v.process == nullptr ? Reading::missing() : v.text(v.process->comm);
     }},
    {"proc.args", program_text<&Program::args>},
    {"proc.cmdline",
     [](EventView& v, std::string_view) {
         return v.process == nullptr ? Reading::missing() : cmdline(v, *v.process);
     }},
    {"proc.exeline", exeline},
    {"proc.script",
     [](EventView& v, std::string_view) {
         return v.program() == nullptr ? Reading::missing() : v.text_if(v.program()->script);
     }},
    {"proc.cwd", cwd},
    {"proc.nthreads", [](EventView& v, std::string_view) {
         return of_task(v, [&](const WireTask& task) { return v.number(task.threads); });
     }},
    {"proc.nchilds", not_counted},
    {"proc.duration",
     [](EventView& v, std::string_view) {
         if (v.process == nullptr) return Reading::missing();
         const std::uint64_t now = v.raw.head->time;
         return v.number(now > v.process->key.start ? now - v.process->key.start : 0);
     }},
    {"proc.fdopencount", not_followed},
    {"proc.fdlimit", not_followed},
    {"proc.fdusage", not_followed},
    {"proc.vmsize", not_counted},
    {"proc.vmrss", not_counted},
    {"proc.vmswap", not_counted},
    {"proc.sid", task_integer<&WireTask::ns_session>},
    {"proc.vpgid", task_integer<&WireTask::ns_group>},
    {"proc.pgid", task_integer<&WireTask::group>},
    {"proc.exepath", program_text<&Program::exepath>},
    {"proc.vpid", task_integer<&WireTask::ns_pid>},
    {"proc.pvpid", task_integer<&WireTask::ns_parent>},
    {"proc.is_sid_leader",
     [](EventView& v, std::string_view) {
         return of_task(v, [&](const WireTask& task) { return v.truth(task.ns_session == task.ns_pid); });
     }},
    {"proc.is_vpgid_leader",
     [](EventView& v, std::string_view) {
         return of_task(v, [&](const WireTask& task) { return v.truth(task.ns_group == task.ns_pid); });
     }},
    {"proc.is_pgid_leader",
     [](EventView& v, std::string_view) {
         return of_task(v, [&](const WireTask& task) { return v.truth(task.group == v.process->key.pid); });
     }},
    {"proc.is_exe_writable", writable},
    {"proc.is_exe_upper_layer",
     [](EventView& v, std::string_view) {
         return layer(v, [](std::uint8_t of) { return of == WIRE_UPPER || of == WIRE_COPIED_UP; });
     }},
    {"proc.is_exe_lower_layer",
     [](EventView& v, std::string_view) { return layer(v, [](std::uint8_t of) { return of == WIRE_LOWER; }); }},
    {"proc.is_exe_from_memfd",
     [](EventView& v, std::string_view) {
         return of_program(v, [&](const Program& p) { return v.truth((p.flags & WIRE_MEMFD) != 0); });
     }},
    {"proc.is_container_healthcheck",
     [](EventView& v, std::string_view) { return v.truth(is_health_check(v.process)); }},
    {"proc.is_container_liveness_probe", [](EventView& v, std::string_view) { return v.truth(false); }},
    {"proc.is_container_readiness_probe", [](EventView& v, std::string_view) { return v.truth(false); }},
    {"proc.exe_ino",
     [](EventView& v, std::string_view) {
         return of_program(v, [&](const Program& p) { return v.number(p.file.inode); });
     }},
    {"proc.exe_ino.ctime",
     [](EventView& v, std::string_view) {
         return of_program(v, [&](const Program& p) { return v.number(p.file.ctime); });
     }},
    {"proc.exe_ino.mtime",
     [](EventView& v, std::string_view) {
         return of_program(v, [&](const Program& p) { return v.number(p.file.mtime); });
     }},
    {"proc.exe_ino.ctime_duration_proc_start",
     [](EventView& v, std::string_view) {
         return of_program(v, [&](const Program& p) {
             const auto start = v.process->key.start + static_cast<std::uint64_t>(v.around.boot_offset);
             return v.number(start > p.file.ctime ? start - p.file.ctime : 0);
         });
     }},
    {"proc.exe_ino.ctime_duration_pidns_start", namespace_age},
    {"proc.pidns_init_start_ts",
     [](EventView& v, std::string_view) {
         const Process* const init = namespace_init(v.process);
         return init == nullptr ? unseen(v) : wall(v, init->key.start);
     }},
    {"proc.tty", [](EventView& v, std::string_view) {
         return of_task(v, [&](const WireTask& task) { return v.number(task.tty); });
     }},
    {"proc.pid.ts",
     [](EventView& v, std::string_view) {
         return v.process == nullptr ? Reading::missing() : wall(v, v.process->key.start);
     }},
    {"proc.stdin.type", not_followed},
    {"proc.stdout.type", not_followed},
    {"proc.stderr.type", not_followed},
    {"proc.stdin.name", not_followed},
    {"proc.stdout.name", not_followed},
    {"proc.stderr.name", not_followed},
    {"proc.env", environment},
    {"proc.cmdnargs",
     [](EventView& v, std::string_view) {
         return of_program(
             v, [&](const Program& p) { return v.number(p.arguments.empty() ? 0 : p.arguments.size() - 1); });
     }},
    {"proc.cmdlenargs",
     [](EventView& v, std::string_view) {
         return of_program(v, [&](const Program& p) { return v.number(argument_bytes(p)); });
     }},
    {"proc.pcmdlenargs",
     [](EventView& v, std::string_view) {
         const Process* const parent = v.process == nullptr ? nullptr : v.process->parent.get();
         return parent == nullptr || parent->program == nullptr ? Reading::missing()
                                                                : v.number(argument_bytes(*parent->program));
     }},
    {"proc.cmdlineargs",
     [](EventView& v, std::string_view) { return of_program(v, [&](const Program& p) { return arguments(v, p); }); }},
    {"proc.pcmdlineargs",
     [](EventView& v, std::string_view) {
         const Process* const parent = v.process == nullptr ? nullptr : v.process->parent.get();
         return parent == nullptr || parent->program == nullptr ? Reading::missing() : arguments(v, *parent->program);
     }},
    {"thread.tid", [](EventView& v, std::string_view) { return v.integer(v.raw.head->tid); }},
    {"thread.pexectime", not_counted},
    {"thread.exectime", not_counted},
    {"thread.totexectime", not_counted},
    {"thread.cgroups", not_counted},
    {"thread.cgroup", not_counted},
    {"thread.vtid", vtid},
    {"thread.ismain",
     [](EventView& v, std::string_view) { return v.truth(v.raw.head->tid == v.raw.head->pid); }},
    {"thread.vmsize", not_counted},
    {"thread.vmrss", not_counted},
    {"thread.cpu", not_counted},
    {"thread.cpu.user", not_counted},
    {"thread.cpu.system", not_counted},
    {"thread.nametid",
     [](EventView& v, std::string_view) {
         if (v.process == nullptr) return Reading::missing();
         std::string& out = v.builder();
         out.append(v.process->comm).append(std::to_string(v.raw.head->tid));
         return v.kept(out);
     }},
    {"thread.vmsize.b", not_counted},
    {"thread.vmrss.b", not_counted},
    {"thread.cap_permitted", capabilities<&WireCredentials::permitted>},
    {"thread.cap_inheritable", capabilities<&WireCredentials::inheritable>},
    {"thread.cap_effective", capabilities<&WireCredentials::effective>},
});

}  // namespace

void write_cmdline(const Process& process, std::string& out) {
    out.append(process.comm);
    if (process.program != nullptr && !process.program->args.empty()) out.append(" ").append(process.program->args);
}

std::span<const FieldRow> process_fields() { return kRows; }

}  // namespace plimsoll::sensor
