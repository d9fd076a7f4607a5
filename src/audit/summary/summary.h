#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log/log_file.h"
#include "audit/log/scan.h"
#include "audit/summary/overview.h"
#include "audit/summary/report.h"
#include "base/result.h"

namespace plimsoll::audit {

/// Takes text as it becomes ready; false ends the work.
using TextTaker = std::function<bool(std::string_view)>;

struct SummaryResult {
    std::uint64_t rows = 0;           ///< 0: no events of interest
    std::uint64_t damaged = 0;        ///< lines that are no record
    std::vector<std::string> faults;  ///< what could not be read, and why
};

/// Reads the logs once and makes aureport's overview. `threads` 0: one for each processor.
[[nodiscard]] Result<SummaryResult> make_overview(const std::vector<LogFile>& files, const OverviewOptions& options,
                                                  unsigned threads, Overview& overview);

/// The same of events that succeeded or failed alone: events are put together for it.
[[nodiscard]] Result<SummaryResult> make_overview_of_events(const std::vector<LogFile>& files, const Query& query,
                                                            bool success, unsigned threads, Overview& overview);

/// Reads the logs once and writes one report, in aureport's layout or as JSON lines.
[[nodiscard]] Result<SummaryResult> write_report(const std::vector<LogFile>& files, const Query& query,
                                                 const ReportOptions& options, unsigned threads, const TextTaker& out);

/// Writes from when to when each file is: aureport's -t.
[[nodiscard]] Result<SummaryResult> write_time_ranges(const std::vector<LogFile>& files, const OverviewOptions& options,
                                                      const ReportOptions& shown, const TextTaker& out);

}  // namespace plimsoll::audit
