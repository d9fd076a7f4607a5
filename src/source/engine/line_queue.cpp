#include "source/engine/line_queue.h"

#include <utility>

namespace plimsoll::source {

void LineQueue::push(std::vector<Line>& lines) {
    const std::lock_guard lock(mutex_);
    for (Line& line : lines) {
        if (lines_.size() < most_lines_ && bytes_ + line.text.size() <= most_bytes_) {
            bytes_ += line.text.size();
            lines_.push_back(std::move(line));
            continue;
        }
        overflow_.until = now();
        if (overflow_.lines++ == 0) overflow_.from = overflow_.until;
    }
    lines.clear();
    changed_.notify_one();
}

void LineQueue::close(std::string reason) {
    const std::lock_guard lock(mutex_);
    end_ = std::move(reason);
    changed_.notify_one();
}

std::vector<Line> LineQueue::pop(std::size_t most, std::chrono::milliseconds wait, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, wait, [this] { return !lines_.empty() || end_.has_value(); });
    std::vector<Line> out;
    while (!lines_.empty() && out.size() < most) {
        bytes_ -= lines_.front().text.size();
        out.push_back(std::move(lines_.front()));
        lines_.pop_front();
    }
    return out;
}

Overflow LineQueue::take_overflow() {
    const std::lock_guard lock(mutex_);
    return std::exchange(overflow_, {});
}

std::optional<std::string> LineQueue::ended() const {
    const std::lock_guard lock(mutex_);
    return lines_.empty() ? end_ : std::nullopt;
}

bool LineQueue::empty() const {
    const std::lock_guard lock(mutex_);
    return lines_.empty();
}

}  // namespace plimsoll::source
