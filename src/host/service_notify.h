#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::host {

/// Tells the service manager how a daemon is doing, as sd_notify(3) describes: datagrams to the socket that
/// NOTIFY_SOCKET names. Without that variable every call does nothing.
class ServiceNotify {
public:
    /// Reads NOTIFY_SOCKET and WATCHDOG_USEC of this process's environment.
    ServiceNotify();
    ServiceNotify(std::string socket, std::optional<std::chrono::microseconds> watchdog);

    void ready(std::string_view status) const;  ///< start-up, or a reload, is finished
    void reloading() const;
    void stopping() const;
    void status(std::string_view text) const;  ///< one line, shown by `systemctl status`
    void alive() const;                        ///< the watchdog's sign of life

    /// How often `alive` should be called: half of what the manager waits. Nothing without a watchdog.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

private:
    void send(std::string_view message) const;

    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace plimsoll::host
