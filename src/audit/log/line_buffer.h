#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace plimsoll::audit {

/// A growing stretch of text of which no line is longer than kLongestKept: of a longer one its beginning and its end
/// stay, so that a line of gigabytes costs no memory and still says which event it is of. The memory is kept for the
/// next stretch.
class LineBuffer {
public:
    static constexpr std::size_t kEnd = std::size_t{1} << 19;  ///< what stays of each end of a long line
    static constexpr std::size_t kLongestKept = 2 * kEnd;

    /// Room for `size` more bytes behind the text; `grow` makes the first of them text.
    [[nodiscard]] std::span<char> room(std::size_t size);
    void grow(std::size_t size);

    [[nodiscard]] std::string_view text() const { return {bytes_.get(), size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }

    /// Where the last line begins, which may not be whole; the size when the text ends with a newline.
    [[nodiscard]] std::size_t last_line() const { return last_line_; }

    /// How many lines were shortened.
    [[nodiscard]] std::uint64_t shortened() const { return shortened_; }

    void clear();

    /// Takes the text from `from` on out of another buffer.
    void assign_tail(const LineBuffer& other, std::size_t from);

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
    std::size_t last_line_ = 0;
    std::uint64_t shortened_ = 0;
    bool shortening_ = false;  ///< the last line has lost something already
};

}  // namespace plimsoll::audit
