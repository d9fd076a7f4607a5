#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::source {

/// One line without its end. `cut`: it was longer than allowed, or the stream ended within it; `text` is its beginning.
struct Line {
    enum class Cut : std::uint8_t { no, too_long, stream_ended };

    std::string text;
    Cut cut = Cut::no;
};

/// Makes lines of bytes that come in pieces of any size. Memory is bounded: of a line longer than `most` its beginning
/// is handed over, cut, and the rest is skipped.
class LineSplitter {
public:
    explicit LineSplitter(std::size_t most) : most_(most) {}

    /// Appends the lines that these bytes complete; empty lines are left out.
    void add(std::string_view bytes, std::vector<Line>& out);

    /// The stream ended: appends what is left of a line, cut.
    void finish(std::vector<Line>& out);

private:
    void take(std::string_view bytes, std::vector<Line>& out);

    std::size_t most_;
    std::string partial_;
    bool skipping_ = false;
};

}  // namespace plimsoll::source
