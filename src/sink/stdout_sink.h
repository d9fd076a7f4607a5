#pragma once

#include <string>

#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// Writes each alert to standard output, as JSON or for people. A reader that stands still is waited for a second at a
/// time.
class StdoutSink final : public Sink {
public:
    /// `fd` is borrowed; tests give their own.
    explicit StdoutSink(StdoutConfig config, int fd = 1) : config_(config), fd_(fd) {}

    [[nodiscard]] Outcome deliver(const Delivery& delivery, const std::stop_token& stop) override;
    [[nodiscard]] std::string description() const override { return "stdout"; }

private:
    StdoutConfig config_;
    int fd_;
    std::string rest_;  ///< of a line that was written in part
    RecordNumber rest_of_ = 0;
};

}  // namespace plimsoll::sink
