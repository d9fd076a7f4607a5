#include "host/stream.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <thread>

#include "host/fd.h"
#include "host/system_error.h"

namespace plimsoll::host {

namespace {

constexpr auto kStopLook = std::chrono::milliseconds(50);  ///< how soon a stop request is seen

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

/// OpenSSL writes with write(2), which raises SIGPIPE on a broken connection; this keeps it from the process.
class PipeSignalHeld {
public:
    PipeSignalHeld() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        if (!was_pending_) pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    PipeSignalHeld(const PipeSignalHeld&) = delete;
    PipeSignalHeld& operator=(const PipeSignalHeld&) = delete;
    ~PipeSignalHeld() {
        if (was_pending_) return;
        const timespec none{};
        while (sigtimedwait(&pipe_, nullptr, &none) < 0 && errno == EINTR) {
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

Error out_of_patience(const Patience& patience) {
    return {patience.stop.stop_requested() ? "stopped" : "no answer in time"};
}

Result<void> wait_for(int fd, short events, const Patience& patience) {
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(patience.until - std::chrono::steady_clock::now());
        if (patience.over()) return out_of_patience(patience);
        const auto slice = std::clamp(left, std::chrono::milliseconds(1), kStopLook);
        pollfd waiting{.fd = fd, .events = events, .revents = 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(slice.count()));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return system_error("waiting", "");
    }
}

/// The first reason that OpenSSL has noted on this thread.
std::string tls_reason() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? std::string("the connection broke") : std::string(reason);
}

Result<Fd> connect_to(const sockaddr* address, socklen_t size, const Patience& patience) {
    Fd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return system_error("making a socket", "");
    if (::connect(fd.get(), address, size) == 0) return fd;
    if (errno != EINPROGRESS) return system_error("connecting", "");
    TRY_VOID(wait_for(fd.get(), POLLOUT, patience));
    int fault = 0;
    socklen_t length = sizeof fault;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &fault, &length);
    if (fault != 0) return system_error("connecting", "", fault);
    return fd;
}

Result<Fd> connect_unix(const std::string& path, const Patience& patience) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return Error{"the path of the socket is too long"};
    std::ranges::copy(path, address.sun_path);
    return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, patience);
}

bool is_address(const std::string& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 || ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

Result<Fd> connect_tcp(const std::string& host, std::uint16_t port, const Patience& patience) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    // The loopback device alone does not count as having addresses of a family.
    if (!is_address(host) && host != "localhost") hints.ai_flags |= AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    const int fault = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (fault != 0) return Error{fmt::format("{} is not found: {}", host, ::gai_strerror(fault))};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
    Result<Fd> last = Error{"there is no address for it"};
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        last = connect_to(at->ai_addr, at->ai_addrlen, patience);
        if (!last) continue;
        const int on = 1;
        ::setsockopt(last->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(last->get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        return last;
    }
    return last;
}

/// Read at each connect, so that certificates may be renewed while the program runs.
Result<SslContext> tls_context(const StreamTarget& target) {
    SslContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) return Error{"TLS: " + tls_reason()};
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (const std::string* file : {&target.ca_file, &target.cert_file, &target.key_file}) {
        // The library tells no reason for a file that it cannot open.
        if (!file->empty() && ::access(file->c_str(), R_OK) != 0) return system_error("reading", *file);
    }
    const bool trusted = target.ca_file.empty()
                             ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                             : SSL_CTX_load_verify_locations(context.get(), target.ca_file.c_str(), nullptr) == 1;
    if (!trusted) return Error{fmt::format("the CA certificates {}: {}", target.ca_file, tls_reason())};
    if (target.cert_file.empty()) return context;
    const std::string& key = target.key_file.empty() ? target.cert_file : target.key_file;
    if (SSL_CTX_use_certificate_chain_file(context.get(), target.cert_file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return Error{fmt::format("the client certificate {}: {}", target.cert_file, tls_reason())};
    }
    return context;
}

}  // namespace

bool is_host_name(std::string_view text) {
    constexpr std::size_t kLongest = 253;
    return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(".-_:%").contains(c);
    });
}

class Stream::Impl {
public:
    explicit Impl(Fd fd) : fd_(std::move(fd)) {}

