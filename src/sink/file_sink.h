#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "host/fd.h"
#include "sink/alert_json.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// Appends each alert as a JSON line; those that wait together in one write. Before each write it looks whether the
/// path still leads to the open file, and opens it anew when not (logrotate). A line is whole or not there.
class FileSink final : public Sink {
public:
    static Result<std::unique_ptr<Sink>> make(FileConfig config);

    [[nodiscard]] Outcome deliver(const Delivery& delivery, const std::stop_token& stop) override {
        return deliver_together({&delivery, 1}, stop);
    }
    [[nodiscard]] std::size_t most_together() const override { return 256; }
    [[nodiscard]] Outcome deliver_together(std::span<const Delivery> deliveries, const std::stop_token& stop) override;
    [[nodiscard]] std::string description() const override { return "file " + config_.path; }

private:
    explicit FileSink(FileConfig config) : config_(std::move(config)) {}
    Result<void> follow();
    Result<void> append(const std::string& lines);

    FileConfig config_;
    host::Fd file_;
    AlertJson json_;
    std::string lines_;  ///< kept for its memory
};

}  // namespace plimsoll::sink
