#include "cli/auditd_account.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/output.h"

namespace plimsoll::cli {

namespace {

using Counts = std::array<std::uint64_t, audit::kDamages>;

constexpr auto kPadding = static_cast<std::size_t>(audit::Damage::empty);

std::uint64_t sum_of(const Counts& counts) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) sum += i == kPadding ? 0 : counts[i];
    return sum;
}

/// "1 damaged line (no header 1)": each kind that there is.
void add_kinds(std::string& out, const Counts& counts, std::string_view what) {
    std::string kinds;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0 || i == kPadding) continue;
        kinds +=
            fmt::format("{}{} {}", kinds.empty() ? "" : ", ", audit::to_text(static_cast<audit::Damage>(i)), counts[i]);
    }
    if (!kinds.empty()) out += fmt::format("; {} {} ({})", sum_of(counts), what, kinds);
}

nlohmann::ordered_json kinds_of(const Counts& counts) {
    nlohmann::ordered_json kinds = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0 && i != kPadding) kinds[audit::to_text(static_cast<audit::Damage>(i))] = counts[i];
    }
    return kinds;
}

}  // namespace

std::string account_text(const audit::ScanReport& report) {
    const auto& counts = report.counts;
    std::string out = fmt::format("{} lines read", counts.lines);
    if (!report.stopped) out = fmt::format("{} events; ", counts.matched) + out;
    add_kinds(out, counts.damaged, "are no records");
    add_kinds(out, counts.mended, "hard to read but used");
    if (counts.damaged[kPadding] > 0) out += fmt::format("; {} blank", counts.damaged[kPadding]);
    if (counts.duplicates > 0) out += fmt::format("; {} double lines left out", counts.duplicates);
    if (counts.incomplete > 0)
        out += fmt::format("; {} events lack a record{}", counts.incomplete,
                           report.by_literals ? " (among those near a hit)" : "");
    if (counts.undecided > 0) out += fmt::format("; of {} events the condition could not be decided", counts.undecided);
    if (report.stopped) out += "; stopped before the end";
    return out;
}

std::string account_json(const audit::ScanReport& report) {
    const auto& counts = report.counts;
    nlohmann::ordered_json faults = nlohmann::ordered_json::array();
    for (const std::string& fault : report.faults) faults.push_back(valid_utf8(fault));
    const nlohmann::ordered_json out = {
        {"events", counts.matched},
        {"lines", counts.lines},
        {"bytes", counts.bytes},
        {"no_records", sum_of(counts.damaged)},
        {"no_records_why", kinds_of(counts.damaged)},
        {"mended", sum_of(counts.mended)},
        {"mended_why", kinds_of(counts.mended)},
        {"blank", counts.damaged[kPadding]},
        {"doubled", counts.duplicates},
        {"incomplete", counts.incomplete},
        {"incomplete_among", report.by_literals ? "events near a hit" : "all events"},
        {"undecided", counts.undecided},
        {"stopped", report.stopped},
        {"faults", std::move(faults)},
    };
    return out.dump() + "\n";
}

bool deliver_account(const std::string& path, const std::string& json) {
    if (path != "-") return deliver(path, json);
    return std::fputs(json.c_str(), stderr) >= 0;
}

}  // namespace plimsoll::cli
