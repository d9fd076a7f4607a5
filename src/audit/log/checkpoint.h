#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/log/log_file.h"
#include "audit/record.h"
#include "base/result.h"

namespace plimsoll::audit {

/// How far a log was read, in the form that ausearch keeps (--checkpoint): the file by device and inode, and the last
/// event in it.
struct Checkpoint {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::string node;
    std::int64_t milliseconds = 0;
    std::uint64_t serial = 0;
    std::uint32_t type = 0;
};

/// Nothing when there is no such file yet; an error when it is none that this or ausearch wrote.
[[nodiscard]] Result<std::optional<Checkpoint>> read_checkpoint(const std::string& path);

/// Replaces the file in one step.
[[nodiscard]] Result<void> write_checkpoint(const std::string& path, const Checkpoint& checkpoint);

/// Where a search goes on: behind the last line of the checkpoint's event.
struct CheckpointPlace {
    std::size_t file = 0;
    std::uint64_t byte = 0;
};

/// Nothing when its file is not among these, or is and does not hold the event.
[[nodiscard]] std::optional<CheckpointPlace> find_checkpoint(const std::vector<LogFile>& files,
                                                             const Checkpoint& checkpoint);

/// The last event of the log whose records are all written: the last record that is not younger than `until_ms`.
[[nodiscard]] std::optional<Checkpoint> last_event(const std::vector<LogFile>& files, std::int64_t until_ms);

}  // namespace plimsoll::audit
