#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/fd.h"
#include "host/file.h"

namespace plimsoll::audit {

enum class Packing : std::uint8_t { none, gzip, zstd };

/// By the first four bytes.
[[nodiscard]] Packing packing_of(std::string_view head);

/// One file of a log, open. What it is called may change while it is read (rotation); what was opened stays.
struct LogFile {
    std::string path;  ///< as given or found; "-" for standard input
    host::Fd fd;
    Packing packing = Packing::none;  ///< by its first bytes, not its name
    bool seekable = false;            ///< a regular file that is not packed: read in pieces by several threads
    std::uint64_t size = 0;           ///< when it was opened; 0 for a pipe and for standard input
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
};

/// Opens what was named, in that order: a file, a rotated set by its directory (oldest first: audit.log.N … audit.log.1
/// audit.log, numbers may be missing, .gz and .zst and dated names of logrotate included), or "-" for standard input.
/// An error names the path and the reason.
[[nodiscard]] Result<std::vector<LogFile>> open_logs(std::span<const std::string> paths);

/// The rotated set that auditd.conf's log_file names (/var/log/audit/audit.log without such a file): its members'
/// names, oldest first.
[[nodiscard]] Result<std::vector<std::string>> system_logs(const host::Root& root);

/// The members of the rotated set in a directory whose newest one is called `name`, oldest first.
[[nodiscard]] Result<std::vector<std::string>> rotated_set(const std::string& directory, const std::string& name);

}  // namespace plimsoll::audit
