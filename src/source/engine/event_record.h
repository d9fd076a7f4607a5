#pragma once

#include <string>
#include <string_view>

#include "model/event.h"
#include "source/engine/container_record.h"
#include "source/engine/line_splitter.h"
#include "source/engine/reconcile.h"

namespace plimsoll::source {

inline constexpr std::size_t kMostRawBytes = 64 * 1024;

/// The record of one engine event; `container` is what is known of the container that it is about, or null.
[[nodiscard]] model::Event event_record(const EngineEvent& event, const ContainerRecord* container,
                                        std::string_view endpoint);

/// A line that is no event: its beginning as it came, and why.
[[nodiscard]] model::Event malformed_record(const Line& line, std::string_view reason, std::string_view endpoint);

/// The record of something found by comparing; `otherwise` is its time when nothing says when it happened.
[[nodiscard]] model::Event difference_record(const Told::Difference& difference, Nanoseconds otherwise,
                                             std::string_view endpoint);

/// A container that was there when recording of its engine began.
[[nodiscard]] model::Event found_record(const ContainerRecord& container, Nanoseconds time, std::string_view endpoint);

/// The engine cannot be reached, and why (engine_down), or is back (engine_up), `from` and `until` being the time
/// without it; `until` 0 while it lasts.
[[nodiscard]] model::Event reach_record(Nanoseconds from, Nanoseconds until, std::string_view reason,
                                        std::string_view endpoint);

/// Marks the record of an event whose time cannot be true; its own is the time of arrival.
void mark_time(Nanoseconds stated, model::Event& record);

/// Something is missing: `what` as in loss.what; `count` 0 when it cannot be known.
[[nodiscard]] model::Event loss_record(std::string_view what, std::uint64_t count, Nanoseconds from, Nanoseconds until,
                                       std::string_view reason);

/// Adds change.before, change.after and change.paths; `before` may be null.
void set_change(const ContainerRecord* before, const ContainerRecord& after, model::Event& out);

/// Of a record that the ledger holds; the same as of the event that it was made of.
[[nodiscard]] std::uint64_t fingerprint(const model::Event& record);

/// The event that a record was made of, as far as it is needed to follow the engine's state.
[[nodiscard]] EngineEvent recorded_event(const model::Event& record);

}  // namespace plimsoll::source
