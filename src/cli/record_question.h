#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time_words.h"
#include "ledger/reader.h"
#include "rule/field_ref.h"

namespace plimsoll::cli {

/// What a person asks of a ledger, in words.
struct RecordQuestion {
    std::string condition;
    std::string since;
    std::string until;
    std::string container;  ///< name, id or the begin of an id
    std::vector<std::string> fields;
    Zone zone = Zone::local;
};

/// Reads the words; the error says what is wrong and where.
[[nodiscard]] Result<ledger::Query> query_of(const RecordQuestion& question, Nanoseconds now);

/// `proc.aname[2]`, `evt.type`: fields as a person lists them.
[[nodiscard]] Result<std::vector<rule::FieldUse>> fields_of(const std::vector<std::string>& names);

/// A question that was understood, and the ledger that it is put to.
struct Asked {
    ledger::Query query;
    Nanoseconds time = 0;  ///< when it was asked: what "2h ago" counts from
    std::unique_ptr<ledger::Reader> reader;
};

/// Reads the words and opens the ledger, for commands that show records: a closed pipe will not end the program.
/// Complains when that cannot be done; the error is the exit code.
[[nodiscard]] std::expected<Asked, int> ask(const RecordQuestion& question, const std::string& ledger);

/// "times: CET, UTC+01:00, from 2026-11-17 03:00:00, until …": what the answer's times mean, for people.
void tell_times(const Asked& asked, Zone zone);

}  // namespace plimsoll::cli
