#include "audit/log/pieces.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace plimsoll::audit {

namespace {

constexpr std::size_t kBefore = kMargin + kBlock;  // what is read before and behind a piece: a little more than needed
constexpr std::size_t kFarthest = std::size_t{1} << 25;  // bytes that a margin may cost when lines are very long

/// Reads up to `size` bytes at `offset` behind the buffer's text; how many came, negative with errno.
ssize_t append_at(const LogFile& file, std::uint64_t offset, std::size_t size, LineBuffer& to) {
    const auto room = to.room(size);
    std::size_t got = 0;
    while (got < size) {
        const ssize_t count = ::pread(file.fd.get(), room.data() + got, size - got, static_cast<off_t>(offset + got));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && got == 0) return -1;
        if (count <= 0) break;
        got += static_cast<std::size_t>(count);
    }
    to.grow(got);
    return static_cast<ssize_t>(got);
}

bool has_newline(std::string_view text) { return text.find('\n') != std::string_view::npos; }

/// Where the margin before `begin` starts: blocks without a newline lie within a long line and do not count.
std::uint64_t margin_start(const LogFile& file, std::uint64_t begin) {
    std::uint64_t at = begin > kMargin ? begin - kMargin : 0;
    if (at == 0) return 0;
    LineBuffer block;
    std::size_t counted = 0;
    for (at = begin; at > 0 && counted < kMargin && begin - at < kFarthest;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, at));
        at -= size;
        block.clear();
        if (append_at(file, at, size, block) <= 0) break;
        if (has_newline(block.text())) counted += size;
    }
    return at;
}

std::string became_shorter(const LogFile& file, std::uint64_t at) {
    return file.path + " became shorter while it was read: nothing from byte " + std::to_string(at) + " on, " +
           std::to_string(file.size - at) + " bytes";
}

/// The end of the line that is open at `line`; the text's end when the newline is missing.
std::size_t line_end(std::string_view text, std::size_t line) {
    const auto newline = text.find('\n', line);
    return newline == std::string_view::npos ? text.size() : newline + 1;
}

/// Whether the margin before a piece can be read as it is: a newline in each of its blocks.
bool is_plain(std::string_view margin) {
    for (std::size_t at = 0; at + kBlock <= margin.size(); at += kBlock)
        if (!has_newline(margin.substr(at, kBlock))) return false;
    return true;
}

/// Reads in steps that stay in the processor's cache.
class Reader {
public:
    Reader(const LogFile& file, Piece& piece, std::uint64_t at) : file_(file), piece_(piece), at_(at) {}

    /// Reads up to that offset; false at the file's end, or when it cannot be read.
    bool read_to(std::uint64_t end) {
        while (at_ < end) {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end - at_, 4 * kBlock));
            const ssize_t count = append_at(file_, at_, size, piece_.lines);
            if (count < 0) piece_.fault = "cannot read " + file_.path + ": " + std::strerror(errno);
            if (count > 0) at_ += static_cast<std::uint64_t>(count);
            if (count < static_cast<ssize_t>(size)) return false;
        }
        return true;
    }
    void restart(std::uint64_t at) { at_ = at; }
    [[nodiscard]] std::uint64_t at() const { return at_; }

private:
    const LogFile& file_;
    Piece& piece_;
    std::uint64_t at_;
};

/// Ends a line that its file does not end.
void end_line(LineBuffer& lines) {
    if (lines.size() == lines.last_line()) return;
    lines.room(1)[0] = '\n';
    lines.grow(1);
}

void append_end_of(const LogFile& file, LineBuffer& to) {
    if (!file.seekable) return;  // its stream went on into this file
    const std::uint64_t start = file.size > kMargin + kBlock ? file.size - kMargin - kBlock : 0;
    for (std::uint64_t at = start; at < file.size;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(file.size - at, kBlock));
        if (append_at(file, at, size, to) < static_cast<ssize_t>(size)) break;
        at += size;
    }
    end_line(to);
}

