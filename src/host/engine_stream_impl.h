#pragma once

// EngineStream over one kind of stream; each kind is compiled in a file of its own, as in http_exchange.h.

#include <sys/socket.h>

#include <functional>

#include "host/engine_stream.h"
#include "host/http_exchange.h"

#include <boost/asio/redirect_error.hpp>

namespace plimsoll::host::http {

inline constexpr std::size_t kMostRefusalBytes = 4096;

/// Opens the stream over TLS.
Result<std::unique_ptr<EngineStream>> open_tls_stream(const Endpoint& endpoint, const std::string& target,
                                                      const StreamLimits& limits, std::stop_token stop);

template <typename Stream>
class StreamOver final : public EngineStream {
public:
    using Connect = std::function<asio::awaitable<std::unique_ptr<Stream>>(Batch&)>;

    explicit StreamOver(std::stop_token stop) : stop_(std::move(stop)) {}

    Result<bool> start(const Endpoint& endpoint, const std::string& target, const StreamLimits& limits,
                       const Connect& connect) {
        if (!is_sendable(target)) return Error{"the address of the stream holds characters that no request may hold"};
        const HttpLimits bounds{.connect = limits.connect, .answer = limits.head};
        Batch batch{endpoint, bounds, {}, {}, io_};
        std::string refused;
        const auto ask = [&]() -> asio::awaitable<void> {
            stream_ = co_await connect(batch);
            beast::http::request<beast::http::empty_body> message(beast::http::verb::get, target, 11);
            message.set(beast::http::field::host, endpoint.tcp ? endpoint.name : "localhost");
            message.set(beast::http::field::user_agent, "plimsoll");
            auto& lowest = beast::get_lowest_layer(*stream_);
            lowest.expires_after(limits.head);
            co_await beast::http::async_write(*stream_, message, asio::use_awaitable);
            parser_.body_limit(boost::none);
            co_await beast::http::async_read_header(*stream_, buffer_, parser_, asio::use_awaitable);
            if (parser_.get().result_int() == 200) {
                keep_alive(endpoint);
                lowest.expires_never();
                co_return;
            }
            refused = "the engine answered " + std::to_string(parser_.get().result_int());
            std::string text(kMostRefusalBytes, '\0');
            std::size_t filled = 0;
            while (filled < text.size() && !parser_.is_done()) {
                boost::system::error_code fault;
                parser_.get().body().data = text.data() + filled;
                parser_.get().body().size = text.size() - filled;
                co_await beast::http::async_read_some(*stream_, buffer_, parser_,
                                                      asio::redirect_error(asio::use_awaitable, fault));
                filled = text.size() - parser_.get().body().size;
                if (fault) break;
            }
            refused += ": " + text.substr(0, filled);
        };
        std::string fault;
        asio::co_spawn(io_, ask(), [&fault](std::exception_ptr broken) { fault = told(broken); });
        run();
        if (stop_.stop_requested()) return Error{"stopped"};
        if (!fault.empty()) return Error{fault};
        if (!refused.empty()) return Error{refused};
        return true;
    }

    Result<std::size_t> read(std::span<char> into) override {
        if (stop_.stop_requested() || parser_.is_done()) return std::size_t{0};
        std::size_t got = 0;
        boost::system::error_code end;
        while (got == 0 && !end && !parser_.is_done() && !stop_.stop_requested()) {
            parser_.get().body().data = into.data();
            parser_.get().body().size = into.size();
            parser_.get().body().more = true;
            beast::http::async_read_some(*stream_, buffer_, parser_,
                                         [&end](boost::system::error_code fault, std::size_t) { end = fault; });
            run();
            got = into.size() - parser_.get().body().size;
            if (end == beast::http::error::need_buffer) end = {};
        }
        if (got > 0 || !end || stop_.stop_requested()) return got;
        return Error{reason(boost::system::system_error(end))};
    }

    [[nodiscard]] std::optional<pid_t> listener() const override { return listener_; }

private:
    static std::string told(const std::exception_ptr& broken) {
        if (!broken) return {};
        try {
            std::rethrow_exception(broken);
        } catch (const boost::system::system_error& fault) {
            return reason(fault);
        } catch (const std::exception& fault) {
            return fault.what();
        }
    }

    /// A peer that vanished without a word is noticed; on a unix socket the kernel tells.
    void keep_alive(const Endpoint& endpoint) {
        auto& socket = beast::get_lowest_layer(*stream_).socket();
        if (endpoint.tcp) {
            const int on = 1;
            ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
            return;
        }
        struct ucred peer {};
        socklen_t size = sizeof peer;
        if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) listener_ = peer.pid;
    }

    /// Runs what was begun until it ends or the stop comes, which closes the connection.
    void run() {
        io_.restart();
        const std::stop_callback closing(stop_, [this] {
            asio::post(io_, [this] {
                stopped_ = true;
                if (stream_) beast::get_lowest_layer(*stream_).close();
                io_.stop();
            });
        });
        io_.run();
    }

    asio::io_context io_{1};
    std::stop_token stop_;
    std::unique_ptr<Stream> stream_;
    beast::flat_buffer buffer_{128 * 1024};
    beast::http::response_parser<beast::http::buffer_body> parser_;
    std::optional<pid_t> listener_;
    bool stopped_ = false;
};

}  // namespace plimsoll::host::http
