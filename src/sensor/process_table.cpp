#include "sensor/process_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <unordered_map>

#include "sensor/container_cgroups.h"
#include "sensor/event_writer.h"
#include "sensor/process_memory.h"
#include "sensor/process_pages.h"
#include "sensor/seed.h"

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kArgumentsWhenFull = 4096;     // bytes kept of a program when the text of all has used its room
constexpr std::size_t kArgumentsWhenVeryFull = 256;  // … and half as much again
constexpr std::size_t kAncestorsWhenFull = 2;
constexpr std::uint16_t kChdir = 80;
constexpr std::uint16_t kFchdir = 81;

std::string_view text_of(const char (&comm)[16]) { return {comm, ::strnlen(comm, sizeof comm)}; }

std::string_view without_slash(std::string_view path) {
    return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

std::uint64_t hash_of(const ProcessKey& key) { return key.start * 0x9e3779b97f4a7c15ULL ^ key.pid; }

struct KeyHash {
    std::size_t operator()(const ProcessKey& key) const { return hash_of(key); }
};

}  // namespace

struct ProcessTable::State {
    ProcessTableLimits limits;
    std::shared_ptr<ProcessMemory> memory = std::make_shared<ProcessMemory>();
    ContainerCgroups cgroups;

    ProcessPages living;  ///< the newest of each number, ended ones too
    std::unordered_map<ProcessKey, std::shared_ptr<Process>, KeyHash> displaced;  ///< ended, their number used again
    std::deque<std::weak_ptr<Process>> ended;                                     ///< oldest first

    std::string proc;        ///< empty: not to be asked
    std::uint32_t hand = 0;  ///< number of the living one that had to make room last
    std::uint64_t forgotten = 0;
    std::uint64_t guessed = 0;
    std::uint64_t changes = 0;

    State(const Containers& of, ProcessTableLimits most) : limits(std::move(most)), cgroups(of) {}

    [[nodiscard]] std::size_t size() const { return living.size() + displaced.size(); }
    std::shared_ptr<Process> fresh() { return std::make_shared<CountedProcess>(memory); }

    /// Something that is told of the process became another one.
    void touch(Process& process) { process.changed = ++changes; }

    /// Whether the process is the one that began then; a start from /proc is made exact by the first event that has it.
    bool is_same(Process& process, std::uint64_t start) {
        if (process.key.start == start || start == 0) return true;
        if (!process.rough_start || process.key.start / tick() != start / tick()) return false;
        process.key.start = start;
        process.rough_start = false;
        touch(process);
        return true;
    }

    // Containers

    void place(Process& process, std::uint64_t cgroup, bool host) {
        process.cgroup = cgroup;
        touch(process);
        if (auto* const held = cgroups.find(cgroup)) return cgroups.enter(process, *held);
        process.container.reset();
        process.in_container = !host;
        process.exec_session = false;
        if (host || proc.empty()) return;
        const auto seen = read_seed(proc, process.key.pid, false);  // the kernel knows which; /proc may know it too
        // What /proc tells of the start is rounded.
        if (!seen || seen->container.empty() || process.key.start / tick() != seen->key.start / tick()) return;
        cgroups.found(cgroup, seen->container);
        if (auto* const held = cgroups.find(cgroup)) cgroups.enter(process, *held);
    }

    // Programs

    std::size_t argument_room() const {
        if (memory->text < limits.most_text_bytes) return limits.most_argument_bytes;
        const bool very = memory->text >= limits.most_text_bytes + limits.most_text_bytes / 2;
        return std::min(limits.most_argument_bytes, very ? kArgumentsWhenVeryFull : kArgumentsWhenFull);
    }

    std::shared_ptr<CountedProgram> program(ProgramWords words) {
        while (memory->text >= limits.most_text_bytes && forget_oldest()) {
        }
        const bool full = memory->text >= limits.most_text_bytes;
        words.most_argument_bytes = argument_room();
        if (full) words.env = {};
        words.environment = limits.environment;
        auto made = std::make_shared<CountedProgram>(memory);
        set_words(*made, words);
        made->counted = sizeof(CountedProgram) + made->text.capacity() +
                        (made->arguments.capacity() + made->environment.capacity()) * sizeof(std::string_view);
        memory->text += made->counted;
        return made;
    }

    // Processes

    /// Hangs the process below its parent, and lets go of ancestors that are too many.
    void hang(Process& process, std::shared_ptr<Process> parent) {
        process.parent = std::move(parent);
        touch(process);
        const std::size_t most =
            memory->processes > limits.most + limits.most / 4 ? kAncestorsWhenFull : limits.most_ancestors;
        Process* each = process.parent.get();
        for (std::size_t n = 1; each != nullptr; ++n, each = each->parent.get()) {
            if (n < most || each->ended == 0) continue;
            each->parent.reset();
            touch(*each);
            return;
        }
    }