    Result<void> start_tls(const StreamTarget& target, const Patience& patience) {
        TRY(const SslContext context, tls_context(target));
        ssl_.reset(SSL_new(context.get()));
        if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1) return Error{"TLS: " + tls_reason()};
        if (is_address(target.host)) {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), target.host.c_str());
        } else {
            SSL_set1_host(ssl_.get(), target.host.c_str());
            SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(target.host.c_str()));  // the macro for this casts the C way
        }
        auto shaken = repeat([this] { return SSL_connect(ssl_.get()); }, patience);
        if (shaken) return {};
        if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
            return Error{fmt::format("the certificate is not trusted: {}", X509_verify_cert_error_string(verdict))};
        }
        return shaken.error().during("TLS handshake");
    }

    Result<void> write(std::string_view bytes, const Patience& patience) {
        while (!bytes.empty()) {
            std::size_t sent = 0;
            if (ssl_) {
                TRY(sent, repeat([&] { return SSL_write(ssl_.get(), bytes.data(), clamp(bytes.size())); }, patience));
            } else {
                const ssize_t wrote = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (wrote < 0 && errno == EINTR) continue;
                if (wrote < 0 && errno != EAGAIN) return system_error("sending", "");
                if (wrote < 0) {
                    TRY_VOID(wait_for(fd_.get(), POLLOUT, patience));
                    continue;
                }
                sent = static_cast<std::size_t>(wrote);
            }
            bytes.remove_prefix(sent);
        }
        return {};
    }

    Result<std::size_t> read(std::span<char> into, const Patience& patience) {
        if (ssl_) {
            auto got = repeat([&] { return SSL_read(ssl_.get(), into.data(), clamp(into.size())); }, patience);
            if (!got && ended_) return std::size_t{0};
            return got;
        }
        while (true) {
            const ssize_t got = ::recv(fd_.get(), into.data(), into.size(), 0);
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return system_error("receiving", "");
            TRY_VOID(wait_for(fd_.get(), POLLIN, patience));
        }
    }

    bool idle() {
        char byte = 0;
        if (ssl_) {  // session tickets may wait to be read; they are not data
            const PipeSignalHeld held;
            ERR_clear_error();
            const int got = SSL_peek(ssl_.get(), &byte, 1);
            return got <= 0 && SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ;
        }
        return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }

    Result<void> acknowledged(const Patience& patience) {
        // No event tells it. It takes one round trip, so the steps grow with the wait.
        auto step = std::chrono::microseconds(20);
        while (true) {
            int waiting = 0;
            if (::ioctl(fd_.get(), SIOCOUTQ, &waiting) != 0 || waiting == 0) break;
            if (patience.over()) return out_of_patience(patience);
            std::this_thread::sleep_for(step);
            step = std::min<std::chrono::microseconds>(step * 2, std::chrono::milliseconds(10));
        }
        int fault = 0;
        socklen_t length = sizeof fault;
        ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &fault, &length);
        if (fault != 0) return system_error("sending", "", fault);
        return {};
    }

private:
    static int clamp(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, 1U << 20U)); }

    /// Calls until it neither wants to read nor to write; bytes done.
    template <typename Call>
    Result<std::size_t> repeat(const Call& call, const Patience& patience) {
        const PipeSignalHeld held;
        while (true) {
            ERR_clear_error();
            const int done = call();
            if (done > 0) return static_cast<std::size_t>(done);
            const int why = SSL_get_error(ssl_.get(), done);
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
                TRY_VOID(wait_for(fd_.get(), why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, patience));
                continue;
            }
            ended_ = why == SSL_ERROR_ZERO_RETURN;
            if (why == SSL_ERROR_SYSCALL && errno != 0) return system_error("TLS connection", "");
            return Error{tls_reason()};
        }
    }

    Fd fd_;
    Ssl ssl_;
    bool ended_ = false;
};

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stream::~Stream() = default;

Result<std::unique_ptr<Stream>> Stream::open(const StreamTarget& target, const Patience& patience) {
    TRY(Fd fd, target.unix_path.empty() ? connect_tcp(target.host, target.port, patience)
                                        : connect_unix(target.unix_path, patience));
    auto impl = std::make_unique<Impl>(std::move(fd));
    if (target.tls && target.unix_path.empty()) TRY_VOID(impl->start_tls(target, patience));
    return std::unique_ptr<Stream>(new Stream(std::move(impl)));
}

Result<void> Stream::write(std::string_view bytes, const Patience& patience) { return impl_->write(bytes, patience); }
Result<std::size_t> Stream::read(std::span<char> into, const Patience& patience) { return impl_->read(into, patience); }
bool Stream::idle() { return impl_->idle(); }
Result<void> Stream::acknowledged(const Patience& patience) { return impl_->acknowledged(patience); }

}  // namespace plimsoll::host
