#include "host/usage_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace plimsoll::host {

namespace {

constexpr std::size_t kFirstBuffer = 16384;
constexpr std::size_t kLargest = std::size_t{8} << 20U;

/// The kernel hands out files of many records a page at a time, each time as many whole records as fit (seq_file.rst).
/// No record here comes near 1 KiB, so a reading that leaves that much of a page is the last one.
constexpr ssize_t kSurelyLast = 3072;

}  // namespace

UsageBuffer::UsageBuffer() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        free_ = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1U << 20U) / 2);
}

bool UsageText::gone() const { return error == ENODEV || error == ENOENT || error == ESRCH; }

UsageText UsageFile::read_whole(int fd, UsageBuffer& buffer) {
    if (buffer.bytes_.empty()) buffer.bytes_.resize(kFirstBuffer);
    std::size_t size = 0;
    for (;;) {
        if (size == buffer.bytes_.size()) {
            if (size >= kLargest) return {{}, EFBIG};
            buffer.bytes_.resize(size * 2);
        }
        ++buffer.calls_;
        const ssize_t got =
            ::pread(fd, buffer.bytes_.data() + size, buffer.bytes_.size() - size, static_cast<off_t>(size));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {{}, errno};
        size += static_cast<std::size_t>(got);
        if (got < kSurelyLast) return {std::string_view(buffer.bytes_).substr(0, size), 0};
    }
}

UsageText UsageFile::read_at(int directory, const char* path, UsageBuffer& buffer) {
    buffer.calls_ += 2;
    const Fd fd(::openat(directory, path, O_RDONLY | O_CLOEXEC));
    if (!fd) return {{}, errno};
    return read_whole(fd.get(), buffer);
}

UsageText UsageFile::read(const Root& root, UsageBuffer& buffer) {
    if (fd_) return read_whole(fd_.get(), buffer);
    if (path_.empty()) return {{}, ENOENT};
    ++buffer.calls_;
    errno = EIO;  // for an error that has no errno
    auto opened = open_if_exists(root, path_, O_RDONLY);
    if (!opened) return {{}, errno};
    if (!*opened) return {{}, ENOENT};
    const UsageText out = read_whole((*opened)->get(), buffer);
    if (buffer.free_ > 0) {
        fd_ = std::move(**opened);
        --buffer.free_;
    } else {
        ++buffer.calls_;  // closing it
    }
    return out;
}

void UsageFile::close(UsageBuffer& buffer) {
    if (!fd_) return;
    fd_.reset();
    ++buffer.free_;
}

}  // namespace plimsoll::host
