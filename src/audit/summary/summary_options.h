#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log/search_time.h"
#include "audit/summary/overview.h"
#include "audit/summary/report.h"
#include "audit/word_option.h"
#include "base/result.h"

namespace plimsoll::audit {

/// What a summary was asked to do.
struct SummaryRequest {
    enum class What : std::uint8_t { overview, report, time_ranges, version };
    What what = What::overview;
    ReportOptions report;
    OverviewOptions overview;
    std::vector<std::string> inputs;  ///< files, directories, "-"; empty: the system's logs
    bool system_logs = false;         ///< --input-logs: them even if standard input is a pipe
    unsigned threads = 0;

    /// The overview of events that succeeded or failed is made from whole events.
    [[nodiscard]] bool needs_events() const { return what == What::overview && report.success.has_value(); }
};

/// Every option, ours among those of the tool that they come from.
[[nodiscard]] std::span<const WordOption> summary_options();

/// Reads the words behind `summary`. Of several reports the last one counts.
[[nodiscard]] Result<SummaryRequest> parse_summary(std::span<const std::string> words, const SearchClock& clock);

}  // namespace plimsoll::audit
