#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/time.h"
#include "source/engine/line_splitter.h"

namespace plimsoll::source {

/// What did not fit into a queue.
struct Overflow {
    std::uint64_t lines = 0;
    Nanoseconds from = 0, until = 0;
};

/// Lines between the thread that reads a stream and the one that works on them. The reader never waits: an engine drops
/// events of a subscriber that does not keep up (dockerd after 100 ms) and tells nobody; what does not fit here is
/// counted.
class LineQueue {
public:
    LineQueue(std::size_t most_lines, std::size_t most_bytes) : most_lines_(most_lines), most_bytes_(most_bytes) {}

    /// Takes the lines out of `lines`.
    void push(std::vector<Line>& lines);

    /// The stream ended; `reason` is empty when the other side closed it in order.
    void close(std::string reason);

    /// Waits for lines, at most so long, and takes up to `most` of them.
    std::vector<Line> pop(std::size_t most, std::chrono::milliseconds wait, const std::stop_token& stop);

    /// What was dropped since the last call.
    [[nodiscard]] Overflow take_overflow();

    /// Why the stream ended, once it did and every line was taken.
    [[nodiscard]] std::optional<std::string> ended() const;

    [[nodiscard]] bool empty() const;

private:
    const std::size_t most_lines_;
    const std::size_t most_bytes_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Line> lines_;
    std::size_t bytes_ = 0;
    Overflow overflow_;
    std::optional<std::string> end_;
};

}  // namespace plimsoll::source
