#pragma once

#include <string>
#include <string_view>

#include "model/value.h"

// JSON written straight into a text: alerts come in storms, and a tree of each would cost more than all else.
namespace plimsoll::sink {

/// Appends a JSON string; what is no valid UTF-8 becomes U+FFFD.
void append_json_text(std::string& out, std::string_view text);

/// Appends a JSON value: text, number or boolean; addresses as text, and null for a number that is none.
void append_json_value(std::string& out, const model::Value& value);

}  // namespace plimsoll::sink
