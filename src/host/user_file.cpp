#include "host/user_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "host/fd.h"

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

}  // namespace

Result<std::string> read_user_file(const std::string& path, std::size_t limit) {
    const Fd opened(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return Error{fmt::format("{}: {}", path, reason())};
    std::string text(limit + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(opened.get(), text.data() + size, text.size() - size);
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
    std::string temporary = path + ".XXXXXX";
    const Fd target(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!target) return Error{fmt::format("{}: {}", path, reason())};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    auto done = write_all(target.get(), content);
    if (done && ::fchmod(target.get(), 0666 & ~mask) != 0) done = Error{reason()};
    if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = Error{reason()};
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
