#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plimsoll::host {

/// How long an exchange may take, and who may end it earlier.
struct Patience {
    std::chrono::steady_clock::time_point until;
    std::stop_token stop;

    static Patience of(std::chrono::milliseconds time, std::stop_token stop = {}) {
        return {std::chrono::steady_clock::now() + time, std::move(stop)};
    }
    [[nodiscard]] bool over() const { return stop.stop_requested() || std::chrono::steady_clock::now() >= until; }
};

/// Whether a text may be a host's name or address, as a resolver takes it: no blanks, quotes, slashes.
[[nodiscard]] bool is_host_name(std::string_view text);

/// Where a stream leads.
struct StreamTarget {
    std::string unix_path;  ///< when set, the rest does not count
    std::string host;       ///< name or address
    std::uint16_t port = 0;
    bool tls = false;  ///< 1.2 or newer, certificate and name always verified
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
};

/// A connection over TCP, TLS or a unix socket. Every call ends when its patience is over (a name is looked up by the
/// system's resolver, whose own time limit counts there). Never raises SIGPIPE. One thread.
class Stream {
public:
    static Result<std::unique_ptr<Stream>> open(const StreamTarget& target, const Patience& patience);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    [[nodiscard]] Result<void> write(std::string_view bytes, const Patience& patience);

    /// At least one byte; 0 when the other side is done.
    [[nodiscard]] Result<std::size_t> read(std::span<char> into, const Patience& patience);

    /// Whether an idle connection still stands: nothing is there to read, neither data nor its end.
    [[nodiscard]] bool idle();

    /// Waits until the other side's kernel has acknowledged all that was written.
    [[nodiscard]] Result<void> acknowledged(const Patience& patience);

private:
    class Impl;
    explicit Stream(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::host
