#pragma once

#include <string>
#include <vector>

#include "app/event_queue.h"
#include "app/recorder.h"
#include "base/time.h"
#include "report/prometheus.h"
#include "sink/delivery.h"
#include "source/source.h"

namespace plimsoll::app {

/// State of the witness that co-signs checkpoints.
struct WitnessStatus {
    std::string url;  ///< empty: none is configured
    ledger::RecordNumber size = 0;
    Nanoseconds time = 0;
    std::string fault;
};

/// Everything that `plimsoll status` tells.
struct AgentStatus {
    Nanoseconds started = 0;
    std::string ledger_path;
    RecorderStatus recorder;
    std::size_t queued = 0;
    std::size_t queue_most = 0;
    std::uint64_t queue_waits = 0;
    std::vector<rule::AlertRuleCount> rules;  ///< one for each rule in force
    WitnessStatus witness;
    std::vector<source::SourceStatus> sources;
    std::vector<sink::SinkStatus> sinks;

    /// No source, no sink, not the ledger, not the witness has a fault.
    [[nodiscard]] bool healthy() const;
};

/// The answer of the control socket; times in nanoseconds since 1970.
[[nodiscard]] std::string to_json(const AgentStatus& status);

/// The same as metrics.
[[nodiscard]] std::vector<report::Metric> to_metrics(const AgentStatus& status);

}  // namespace plimsoll::app
