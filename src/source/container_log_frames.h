#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/engine/line_splitter.h"

namespace plimsoll::source {

/// A line that a container wrote.
struct LogLine {
    std::string stream;  ///< stdout or stderr
    Line line;
};

/// Takes apart what GET /containers/ID/logs sends: frames of 8 bytes head (stream, three zeros, length in big endian)
/// and text, or with a terminal the text alone. Lines may run over frames. Memory is bounded.
class LogFrames {
public:
    LogFrames(bool tty, std::size_t most_line) : tty_(tty), out_(most_line), error_(most_line) {}

    void add(std::string_view bytes, std::vector<LogLine>& lines);
    void finish(std::vector<LogLine>& lines);

    /// The stream does not have the form; what follows is taken as text.
    [[nodiscard]] bool broken() const { return broken_; }

private:
    void text(bool error, std::string_view bytes, std::vector<LogLine>& lines);

    static constexpr std::size_t kHead = 8;

    bool tty_;
    bool broken_ = false;
    LineSplitter out_, error_;
    std::string head_;
    std::uint32_t left_ = 0;
    bool is_error_ = false;
};

}  // namespace plimsoll::source
