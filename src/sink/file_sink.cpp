#include "sink/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "host/system_error.h"

namespace plimsoll::sink {

namespace {

constexpr std::size_t kMostKept = std::size_t{1} << 20U;  // bytes of memory, between two writes

}  // namespace

Result<std::unique_ptr<Sink>> FileSink::make(FileConfig config) {
    if (!config.path.starts_with('/')) return Error{"the path of the file is absolute"};
    return std::unique_ptr<Sink>(new FileSink(std::move(config)));
}

Result<void> FileSink::follow() {
    if (file_) {
        struct stat named {};
        struct stat open {};
        const bool same = ::stat(config_.path.c_str(), &named) == 0 && ::fstat(file_.get(), &open) == 0 &&
                          named.st_dev == open.st_dev && named.st_ino == open.st_ino;
        if (same) return {};
        file_.reset();
    }
    // O_NONBLOCK: a pipe that nobody reads is an error, not a wait.
    host::Fd opened(::open(config_.path.c_str(),
                           O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600));
    if (!opened) return host::system_error("opening", config_.path);
    struct stat facts {};
    if (::fstat(opened.get(), &facts) != 0) return host::system_error("reading", config_.path);
    if (!S_ISREG(facts.st_mode)) return Error{config_.path + " is no regular file"};
    char last = '\n';
    if (facts.st_size > 0 && ::pread(opened.get(), &last, 1, facts.st_size - 1) == 1 && last != '\n') {
        // Somebody's line was cut short; ours does not continue it.
        if (::write(opened.get(), "\n", 1) != 1) return host::system_error("writing", config_.path);
    }
    file_ = std::move(opened);
    return {};
}

Result<void> FileSink::append(const std::string& lines) {
    TRY_VOID(follow());
    struct stat before {};
    if (::fstat(file_.get(), &before) != 0) return host::system_error("reading", config_.path);
    const ssize_t wrote = ::write(file_.get(), lines.data(), lines.size());
    if (wrote == static_cast<ssize_t>(lines.size())) return {};
    const int fault = wrote < 0 ? errno : ENOSPC;
    // Half a line would spoil the next one, and all of them are written again.
    if (wrote > 0 && ::ftruncate(file_.get(), before.st_size) != 0) file_.reset();
    return host::system_error("writing", config_.path, fault);
}

Outcome FileSink::deliver_together(std::span<const Delivery> deliveries, const std::stop_token& /*stop*/) {
    lines_.clear();
    for (const Delivery& delivery : deliveries) {
        json_.append(lines_, delivery);
        lines_ += '\n';
    }
    const auto written = append(lines_);
    if (lines_.capacity() > kMostKept) lines_ = {};
    if (written) return {};
    return {Verdict::again, written.error().message, std::nullopt};
}

}  // namespace plimsoll::sink
