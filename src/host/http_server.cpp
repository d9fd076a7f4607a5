#include "host/http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <thread>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without it

#include "host/http_listen.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace plimsoll::host {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using boost::system::system_error;
using Clock = std::chrono::steady_clock;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;
using Stream = beast::basic_stream<Protocol>;
using Parser = beast::http::request_parser<beast::http::string_body>;

/// What a client still sends after it was refused is read up to here, so that it sees the answer and not a reset.
constexpr std::size_t kDrainBytes = std::size_t{1} << 20U;
constexpr std::chrono::milliseconds kDrainTime{1000};
constexpr std::chrono::milliseconds kAcceptPause{100};  ///< after a failed accept: no descriptor is free

/// One client. Lives in its coroutine; touched by the server's one I/O thread only.
struct Connection {
    explicit Connection(Stream&& from) : stream(std::move(from)) {}

    Stream stream;
    beast::flat_buffer buffer;
    std::optional<ServedPeer> peer;
    Clock::time_point since = Clock::now();  ///< begin of the request, or of the wait for it
    bool handling = false;
};

std::optional<ServedPeer> peer_of(int socket, int family) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (family != AF_UNIX || ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return std::nullopt;
    return ServedPeer{credentials.pid, credentials.uid, credentials.gid};
}

/// What to answer to a request that could not be read; 0 when nobody is left to answer to.
unsigned refusal(const error_code& fault) {
    using beast::http::error;
    if (fault == error::body_limit) return 413;
    if (fault == error::header_limit || fault == error::buffer_overflow) return 431;
    if (fault == error::end_of_stream || fault == error::partial_message) return 0;
    return fault.category() == make_error_code(error::bad_method).category() ? 400 : 0;
}

std::string_view to_std(beast::string_view text) { return {text.data(), text.size()}; }
beast::string_view to_beast(std::string_view text) { return {text.data(), text.size()}; }

bool is_header_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

ServedRequest request_of(Parser& parser, const std::optional<ServedPeer>& peer) {
    auto message = parser.release();
    ServedRequest out{std::string(to_std(message.method_string())),
                      std::string(to_std(message.target())),
                      std::move(message.body()),
                      {},
                      peer};
    for (const auto& header : message) out.headers.emplace_back(to_std(header.name_string()), to_std(header.value()));
    return out;
}

}  // namespace

std::string_view ServedRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (beast::iequals(to_beast(key), to_beast(name))) return value;
    }
    return {};
}

std::string_view ServedRequest::path() const { return std::string_view(target).substr(0, target.find('?')); }

