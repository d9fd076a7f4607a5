#pragma once

#include <csignal>
#include <ctime>

namespace plimsoll::cli {

/// The signals that end a command which runs until it is told to stop, kept from ending it in the middle of a line.
class EndSignals {
public:
    /// Blocks them for this thread and those that it starts later.
    EndSignals() {
        ::sigemptyset(&signals_);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals_, signal);
        ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    }
    ~EndSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    EndSignals(const EndSignals&) = delete;
    EndSignals& operator=(const EndSignals&) = delete;

    /// Waits; true when one of them came.
    [[nodiscard]] bool wait(long nanoseconds) const {
        const timespec span{.tv_sec = 0, .tv_nsec = nanoseconds};
        return ::sigtimedwait(&signals_, nullptr, &span) > 0;
    }

private:
    sigset_t signals_{};
    sigset_t before_{};
};

}  // namespace plimsoll::cli
