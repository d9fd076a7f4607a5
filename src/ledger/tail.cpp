#include "ledger/tail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "host/fd.h"
#include "host/system_error.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

std::string_view Tail::row(std::size_t index) const {
    return std::string_view(bytes_).substr(begins_[index], ends_[index] - begins_[index]);
}

Result<bool> Tail::refresh() {
    const host::Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        if (errno == ENOENT) return false;
        return host::system_error("reading", path_);
    }
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return host::system_error("reading", path_);
    const auto size = static_cast<std::size_t>(facts.st_size);
    if (facts.st_ino != inode_ || facts.st_dev != device_ || size < good_) {
        *this = Tail(path_);
        inode_ = facts.st_ino;
        device_ = facts.st_dev;
    }
    if (good_ != 0) pack();  // looked at before
    if (size == bytes_.size() && good_ == size) return true;
    bytes_.resize(size);
    std::size_t at = good_;
    while (at < size) {
        const ssize_t got = ::pread(file.get(), bytes_.data() + at, size - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return host::system_error("reading", path_);
        if (got == 0) break;
        at += static_cast<std::size_t>(got);
    }
    bytes_.resize(at);
    if (good_ == 0) TRY_VOID(begin());
    take_frames();
    bytes_.resize(good_);
    return true;
}

Result<void> Tail::begin() {
    auto view = parse_wal_head(bytes_);
    if (!view) return view.error().during(path_);
    first_ = view->head.first;
    fields_ = std::move(view->head.fields);
    good_ = view->begin;
    return {};
}

void Tail::pack() {
    while (rows() - packed_.size() * kPageRows >= kPageRows) {
        const std::size_t begin = packed_.size() * kPageRows;
        SegmentBuilder builder(first_ + begin, kPageRows);
        for (std::size_t row = begin; row < begin + kPageRows; ++row) {
            if (!builder.add(this->row(row))) return;  // a row that is none: read one by one, and told
        }
        auto segment = Segment::parse(builder.finish(fields_, std::string(32, '\0'), {}));
        if (!segment) return;
        packed_.push_back(std::move(*segment));
    }
}

void Tail::take_frames() {
    fault_.clear();
    const char* const base = bytes_.data();
    const WalEnd end = read_frames(bytes_, good_, [&](std::string_view row) {
        const auto begin = static_cast<std::size_t>(row.data() - base);
        begins_.push_back(begin);
        ends_.push_back(begin + row.size());
        (void)fields_.learn(row);  // a record that contradicts what is known changes nothing
        return true;
    });
    good_ = end.good;
    if (end.damaged)
        fault_ =
            fmt::format("records from {} on in {}: the frame at byte {} is damaged; whole ones follow from byte {}",
                        this->end(), path_, end.good, end.resumes);
}

}  // namespace plimsoll::ledger
