#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// Runs the command once for each alert. What it writes shows in the reason when it fails.
class CommandSink final : public Sink {
public:
    static Result<std::unique_ptr<Sink>> make(CommandConfig config);

    [[nodiscard]] Outcome deliver(const Delivery& delivery, const std::stop_token& stop) override;
    [[nodiscard]] std::string description() const override { return "command " + config_.arguments.front(); }

private:
    explicit CommandSink(CommandConfig config) : config_(std::move(config)) {}

    CommandConfig config_;
};

}  // namespace plimsoll::sink
