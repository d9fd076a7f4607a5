#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/facts.h"

namespace plimsoll::posture {

/// A step of an image's history, as its Dockerfile line would read.
struct HistoryStep {
    std::string instruction;  ///< RUN, COPY, …; empty when it cannot be told
    std::string command;      ///< without shell prefix and builder's remarks, at most 4 KiB
};

/// Reads what the classic builder ("/bin/sh -c #(nop) ADD …", "/bin/sh -c cmd") and BuildKit ("RUN … # buildkit")
/// leave.
[[nodiscard]] HistoryStep parse_history(std::string_view created_by);

/// Sets the layer.* facts of one step.
void gather_layer(const HistoryStep& step, std::int64_t size, model::Facts& layer, std::string_view origin);

}  // namespace plimsoll::posture
