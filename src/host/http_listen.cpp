#include "host/http_listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "host/number.h"
#include "host/system_error.h"

namespace plimsoll::host {

namespace {

constexpr int kBacklog = 128;
constexpr std::string_view kUnix = "unix://";

/// A socket address of any family.
struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<Address> parse_address(std::string_view where) {
    const auto colon = where.rfind(':');
    const auto port = colon == std::string_view::npos ? std::nullopt : number<std::uint16_t>(where.substr(colon + 1));
    if (!port) return Error{"the address needs a port: 127.0.0.1:9464, [::1]:9464, or unix:///run/plimsoll/agent.sock"};
    const std::string_view host = where.substr(0, colon);
    Address out;
    if (host.starts_with('[') && host.ends_with(']')) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(*port);
        out.size = sizeof v6;
        if (::inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &v6.sin6_addr) == 1) return out;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(*port);
        out.size = sizeof v4;
        if (::inet_pton(AF_INET, std::string(host).c_str(), &v4.sin_addr) == 1) return out;
    }
    return Error{"not an address to listen on: " + printable(host) + " (a number, not a name)"};
}

Result<Address> path_address(const std::string& path) {
    Address out;
    auto& local = reinterpret_cast<sockaddr_un&>(out.storage);
    local.sun_family = AF_UNIX;
    if (!path.starts_with('/')) return Error{"a socket's path must begin with /: " + printable(path)};
    if (path.size() >= sizeof local.sun_path || path.find('\0') != std::string::npos)
        return Error{"a socket's path has at most 107 bytes: " + printable(path)};
    std::memcpy(local.sun_path, path.data(), path.size());
    out.size = static_cast<socklen_t>(sizeof local);
    return out;
}

/// Removes a socket file that nobody answers at.
Result<void> remove_stale(const std::string& path, const Address& address) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0)
        return errno == ENOENT ? Result<void>{} : Result<void>(system_error("looking at", path));
    if (!S_ISSOCK(facts.st_mode)) return Error{printable(path) + " exists and is no socket"};
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return system_error("opening a socket", "");
    if (::connect(probe.get(), address.get(), address.size) == 0 || errno == EAGAIN)
        return Error{"another process answers at " + printable(path)};
    if (errno != ECONNREFUSED) return system_error("connecting to", path);
    if (::unlink(path.c_str()) != 0) return system_error("removing", path);
    return {};
}

}  // namespace

Result<void> check_listen_address(std::string_view where) {
    if (where.starts_with(kUnix)) {
        TRY_VOID(path_address(std::string(where.substr(kUnix.size()))));
    } else {
        TRY_VOID(parse_address(where));
    }
    return {};
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::move(other.fd_)),
      family_(other.family_),
      port_(other.port_),
      text_(std::move(other.text_)),
      path_(std::exchange(other.path_, {})),
      inode_(other.inode_) {}

Listener::~Listener() {
    struct stat facts {};
    if (!path_.empty() && ::lstat(path_.c_str(), &facts) == 0 && facts.st_ino == inode_) ::unlink(path_.c_str());
}

Result<Listener> Listener::open(std::string_view where, const ServeLimits& limits) {
    auto opened =
        where.starts_with(kUnix) ? open_path(std::string(where.substr(kUnix.size())), limits) : open_address(where);
    if (!opened) return opened.error().during("listening on " + printable(where));
    return opened;
}

Result<Listener> Listener::open_path(const std::string& path, const ServeLimits& limits) {
    TRY(const Address address, path_address(path));
    TRY_VOID(remove_stale(path, address));
    Listener out;
    out.fd_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // The socket's own mode becomes the file's when it is bound, so that there is no moment with wider permissions.
    if (!out.fd_ || ::fchmod(out.fd_.get(), limits.socket_mode & 0600U) != 0)
        return system_error("opening a socket", "");
    if (::bind(out.fd_.get(), address.get(), address.size) != 0) return system_error("binding", path);
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) return system_error("looking at", path);
    out.path_ = path;
    out.inode_ = facts.st_ino;
    if (limits.socket_group && ::lchown(path.c_str(), static_cast<uid_t>(-1), *limits.socket_group) != 0)
        return system_error("changing the group of", path);
    if (::chmod(path.c_str(), limits.socket_mode) != 0) return system_error("changing the mode of", path);
    if (::listen(out.fd_.get(), kBacklog) != 0) return system_error("listening at", path);
    out.family_ = AF_UNIX;
    out.text_ = std::string(kUnix) + path;
    return out;
}

Result<Listener> Listener::open_address(std::string_view where) {
    TRY(Address address, parse_address(where));
    Listener out;
    out.family_ = address.storage.ss_family;
    out.fd_ = Fd(::socket(out.family_, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!out.fd_) return system_error("opening a socket", "");
    const int on = 1;
    ::setsockopt(out.fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(out.fd_.get(), address.get(), address.size) != 0) return system_error("binding", "");
    if (::listen(out.fd_.get(), kBacklog) != 0) return system_error("listening", "");
    if (::getsockname(out.fd_.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0)
        return system_error("asking for the port", "");
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);  // the port stands at the same place in v6
    out.port_ = ntohs(v4.sin_port);
    out.text_ = fmt::format("{}:{}", where.substr(0, where.rfind(':')), out.port_);
    return out;
}

}  // namespace plimsoll::host
