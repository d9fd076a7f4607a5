#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sensor/containers.h"

namespace plimsoll::sensor {

/// A recording of events (docs/recording-format.md): what was known when it began (host, boot offset, processes,
/// containers) and then the rings' bytes, compressed. Written by `plimsoll record`, read by `plimsoll rules test
/// --replay`.
struct RecordingStart {
    std::string hostname;
    std::int64_t boot_offset = 0;
};

class RecordingWriter {
public:
    [[nodiscard]] static Result<std::unique_ptr<RecordingWriter>> create(const std::string& path,
                                                                         const RecordingStart& start);
    virtual ~RecordingWriter() = default;
    virtual Result<void> event(std::span<const std::byte> bytes) = 0;
    virtual Result<void> container(const Container& container) = 0;  ///< as it was known from then on
    virtual Result<void> finish() = 0;
};

class RecordingReader {
public:
    [[nodiscard]] static Result<std::unique_ptr<RecordingReader>> open(const std::string& path);
    virtual ~RecordingReader() = default;
    [[nodiscard]] virtual const RecordingStart& start() const = 0;

    /// Hands over events and containers in order until the end; damage ends it with an error that says where. Aligned
    /// to 8.
    virtual Result<void> read(const std::function<void(std::span<const std::byte>)>& event,
                              const std::function<void(const Container&)>& container) = 0;
};

}  // namespace plimsoll::sensor
