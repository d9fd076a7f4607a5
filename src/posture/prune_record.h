#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "host/fd.h"

namespace plimsoll::posture {

/// A new file of lines, each on disk before the next step is taken.
class PruneRecord {
public:
    /// Makes the file (0600) and its last folder (0700) when that is missing; an existing file is an error, links are
    /// not followed.
    static Result<PruneRecord> create(const std::string& path);

    /// Adds one line and waits until it is on disk.
    Result<bool> add(std::string_view line);

private:
    explicit PruneRecord(host::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    host::Fd fd_;
    std::string path_;
};

}  // namespace plimsoll::posture
