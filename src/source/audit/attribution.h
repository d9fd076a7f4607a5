#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/field_facts.h"
#include "host/file.h"
#include "model/event.h"
#include "source/audit/container_mounts.h"
#include "source/audit/process_table.h"
#include "source/audit/runtime_command.h"
#include "source/container_directory.h"

namespace plimsoll::source {

struct AttributionOptions {
    host::Root root;
    const ContainerDirectory* directory = nullptr;  ///< names and images; may be null; must outlive this
    bool live = true;  ///< the machine may be asked (/proc, mounts); false: only what the events say, for old logs
};

/// Where an event's process ran.
struct Attributed {
    ContainerNumber container = kHost;
    Found found = Found::nowhere;  ///< how that is known; nowhere for the host
    bool known = true;             ///< false: nobody can tell any more
    std::string_view program;  ///< path of the process's program by earlier events, as it saw it; empty when not known
    std::string_view parent;   ///< name of the parent's program, likewise

    [[nodiscard]] bool contained() const { return known && container != kHost && found != Found::runtime; }
};

/// Finds the container of each event's process by keys that do not race with its end: the device of the file system
/// that a file of the event lies on, command lines of shims and runtimes, the ancestry that the events themselves tell,
/// and only then /proc. One thread; events in the order in which they came.
class Attribution {
public:
    explicit Attribution(AttributionOptions options);

    /// Takes over the processes that run now.
    void seed();

    /// The mounts it goes by. To be followed often, so that few come and go unseen.
    [[nodiscard]] ContainerMounts& mounts() { return mounts_; }

    /// Learns from the event, and says where its process ran.
    [[nodiscard]] Attributed resolve(const audit::EventFacts& facts);

    /// Sets container.*.
    void describe(const Attributed& where, model::Event& out);

    /// The id of a container, 64 digits; empty for the host.
    [[nodiscard]] std::string_view id(ContainerNumber container) const { return containers_[container].id; }

    /// How often /proc was asked for a process that an event named.
    [[nodiscard]] std::uint64_t asked() const { return asked_; }

private:
    struct Container {
        std::string id;
        std::string name;
        std::string image;
        std::string repository;
        std::string tag;
        std::int64_t looked = INT64_MIN;  ///< milliseconds, of the clock that does not go back
        bool awaited = false;             ///< the directory was given time to learn of it
    };
    struct Mounted {
        ContainerNumber container = kHost;
        bool program = false;  ///< it is the program that was run
        bool sure = true;      ///< false: the number may have been another container's by then
    };

    /// Of which process an event is, and whether its ancestors tell of its container.
    struct Witness {
        pid_t pid = 0;
        pid_t parent = 0;
        std::int64_t time = 0;  ///< milliseconds
        bool known = false;
    };

    ContainerNumber number_of(std::string_view id);
    std::uint32_t name_of(std::string_view program);
    bool probe(pid_t pid, std::int64_t time, ProcessEntry& out);
    bool stale(pid_t pid, ProcessEntry& entry, std::int64_t time);
    ProcessEntry* living(pid_t pid, std::int64_t time);
    Mounted mounted(const audit::EventFacts& facts, std::int64_t time);
    bool weigh(const Mounted& mount, bool runs, const Witness& witness, ProcessEntry& entry);
    bool inherit(pid_t parent, std::int64_t time, ProcessEntry& out);
    void learn_command(const audit::EventFacts& facts, std::string_view exe, bool in_image, ProcessEntry& entry);
    void look_up(Container& container);
    void await(Container& container);
    void make_room();

    AttributionOptions options_;
    ContainerMounts mounts_;
    ProcessTable processes_;
    std::vector<Container> containers_;  ///< by number; the first is the host
    std::unordered_map<std::string, ContainerNumber> numbers_;
    std::vector<std::string> programs_;  ///< paths, each once; the first is none
    std::map<std::string, std::uint32_t, std::less<>> program_numbers_;
    std::uint64_t asked_ = 0;
};

}  // namespace plimsoll::source
