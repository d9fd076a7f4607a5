#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace plimsoll::host {

/// Bytes in two directions: read and written, or received and sent.
struct TwoWay {
    std::uint64_t in = 0;
    std::uint64_t out = 0;

    friend bool operator==(const TwoWay&, const TwoWay&) = default;
};

/// The number behind `key` at the start of a line ("throttled_usec 5"; in meminfo "MemFree:   12 kB").
[[nodiscard]] std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key);

/// The share of the last 10 s in which at least one task waited, percent: "some avg10=" of a pressure file.
[[nodiscard]] std::optional<double> pressure_some(std::string_view text);

/// Sum over all devices of version 2's io.stat ("8:0 rbytes=1 wbytes=2 …"); a malformed line is nothing.
[[nodiscard]] std::optional<TwoWay> parse_io_stat(std::string_view text);

/// Sum over all devices of version 1's blkio.throttle.io_service_bytes_recursive ("8:0 Read 1").
[[nodiscard]] std::optional<TwoWay> parse_blkio_bytes(std::string_view text);

/// Calls for each device of /proc/PID/net/dev with its name, bytes received and sent; false when a line is malformed.
bool each_network_device(std::string_view text, const std::function<void(std::string_view, TwoWay)>& visit);

/// Calls for each line of /proc/diskstats with the device's name, bytes read and written; false when one is malformed.
bool each_disk(std::string_view text, const std::function<void(std::string_view, TwoWay)>& visit);

/// Clock ticks that all processors together worked, from the first line of /proc/stat: idle, waiting for disks and
/// stolen time not counted.
[[nodiscard]] std::optional<std::uint64_t> busy_ticks(std::string_view stat);

}  // namespace plimsoll::host
