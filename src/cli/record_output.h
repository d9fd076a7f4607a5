#pragma once

#include <string>
#include <vector>

#include "base/time_words.h"
#include "cli/record_question.h"
#include "ledger/reader.h"
#include "rule/field_ref.h"

namespace plimsoll::cli {

enum class RecordFormat : std::uint8_t { text, json, csv, raw };

/// Writes records for people, programs or spreadsheets.
class RecordPrinter {
public:
    RecordPrinter(RecordFormat format, std::vector<rule::FieldUse> fields, Zone zone, bool to_terminal);

    /// What stands before the first record; empty for most formats.
    [[nodiscard]] std::string head() const;

    /// One record with its line end.
    [[nodiscard]] std::string line(const ledger::StoredRecord& record) const;

private:
    [[nodiscard]] std::string csv(const ledger::StoredRecord& record) const;
    [[nodiscard]] std::string text(const ledger::StoredRecord& record) const;
    [[nodiscard]] std::string raw(const ledger::StoredRecord& record) const;

    RecordFormat format_;
    std::vector<rule::FieldUse> fields_;
    Zone zone_;
    bool to_terminal_;
};

/// "2026-11-17T02:00:00.123456789Z"
[[nodiscard]] std::string exact_time(Nanoseconds time);

/// Standard output that somebody may close: writes, and says whether anybody still reads. Gives what it holds away
/// at once on a terminal, else when it is asked to or has much.
class Stream {
public:
    Stream();
    [[nodiscard]] bool write(std::string_view text);
    [[nodiscard]] bool flush();
    [[nodiscard]] bool is_terminal() const { return is_terminal_; }
    /// Whether the other end is open, as far as can be seen without writing.
    [[nodiscard]] bool is_read() const;
    /// The reader went away, as `head` does; nothing to complain about.
    [[nodiscard]] bool closed() const { return closed_; }

private:
    /// All of it, now.
    bool give(std::string_view left);

    bool is_terminal_;
    bool closed_ = false;
    std::string held_;
};

}  // namespace plimsoll::cli
