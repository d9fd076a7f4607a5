#include "source/journal/followed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "host/system_error.h"

namespace plimsoll::source {

Result<bool> FollowedFile::open() {
    host::Fd fresh(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fresh) return host::system_error("reading", path_);
    struct stat facts {};
    if (::fstat(fresh.get(), &facts) != 0) return host::system_error("reading", path_);
    if (!S_ISREG(facts.st_mode)) return Error{path_ + ": no regular file"};
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    position_ = {.device = facts.st_dev, .inode = facts.st_ino};
    if (resume_.inode == position_.inode && resume_.device == position_.device && resume_.offset <= size)
        position_.offset = resume_.offset;
    else if (resume_.inode == 0 && at_end_)
        position_.offset = size;
    resume_ = {};
    at_end_ = false;  // files that come later are read whole
    partial_ = 0;
    file_ = std::move(fresh);
    return true;
}

Result<bool> FollowedFile::read(std::vector<Line>& out) {
    if (!file_) TRY_VOID(open());
    std::array<char, 64 * 1024> buffer{};
    std::size_t all = 0;
    while (all < kMostBytes) {
        const auto from = static_cast<off_t>(position_.offset + partial_);
        const ssize_t got = ::pread(file_.get(), buffer.data(), buffer.size(), from);
        if (got < 0) return host::system_error("reading", path_);
        if (got == 0) break;
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
        splitter_.add(bytes, out);
        const auto end = bytes.rfind('\n');
        partial_ += bytes.size();
        if (end != std::string_view::npos) {
            position_.offset += partial_ - (bytes.size() - end - 1);
            partial_ = bytes.size() - end - 1;
        }
        all += bytes.size();
    }
    if (all >= kMostBytes) return true;
    struct stat here {};
    struct stat named {};
    if (::fstat(file_.get(), &here) != 0) return host::system_error("reading", path_);
    if (static_cast<std::uint64_t>(here.st_size) < position_.offset + partial_) {  // truncated
        splitter_.finish(out);
        position_.offset = partial_ = 0;
        return true;
    }
    if (::stat(path_.c_str(), &named) == 0 && (named.st_ino != here.st_ino || named.st_dev != here.st_dev)) {
        splitter_.finish(out);  // rotated, and the old one is read
        file_.reset();
        return true;
    }
    return false;
}

}  // namespace plimsoll::source
