#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "audit/log/log_file.h"
#include "base/result.h"

namespace plimsoll::audit {

/// Bytes in order, unpacked where they were packed.
class ByteStream {
public:
    virtual ~ByteStream() = default;

    /// How many bytes were put into `room`, 0 at the end. Packed data that is cut off or broken gives what came before,
    /// then an error.
    [[nodiscard]] virtual Result<std::size_t> read(std::span<char> room) = 0;

    /// Whether some of what it has read from the file has not been given away yet.
    [[nodiscard]] virtual bool holds_more() const = 0;
};

/// Reads an open file from its beginning, a pipe from where it is. Borrows the file.
[[nodiscard]] Result<std::unique_ptr<ByteStream>> open_stream(const LogFile& file);

}  // namespace plimsoll::audit