    void remember(const std::shared_ptr<Process>& process) {
        while (size() >= limits.most && make_room()) {
        }
        auto before = living.put(process->key.pid, process);
        if (before == nullptr) return;
        if (before->ended == 0) {  // its end was lost
            before->ended = process->key.start;
            ended.push_back(before);
        }
        displaced.emplace(before->key, std::move(before));
    }

    void drop(const Process& process) {
        if (living.find(process.key.pid) == &process) return living.remove(process.key.pid);
        displaced.erase(process.key);
    }

    bool forget_oldest() {
        while (!ended.empty()) {
            const auto oldest = ended.front().lock();
            ended.pop_front();
            if (oldest == nullptr) continue;
            ++forgotten;
            drop(*oldest);
            return true;
        }
        return false;
    }

    /// The oldest ended one goes; where none has ended, one that lives and can be read again.
    bool make_room() {
        if (forget_oldest()) return true;
        hand = living.next(hand + 1);
        if (hand == 0) hand = living.next(1);
        if (hand == 0) return false;
        ++forgotten;
        living.remove(hand);
        return true;
    }

    void expire(std::uint64_t now) {
        for (std::size_t n = 0; n < 2 && !ended.empty(); ++n) {
            const auto oldest = ended.front().lock();
            if (oldest != nullptr && oldest->ended + limits.remembered > now) return;
            ended.pop_front();
            if (oldest != nullptr) drop(*oldest);
        }
    }

    std::shared_ptr<Process> known(std::uint32_t pid, std::uint64_t start) {
        if (pid == 0 || pid >= ProcessPages::kMostPid) return nullptr;
        Process* const newest = living.find(pid);
        if (newest != nullptr && is_same(*newest, start)) return living.share(pid);
        if (displaced.empty()) return nullptr;
        const auto older = displaced.find(ProcessKey{pid, start});
        return older == displaced.end() ? nullptr : older->second;
    }

    /// Known, or read from /proc.
    std::shared_ptr<Process> ancestor(std::uint32_t pid, std::uint64_t start, std::size_t depth = 0) {
        if (auto found = known(pid, start)) return found;
        if (proc.empty() || pid == 0 || pid >= ProcessPages::kMostPid || depth > limits.most_ancestors) return nullptr;
        const auto seen = read_seed(proc, pid, wants_environment());
        if (!seen || (start != 0 && seen->key.start / tick() != start / tick())) return nullptr;
        return adopt(*seen, start, depth);
    }

    [[nodiscard]] bool wants_environment() const { return !limits.environment.empty(); }

    /// Makes a process of what /proc shows.
    std::shared_ptr<Process> adopt(const SeededProcess& seen, std::uint64_t start, std::size_t depth) {
        auto process = fresh();
        process->key = seen.key;
        process->rough_start = start == 0;
        if (start != 0) process->key.start = start;
        process->task = seen.task;
        process->credentials = seen.credentials;
        process->credentials_known = true;
        process->comm = seen.comm;
        auto runs = program({.comm = seen.comm,
                             .argv = seen.argv,
                             .env = seen.environment,
                             .exepath = seen.exepath,
                             .cwd = without_slash(seen.cwd),
                             .environment_known = seen.environment_read});
        runs->file = seen.file;
        runs->flags |= seen.flags;
        process->program = std::move(runs);
        hang(*process, ancestor(seen.task.parent, 0, depth + 1));
        if (process->parent != nullptr) {
            process->task.parent_start = process->parent->key.start;
            process->task.ns_parent = process->parent->task.ns_pid;
        }
        remember(process);
        if (!seen.container.empty()) cgroups.enter(*process, cgroups.of(seen.container));
        touch(*process);
        return process;
    }

    static void take_parts(Process& process, const RawEvent& event) {
        if (event.task != nullptr) process.task = *event.task;
        if (event.credentials == nullptr) return;
        process.credentials = *event.credentials;
        process.credentials_known = true;
    }

