#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::source {

/// Messages of the kernel, one after the other in one piece of memory.
class MessageChunk {
public:
    void add(std::uint32_t type, std::string_view payload) {
        const auto size = static_cast<std::uint32_t>(payload.size());
        const std::size_t needed = size_ + 2 * sizeof(std::uint32_t) + size;
        if (needed > capacity_) grow(needed);
        char* const at = bytes_.get() + size_;
        std::memcpy(at, &type, sizeof type);
        std::memcpy(at + sizeof type, &size, sizeof size);
        if (size > 0) std::memcpy(at + sizeof type + sizeof size, payload.data(), size);
        size_ = needed;
    }
    template <typename Take>
    void each(const Take& take) const {
        std::size_t at = 0;
        while (at < size_) {
            std::uint32_t type = 0;
            std::uint32_t size = 0;
            std::memcpy(&type, bytes_.get() + at, sizeof type);
            std::memcpy(&size, bytes_.get() + at + sizeof type, sizeof size);
            at += sizeof type + sizeof size;
            take(type, std::string_view(bytes_.get() + at, size));
            at += size;
        }
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    void clear() { size_ = 0; }

private:
    void grow(std::size_t needed) {
        const std::size_t capacity = std::max({needed, 2 * capacity_, std::size_t{1} << 14U});
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
        bytes_ = std::move(larger);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

/// From the thread that empties the socket to the one that decodes. Bounded: the reader waits when it is full, and then
/// the kernel does what its mode says.
class MessageQueue {
public:
    explicit MessageQueue(std::size_t most_bytes) : most_(most_bytes) {}

    /// Waits while it is full; false when closed. `chunk` is empty then, with the memory of one that was read.
    bool push(MessageChunk& chunk) {
        std::unique_lock lock(mutex_);
        emptied_.wait(lock, [&] { return closed_ || bytes_ < most_; });
        if (closed_) return false;
        bytes_ += chunk.size();
        chunks_.push_back(std::exchange(chunk, {}));
        if (!free_.empty()) {
            chunk = std::move(free_.back());
            free_.pop_back();
        }
        filled_.notify_one();
        return true;
    }

    /// Gives back a chunk that was read, for its memory.
    void give_back(MessageChunk chunk) {
        chunk.clear();
        const std::scoped_lock lock(mutex_);
        if (free_.size() < kMostFree) free_.push_back(std::move(chunk));
    }

    /// The oldest chunk; nothing when none comes within `most`.
    std::optional<MessageChunk> take(std::chrono::milliseconds most) {
        std::unique_lock lock(mutex_);
        filled_.wait_for(lock, most, [&] { return closed_ || !chunks_.empty(); });
        if (chunks_.empty()) return std::nullopt;
        MessageChunk chunk = std::move(chunks_.front());
        chunks_.pop_front();
        bytes_ -= chunk.size();
        emptied_.notify_one();
        return chunk;
    }

    /// Nothing is taken in any more; what waits can still be taken out.
    void close() {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        filled_.notify_all();
        emptied_.notify_all();
    }

    [[nodiscard]] bool ended() const {
        const std::scoped_lock lock(mutex_);
        return closed_ && chunks_.empty();
    }

private:
    static constexpr std::size_t kMostFree = 8;

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable emptied_;
    std::deque<MessageChunk> chunks_;
    std::vector<MessageChunk> free_;
    std::size_t bytes_ = 0;
    bool closed_ = false;
};

}  // namespace plimsoll::source
