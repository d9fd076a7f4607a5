#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "source/journal/daemon_line.h"
#include "source/source.h"

namespace plimsoll::source {

struct DaemonLogOptions {
    std::string file;            ///< log file of the engine; empty: the journal
    std::string journal_folder;  ///< empty: the machine's own journal
    std::vector<std::string> units = {"docker.service", "podman.service"};
    std::string state_file;              ///< where reading stands; empty: starts at the end each time
    std::size_t line_bytes = 16 * 1024;  ///< longer lines are cut
};

/// The engine's own log as records: source daemon-log, kind line.
class DaemonLogSource final : public Source {
public:
    explicit DaemonLogSource(DaemonLogOptions options);

    void run(Outlet& outlet, const std::stop_token& stop) override;
    [[nodiscard]] SourceStatus status() const override;

private:
    void follow_file(Outlet& outlet, const std::stop_token& stop);
    void follow_journal(Outlet& outlet, const std::stop_token& stop);
    void tell(Outlet& outlet, Nanoseconds time, std::string_view text, std::string_view unit, int priority, bool cut);
    void connected(bool is, std::string fault);

    DaemonLogOptions options_;
    mutable std::mutex mutex_;
    SourceStatus status_;
};

/// The record of one line; `time` is when it was read, or what the journal says, unless the line has its own.
[[nodiscard]] model::Event daemon_line_record(std::string_view text, Nanoseconds time, std::string_view unit,
                                              int priority);

}  // namespace plimsoll::source
