#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audit/summary/facts.h"
#include "audit/summary/value_counts.h"
#include "audit/text/interpret.h"

namespace plimsoll::audit {

/// aureport's reports.
enum class ReportKind : std::uint8_t {
    authentication,
    avc,
    config,
    crypto,
    event,
    file,
    host,
    key,
    login,
    account,
    mac,
    anomaly,
    pid,
    response,
    syscall,
    terminal,
    user,
    executable,
    command,
    virtualization,
    integrity,
    tty,
};

/// What a report is called and what it shows.
struct ReportSpec {
    ReportKind kind;
    std::string_view option;  ///< aureport's short one
    std::string_view name;    ///< its long one
    std::string_view title;
    std::size_t rule;  ///< length of the lines around the columns' names
    std::string_view columns;
    std::string_view summary_title;  ///< empty when it has no summary
    std::size_t summary_rule;
    std::string_view counted;  ///< what a summary counts
};

/// All of them, in the order of help.
[[nodiscard]] std::span<const ReportSpec> report_specs();
[[nodiscard]] const ReportSpec& report_spec(ReportKind kind);

struct ReportOptions {
    ReportKind kind = ReportKind::event;
    bool summary = false;
    bool interpret = false;       ///< names in place of numbers
    std::optional<bool> success;  ///< only events that succeeded, or failed
    bool without_config = false;  ///< leaves CONFIG_CHANGE out
    std::string node;
    Escape escape = Escape::tty;
    Zone zone = Zone::local;
    bool iso_times = false;
    bool json = false;
    const host::Accounts* accounts = nullptr;
};

/// Makes the rows of one report from events. One thread; several of them are merged in the order of the log.
class ReportRows {
public:
    explicit ReportRows(const ReportOptions& options);

    /// Adds what the event gives.
    void add(const LogEvent& event);

    /// The rows of a list since the last call, without numbers.
    struct Lines {
        std::string text;  ///< rows, each with its newline
        std::uint64_t rows = 0;
    };
    [[nodiscard]] Lines take_lines();

    /// What a summary has counted since it was cleared.
    [[nodiscard]] ValueCounts& counts() { return counts_; }

private:
    [[nodiscard]] bool is_of_interest(const Facts& facts) const;
    void add_row(const Facts& facts);
    void add_counts(const Facts& facts);
    void put_row(const Facts& facts, std::string_view value);
    void put_cell(std::string_view column, const Facts& facts, std::string_view value);
    void put_text(std::string_view text);
    void put_loginuid(const Facts& facts);
    void put_syscall(const Facts& facts);

    ReportOptions options_;
    const ReportSpec& spec_;
    Interpreter interpreter_;
    Facts facts_;
    Buffer row_;
    Lines lines_;
    ValueCounts counts_;
};

/// "Failed Key Summary Report", with its columns: what stands before the rows.
[[nodiscard]] std::string report_head(const ReportOptions& options);

/// The rows of a summary, names where they are asked for, and how many values were not told apart.
[[nodiscard]] std::string summary_rows(const ReportOptions& options, const ValueCounts& counts);

}  // namespace plimsoll::audit
