#include "source/container_log_frames.h"

#include <algorithm>

namespace plimsoll::source {

void LogFrames::text(bool error, std::string_view bytes, std::vector<LogLine>& lines) {
    std::vector<Line> found;
    (error ? error_ : out_).add(bytes, found);
    for (Line& line : found) lines.push_back({.stream = error ? "stderr" : "stdout", .line = std::move(line)});
}

void LogFrames::add(std::string_view bytes, std::vector<LogLine>& lines) {
    if (tty_ || broken_) return text(false, bytes, lines);
    while (!bytes.empty()) {
        if (left_ > 0) {
            const std::string_view part = bytes.substr(0, left_);
            text(is_error_, part, lines);
            left_ -= static_cast<std::uint32_t>(part.size());
            bytes.remove_prefix(part.size());
            continue;
        }
        const std::string_view part = bytes.substr(0, kHead - head_.size());
        head_ += part;
        bytes.remove_prefix(part.size());
        if (head_.size() < kHead) return;
        if (static_cast<unsigned char>(head_[0]) > 2 || head_[1] != 0 || head_[2] != 0 || head_[3] != 0) {
            broken_ = true;
            text(false, head_, lines);
            return text(false, bytes, lines);
        }
        is_error_ = head_[0] == 2;
        for (std::size_t i = 4; i < kHead; ++i) left_ = (left_ << 8U) | static_cast<unsigned char>(head_[i]);
        head_.clear();
    }
}

void LogFrames::finish(std::vector<LogLine>& lines) {
    for (const bool error : {false, true}) {
        std::vector<Line> found;
        (error ? error_ : out_).finish(found);
        for (Line& line : found) lines.push_back({.stream = error ? "stderr" : "stdout", .line = std::move(line)});
    }
}

}  // namespace plimsoll::source
