#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/fd.h"
#include "ledger/row.h"
#include "ledger/writer.h"

// The log of rows that are not in a segment yet: tail-<first>.wal. Described in docs/ledger-format.md.
namespace plimsoll::ledger {

inline constexpr std::size_t kFrameHead = 8;  ///< u32 length, u32 CRC-32C of length and row

/// What stands before the frames, so that a log can be read alone.
struct WalHead {
    RecordNumber first = 0;
    std::string frontier;  ///< of the tree of `first` records, as Tree writes it
    FieldNumbers fields;   ///< known before the first frame
};

/// The bytes of a log without frames.
[[nodiscard]] std::string encode_wal_head(const WalHead& head);

/// Appends the frame of a row that was written to `buffer` behind kFrameHead free bytes that begin at `at`.
void close_frame(std::string& buffer, std::size_t at);

/// A log as bytes; they may be hostile.
struct WalView {
    WalHead head;
    std::size_t begin = 0;  ///< offset of the first frame
};
[[nodiscard]] Result<WalView> parse_wal_head(std::string_view file);

/// How reading the frames ended.
struct WalEnd {
    std::uint64_t rows = 0;   ///< good frames from the begin on
    std::size_t good = 0;     ///< offset behind the last good frame
    bool torn = false;        ///< bytes follow that are no whole frame: a write that did not end
    bool damaged = false;     ///< a bad frame with good ones behind it
    std::size_t resumes = 0;  ///< when damaged: offset of the first good frame behind
};

/// Calls `visit` with each good frame's row from `begin` on, until it returns false (which counts as a good end).
[[nodiscard]] WalEnd read_frames(std::string_view file, std::size_t begin,
                                 const std::function<bool(std::string_view)>& visit);

/// Name of the log whose first record is `first`, and back.
[[nodiscard]] std::string wal_name(RecordNumber first);
[[nodiscard]] std::optional<RecordNumber> parse_wal_name(std::string_view name);

/// A log being written. What was handed to `write` is on disk when it returns without an error; after an error nothing
/// of it may be taken as written, and the same bytes have to be given again.
class Wal {
public:
    /// Makes a new log at `path` that begins with these frames, synced with its directory; one of that name is replaced
    /// whole or not at all.
    static Result<Wal> create(std::string path, const WalHead& head, std::string_view frames = {});

    /// Goes on writing at `offset` of an existing one; what stands behind is cut off.
    static Result<Wal> resume(std::string path, std::size_t offset);

    [[nodiscard]] Result<void> write(std::string_view frames);
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    Wal(std::string path, host::Fd fd, std::size_t size) : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

    std::string path_;
    host::Fd fd_;
    std::size_t size_ = 0;
    bool doubtful_ =
        false;  ///< a sync failed: the kernel may have dropped what it held, so begin with a new descriptor
};

}  // namespace plimsoll::ledger
