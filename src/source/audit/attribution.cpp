#include "source/audit/attribution.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/time.h"
#include "host/container_cgroups.h"
#include "host/process.h"
#include "model/image_name.h"

namespace plimsoll::source {

namespace {

constexpr std::size_t kMostContainers = 65536;
constexpr std::size_t kMostPrograms = 65536;
constexpr std::int64_t kVerifyAfter = 5000;     // milliseconds after which a number may mean another process
constexpr std::int64_t kForgotten = 3'600'000;  // in an old log, without news
constexpr std::int64_t kSlack = 1500;           // start times are known to a tick, the boot time to about a second
constexpr std::int64_t kLookAgain = 250;        // milliseconds between two questions for a name that is not known yet
constexpr std::int64_t kPatience = 500;         // milliseconds given to an engine to tell of a new container
constexpr std::int64_t kNanosecondsPerMs = 1'000'000;

std::int64_t steady_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// When the machine booted, milliseconds since 1970.
std::int64_t boot_time() {
    timespec up{};
    ::clock_gettime(CLOCK_BOOTTIME, &up);
    return now() / kNanosecondsPerMs - (up.tv_sec * 1000 + up.tv_nsec / kNanosecondsPerMs);
}

/// When a process began, milliseconds since 1970 as the clock is set now.
std::int64_t started(std::uint64_t ticks) {
    return boot_time() + static_cast<std::int64_t>(ticks) * 1000 / ::sysconf(_SC_CLK_TCK);
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// The container that a process's cgroups name.
std::string container_of(const host::Process& process) {
    if (!process.cgroups) return {};
    for (const host::CgroupMembership& membership : *process.cgroups) {
        std::string_view path = membership.path;
        while (!path.empty()) {  // outermost first: a container's own containers are part of it
            const auto begin = path.find_first_not_of('/');
            if (begin == std::string_view::npos) break;
            const auto end = std::min(path.find('/', begin), path.size());
            auto container = host::container_of_cgroup(path.substr(begin, end - begin));
            if (!container.id.empty()) return std::move(container.id);
            path.remove_prefix(end);
        }
    }
    return {};
}

bool may_be_runtime(std::string_view name) {
    return name.starts_with("containerd-shim") || name == "conmon" || name == "runc" || name == "crun" ||
           name == "youki";
}

/// The name of a path as the host sees a container's files: not what a process inside of it would write.
bool is_seen_from_host(std::string_view name, std::string_view cwd, std::string_view point) {
    const auto below = [&](std::string_view path) { return !point.empty() && path.starts_with(point); };
    return below(name) || (!name.starts_with('/') && below(cwd)) || name.find("/proc/") == 0;
}

}  // namespace

Attribution::Attribution(AttributionOptions options)
    : options_(std::move(options)), mounts_(options_.root), containers_(1), programs_(1) {}

ContainerNumber Attribution::number_of(std::string_view id) {
    const auto [place, fresh] = numbers_.try_emplace(std::string(id), static_cast<ContainerNumber>(containers_.size()));
    if (fresh) containers_.push_back({.id = std::string(id)});
    return place->second;
}

std::uint32_t Attribution::name_of(std::string_view program) {
    if (program.empty()) return 0;
    if (const auto known = program_numbers_.find(program); known != program_numbers_.end()) return known->second;
    if (programs_.size() >= kMostPrograms || program.size() > 4096) return 0;
    programs_.emplace_back(program);
    return program_numbers_.emplace(std::string(program), static_cast<std::uint32_t>(programs_.size() - 1))
        .first->second;
}

/// Asks /proc about a process; false when it is gone.
bool Attribution::probe(pid_t pid, std::int64_t time, ProcessEntry& out) {
    const auto read = host::read_process(options_.root, pid, host::kStatus | host::kCgroups | host::kStartTime);
    if (!read || !*read || !(*read)->status) return false;
    const host::Process& process = **read;
    if (process.start_ticks && started(*process.start_ticks) > time + kSlack) return false;  // another one by now
    const bool roots = process.status->uids[1] == 0;
    out = {.parent = process.status->parent, .seen = time, .verified = time};
    if (const std::string id = container_of(process); !id.empty()) {
        out.container = number_of(id);
        out.found = Found::cgroup;
        out.inside = true;
        return true;
    }
    if (!roots || !may_be_runtime(process.status->name)) return true;  // anybody can run a program of that name
    const auto more = host::read_process(options_.root, pid, host::kCommandLine | host::kExecutable);
    if (!more || !*more || !(*more)->command_line || !(*more)->executable || (*more)->command_line->arguments.empty()) {
        // It is ending, and what it worked for cannot be read any more: not the host, as it seems, but what its shim
        // works for.
        const ProcessEntry* shim = processes_.find(process.status->parent);
        if (shim == nullptr || !shim->shim || shim->pod) return false;
        out.container = shim->container;
        out.found = Found::runtime;
        out.runtime = true;
        return true;
    }
    const RuntimeCommand command = runtime_command(*(*more)->executable, (*more)->command_line->arguments);
    if (command.kind == RuntimeCommand::Kind::none) return true;
    out.container = number_of(command.id);
    out.found = Found::runtime;
    out.shim = command.kind == RuntimeCommand::Kind::shim;
    out.runtime = !out.shim;
    out.pod = command.whole_pod;
    return true;
}

void Attribution::seed() {
    if (!options_.live) return;
    mounts_.follow();
    const auto pids = host::process_ids(options_.root);
    if (!pids) return;
    const std::int64_t time = now() / kNanosecondsPerMs;
    for (const pid_t pid : *pids) {
        ProcessEntry entry;
        if (probe(pid, time, entry)) processes_.put(pid, entry);
    }
}

/// Whether the number means another process than it did when it was noted. Asks /proc now and then.
bool Attribution::stale(pid_t pid, ProcessEntry& entry, std::int64_t time) {
    if (!options_.live) return time - entry.seen > kForgotten;
    if (time - std::max(entry.seen, entry.verified) < kVerifyAfter) return false;
    ++asked_;
    const auto read = host::read_process(options_.root, pid, host::kStartTime);
    const std::int64_t last = std::max(entry.seen, entry.verified);
    entry.verified = time;
    if (!read || !*read || !(*read)->start_ticks) return false;  // gone by now: nothing speaks against it
    return started(*(*read)->start_ticks) > last + kSlack;
}

/// The entry of a process that is what it was.
ProcessEntry* Attribution::living(pid_t pid, std::int64_t time) {
    ProcessEntry* entry = pid > 0 ? processes_.find(pid) : nullptr;
    if (entry == nullptr || !stale(pid, *entry, time)) return entry;
    processes_.forget(pid);
    return nullptr;
}

/// The container on whose file system a file of the event lies, as a process inside would name it.
Attribution::Mounted Attribution::mounted(const audit::EventFacts& facts, std::int64_t time) {
    if (!options_.live) return {};
    Mounted out;
    const bool exec = facts.is_exec();
    for (std::size_t i = 0; i < facts.paths().size() && i < 8; ++i) {
        const audit::PathFact& path = facts.paths()[i];
        if (!path.device.starts_with("00:")) continue;
        mounts_.follow();  // numbers are given away again: only an up-to-date table may answer
        const auto hit = mounts_.find(path.device, time);
        if (!hit || is_seen_from_host(facts.full_path(path), facts.text(audit::Known::cwd), hit->point)) continue;
        return {number_of(hit->id), exec && i == 0, hit->sure};
    }
    return out;
}

/// What a process has from its parent; false when nothing is known of that.
bool Attribution::inherit(pid_t parent, std::int64_t time, ProcessEntry& out) {
    ProcessEntry* from = living(parent, time);
    if (from == nullptr && options_.live && parent > 0) {
        ProcessEntry asked;
        ++asked_;
        if (probe(parent, time, asked)) from = &processes_.put(parent, asked);
    }
    if (from == nullptr) return false;
    from->seen = std::max(from->seen, time);
    if (from->pod) return false;  // one of several containers: other keys must tell which
    out.container = from->container;
    if (from->container == kHost) return true;
    out.found = from->shim ? Found::shim : Found::ancestor;
    out.inside = from->inside;
    return true;
}

/// What running a program makes of a process. A shim's or a runtime's command line names its container; only root's
/// programs on the host are believed, and of a shim's child only that it works for the shim's container.
void Attribution::learn_command(const audit::EventFacts& facts, std::string_view exe, bool in_image,
                                ProcessEntry& entry) {
    entry.shim = entry.runtime = entry.pod = false;
    const bool of_shim = entry.found == Found::shim && !entry.inside;
    const bool roots = facts.number(audit::Known::euid) == 0 && facts.number(audit::Known::uid) == 0;
    if (roots && !in_image && !entry.inside && facts.arguments_of_exec()) {
        const RuntimeCommand command = runtime_command(exe, facts.arguments());
        const bool other = of_shim && command.id != containers_[entry.container].id;
        if (command.kind != RuntimeCommand::Kind::none && !other) {
            entry.container = number_of(command.id);
            entry.found = Found::runtime;
            entry.shim = command.kind == RuntimeCommand::Kind::shim;
            entry.runtime = !entry.shim;
            entry.pod = command.whole_pod;
            return;
        }
    }
    if (entry.container == kHost || entry.inside) return;
    // A shim runs helpers of its own too, in the container's folder on the host.
    const bool helper =
        !in_image && of_shim && container_id_in(facts.text(audit::Known::cwd)) == containers_[entry.container].id;
    if (helper)
        entry.found = Found::runtime;
    else if (of_shim || in_image)
        entry.inside = true;
}

void Attribution::make_room() {
    if (processes_.full()) {
        auto alive =
            options_.live ? host::process_ids(options_.root) : Result<std::vector<pid_t>>(std::vector<pid_t>{});
        processes_.keep_only(alive ? *alive : std::vector<pid_t>{});
        if (processes_.full()) processes_.clear();
    }
    if (containers_.size() < kMostContainers) return;
    processes_.clear();
    containers_.resize(1);
    numbers_.clear();
    seed();
}

/// A file of the event lies in another container than `entry` says. A program that was run from a container's file
/// system runs in that container, whatever its ancestors, unless they are inside of another one, where such files may
/// be mounted. Another file may be looked at by the host's processes too, and then the ancestors decide where they are
/// known. Says whether the container is known afterwards.
bool Attribution::weigh(const Mounted& mount, bool runs, const Witness& witness, ProcessEntry& entry) {
    const bool from_host = entry.container == kHost;
    const bool other_inside = !from_host && entry.inside;
    bool take = mount.sure && (!witness.known || runs) && !other_inside;
    if (!take && (from_host || (runs && other_inside))) {
        ProcessEntry asked;
        ++asked_;
        if (probe(witness.pid, witness.time, asked)) {
            take = asked.container == mount.container;
            if (!take) {
                entry = asked;
                return true;
            }
        } else {
            // An orphan's new parent says nothing of where it ran.
            take = mount.sure && from_host && (!witness.known || witness.parent == 1);
            if (!take && runs && from_host) {
                entry.doubtful = true;
                return false;
            }
        }
    }
    if (!take) return witness.known;
    entry.container = mount.container;
    entry.found = Found::mount;
    entry.inside = true;
    return true;
}

Attributed Attribution::resolve(const audit::EventFacts& facts) {
    using audit::Known;
    const auto pid = static_cast<pid_t>(facts.number(Known::pid).value_or(0));
    if (pid <= 0) return {};
    make_room();
    const auto ppid = static_cast<pid_t>(facts.number(Known::ppid).value_or(0));
    const std::int64_t time = facts.event().id.milliseconds;
    const bool exec = facts.is_exec() && facts.get(Known::success).text == "yes";
    const std::string_view exe = facts.has(Known::exe) ? facts.text(Known::exe) : std::string_view();

    ProcessEntry entry;
    bool known = false;
    ProcessEntry* const self = living(pid, time);
    const std::uint32_t before = self == nullptr ? 0 : self->name;
    if (self != nullptr && (ppid == 0 || self->parent == 0 || self->parent == ppid)) {
        entry = *self;
        known = !self->doubtful;
    } else if (inherit(ppid, time, entry)) {
        known = true;
        // An orphan's new parent may be the host's init or a shim; what ran inside stays inside.
        if (self != nullptr && self->inside && entry.container == kHost && time - self->seen < kVerifyAfter)
            entry = *self;
    }
    const Mounted mount = mounted(facts, time);
    const bool runs = exec && mount.program;
    if (mount.container != kHost && mount.container != entry.container) {
        known = weigh(mount, runs, {.pid = pid, .parent = ppid, .time = time, .known = known}, entry);
    } else if (mount.container != kHost) {
        if (entry.found != Found::runtime || runs) entry.found = Found::mount;
        entry.inside = entry.inside || runs;
    }
    if (!known && options_.live) {
        ++asked_;
        known = probe(pid, time, entry);
    }
    if (exec && (known || !options_.live)) learn_command(facts, exe, mount.program, entry);
    if (entry.container != kHost) known = true;
    if (known || entry.doubtful) {
        entry.doubtful = !known;
        if (ppid > 0) entry.parent = ppid;
        entry.seen = std::max(entry.seen, time);
        entry.name = exe.empty() || exe == programs_[before] ? before : name_of(exe);
        processes_.put(pid, entry);
    }
    Attributed out{.container = entry.container, .found = entry.found, .known = known};
    out.program = programs_[before];
    if (const ProcessEntry* parent = ppid > 0 ? processes_.find(ppid) : nullptr)
        out.parent = base_name(programs_[parent->name]);
    return out;
}

void Attribution::look_up(Container& container) {
    if (options_.directory == nullptr) return;
    const std::int64_t time = steady_ms();
    if (container.looked != INT64_MIN && time - container.looked < kLookAgain) return;
    container.looked = time;
    const auto entry = options_.directory->find(container.id);
    if (!entry) return;
    if (container.name == entry->name && container.image == entry->image) return;  // containers can be renamed
    container.name = entry->name;
    container.image = entry->image;
    container.repository.clear();
    container.tag.clear();
    const model::ImageName name = model::parse_image_name(entry->image);
    if (name.by_id) return;
    container.repository = name.repository;
    container.tag = name.tag;
}

/// Records of a new container may come before the engine has told of it: once for each, they wait for its name.
void Attribution::await(Container& container) {
    look_up(container);
    if (!options_.live || options_.directory == nullptr || !container.name.empty() || container.awaited) return;
    container.awaited = true;
    if (!options_.directory->doubt().empty()) return;  // an engine is away: nobody will tell
    const std::int64_t begin = steady_ms();
    while (container.name.empty() && steady_ms() - begin < kPatience) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        container.looked = INT64_MIN;
        look_up(container);
    }
}

void Attribution::describe(const Attributed& where, model::Event& out) {
    if (!where.known) {
        if (!options_.live) return;  // of an old log that is the rule, and nothing to be said of each event
        out.unknown("container.id", "its process was gone, and nothing else tells where it ran");
        return;
    }
    if (where.container == kHost) {
        if (options_.live) out.set("container.id", "host");
        return;
    }
    Container& container = containers_[where.container];
    await(container);
    out.set("container.id", std::string_view(container.id).substr(0, 12));
    out.set("container.full_id", container.id);
    if (!container.name.empty())
        out.set("container.name", container.name);
    else if (options_.live)
        out.unknown("container.name", "no engine has told of it");
    if (!container.image.empty()) out.set("container.image", container.image);
    if (!container.repository.empty()) out.set("container.image.repository", container.repository);
    if (!container.tag.empty()) out.set("container.image.tag", container.tag);
}

}  // namespace plimsoll::source
