#include "host/service_notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/text.h"
#include "host/fd.h"

namespace plimsoll::host {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
    return value == nullptr ? std::string() : std::string(value);
}

std::optional<std::chrono::microseconds> watchdog_of_process() {
    const std::string pid = variable("WATCHDOG_PID");
    if (!pid.empty() && pid != std::to_string(getpid())) return std::nullopt;
    const std::string text = variable("WATCHDOG_USEC");
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || value <= 0) return std::nullopt;
    return std::chrono::microseconds(value / 2);
}

}  // namespace

ServiceNotify::ServiceNotify() : ServiceNotify(variable("NOTIFY_SOCKET"), watchdog_of_process()) {}

ServiceNotify::ServiceNotify(std::string socket, std::optional<std::chrono::microseconds> watchdog)
    : socket_(std::move(socket)), watchdog_(watchdog) {}

void ServiceNotify::send(std::string_view message) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_.front() == '@') address.sun_path[0] = '\0';  // a name in the abstract namespace
    const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return;
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    // A manager that does not listen is no reason to fail: it will see by itself that nothing came.
    static_cast<void>(::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                               reinterpret_cast<const sockaddr*>(&address), length));
}

void ServiceNotify::ready(std::string_view text) const { send(fmt::format("READY=1\nSTATUS={}", printable(text))); }

void ServiceNotify::reloading() const {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", time.tv_sec * 1'000'000 + time.tv_nsec / 1000));
}

void ServiceNotify::stopping() const { send("STOPPING=1"); }

void ServiceNotify::status(std::string_view text) const { send(fmt::format("STATUS={}", printable(text))); }

void ServiceNotify::alive() const { send("WATCHDOG=1"); }

}  // namespace plimsoll::host