void append_start_of(const LogFile& file, LineBuffer& to) {
    if (file.size == 0) return;
    LogFile copy;  // with an offset of its own: another thread may be reading it
    copy.path = "/proc/self/fd/" + std::to_string(file.fd.get());
    copy.fd = host::Fd(::open(copy.path.c_str(), O_RDONLY | O_CLOEXEC));
    copy.packing = file.packing;
    copy.size = file.size;
    const auto stream = copy.fd ? open_stream(copy) : Error{""};
    if (!stream) return;
    for (std::size_t got = 0; got < kMargin + kBlock;) {
        const auto count = (*stream)->read(to.room(kBlock));
        if (!count || *count == 0) break;
        to.grow(*count);
        got += *count;
    }
}

}  // namespace

void read_piece(const LogFile& file, Range range, const Neighbours& neighbours, Piece& piece) {
    LineBuffer& lines = piece.lines;
    lines.clear();
    piece.own_begin = piece.own_end = 0;
    piece.bytes = piece.shortened = 0;
    piece.fault.clear();
    (void)lines.room(range.end - range.begin + 2 * kBefore + 8 * kBlock);

    // What stands before: enough lines to know which events began there.
    std::uint64_t start = range.begin > kBefore ? range.begin - kBefore : 0;
    if (range.begin == 0 && neighbours.before != nullptr) append_end_of(*neighbours.before, lines);
    Reader reader(file, piece, start);
    bool there = reader.read_to(range.begin);
    if (there && start > 0 && !is_plain(lines.text())) {
        lines.clear();
        start = margin_start(file, range.begin);
        reader.restart(start);
        there = reader.read_to(range.begin);
    }
    const std::size_t line_at_begin = lines.last_line();
    const bool begins_here = line_at_begin == lines.size();
    const std::uint64_t shortened_before = lines.shortened();

    // Its own lines, to the end of the last one that begins in the range.
    there = there && reader.read_to(range.end);
    piece.bytes = reader.at() > range.begin ? reader.at() - range.begin : 0;
    if (!there && piece.fault.empty() && reader.at() < range.end && reader.at() < file.size)
        piece.fault = became_shorter(file, std::max(reader.at(), range.begin));
    const std::size_t line_at_end = lines.last_line();
    if (!begins_here && line_at_end == line_at_begin) return;  // all within a line that began before
    const bool ends_here = line_at_end == lines.size();
    while (there && !ends_here && lines.last_line() == line_at_end) there = reader.read_to(reader.at() + kBlock);
    const bool file_ended = reader.at() >= file.size;
    if (!there) end_line(lines);
    piece.own_begin = begins_here ? line_at_begin : line_end(lines.text(), line_at_begin);
    piece.own_end = ends_here ? line_at_end : line_end(lines.text(), line_at_end);
    piece.shortened = lines.shortened() - shortened_before;
    if (piece.own_begin == piece.own_end) return;

    // What stands behind: the records of its events that come late.
    const std::uint64_t farthest = reader.at() + kFarthest;
    for (std::size_t counted = lines.size() - piece.own_end; there && counted < kBefore && reader.at() < farthest;) {
        const std::size_t line = lines.last_line();
        there = reader.read_to(reader.at() + kBlock);
        if (lines.last_line() != line) counted += kBlock;
    }
    if (there || lines.size() - piece.own_end >= kBefore) return;
    end_line(lines);
    if (file_ended && neighbours.after != nullptr) append_start_of(*neighbours.after, lines);
}

StreamPieces::StreamPieces(std::vector<Part> streams, const Neighbours& neighbours, std::size_t piece_size,
                           int patience_ms)
    : streams_(std::move(streams)),
      neighbours_(neighbours),
      piece_size_(std::max(piece_size, 2 * LineBuffer::kLongestKept)),
      patience_ms_(patience_ms) {}

bool StreamPieces::open_next() {
    while (!stream_) {
        if (current_ == streams_.size()) {
            read_overhang();
            return false;
        }
        auto opened = open_stream(*streams_[current_].log);
        if (opened) {
            stream_ = std::move(*opened);
        } else {
            fault_ = opened.error().message;
            ++current_;
            return true;
        }
    }
    return true;
}

