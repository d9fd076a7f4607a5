#include "host/http_client.h"

#include <fmt/format.h>

#include <iterator>

#include "host/http_exchange.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace plimsoll::host {

namespace http {

std::string reason(const boost::system::system_error& fault) {
    const auto code = fault.code();
    if (code == beast::error::timeout) return "no complete answer in time";
    if (code == beast::http::error::body_limit) return "the answer is larger than allowed";
    if (code == beast::http::error::end_of_stream || code == beast::http::error::partial_message ||
        code == asio::error::eof) {
        return "the connection was closed before the answer was complete";
    }
    return code.message();
}

bool is_sendable(std::string_view target) {
    return target.starts_with('/') && std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; });
}

asio::awaitable<void> connect_socket(Batch& batch, Socket& socket) {
    if (!batch.endpoint.tcp) {
        socket.expires_after(batch.limits.connect);
        const asio::local::stream_protocol::endpoint path(batch.endpoint.path);
        co_await socket.async_connect(asio::generic::stream_protocol::endpoint(path), asio::use_awaitable);
        co_return;
    }
    asio::ip::tcp::resolver resolver(batch.io);
    const auto found =
        co_await resolver.async_resolve(batch.endpoint.name, std::to_string(batch.endpoint.port), asio::use_awaitable);
    std::exception_ptr refused;
    for (const auto& address : found) {
        try {
            socket.expires_after(batch.limits.connect);
            co_await socket.async_connect(asio::generic::stream_protocol::endpoint(address.endpoint()),
                                          asio::use_awaitable);
            socket.socket().set_option(asio::ip::tcp::no_delay(true));
            co_return;
        } catch (const boost::system::system_error&) {
            refused = std::current_exception();
            socket.close();
        }
    }
    std::rethrow_exception(refused);
}

}  // namespace http

std::string url_part(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '~' || c == ':';
        if (plain)
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

void run_requests(const Endpoint& endpoint, const HttpLimits& limits, const std::vector<HttpRequest>& requests,
                  const std::function<void(std::size_t, Result<HttpAnswer>)>& done) {
    boost::asio::io_context io(1);
    http::Batch batch{endpoint, limits, requests, done, io};
    if (endpoint.tcp && endpoint.tls) return http::run_tls(batch);
    http::run<http::Socket>(batch, [](http::Batch& of) -> boost::asio::awaitable<std::unique_ptr<http::Socket>> {
        auto socket = std::make_unique<http::Socket>(of.io);
        co_await http::connect_socket(of, *socket);
        co_return socket;
    });
}

}  // namespace plimsoll::host
