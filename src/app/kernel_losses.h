#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "model/event.h"
#include "sensor/kernel_programs.h"

namespace plimsoll::app {

/// What found no room between the kernel and the agent, as records.
class KernelLosses {
public:
    KernelLosses() : since_(now()) {}

    /// What a person calls the container of a cgroup (WireEvent.cgroup), or the host.
    using Name = std::function<std::string(std::uint64_t)>;

    /// One `loss` record for each kind of events of which some were lost since the last call: how many, on which
    /// processors, and whose they were.
    [[nodiscard]] std::vector<model::Event> since_last(const sensor::KernelPrograms& programs, const Name& name);

    [[nodiscard]] std::uint64_t all() const { return all_; }

private:
    [[nodiscard]] std::string whose(const sensor::KernelPrograms& programs, const Name& name);

    std::vector<std::array<std::uint64_t, WIRE_LOSSES>> told_;  ///< by processor
    std::unordered_map<std::uint32_t, std::uint64_t> told_of_;  ///< by share
    std::uint64_t all_ = 0;
    Nanoseconds since_;
};

}  // namespace plimsoll::app
