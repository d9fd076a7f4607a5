#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/event.h"

namespace plimsoll::report {

/// The record in one sentence, safe for a terminal: what it says itself (record.summary), else made from its fields.
[[nodiscard]] std::string one_line(const model::Event& event);

/// "event/container start", "alert Warning", "sample": what kind of record it is, safe for a terminal.
[[nodiscard]] std::string kind_text(const model::Event& event);

/// Name of the container, else its id; of another object of the engine, its name; "-" without any. Safe for a terminal.
[[nodiscard]] std::string subject_text(const model::Event& event);

/// The values of one field (of one key of it), commas between; "" when absent, "(unknown: why)". Not escaped.
[[nodiscard]] std::string field_text(const model::Event& event, model::FieldId field, std::string_view key = {});

/// Every field as NAME=VALUE, quoted where needed, on one line that is safe for a terminal.
[[nodiscard]] std::string field_line(const model::Event& event);

/// One JSON object on one line, ASCII only: `time` in RFC 3339 with nanoseconds, then every field by its name; keyed
/// fields are objects, lists are arrays, what is not known stands in `unknown` with its reason. Bytes that are no UTF-8
/// become \xNN.
[[nodiscard]] std::string json_line(const model::Event& event);

/// Appends a JSON string of these bytes, ASCII only.
void append_json(std::string& out, std::string_view bytes);

}  // namespace plimsoll::report
