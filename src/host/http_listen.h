#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/fd.h"
#include "host/http_server.h"

namespace plimsoll::host {

/// Whether Listener::open could listen there, as far as the text says it; opens nothing.
[[nodiscard]] Result<void> check_listen_address(std::string_view where);

/// A listening socket; a socket file is removed at the end, unless another one stands in its place by then.
class Listener {
public:
    /// Listens on `ADDRESS:PORT`, `[ADDRESS]:PORT` or `unix://PATH`; see HttpServer::start.
    static Result<Listener> open(std::string_view where, const ServeLimits& limits);
    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&&) = delete;
    ~Listener();

    /// Gives the socket away, to be closed by the caller; the file stays with this object.
    [[nodiscard]] int release() { return fd_.release(); }
    [[nodiscard]] int family() const { return family_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    Listener() = default;
    static Result<Listener> open_path(const std::string& path, const ServeLimits& limits);
    static Result<Listener> open_address(std::string_view where);

    Fd fd_;
    int family_ = 0;
    std::uint16_t port_ = 0;
    std::string text_;
    std::string path_;         ///< of the socket file that is ours; empty for TCP
    std::uint64_t inode_ = 0;  ///< of that file
};

}  // namespace plimsoll::host