class HttpServer::Impl {
public:
    Impl(Listener listener, const ServeLimits& limits, ServeHandler handler)
        : listener_(std::move(listener)),
          limits_(limits),
          handler_(std::move(handler)),
          acceptor_(io_),
          pool_(std::max<std::size_t>(limits.threads, 1)) {
        acceptor_.assign(Protocol(listener_.family(), 0), listener_.release());
        asio::co_spawn(io_, accept(), asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        stopping_ = true;
        asio::post(io_, [this] {
            error_code ignored;  // it closes either way
            acceptor_.close(ignored);
            for (Connection* each : open_) each->stream.close();
        });
        thread_.join();  // when every connection has ended, after its handler
        pool_.join();
    }

    [[nodiscard]] const Listener& listener() const { return listener_; }

private:
    asio::awaitable<void> accept() {
        asio::steady_timer pause(io_);
        while (!stopping_) {
            error_code fault;
            auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, fault));
            if (stopping_) co_return;
            if (fault) {
                pause.expires_after(kAcceptPause);
                co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, fault));
            } else if (has_room()) {
                asio::co_spawn(io_, serve(Stream(std::move(socket))), asio::detached);
            } else {
                constexpr std::string_view kBusy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
                ::send(socket.native_handle(), kBusy.data(), kBusy.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            }
        }
    }

    /// Whether one more connection may be opened: at the bound, by closing the one that takes longest to ask.
    bool has_room() {
        if (open_.size() < limits_.connections) return true;
        Connection* slowest = nullptr;
        for (Connection* each : open_) {
            if (!each->handling && (slowest == nullptr || each->since < slowest->since)) slowest = each;
        }
        if (slowest == nullptr) return false;
        slowest->stream.close();
        slowest->handling = true;  // not chosen again
        return true;
    }

    asio::awaitable<void> serve(Stream stream) {
        Connection connection(std::move(stream));
        connection.peer = peer_of(connection.stream.socket().native_handle(), listener_.family());
        const auto place = open_.insert(open_.end(), &connection);
        try {
            bool more = true;
            while (more && !stopping_) more = co_await one_request(connection);
        } catch (const std::exception&) {
            // The client went away, took too long, or broke the handler's promise: its connection is closed.
        }
        open_.erase(place);
    }

    /// Reads and answers one request; false when the connection is to be closed.
    asio::awaitable<bool> one_request(Connection& connection) {
        Stream& stream = connection.stream;
        connection.since = Clock::now();
        if (connection.buffer.size() == 0) {
            stream.expires_after(limits_.idle);
            const auto size = co_await stream.async_read_some(connection.buffer.prepare(4096), asio::use_awaitable);
            connection.buffer.commit(size);
        }
        stream.expires_after(limits_.request);
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
        parser.body_limit(limits_.body_bytes);
        const error_code fault = co_await read(connection, parser);
        if (fault) {
            if (const unsigned status = refusal(fault); status != 0) co_await refuse(connection, status);
            co_return false;
        }
        const bool keep = parser.keep_alive();
        const unsigned version = parser.get().version();
        const ServedRequest request = request_of(parser, connection.peer);
        stream.expires_never();
        connection.handling = true;
        ServedAnswer answer;
        co_await asio::co_spawn(pool_, handle(request, answer), asio::use_awaitable);
        if (stopping_) co_return false;
        stream.expires_after(limits_.answer);
        co_await write(stream, answer, version, keep, request.method == "HEAD");
        connection.handling = false;
        co_return keep;
    }

    asio::awaitable<error_code> read(Connection& connection, Parser& parser) {
        error_code fault;
        auto token = asio::redirect_error(asio::use_awaitable, fault);
        co_await beast::http::async_read_header(connection.stream, connection.buffer, parser, token);
        if (fault) co_return fault;
        if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue")) {
            const beast::http::response<beast::http::empty_body> proceed(beast::http::status::continue_,
                                                                         parser.get().version());
            beast::http::response_serializer<beast::http::empty_body> text(proceed);
            co_await beast::http::async_write_header(connection.stream, text, token);
            if (fault) co_return fault;
        }
        co_await beast::http::async_read(connection.stream, connection.buffer, parser, token);
        co_return fault;
    }

    // g++ 12 destroys some temporaries of a co_await or co_return expression twice; hence named variables only.

    /// Runs on a thread of the pool.
    asio::awaitable<void> handle(const ServedRequest& request, ServedAnswer& answer) {
        if (stopping_)
            answer.status = 503;
        else
            answer = handler_(request);
        co_return;
    }

    static asio::awaitable<void> write(Stream& stream, ServedAnswer& answer, unsigned version, bool keep, bool head) {
        beast::http::response<beast::http::string_body> message;
        message.version(version);
        message.result(answer.status);
        if (is_header_value(answer.content_type))
            message.set(beast::http::field::content_type, to_beast(answer.content_type));
        for (const auto& [name, value] : answer.headers) {
            if (is_header_value(name) && is_header_value(value)) message.insert(to_beast(name), to_beast(value));
        }
        message.keep_alive(keep);
        message.content_length(answer.body.size());
        if (!head) message.body() = std::move(answer.body);
        co_await beast::http::async_write(stream, message, asio::use_awaitable);
    }

    asio::awaitable<void> refuse(Connection& connection, unsigned status) {
        Stream& stream = connection.stream;
        stream.expires_after(kDrainTime);
        ServedAnswer answer;
        answer.status = status;
        answer.body = to_std(beast::http::obsolete_reason(static_cast<beast::http::status>(status)));
        answer.body += '\n';
        co_await write(stream, answer, 11, false, false);
        error_code fault;
        stream.socket().shutdown(asio::socket_base::shutdown_send, fault);
        for (std::size_t drained = 0; !fault && drained < kDrainBytes;) {
            connection.buffer.clear();
            drained += co_await stream.async_read_some(connection.buffer.prepare(65536),
                                                       asio::redirect_error(asio::use_awaitable, fault));
        }
    }

    Listener listener_;
    ServeLimits limits_;
    ServeHandler handler_;
    std::atomic<bool> stopping_ = false;
    asio::io_context io_{1};
    Acceptor acceptor_;
    asio::thread_pool pool_;
    std::list<Connection*> open_;  ///< borrowed from their coroutines
    std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(std::string_view listen, const ServeLimits& limits,
                                                      ServeHandler handler) {
    TRY(Listener listener, Listener::open(listen, limits));
    try {
        return std::unique_ptr<HttpServer>(
            new HttpServer(std::make_unique<Impl>(std::move(listener), limits, std::move(handler))));
    } catch (const std::system_error& fault) {  // no thread to be had
        return Error{"starting to serve: " + std::string(fault.what())};
    } catch (const system_error& fault) {
        return Error{"starting to serve: " + fault.code().message()};
    }
}

std::uint16_t HttpServer::port() const { return impl_->listener().port(); }
const std::string& HttpServer::text() const { return impl_->listener().text(); }

}  // namespace plimsoll::host