    std::shared_ptr<Process> forked(const RawEvent& event) {
        const WireEvent& head = *event.head;
        const std::uint32_t parent_pid = event.task != nullptr ? event.task->parent : 0;
        auto parent = ancestor(parent_pid, event.task != nullptr ? event.task->parent_start : 0);
        auto process = known(head.pid, head.start);
        const bool again = process != nullptr;  // seeded already, or told twice
        if (!again) process = fresh();
        process->key = {head.pid, head.start};
        process->rough_start = event.has(WIRE_ROUGH);
        take_parts(*process, event);
        if (!again || process->comm.empty()) process->comm = text_of(head.comm);
        if (parent != nullptr && parent.get() != process.get()) {
            const auto maker = event.arguments == nullptr ? parent
                                                          : known(static_cast<std::uint32_t>(event.arguments->value[0]),
                                                                  event.arguments->value[1]);
            const Process& from = maker == nullptr ? *parent : *maker;
            if (process->program == nullptr) process->program = from.program;
            if (process->cwd.empty()) process->cwd = from.cwd;
            if (process->parent == nullptr && !descends(*parent, *process)) hang(*process, std::move(parent));
        }
        if (!again) remember(process);
        place(*process, head.cgroup, event.has(WIRE_HOST));
        return process;
    }

    /// A recording that was tampered with may say so; no process is its own ancestor.
    static bool descends(const Process& process, const Process& from) {
        for (const Process* each = &process; each != nullptr; each = each->parent.get())
            if (each == &from) return true;
        return false;
    }

    void executed(Process& process, const RawEvent& event) {
        const WireEvent& head = *event.head;
        take_parts(process, event);
        process.comm = text_of(head.comm);
        const std::string_view cwd = event.has(WIRE_CWD)          ? event.string(WIRE_CWD)
                                     : !process.cwd.empty()       ? std::string_view(process.cwd)
                                     : process.program != nullptr ? process.program->cwd
                                                                  : std::string_view();
        auto runs = program({.comm = process.comm,
                             .argv = event.string(WIRE_ARGV),
                             .env = event.string(WIRE_ENV),
                             .exepath = event.string(WIRE_EXE),
                             .cwd = without_slash(cwd),
                             .script = event.string(WIRE_SCRIPT),
                             .environment_known = event.has(WIRE_ENV)});
        runs->flags |= head.flags & (WIRE_MEMFD | WIRE_DELETED | WIRE_CUT);
        runs->began = head.time;
        if (event.task != nullptr) runs->mount_namespace = event.task->mount_namespace;
        if (event.file != nullptr) runs->file = *event.file;
        process.program = std::move(runs);
        process.cwd.clear();
        touch(process);
    }

    /// A process that no event told of: /proc's word where it lives, else what this event shows.
    std::shared_ptr<Process> guess(const RawEvent& event) {
        const WireEvent& head = *event.head;
        ++guessed;
        if (!proc.empty()) {
            const auto seen = read_seed(proc, head.pid, wants_environment());
            if (seen && seen->key.start / tick() == head.start / tick()) return adopt(*seen, head.start, 0);
        }
        auto process = fresh();
        process->key = {head.pid, head.start};
        take_parts(*process, event);
        process->comm = text_of(head.comm);
        if (event.task != nullptr) hang(*process, ancestor(event.task->parent, event.task->parent_start));
        remember(process);
        touch(*process);
        return process;
    }

    void moved(Process& process, const WireEvent& head) {
        const bool host = (head.flags & WIRE_HOST) != 0;
        const bool lacks = !host && process.container == nullptr && cgroups.find(head.cgroup) != nullptr;
        if (process.cgroup != head.cgroup || lacks) place(process, head.cgroup, host);
        if (process.container != nullptr && process.told != cgroups.told()) {
            const auto before = process.container;
            cgroups.refresh(process);
            if (process.container != before) touch(process);
        }
        if (host) process.told = cgroups.told();
    }
};

ProcessTable::ProcessTable(const Containers& containers, ProcessTableLimits limits)
    : state_(std::make_unique<State>(containers, std::move(limits))) {}
ProcessTable::~ProcessTable() = default;

