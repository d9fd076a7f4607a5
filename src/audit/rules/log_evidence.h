#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/file.h"

namespace plimsoll::audit {

/// What the audit log of this host tells about its rules since the last boot.
struct LogEvidence {
    struct Removed {
        std::int64_t milliseconds = 0;  ///< since 1970
        std::string path;
        std::string key;
    };
    std::vector<Removed> removed;  ///< rules that the kernel itself removed, oldest first, because a folder went away
    std::optional<std::int64_t>
        first_record;         ///< milliseconds; the oldest record of the kernel since boot that is kept
    bool from_first = false;  ///< that record is among the first that the kernel numbered, so nothing came before it
    std::string problem;      ///< why the log could not be read, or not as far back as the boot; empty
};

/// Reads /var/log/audit/audit.log and its rotated plain files, newest first, at most `limit` bytes of them.
[[nodiscard]] LogEvidence read_log_evidence(const host::Root& root, std::int64_t boot_seconds,
                                            std::size_t limit = std::size_t{128} << 20U);

/// Adds what a piece of a log tells; only whole lines are looked at.
void add_evidence(std::string_view lines, std::int64_t boot_seconds, LogEvidence& evidence);

}  // namespace plimsoll::audit
