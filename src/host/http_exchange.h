#pragma once

// The HTTP client over one kind of stream. Each kind is compiled in a file of its own, since each instantiates the
// whole client.

#include <algorithm>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>

#include "host/http_client.h"

namespace plimsoll::host::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

/// A unix or TCP connection.
using Socket = beast::basic_stream<asio::generic::stream_protocol>;

/// What the connections of one batch share: the queue, the limits, where answers go. Lives on run_requests' stack.
struct Batch {
    const Endpoint& endpoint;
    const HttpLimits& limits;
    const std::vector<HttpRequest>& requests;
    const std::function<void(std::size_t, Result<HttpAnswer>)>& done;
    asio::io_context& io;
    std::size_t next = 0;
    std::size_t timeouts = 0;  ///< in a row, over all connections

    std::optional<std::size_t> take() {
        if (next >= requests.size()) return std::nullopt;
        return next++;
    }
};

/// Why a request has no answer, in words.
[[nodiscard]] std::string reason(const boost::system::system_error& fault);

/// Whether a target is visible ASCII without blanks: anything else could end the request line and begin another
/// request.
[[nodiscard]] bool is_sendable(std::string_view target);

/// Connects to the endpoint, whichever family it has.
[[nodiscard]] asio::awaitable<void> connect_socket(Batch& batch, Socket& socket);

/// Runs the batch over TLS.
void run_tls(Batch& batch);

template <typename Stream>
asio::awaitable<HttpAnswer> exchange(Batch& batch, Stream& stream, const HttpRequest& request, bool& answered,
                                     bool& keep) {
    beast::http::request<beast::http::empty_body> message(beast::http::string_to_verb(request.method), request.target,
                                                          11);
    message.set(beast::http::field::host, batch.endpoint.tcp ? batch.endpoint.name : "localhost");
    message.set(beast::http::field::user_agent, "plimsoll");
    message.set(beast::http::field::accept, "application/json");
    message.keep_alive(true);

    auto& lowest = beast::get_lowest_layer(stream);
    lowest.expires_after(batch.limits.answer);
    co_await beast::http::async_write(stream, message, asio::use_awaitable);

    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(batch.limits.body_bytes);
    co_await beast::http::async_read_header(stream, buffer, parser, asio::use_awaitable);
    answered = true;
    co_await beast::http::async_read(stream, buffer, parser, asio::use_awaitable);
    keep = parser.keep_alive();
    auto response = parser.release();
    co_return HttpAnswer{response.result_int(), std::move(response.body())};
}

/// One request on an open or a new connection. An idle connection that the engine closed is opened anew, once.
template <typename Stream, typename Connect>
asio::awaitable<HttpAnswer> ask(Batch& batch, const Connect& connect, std::unique_ptr<Stream>& stream,
                                const HttpRequest& request) {
    for (bool retried = false;; retried = true) {
        const bool reused = stream != nullptr;
        bool answered = false;
        bool keep = false;
        try {
            if (!reused) stream = co_await connect(batch);
            HttpAnswer answer = co_await exchange(batch, *stream, request, answered, keep);
            if (!keep) stream.reset();
            co_return answer;
        } catch (const boost::system::system_error& fault) {
            stream.reset();
            if (!reused || answered || retried || fault.code() == beast::error::timeout) throw;
        }
    }
}

template <typename Stream, typename Connect>
asio::awaitable<void> work(Batch& batch, const Connect& connect) {
    std::unique_ptr<Stream> stream;
    while (const auto index = batch.take()) {
        Result<HttpAnswer> answer = Error{};
        if (!is_sendable(batch.requests[*index].target)) {
            answer = Error{"the name in its address holds characters that no request may hold"};
        } else if (batch.timeouts > batch.limits.connections) {
            answer = Error{"not asked any more, since the engine no longer answers in time"};
        } else {
            try {
                answer = co_await ask(batch, connect, stream, batch.requests[*index]);
                batch.timeouts = 0;
            } catch (const boost::system::system_error& fault) {
                if (fault.code() == beast::error::timeout) ++batch.timeouts;
                answer = Error{reason(fault)};
            }
        }
        batch.done(*index, std::move(answer));
    }
}

/// Runs the batch over streams that `connect` opens: `awaitable<unique_ptr<Stream>>(Batch&)`.
template <typename Stream, typename Connect>
void run(Batch& batch, const Connect& connect) {
    const std::size_t connections = std::min(batch.limits.connections, batch.requests.size());
    std::exception_ptr broken;
    for (std::size_t i = 0; i < connections; ++i) {
        asio::co_spawn(batch.io, work<Stream>(batch, connect), [&broken](std::exception_ptr fault) {
            if (fault) broken = fault;
        });
    }
    batch.io.run();
    if (broken) std::rethrow_exception(broken);
}

}  // namespace plimsoll::host::http
