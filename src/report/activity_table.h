#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/activity.h"

namespace plimsoll::report {

/// One table of the report, as every document for people shows it. Cells come from outside and are not escaped.
struct ActivityTable {
    struct Column {
        std::string name;
        bool number = false;
    };

    std::string title;
    std::string note;  ///< a sentence below the title; empty when there is none
    std::vector<Column> columns;
    std::vector<std::vector<std::string>> rows;
    std::vector<bool> grave;  ///< rows that should catch the eye
};

/// Every section of the report in its order; empty ones are left out.
[[nodiscard]] std::vector<ActivityTable> activity_tables(const Activity& activity);

/// The recorder's own state, in sentences.
[[nodiscard]] std::vector<std::string> ledger_sentences(const LedgerHealth& ledger);

/// "12", "12 (+3)", "12 (−2)", "12 (none before)": a count against the period before.
[[nodiscard]] std::string against(const Counted& counted);

}  // namespace plimsoll::report
