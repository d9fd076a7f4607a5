#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audit/log/byte_stream.h"
#include "audit/log/line_buffer.h"
#include "audit/log/log_file.h"

namespace plimsoll::audit {

/// How far from each other the records of one event may stand in a file: the kernel's default backlog (8192 records)
/// is about that. A piece comes with so much before and behind it. Lines count as if they were at most kBlock long.
inline constexpr std::size_t kMargin = std::size_t{1} << 18;
inline constexpr std::size_t kBlock = std::size_t{1} << 16;

/// A stretch of whole lines with what surrounds it. The lines from `own_begin` up to `own_end` belong to this piece and
/// to no other; those around are there because records of one event need not stand together.
struct Piece {
    LineBuffer lines;
    std::size_t own_begin = 0;
    std::size_t own_end = 0;
    std::size_t file = 0;         ///< which of the files
    std::uint64_t bytes = 0;      ///< of the file, read for its own lines
    std::uint64_t shortened = 0;  ///< own lines of which only the ends are here
    std::string fault;            ///< why something that should be here is not
};

/// Part of a file: the lines that begin within [begin, end).
struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Files whose records go on in the next one, as rotation leaves them.
struct Neighbours {
    const LogFile* before = nullptr;
    const LogFile* after = nullptr;
};

/// Reads the lines that begin in the range, with margins, at the file's ends out of its neighbours. A file that has
/// grown since it was opened is read on to the end of its last line; one that became shorter gives a fault.
void read_piece(const LogFile& file, Range range, const Neighbours& neighbours, Piece& piece);

/// What must be read as a stream is followed by so much of the next file.
inline constexpr std::size_t kStreamOverhang = 2 * kMargin;

/// Cuts streams into pieces as they come, one after the other, and goes on for kStreamOverhang bytes into the file
/// behind them. A pipe that is silent for `patience_ms` ends a piece early, so that what has come is answered. One
/// thread at a time.
class StreamPieces {
public:
    struct Part {
        std::size_t file = 0;  ///< index, for the pieces
        const LogFile* log = nullptr;
    };
    StreamPieces(std::vector<Part> streams, const Neighbours& neighbours, std::size_t piece_size, int patience_ms);

    /// The next piece; false at the end.
    [[nodiscard]] bool next(Piece& piece);

private:
    /// Reads a little more; false when nothing will come soon, or ever.
    bool fill();
    bool open_next();
    void read_overhang();

    std::vector<Part> streams_;
    Neighbours neighbours_;
    std::size_t piece_size_;
    int patience_ms_;
    std::size_t current_ = 0;
    std::unique_ptr<ByteStream> stream_;
    LineBuffer pending_;
    std::size_t own_begin_ = 0;
    std::size_t own_end_ = 0;  ///< of the last piece, once the streams have ended
    std::uint64_t bytes_ = 0;
    std::string fault_;
    bool begun_ = false;
    bool ended_ = false;
    bool quiet_ = false;
};

}  // namespace plimsoll::audit
