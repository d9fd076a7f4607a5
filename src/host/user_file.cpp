#include "host/user_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "host/fd.h"
#include "host/signals_held.h"

namespace plimsoll::host {

namespace {

std::string reason() { return std::strerror(errno); }

Result<bool> write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return Error{reason()};
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// A pipe gives its first byte, or the end, within this time.
constexpr int kPatienceMilliseconds = 5000;

/// Only regular files and pipes are read, and a pipe that nobody writes to is not waited for.
Result<Fd> open_to_read(const std::string& path) {
    if (path == "-") {
        Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
        if (!input) return Error{reason()};
        return input;
    }
    Fd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!opened) return Error{reason()};
    struct stat facts {};
    if (::fstat(opened.get(), &facts) != 0) return Error{reason()};
    if (S_ISREG(facts.st_mode)) return opened;
    const bool input = path == "/dev/stdin" || path == "/dev/fd/0" || path == "/proc/self/fd/0";
    if (!S_ISFIFO(facts.st_mode) && !input) return Error{"neither a regular file nor a pipe"};
    pollfd waiting{.fd = opened.get(), .events = POLLIN, .revents = 0};
    int ready = -1;
    do {
        ready = ::poll(&waiting, 1, kPatienceMilliseconds);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return Error{reason()};
    if (ready == 0) return Error{"nobody writes to this pipe"};
    const int flags = ::fcntl(opened.get(), F_GETFL);
    if (flags < 0 || ::fcntl(opened.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) return Error{reason()};
    return opened;
}

constexpr int kMostLinks = 40;

/// The file that a chain of links ends in, which need not exist: a link stays a link.
Result<std::string> behind_links(std::string path) {
    for (int i = 0; i < kMostLinks; ++i) {
        std::error_code fault;
        const std::filesystem::path target = std::filesystem::read_symlink(path, fault);
        if (fault) return path;  // no link, or not there
        path = (std::filesystem::path(path).parent_path() / target).string();
    }
    return Error{std::strerror(ELOOP)};
}

}  // namespace

Result<std::string> read_user_file(const std::string& path, std::size_t limit) {
    const auto opened = open_to_read(path);
    if (!opened) return opened.error().during(path);
    std::string text(limit + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(opened->get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error{fmt::format("{}: {}", path, reason())};
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > limit) return Error{fmt::format("{}: larger than {} bytes", path, limit)};
    text.resize(size);
    text.shrink_to_fit();
    return text;
}

Result<bool> write_user_file(const std::string& path, std::string_view content) {
    struct stat existing {};
    const bool special = ::stat(path.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode);
    if (special) {  // a pipe or device takes the bytes as they are
        const Fd target(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!target) return Error{fmt::format("{}: {}", path, reason())};
        const auto written = write_all(target.get(), content);
        return written ? written : Result<bool>(written.error().during(path));
    }
    const auto end = behind_links(path);
    if (!end) return end.error().during(path);
    std::string temporary = *end + ".XXXXXX";
    const SignalsHeld held;
    const Fd target(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!target) return Error{fmt::format("{}: {}", path, reason())};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    auto done = write_all(target.get(), content);
    if (done && ::fchmod(target.get(), 0666 & ~mask) != 0) done = Error{reason()};
    if (done && ::rename(temporary.c_str(), end->c_str()) != 0) done = Error{reason()};
    if (!done) {
        ::unlink(temporary.c_str());
        return done.error().during(path);
    }
    return true;
}

std::string from_root(const std::string& path) {
    if (path.starts_with('/')) return path;
    std::error_code fault;
    const auto here = std::filesystem::current_path(fault);
    return fault ? path : (here / path).lexically_normal().string();
}

}  // namespace plimsoll::host
