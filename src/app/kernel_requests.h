#pragma once

#include <optional>
#include <string>

#include "model/event.h"
#include "sensor/kernel_event.h"
#include "sensor/process_table.h"

namespace plimsoll::app {

/// The record of a request that an engine read from its socket: what was asked (`api.`) and which process, of which
/// login, asked it (`who.`). Nothing for what is asked all the time and changes nothing (lists, pings), and for
/// `own_pid`'s questions.
[[nodiscard]] std::optional<model::Event> request_record(const sensor::RawEvent& raw, const sensor::ProcessTable& table,
                                                         const sensor::Surroundings& surroundings,
                                                         std::uint32_t own_pid);

/// Whether the process is still the runtime's, which entered the container's cgroup to set it up: its program began
/// outside, among the mounts of the process that asked for it.
[[nodiscard]] bool is_set_up(const sensor::Process& process);

/// The exec session that the process belongs to: its id as the runtime that made it was told; empty when none is known.
[[nodiscard]] std::string exec_session_of(const sensor::Process& process);

}  // namespace plimsoll::app
