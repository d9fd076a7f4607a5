#include "app/kernel_recording.h"

#include <time.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "app/engine_names.h"
#include "base/time.h"
#include "rule/kernel_filter.h"
#include "sensor/kernel_event.h"
#include "sensor/kernel_programs.h"
#include "sensor/process_table.h"
#include "sensor/recording.h"
#include "sensor/rings.h"

namespace plimsoll::app {

namespace {

using namespace std::chrono_literals;

constexpr auto kSleep = 100ms;
constexpr auto kNamePatience = 250ms;  // most that the first event of a container waits for the engine to name it
constexpr std::size_t kTogether = 4096;

/// The containers that a recording tells of.
class RecordedContainers final : public sensor::Containers {
public:
    [[nodiscard]] std::shared_ptr<const sensor::Container> find(std::string_view id) const override {
        const auto found = all_.find(id);
        return found == all_.end() ? nullptr : found->second;
    }
    [[nodiscard]] std::uint64_t generation() const override { return all_.size() + changes_; }

    void add(const sensor::Container& container) {
        all_[container.id] = std::make_shared<const sensor::Container>(container);
        ++changes_;
    }

private:
    std::map<std::string, std::shared_ptr<const sensor::Container>, std::less<>> all_;
    std::uint64_t changes_ = 0;
};

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("localhost");
}

Nanoseconds boot_offset() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return now() - (time.tv_sec * kSecond + time.tv_nsec);
}

model::KernelFilter everything() {
    model::KernelFilter filter;
    for (model::FileWish& wish : filter.files) wish.all = true;
    filter.succeeded.set();
    filter.failed.set();
    return filter;
}

/// What is being recorded: events, and before the first of each container what an engine says of it.
class Recording {
public:
    Recording(sensor::RecordingWriter& writer, const EngineNames& names) : writer_(writer), names_(names) {}

    void event(std::span<const std::byte> bytes) {
        sensor::RawEvent raw;
        if (sensor::parse(bytes, raw) && raw.head->kind == WIRE_CGROUP_MADE) {
            const std::string_view id = raw.string(WIRE_CONTAINER);
            if (!id.empty()) tell(std::string(id), kNamePatience);
        }
        if (written_) written_ = writer_.event(bytes);
        ++count_.events;
    }

    /// Containers of which an engine tells something else by now.
    void retell() {
        const std::uint64_t generation = names_.generation();
        if (std::exchange(generation_, generation) == generation) return;
        std::vector<std::string> all;
        for (const auto& [id, container] : told_) all.push_back(id);
        for (const std::string& id : all) tell(id, 0ms);
    }

    /// What happened since it was last asked.
    Result<void> fault() { return std::exchange(written_, {}); }
    RecordingCount& count() { return count_; }

private:
    void tell(const std::string& id, std::chrono::milliseconds patience) {
        const auto container = names_.find(id, patience);
        auto& told = told_[id];
        if (container == nullptr || container == told) return;
        if (told == nullptr) ++count_.containers;
        told = container;
        if (written_) written_ = writer_.container(*container);
    }

    sensor::RecordingWriter& writer_;
    const EngineNames& names_;
    std::map<std::string, std::shared_ptr<const sensor::Container>> told_;
    std::uint64_t generation_ = 0;
    RecordingCount count_;
    Result<void> written_;
};

}  // namespace

Result<RecordingCount> record_kernel(const RecordingOptions& options, const KernelRules& rules,
                                     const std::stop_token& stop) {
    model::KernelFilter filter = options.everything ? everything() : rules.filter();
    filter.host = options.host;
    TRY(const auto names, EngineNames::listen(options.engines));
    const RecordedContainers none;  // the table is asked for processes alone
    sensor::ProcessTable table(none, {});
    TRY(const auto programs, sensor::KernelPrograms::load({.fold_entries = 0}, filter));
    table.seed();
    programs->know(table.cgroups());
    const auto open = programs->rings();
    TRY(const auto rings, sensor::Rings::open(open));
    TRY(const auto writer, sensor::RecordingWriter::create(options.file, {host_name(), boot_offset()}));
    Recording recording(*writer, *names);
    const auto put = [&](std::span<const std::byte> bytes) { recording.event(bytes); };
    table.retell(put);
    recording.count().events = 0;  // what was there before is no event
    const auto until = std::chrono::steady_clock::now() + options.length;
    while (!stop.stop_requested() && (options.length == 0ms || std::chrono::steady_clock::now() < until)) {
        if (rings->drain(kTogether, put) == 0) rings->wait(kSleep);
        recording.retell();
        TRY_VOID(recording.fault());
    }
    for (const auto& processor : programs->counts().lost) {
        for (const std::uint64_t lost : processor) recording.count().lost += lost;
    }
    TRY_VOID(writer->finish());
    return recording.count();
}

Result<RecordingCount> replay_kernel(const std::string& file, KernelRules& rules, bool host, const ReplayTake& take) {
    TRY(const auto reader, sensor::RecordingReader::open(file));
    RecordedContainers containers;
    sensor::ProcessTable table(containers, {.environment = {"*"}});
    const sensor::Surroundings surroundings{.boot_offset = reader->start().boot_offset,
                                            .hostname = reader->start().hostname};
    sensor::KernelEvent event(surroundings);
    RecordingCount count;
    const auto on_event = [&](std::span<const std::byte> bytes) {
        sensor::RawEvent raw;
        if (!sensor::parse(bytes, raw)) {
            ++count.malformed;
            return;
        }
        const sensor::Process* process = table.take(raw);
        ++count.events;
        if (process == nullptr || (!process->in_container && !host)) return;
        event.start(raw, process, count.events);
        const KernelRules::Judgement judgement = rules.judge(event);
        if (judgement.matches.empty()) return;
        count.matches += judgement.matches.size();
        model::Event out;
        event.write(out);
        take(out, judgement.matches);
    };
    TRY_VOID(reader->read(on_event, [&](const sensor::Container& container) { containers.add(container); }));
    return count;
}

}  // namespace plimsoll::app
