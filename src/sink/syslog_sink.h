#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "host/stream.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// Sends each alert as an RFC 5424 message, framed by octet counting. Syslog has no answer: delivered means that the
/// receiver's kernel has acknowledged the bytes, and a receiver that dies with unread bytes loses them.
class SyslogSink final : public Sink {
public:
    /// An error is an address that cannot be used.
    static Result<std::unique_ptr<Sink>> make(SyslogConfig config);

    [[nodiscard]] Outcome deliver(const Delivery& delivery, const std::stop_token& stop) override;
    [[nodiscard]] std::string description() const override;

private:
    SyslogSink(SyslogConfig config, host::StreamTarget target)
        : config_(std::move(config)), target_(std::move(target)) {}
    Result<void> send(const std::string& message, const host::Patience& patience);

    SyslogConfig config_;
    host::StreamTarget target_;
    std::unique_ptr<host::Stream> stream_;
};

/// The message without its frame: header, one structured element `plimsoll@32473` (the enterprise number that RFC 5612
/// keeps for such use), the output. Names and values are bounded and escaped.
[[nodiscard]] std::string syslog_message(const Delivery& delivery, const SyslogConfig& config);

}  // namespace plimsoll::sink
