#include "sink/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "host/system_error.h"
#include "sink/alert_json.h"

namespace plimsoll::sink {

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

Result<void> FileSink::append(const std::string& line) {
    TRY_VOID(follow());
    struct stat before {};
    if (::fstat(file_.get(), &before) != 0) return host::system_error("reading", config_.path);
    const ssize_t wrote = ::write(file_.get(), line.data(), line.size());
    if (wrote == static_cast<ssize_t>(line.size())) return {};
    const int fault = wrote < 0 ? errno : ENOSPC;
    // Half a line would spoil the next one.
    if (wrote > 0 && ::ftruncate(file_.get(), before.st_size) != 0) file_.reset();
    return host::system_error("writing", config_.path, fault);
}

Outcome FileSink::deliver(const Delivery& delivery, const std::stop_token& /*stop*/) {
    const auto written = append(alert_json(delivery) + "\n");
    if (written) return {};
    return {Verdict::again, written.error().message, std::nullopt};
}

}  // namespace plimsoll::sink