/// Behind the streams: the beginning of the next file, which counts as theirs, and its margin.
void StreamPieces::read_overhang() {
    ended_ = true;
    end_line(pending_);
    own_end_ = pending_.size();
    if (neighbours_.after == nullptr) return;
    Piece start;
    read_piece(*neighbours_.after, {0, std::min<std::uint64_t>(kStreamOverhang, neighbours_.after->size)}, {}, start);
    const std::string_view text = start.lines.text();
    if (!start.fault.empty()) fault_ = start.fault;
    own_end_ += start.own_end;
    bytes_ += start.bytes;
    for (std::size_t at = 0; at < text.size();) {  // in blocks: one grow handles one long line
        const std::size_t size = std::min(text.size() - at, kBlock);
        std::memcpy(pending_.room(size).data(), text.data() + at, size);
        pending_.grow(size);
        at += size;
    }
}

bool StreamPieces::fill() {
    if (ended_ || !open_next()) return false;
    if (!stream_) return fault_.empty();
    const LogFile& file = *streams_[current_].log;
    if (file.size == 0 && !stream_->holds_more() && own_begin_ < pending_.last_line()) {
        struct pollfd wait {
            .fd = file.fd.get(), .events = POLLIN, .revents = 0
        };
        if (::poll(&wait, 1, patience_ms_) == 0) {
            quiet_ = true;
            return false;
        }
    }
    const auto count = stream_->read(pending_.room(4 * kBlock));
    if (count && *count > 0) {
        pending_.grow(*count);
        bytes_ += *count;
        return true;
    }
    if (!count) fault_ = count.error().message;
    end_line(pending_);
    stream_.reset();
    ++current_;
    return fault_.empty();
}

bool StreamPieces::next(Piece& piece) {
    if (!begun_ && neighbours_.before != nullptr) {
        append_end_of(*neighbours_.before, pending_);
        own_begin_ = pending_.size();
    }
    begun_ = true;
    quiet_ = false;
    const std::uint64_t shortened = pending_.shortened();
    const std::size_t file = std::min(current_, streams_.size() - 1);
    while (pending_.size() < own_begin_ + piece_size_ + kBefore && fill()) {
    }
    if (!fault_.empty() && !ended_) quiet_ = true;  // what comes next does not continue this
    const bool last = ended_ && pending_.size() < own_begin_ + piece_size_ + kBefore;
    if (last && own_begin_ >= own_end_ && fault_.empty()) return false;

    piece.file = streams_[file].file;
    piece.fault = std::exchange(fault_, {});
    piece.bytes = std::exchange(bytes_, 0);
    piece.shortened = pending_.shortened() - shortened;
    piece.own_begin = own_begin_;
    const std::string_view text = pending_.text();
    if (last) {
        piece.own_end = std::max(own_begin_, own_end_);
    } else if (quiet_) {
        piece.own_end = pending_.last_line();
    } else {
        const std::size_t wanted = std::min(own_begin_ + piece_size_, text.size());
        const auto newline = text.substr(0, wanted).rfind('\n');
        piece.own_end = newline == std::string_view::npos ? own_begin_ : std::max(own_begin_, newline + 1);
        if (ended_) piece.own_end = std::min(piece.own_end, own_end_);
    }

    // The next piece begins with this one's end as its margin; behind a silence nothing is waited for any more.
    std::size_t keep = piece.own_end;
    if (!quiet_ && !last) keep = piece.own_end > kBefore ? line_end(text, piece.own_end - kBefore) : 0;
    keep = std::min({keep, piece.own_end, pending_.last_line()});
    std::swap(piece.lines, pending_);
    pending_.assign_tail(piece.lines, keep);
    own_begin_ = piece.own_end - keep;
    own_end_ -= std::min(own_end_, keep);
    return true;
}

}  // namespace plimsoll::audit
