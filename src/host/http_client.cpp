#include "host/http_client.h"

#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <deque>
#include <fmt/format.h>
#include <memory>
#include <optional>

namespace plimsoll::host {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;

using UnixStream = beast::basic_stream<asio::local::stream_protocol>;
using TcpStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

/// What the connections of one batch share: the queue, the limits, where answers go. Lives on run_requests' stack.
struct Batch {
    const Endpoint& endpoint;
    const HttpLimits& limits;
    const std::vector<HttpRequest>& requests;
    const std::function<void(std::size_t, Result<HttpAnswer>)>& done;
    asio::io_context& io;
    ssl::context& tls;
    std::size_t next = 0;

    std::optional<std::size_t> take() {
        if (next >= requests.size()) return std::nullopt;
        return next++;
    }
};

std::string reason(const boost::system::system_error& fault) {
    const auto code = fault.code();
    if (code == beast::error::timeout) return "no complete answer in time";
    if (code == http::error::body_limit) return "the answer is larger than allowed";
    if (code == http::error::end_of_stream || code == http::error::partial_message || code == asio::error::eof) {
        return "the connection was closed before the answer was complete";
    }
    return code.message();
}

asio::awaitable<std::unique_ptr<UnixStream>> connect(Batch& batch, std::type_identity<UnixStream>) {
    auto stream = std::make_unique<UnixStream>(batch.io);
    stream->expires_after(batch.limits.connect);
    co_await stream->async_connect(asio::local::stream_protocol::endpoint(batch.endpoint.path), asio::use_awaitable);
    co_return stream;
}

template <typename Stream>
asio::awaitable<void> connect_tcp(Batch& batch, Stream& stream) {
    asio::ip::tcp::resolver resolver(batch.io);
    const auto found =
        co_await resolver.async_resolve(batch.endpoint.name, std::to_string(batch.endpoint.port), asio::use_awaitable);
    stream.expires_after(batch.limits.connect);
    co_await stream.async_connect(found, asio::use_awaitable);
    stream.socket().set_option(asio::ip::tcp::no_delay(true));
}

asio::awaitable<std::unique_ptr<TcpStream>> connect(Batch& batch, std::type_identity<TcpStream>) {
    auto stream = std::make_unique<TcpStream>(batch.io);
    co_await connect_tcp(batch, *stream);
    co_return stream;
}

asio::awaitable<std::unique_ptr<TlsStream>> connect(Batch& batch, std::type_identity<TlsStream>) {
    auto stream = std::make_unique<TlsStream>(batch.io, batch.tls);
    co_await connect_tcp(batch, beast::get_lowest_layer(*stream));
    SSL_ctrl(stream->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(batch.endpoint.name.c_str()));  // the macro for this casts the C way
    if (batch.endpoint.tls_verify) stream->set_verify_callback(ssl::host_name_verification(batch.endpoint.name));
    co_await stream->async_handshake(ssl::stream_base::client, asio::use_awaitable);
    co_return stream;
}

template <typename Stream>
asio::awaitable<HttpAnswer> exchange(Batch& batch, Stream& stream, const HttpRequest& request, bool& answered,
                                     bool& keep) {
    http::request<http::empty_body> message(http::string_to_verb(request.method), request.target, 11);
    message.set(http::field::host, batch.endpoint.tcp ? batch.endpoint.name : "localhost");
    message.set(http::field::user_agent, "plimsoll");
    message.set(http::field::accept, "application/json");
    message.keep_alive(true);

    auto& lowest = beast::get_lowest_layer(stream);
    lowest.expires_after(batch.limits.answer);
    co_await http::async_write(stream, message, asio::use_awaitable);

    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(batch.limits.body_bytes);
    co_await http::async_read_header(stream, buffer, parser, asio::use_awaitable);
    answered = true;
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    keep = parser.keep_alive();
    auto response = parser.release();
    co_return HttpAnswer{response.result_int(), std::move(response.body())};
}

/// One request on an open or a new connection. An idle connection that the engine closed is opened anew, once.
template <typename Stream>
asio::awaitable<HttpAnswer> ask(Batch& batch, std::unique_ptr<Stream>& stream, const HttpRequest& request) {
    for (bool retried = false;; retried = true) {
        const bool reused = stream != nullptr;
        bool answered = false;
        bool keep = false;
        try {
            if (!reused) stream = co_await connect(batch, std::type_identity<Stream>{});
            HttpAnswer answer = co_await exchange(batch, *stream, request, answered, keep);
            if (!keep) stream.reset();
            co_return answer;
        } catch (const boost::system::system_error& fault) {
            stream.reset();
            if (!reused || answered || retried || fault.code() == beast::error::timeout) throw;
        }
    }
}

template <typename Stream>
asio::awaitable<void> work(Batch& batch) {
    std::unique_ptr<Stream> stream;
    while (const auto index = batch.take()) {
        Result<HttpAnswer> answer = Error{};
        try {
            answer = co_await ask(batch, stream, batch.requests[*index]);
        } catch (const boost::system::system_error& fault) {
            answer = Error{reason(fault)};
        }
        batch.done(*index, std::move(answer));
    }
}

template <typename Stream>
void run(Batch& batch) {
    const std::size_t connections = std::min(batch.limits.connections, batch.requests.size());
    std::exception_ptr broken;
    for (std::size_t i = 0; i < connections; ++i) {
        asio::co_spawn(batch.io, work<Stream>(batch), [&broken](std::exception_ptr fault) {
            if (fault) broken = fault;
        });
    }
    batch.io.run();
    if (broken) std::rethrow_exception(broken);
}

Result<bool> prepare_tls(const Endpoint& endpoint, ssl::context& tls) {
    boost::system::error_code fault;
    const auto step = [&](const char* doing, const std::string& file) -> Result<bool> {
        if (fault) return Error{fmt::format("{} {}: {}", doing, file, fault.message())};
        return true;
    };
    if (endpoint.tls_verify) {
        tls.set_verify_mode(ssl::verify_peer, fault);
        if (endpoint.ca_file.empty()) tls.set_default_verify_paths(fault);
        else tls.load_verify_file(endpoint.ca_file, fault);
        TRY_VOID(step("reading the CA certificate", endpoint.ca_file));
    }
    if (!endpoint.cert_file.empty()) {
        tls.use_certificate_chain_file(endpoint.cert_file, fault);
        TRY_VOID(step("reading the client certificate", endpoint.cert_file));
        tls.use_private_key_file(endpoint.key_file, ssl::context::pem, fault);
        TRY_VOID(step("reading the client key", endpoint.key_file));
    }
    return true;
}

}  // namespace

void run_requests(const Endpoint& endpoint, const HttpLimits& limits, const std::vector<HttpRequest>& requests,
                  const std::function<void(std::size_t, Result<HttpAnswer>)>& done) {
    asio::io_context io(1);
    ssl::context tls(ssl::context::tls_client);
    Batch batch{endpoint, limits, requests, done, io, tls};
    if (!endpoint.tcp) return run<UnixStream>(batch);
    if (!endpoint.tls) return run<TcpStream>(batch);
    if (const auto ready = prepare_tls(endpoint, tls); !ready) {
        for (std::size_t i = 0; i < requests.size(); ++i) done(i, Error(ready.error()));
        return;
    }
    run<TlsStream>(batch);
}

}  // namespace plimsoll::host
