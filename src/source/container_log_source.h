#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/endpoint.h"
#include "source/engine/inventory.h"
#include "source/source.h"

namespace plimsoll::source {

struct ContainerLogOptions {
    host::Endpoint endpoint;
    std::shared_ptr<Inventory> inventory;  ///< of the engine's source
    std::vector<std::string> names;        ///< globs (*, ?); a container whose name matches one is followed
    std::vector<std::string> labels;       ///< NAME or NAME=GLOB; a container that has one is followed
    std::uint32_t lines_per_second = 100;  ///< of one container; what exceeds it is counted and reported
    std::size_t line_bytes = 16 * 1024;    ///< longer lines are cut
    std::size_t most_containers = 64;      ///< followed at once, each by a thread of its own
};

/// Lines that chosen containers write, as they write them: source container-log, kind line. Never waits for the
/// recorder: what does not fit is lost, counted, and reported.
class ContainerLogSource final : public Source {
public:
    explicit ContainerLogSource(ContainerLogOptions options);

    void run(Outlet& outlet, const std::stop_token& stop) override;
    [[nodiscard]] SourceStatus status() const override;

private:
    struct Follower {
        std::atomic<bool> done = false;
        std::jthread thread;
    };
    using Container = Inventory::Container;

    [[nodiscard]] bool chosen(const ContainerRecord& container) const;
    void follow(Container container, Nanoseconds from, Outlet& outlet, const std::stop_token& stop);
    void count(std::uint64_t events, std::uint64_t lost, Nanoseconds last);
    void say(std::size_t chosen, std::size_t left_out);

    ContainerLogOptions options_;
    std::map<std::string, std::unique_ptr<Follower>> followers_;  ///< by container id
    std::map<std::string, std::string> faults_;  ///< of streams that could not be opened; guarded by mutex_
    std::map<std::string, Nanoseconds> heard_;   ///< when each container's stream was last heard; guarded by mutex_
    mutable std::mutex mutex_;
    SourceStatus status_;
};

/// Whether a text matches a glob of `*` and `?`.
[[nodiscard]] bool matches_glob(std::string_view glob, std::string_view text);

}  // namespace plimsoll::source