const Process* ProcessTable::take(const RawEvent& event) {
    State& s = *state_;
    const WireEvent& head = *event.head;
    s.cgroups.notice_news();
    switch (head.kind) {
        case WIRE_CGROUP_MADE: s.cgroups.made(event); break;
        case WIRE_CGROUP_GONE: s.cgroups.gone(head.cgroup); return nullptr;
        default: break;
    }
    if (head.pid == 0 || head.pid >= ProcessPages::kMostPid) return nullptr;
    if (head.kind == WIRE_CGROUP_MADE) return s.known(head.pid, head.start).get();  // the table holds it
    if (head.kind == WIRE_FORK) {
        s.expire(head.time);
        return s.forked(event).get();
    }
    Process* process = s.living.find(head.pid);
    if (process == nullptr || !s.is_same(*process, head.start)) {
        auto found = s.known(head.pid, head.start);
        if (found == nullptr) found = s.guess(event);
        process = found.get();  // the table holds it
    }
    if (head.cgroup != process->cgroup || process->told != s.cgroups.told()) s.moved(*process, head);
    switch (head.kind) {
        case WIRE_EXEC: s.executed(*process, event); break;
        case WIRE_EXIT:
            if (process->ended == 0) {
                process->ended = std::max<std::uint64_t>(head.time, 1);
                if (auto shared = s.known(head.pid, head.start)) s.ended.push_back(std::move(shared));
            }
            s.expire(head.time);
            break;
        case WIRE_CREDENTIALS:
            // A thread that changes its own (glibc changes all of them) leaves the process what it was.
            if (event.credentials != nullptr && (head.flags & WIRE_THREAD) == 0) {
                process->credentials = *event.credentials;
                process->credentials_known = true;
                s.touch(*process);
            }
            break;
        case WIRE_CALL:
            if ((head.call == kChdir || head.call == kFchdir) && head.result == 0 && event.has(WIRE_PATH)) {
                process->cwd = without_slash(event.string(WIRE_PATH));
                s.touch(*process);
            }
            break;
        default: break;
    }
    return process;
}

void ProcessTable::seed(const std::string& proc) {
    State& s = *state_;
    s.proc = proc;
    s.cgroups.notice_news();
    for (const SeededCgroup& each : seed_cgroups(proc)) s.cgroups.found(each.number, each.container);
    for (const std::uint32_t pid : seed_pids(proc)) {
        if (s.living.find(pid) == nullptr) (void)s.ancestor(pid, 0);
    }
}

const Process* ProcessTable::find(std::uint32_t pid) const {
    const Process* const process = state_->living.find(pid);
    return process != nullptr && process->ended == 0 ? process : nullptr;
}

std::string_view ProcessTable::container_of(std::uint64_t cgroup) const {
    const auto* const held = state_->cgroups.find(cgroup);
    return held == nullptr ? std::string_view() : std::string_view(held->id);
}

std::vector<std::pair<std::uint64_t, std::string>> ProcessTable::cgroups() const { return state_->cgroups.all(); }

void ProcessTable::retell(const std::function<void(std::span<const std::byte>)>& put) const {
    EventWriter event;
    for (const auto& [number, id] : cgroups()) {
        event.start(WIRE_CGROUP_MADE);
        event.head.cgroup = number;
        event.add(WIRE_CONTAINER, id);
        put(event.finish());
    }
    std::vector<const Process*> order;
    state_->living.each([&](const std::shared_ptr<Process>& each) {
        if (each->ended == 0) order.push_back(each.get());
    });
    std::ranges::sort(order, {}, [](const Process* each) { return std::pair(each->key.start, each->key.pid); });
    for (const Process* each : order) {
        const auto begin = [&](WireKind kind, std::uint64_t time) {
            event.start(kind);
            event.head.time = time;
            event.head.pid = event.head.tid = each->key.pid;
            event.head.start = each->key.start;
            event.head.cgroup = each->cgroup;
            event.head.euid = each->credentials.euid;
            event.head.flags =
                static_cast<std::uint16_t>((each->in_container ? 0 : WIRE_HOST) | (each->rough_start ? WIRE_ROUGH : 0));
            event.name(each->comm);
            event.task = each->task;
            event.has_task = true;
            event.credentials = each->credentials;
            event.has_credentials = true;
        };
        begin(WIRE_FORK, each->key.start);
        put(event.finish());
        if (each->program == nullptr) continue;
        const Program& runs = *each->program;
        begin(WIRE_EXEC, std::max(each->key.start, runs.began));
        event.head.flags |= runs.flags;
        event.file = runs.file;
        event.has_file = true;
        event.add(WIRE_EXE, runs.exepath);
        event.add(WIRE_CWD, each->cwd.empty() ? runs.cwd : std::string_view(each->cwd));
        event.add_words(WIRE_ARGV, runs.arguments);
        if (runs.environment_known) event.add_words(WIRE_ENV, runs.environment);
        if (!runs.script.empty()) event.add(WIRE_SCRIPT, runs.script);
        put(event.finish());
    }
}

std::size_t ProcessTable::size() const { return state_->size(); }
std::size_t ProcessTable::text_bytes() const { return state_->memory->text; }
std::size_t ProcessTable::objects() const { return state_->memory->processes; }
std::uint64_t ProcessTable::forgotten() const { return state_->forgotten; }
std::uint64_t ProcessTable::guessed() const { return state_->guessed; }

}  // namespace plimsoll::sensor
