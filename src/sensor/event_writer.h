#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "sensor/wire.h"

namespace plimsoll::sensor {

/// Puts an event together as the kernel programs write it: for recordings and tests. Used for one after the other.
class EventWriter {
public:
    WireEvent head{};
    WireTask task{};
    WireCredentials credentials{};
    WireFile file{};
    WireSocket socket{};
    WireArguments arguments{};
    bool has_task = false;
    bool has_credentials = false;
    bool has_file = false;
    bool has_socket = false;
    bool has_arguments = false;

    /// Forgets the one before.
    void start(WireKind kind);
    void name(std::string_view comm);
    void add(WireTag tag, std::string_view text);
    /// Each word ended by NUL.
    void add_words(WireTag tag, std::span<const std::string_view> words);

    /// The event's bytes, aligned to 8; until the next start().
    [[nodiscard]] std::span<const std::byte> finish();

private:
    std::vector<std::byte> strings_;
    std::vector<std::uint64_t> bytes_;
};

}  // namespace plimsoll::sensor
