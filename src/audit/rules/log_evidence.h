#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/file.h"

namespace plimsoll::audit {

/// What the audit log of this host tells about its rules since the last boot.
struct LogEvidence {
    struct Removed {
        std::int64_t milliseconds = 0;  ///< since 1970
        std::string path;               ///< empty: somebody deleted the rule; else its folder went away
        std::string key;
        std::optional<std::uint32_t> loginuid;  ///< who deleted it; nothing without a login
    };
    std::vector<Removed> removed;  ///< rules that were removed and whose key no later record adds again, oldest first
    std::optional<std::int64_t>
        first_record;         ///< milliseconds; the oldest record of the kernel since boot that is kept
    bool from_first = false;  ///< that record is among the first that the kernel numbered, so nothing came before it
    std::string problem;      ///< why the log could not be read, or not as far back as the boot; empty
    std::map<std::string, std::int64_t, std::less<>> added;  ///< key → when a rule of that key was last added
};

inline constexpr std::string_view kAuditLog = "/var/log/audit/audit.log";

/// Reads a log and its rotated plain files (`log`.1, …), newest first, at most `limit` bytes of them.
[[nodiscard]] LogEvidence read_log_evidence(const host::Root& root, std::int64_t boot_seconds,
                                            std::string_view log = kAuditLog,
                                            std::size_t limit = std::size_t{128} << 20U);

/// Adds what a piece of a log tells; only whole lines are looked at.
void add_evidence(std::string_view lines, std::int64_t boot_seconds, LogEvidence& evidence);

}  // namespace plimsoll::audit
