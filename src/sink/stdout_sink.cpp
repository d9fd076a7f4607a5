#include "sink/stdout_sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "host/stream.h"
#include "host/system_error.h"
#include "sink/alert_json.h"

namespace plimsoll::sink {

Outcome StdoutSink::deliver(const Delivery& delivery, const std::stop_token& stop) {
    if (rest_.empty() || rest_of_ != delivery.number) {
        // What a broken reader left of the line before is not repeated here: that line is delivered again whole.
        rest_ = (config_.json ? alert_json(delivery) : alert_line(delivery)) + "\n";
        rest_of_ = delivery.number;
    }
    const auto patience = host::Patience::of(std::chrono::seconds(1), stop);
    while (!rest_.empty()) {
        if (patience.over()) return {Verdict::again, "nobody reads standard output", std::nullopt};
        pollfd waiting{.fd = fd_, .events = POLLOUT, .revents = 0};
        if (::poll(&waiting, 1, 50) <= 0) continue;
        if ((waiting.revents & POLLERR) != 0)
            return {Verdict::again, "the reader of standard output is gone", std::nullopt};
        // A pipe that is ready takes so many bytes without waiting, pipe(7).
        const ssize_t wrote = ::write(fd_, rest_.data(), std::min<std::size_t>(rest_.size(), PIPE_BUF));
        if (wrote < 0 && errno != EINTR && errno != EAGAIN)
            return {Verdict::again, host::system_error("writing", "standard output").message, std::nullopt};
        if (wrote > 0) rest_.erase(0, static_cast<std::size_t>(wrote));
    }
    return {};
}

}  // namespace plimsoll::sink
