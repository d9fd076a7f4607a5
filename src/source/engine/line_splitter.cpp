#include "source/engine/line_splitter.h"

#include <utility>

namespace plimsoll::source {

void LineSplitter::take(std::string_view bytes, std::vector<Line>& out) {
    if (skipping_) return;
    if (partial_.size() + bytes.size() <= most_) {
        partial_ += bytes;
        return;
    }
    partial_ += bytes.substr(0, most_ - partial_.size());
    out.push_back({.text = std::exchange(partial_, {}), .cut = Line::Cut::too_long});
    skipping_ = true;
}

void LineSplitter::add(std::string_view bytes, std::vector<Line>& out) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        take(bytes.substr(0, end), out);
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        if (!partial_.empty() && partial_.back() == '\r') partial_.pop_back();
        if (!skipping_ && !partial_.empty()) out.push_back({.text = std::exchange(partial_, {})});
        skipping_ = false;
    }
}

void LineSplitter::finish(std::vector<Line>& out) {
    if (!partial_.empty()) out.push_back({.text = std::exchange(partial_, {}), .cut = Line::Cut::stream_ended});
    skipping_ = false;
}

}  // namespace plimsoll::source
