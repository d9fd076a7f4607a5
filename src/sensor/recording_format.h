#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sensor/containers.h"
#include "sensor/recording.h"

namespace plimsoll::sensor {

// The file: docs/recording-format.md.

inline constexpr std::string_view kRecordingMagic = "PLIMSREC";
inline constexpr std::uint32_t kRecordingVersion = 1;
inline constexpr std::size_t kRecordingHeader = 16;         ///< magic, version, nothing yet
inline constexpr std::size_t kMostRecordBytes = 1U << 20U;  ///< of one piece, without its own header
inline constexpr int kRecordingWindow = 23;                 ///< log2 of the most memory that unpacking may look back

enum class PieceKind : std::uint32_t { start = 1, event = 2, container = 3, end = 4 };

/// Stands before each piece; the piece is padded to 8 bytes.
struct PieceHead {
    std::uint32_t kind = 0;
    std::uint32_t size = 0;
};

[[nodiscard]] std::string encode(const RecordingStart& start);
[[nodiscard]] std::optional<RecordingStart> decode_start(std::string_view bytes);
[[nodiscard]] std::string encode(const Container& container);
/// Nothing when the bytes are no container.
[[nodiscard]] std::optional<Container> decode_container(std::string_view bytes);

}  // namespace plimsoll::sensor
