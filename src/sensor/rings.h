#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace plimsoll::sensor {

/// Ring buffers of the kernel (BPF_MAP_TYPE_RINGBUF), read in the order of their events' times. One thread.
class Rings {
public:
    /// Maps the rings whose descriptors those are; `bytes` is the size of each.
    struct Ring {
        int map = -1;  ///< borrowed
        std::size_t bytes = 0;
    };
    [[nodiscard]] static Result<std::unique_ptr<Rings>> open(std::span<const Ring> rings);
    virtual ~Rings() = default;

    /// Hands over up to `most` events, oldest first as far as they are there, then frees their room. Bytes are valid
    /// during the call only. How many there were.
    using Take = std::function<void(std::span<const std::byte>)>;
    virtual std::size_t drain(std::size_t most, const Take& take) = 0;

    /// Waits until there is something, or so long.
    virtual void wait(std::chrono::milliseconds most) = 0;

    /// Share of the fullest ring that waits to be read, 0 to 1.
    [[nodiscard]] virtual double fullest() const = 0;
};

}  // namespace plimsoll::sensor
