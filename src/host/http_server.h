#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plimsoll::host {

/// Bounds on what clients may cost a server.
struct ServeLimits {
    std::size_t header_bytes = std::size_t{16} * 1024;  ///< request line and headers; more is answered 431
    std::size_t body_bytes = std::size_t{1} << 20U;     ///< more is answered 413
    std::size_t connections = 64;  ///< at the bound the connection that has been sending its request longest is closed
    std::size_t threads = 2;       ///< handlers that run at the same time; further requests wait for one of them
    std::chrono::milliseconds request{10000};  ///< from a request's first byte to its last
    std::chrono::milliseconds answer{10000};   ///< to take the answer off our hands
    std::chrono::milliseconds idle{60000};     ///< between two requests
    unsigned socket_mode = 0600;               ///< permissions of a unix socket
    std::optional<gid_t> socket_group;         ///< group of a unix socket; this process's own when absent
};

/// Who is at the other end of a unix socket, as the kernel knew at connect (SO_PEERCRED, unix(7)).
struct ServedPeer {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};

/// One complete request. All of it is text from outside.
struct ServedRequest {
    std::string method;
    std::string target;  ///< as sent, path and query
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<ServedPeer> peer;  ///< of a unix socket only

    /// The header of that name, whatever its case; empty when it was not sent.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    /// The target up to its question mark.
    [[nodiscard]] std::string_view path() const;
};

struct ServedAnswer {
    unsigned status = 200;
    std::string body;
    std::string content_type = "text/plain; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers;  ///< further ones
};

/// Answers one request; called on several threads at once, may take its time, throws nothing.
using ServeHandler = std::function<ServedAnswer(const ServedRequest&)>;

/// A small HTTP/1.1 server with keep-alive, on one thread for all connections and `limits.threads` for handlers.
class HttpServer {
public:
    /// Listens on `127.0.0.1:9464`, `[::1]:0` (0: any free port) or `unix:///run/plimsoll/agent.sock`, and serves until
    /// destroyed. A socket file that nobody answers at is replaced; one that somebody answers at, or a file of another
    /// kind, is an error.
    static Result<std::unique_ptr<HttpServer>> start(std::string_view listen, const ServeLimits& limits,
                                                     ServeHandler handler);
    /// Stops: closes every connection, waits for the handlers that run, removes the socket file.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;       ///< the real one; 0 for a unix socket
    [[nodiscard]] const std::string& text() const;  ///< `127.0.0.1:9464` with the real port, or `unix://PATH`

private:
    class Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::host
