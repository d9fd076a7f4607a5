#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace plimsoll::source {

/// One entry of the systemd journal.
struct JournalEntry {
    Nanoseconds time = 0;
    std::string message;
    std::string unit;
    int priority = 6;  ///< as syslog's: 3 error, 4 warning, 6 info, 7 debug
};

/// Whether one of these folders, or a folder in one of them, holds files of a journal.
[[nodiscard]] bool holds_journal(const std::vector<std::string>& folders);

/// The journal of this machine, or of a folder of journal files, through libsystemd, which is loaded when it is there:
/// hosts without systemd have no journal and need no library. One thread.
class Journal {
public:
    /// `folder` empty: the machine's own, and an error when it keeps none. `units`: entries of these alone.
    static Result<std::unique_ptr<Journal>> open(const std::string& folder, const std::vector<std::string>& units,
                                                 std::size_t most_line);
    ~Journal();

    /// Goes on behind the entry of that cursor; false when it no longer exists (reading starts at the oldest entry).
    [[nodiscard]] bool resume(const std::string& cursor);
    void skip_to_end();

    /// The next entry; false when there is none just now.
    [[nodiscard]] Result<bool> next(JournalEntry& entry);

    /// Of the entry read last.
    [[nodiscard]] std::string cursor() const;

    /// Waits for entries, at most so long.
    void wait(std::chrono::milliseconds most);

private:
    struct Library;
    explicit Journal(std::unique_ptr<Library> library);
    [[nodiscard]] std::string field(const char* name) const;

    std::unique_ptr<Library> library_;
    void* journal_ = nullptr;
    std::size_t most_line_ = 0;
};

}  // namespace plimsoll::source
