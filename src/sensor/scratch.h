#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "model/value.h"

namespace plimsoll::sensor {

/// Memory for what is computed of one event: given out in a row, all taken back at once, and used again.
class Scratch {
public:
    void reset() {
        if (chunks_.size() > 1 || (!chunks_.empty() && chunks_[0].size > kMost)) tidy();
        if (chunks_.empty()) return;
        at_ = chunks_[0].bytes.get();
        end_ = at_ + chunks_[0].size;
    }

    [[nodiscard]] std::string_view keep(std::string_view text) {
        if (text.empty()) return {};
        auto* const place = reinterpret_cast<char*>(room(text.size()));
        std::memcpy(place, text.data(), text.size());
        return {place, text.size()};
    }

    /// One value, which stays where it is.
    template <typename T>
    [[nodiscard]] const model::Value* value(const T& one) {
        return new (room(sizeof(model::Value))) model::Value(one);  // needs no end
    }

    [[nodiscard]] std::span<model::Value> values(std::size_t count) {
        auto* const first = reinterpret_cast<model::Value*>(room(count * sizeof(model::Value)));
        std::uninitialized_value_construct_n(first, count);
        return {first, count};
    }

private:
    static constexpr std::size_t kFirst = 4096;
    static constexpr std::size_t kMost = 1U << 20U;
    static constexpr std::size_t kAlign = alignof(model::Value);

    struct Chunk {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size = 0;
    };

    std::byte* room(std::size_t size) {
        size = (size + kAlign - 1) / kAlign * kAlign;
        if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]]
            add(std::max({size, kFirst, chunks_.empty() ? 0 : chunks_.back().size}));
        std::byte* const place = at_;
        at_ += size;
        return place;
    }

    /// The next event is about as large as this one: one piece shall hold it.
    void tidy() {
        std::size_t size = 0;
        for (const Chunk& chunk : chunks_) size += chunk.size;
        chunks_.clear();
        add(std::min(size, kMost));
    }

    void add(std::size_t size) {
        chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
        at_ = chunks_.back().bytes.get();
        end_ = at_ + size;
    }

    std::vector<Chunk> chunks_;
    std::byte* at_ = nullptr;
    std::byte* end_ = nullptr;
};

}  // namespace plimsoll::sensor
