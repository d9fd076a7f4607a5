#pragma once

#include <optional>
#include <string_view>

#include "model/event.h"
#include "sensor/containers.h"
#include "sensor/kernel_event.h"
#include "sensor/process_table.h"

namespace plimsoll::app {

/// The record of a container's outermost cgroup that was made or is removed (`evt.type` cgroup_made, cgroup_removed):
/// the kernel's own word on when the container came and went. Nothing for what stands further below. `container`: its
/// id.
[[nodiscard]] std::optional<model::Event> cgroup_record(const sensor::RawEvent& raw, std::string_view container,
                                                        const sensor::ProcessTable& table,
                                                        const sensor::Containers& containers,
                                                        const sensor::Surroundings& surroundings);

}  // namespace plimsoll::app
