#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/fd.h"
#include "source/engine/line_splitter.h"

namespace plimsoll::source {

/// Where the reading of a file stands.
struct FilePosition {
    std::uint64_t device = 0, inode = 0, offset = 0;

    friend bool operator==(const FilePosition&, const FilePosition&) = default;
};

/// Reads the lines that are added to a log file, over rotation (a new file under the name: the old one is read to its
/// end first) and truncation (reading starts over).
class FollowedFile {
public:
    FollowedFile(std::string path, std::size_t most_line) : path_(std::move(path)), splitter_(most_line) {}

    /// Goes on at a position; of another file, or behind the end, it starts at the file's beginning.
    void resume(const FilePosition& position) { resume_ = position; }
    /// Without a position to resume: starts at the end.
    void skip_to_end() { at_end_ = true; }

    /// Appends what was added, kMostBytes at most. True when there may be more at once.
    Result<bool> read(std::vector<Line>& out);

    /// Behind the last line handed over.
    [[nodiscard]] FilePosition position() const { return position_; }

    static constexpr std::size_t kMostBytes = 256 * 1024;

private:
    Result<bool> open();

    std::string path_;
    LineSplitter splitter_;
    host::Fd file_;
    FilePosition position_;
    FilePosition resume_;
    std::uint64_t partial_ = 0;  ///< bytes read behind the last line's end
    bool at_end_ = false;
};

}  // namespace plimsoll::source
