#include "app/kernel_recording.h"

#include <time.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "app/engine_names.h"
#include "app/kernel_requests.h"
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
constexpr std::size_t kTogether = 4096;
constexpr std::size_t kMostContainers = 65'536;  // whose names are followed at a time

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

/// What is being recorded: events, and of each container that they name what an engine says of it, once it does.
class Recording {
public:
    Recording(sensor::RecordingWriter& writer, const EngineNames& names) : writer_(writer), names_(names) {}

    void event(std::span<const std::byte> bytes) {
        sensor::RawEvent raw;
        if (sensor::parse(bytes, raw) && raw.head->kind == WIRE_CGROUP_MADE && raw.has(WIRE_CONTAINER)) {
            if (told_.size() >= kMostContainers) told_.clear();
            told_.try_emplace(std::string(raw.string(WIRE_CONTAINER)));
            generation_.reset();
        }
        if (written_) written_ = writer_.event(bytes);
        ++count_.events;
    }

    /// What engines tell of containers by now.
    void tell() {
        const std::uint64_t generation = names_.generation();
        if (std::exchange(generation_, generation) == generation) return;
        for (auto& [id, told] : told_) {
            auto container = names_.find(id);
            if (container == nullptr || container == told) continue;
            if (told == nullptr) ++count_.containers;
            if (written_) written_ = writer_.container(*container);
            told = std::move(container);
        }
    }

    /// What happened since it was last asked.
    Result<void> fault() { return std::exchange(written_, {}); }
    RecordingCount& count() { return count_; }

private:
    sensor::RecordingWriter& writer_;
    const EngineNames& names_;
    std::map<std::string, std::shared_ptr<const sensor::Container>> told_;  ///< null: nothing yet
    std::optional<std::uint64_t> generation_;                               ///< of the names, as far as told
    RecordingCount count_;
    Result<void> written_;
};

/// Adds what a recording tells of each container first: engines name one a moment after its first events. Where it is
/// damaged, who reads the events says so.
Result<void> look_ahead(const std::string& file, RecordedContainers& containers) {
    TRY(const auto reader, sensor::RecordingReader::open(file));
    const auto add = [&](const sensor::Container& container) {
        const auto known = containers.find(container.id);
        if (known == nullptr || !known->known) containers.add(container);
    };
    static_cast<void>(reader->read([](std::span<const std::byte>) {}, add));
    return {};
}

}  // namespace

Result<RecordingCount> record_kernel(const RecordingOptions& options, const KernelRules& rules,
                                     const std::stop_token& stop) {
    model::KernelFilter filter = options.everything ? rule::united(everything(), rules.filter()) : rules.filter();
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
    recording.tell();
    const auto until = std::chrono::steady_clock::now() + options.length;
    while (!stop.stop_requested() && (options.length == 0ms || std::chrono::steady_clock::now() < until)) {
        if (rings->drain(kTogether, put) == 0) rings->wait(kSleep);
        recording.tell();
        TRY_VOID(recording.fault());
    }
    for (const auto& processor : programs->counts().lost) {
        for (const std::uint64_t lost : processor) recording.count().lost += lost;
    }
    TRY_VOID(writer->finish());
    return recording.count();
}

Result<RecordingCount> replay_kernel(const std::string& file, KernelRules& rules, bool host, const ReplayTake& take) {
    RecordedContainers containers;
    TRY_VOID(look_ahead(file, containers));
    TRY(const auto reader, sensor::RecordingReader::open(file));
    sensor::ProcessTable table(containers, {.environment = {"*"}});
    sensor::DnsNames names;
    const sensor::Surroundings surroundings{
        .boot_offset = reader->start().boot_offset, .hostname = reader->start().hostname, .names = &names};
    sensor::KernelEvent event(surroundings);
    RecordingCount count;
    const auto on_event = [&](std::span<const std::byte> bytes) {
        sensor::RawEvent raw;
        if (!sensor::parse(bytes, raw)) {
            ++count.malformed;
            return;
        }
        names.take(raw);
        const sensor::Process* process = table.take(raw);
        ++count.events;
        const std::uint8_t kind = raw.head->kind;
        if (kind == WIRE_REQUEST || kind == WIRE_CREDENTIALS || kind == WIRE_FOLDED) return;  // as the agent does
        if (process == nullptr || (!process->in_container && !host) || is_set_up(*process)) return;
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
