#pragma once

#include <memory>

#include "base/result.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// Makes the sink of a configuration; the one place that knows every kind. An error says what of it cannot be used.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_sink(const SinkConfig& config);

/// Checks name, kind and condition without opening anything; for `plimsoll config check`.
[[nodiscard]] Result<void> check_sink(const SinkConfig& config);

/// The window and rate in force: what the configuration says, else the default of the kind.
[[nodiscard]] std::chrono::seconds fold_for(const SinkConfig& config);
[[nodiscard]] RateLimit rate_of(const SinkConfig& config);

}  // namespace plimsoll::sink
