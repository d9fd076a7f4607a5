#include "audit/log/line_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace plimsoll::audit {

std::span<char> LineBuffer::room(std::size_t size) {
    if (capacity_ - size_ < size) {
        const std::size_t wanted = std::max(size_ + size, capacity_ + capacity_ / 2);
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
        bytes_ = std::move(larger);
        capacity_ = wanted;
    }
    return {bytes_.get() + size_, size};
}

void LineBuffer::grow(std::size_t size) {
    check(size <= capacity_ - size_);
    const std::size_t before = size_;
    size_ += size;
    if (size == 0) return;
    const char* const from = bytes_.get() + before;
    // The newline that ends the line that was open, and the one that begins the next open one.
    const void* const last = ::memrchr(from, '\n', size);
    const std::size_t open_end =
        last == nullptr
            ? size_
            : static_cast<std::size_t>(static_cast<const char*>(std::memchr(from, '\n', size)) - bytes_.get());
    const std::size_t next_line =
        last == nullptr ? last_line_ : static_cast<std::size_t>(static_cast<const char*>(last) - bytes_.get()) + 1;
    std::size_t cut = 0;
    if (open_end - last_line_ > kLongestKept + (last == nullptr ? kEnd : 0)) {
        cut = open_end - last_line_ - kLongestKept;
        char* const middle = bytes_.get() + last_line_ + kEnd;
        std::memmove(middle, middle + cut, size_ - (last_line_ + kEnd + cut));
        size_ -= cut;
        if (!shortening_) ++shortened_;
        shortening_ = true;
    }
    if (last != nullptr) {
        last_line_ = next_line - cut;
        shortening_ = false;
    }
}

void LineBuffer::clear() {
    size_ = 0;
    last_line_ = 0;
    shortened_ = 0;
    shortening_ = false;
}

void LineBuffer::assign_tail(const LineBuffer& other, std::size_t from) {
    check(from <= other.last_line_);
    clear();
    const std::size_t size = other.size_ - from;
    if (size == 0) return;
    std::memcpy(room(size).data(), other.bytes_.get() + from, size);
    size_ = size;
    last_line_ = other.last_line_ - from;
    shortening_ = other.shortening_;
}

}  // namespace plimsoll::audit
