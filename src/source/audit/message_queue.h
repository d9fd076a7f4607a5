#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace plimsoll::source {

/// Messages of the kernel, one after the other in one piece of memory.
class MessageChunk {
public:
    void add(std::uint32_t type, std::string_view payload) {
        const auto size = static_cast<std::uint32_t>(payload.size());
        const std::size_t at = bytes_.size();
        bytes_.resize(at + 2 * sizeof(std::uint32_t) + size);
        std::memcpy(bytes_.data() + at, &type, sizeof type);
        std::memcpy(bytes_.data() + at + sizeof type, &size, sizeof size);
        if (size > 0) std::memcpy(bytes_.data() + at + sizeof type + sizeof size, payload.data(), size);
    }
    template <typename Take>
    void each(const Take& take) const {
        std::size_t at = 0;
        while (at < bytes_.size()) {
            std::uint32_t type = 0;
            std::uint32_t size = 0;
            std::memcpy(&type, bytes_.data() + at, sizeof type);
            std::memcpy(&size, bytes_.data() + at + sizeof type, sizeof size);
            at += sizeof type + sizeof size;
            take(type, std::string_view(bytes_.data() + at, size));
            at += size;
        }
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    void clear() { bytes_.clear(); }

private:
    std::vector<char> bytes_;
};

/// From the thread that empties the socket to the one that decodes. Bounded: the reader waits when it is full, and then
/// the kernel does what its mode says.
class MessageQueue {
public:
    explicit MessageQueue(std::size_t most_bytes) : most_(most_bytes) {}

    /// Waits while it is full; false when closed.
    bool push(MessageChunk chunk) {
        std::unique_lock lock(mutex_);
        emptied_.wait(lock, [&] { return closed_ || bytes_ < most_; });
        if (closed_) return false;
        bytes_ += chunk.size();
        chunks_.push_back(std::move(chunk));
        filled_.notify_one();
        return true;
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
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable emptied_;
    std::deque<MessageChunk> chunks_;
    std::size_t bytes_ = 0;
    bool closed_ = false;
};

}  // namespace plimsoll::source
