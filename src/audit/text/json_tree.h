#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "audit/text/buffer.h"
#include "host/accounts.h"
#include "model/event.h"

namespace plimsoll::audit {

/// Writes one JSON object from members named by dotted paths. Members of one object must follow each other: a row of a
/// mapping table stands beside its neighbours.
class JsonTree {
public:
    explicit JsonTree(Buffer& out) : out_(out) { out_.put('{'); }

    /// Begins a member; its value is to be written next.
    Buffer& member(std::string_view path);

    /// Closes everything.
    void end();

private:
    Buffer& out_;
    std::vector<std::string_view> open_;  ///< objects that are open, outermost first
    bool empty_ = true;                   ///< the innermost one has no member yet
};

/// What a row of a mapping makes of a field's values.
enum class JsonAs : std::uint8_t {
    value,  ///< the first value as it is
    text,   ///< the first value as a string
    list,   ///< all values
    name,   ///< the first value's last part: the name of a path; never empty when the path is not
};

/// One field of ours and where it stands in another schema.
struct JsonRow {
    model::FieldKey field;
    std::string_view path;
    JsonAs as = JsonAs::value;
    bool unsigned_only = false;  ///< left out when it is below 0, which is our "none"
};

/// Writes the rows whose field the event has.
void put_rows(JsonTree& tree, const model::Event& event, std::span<const JsonRow> rows);

/// The fields of the event, in place of what `out` held. Nanoseconds end in 2262 and the logs' times in 9999: a time
/// beyond is the last that there is.
void read_fields(const LogEvent& event, const host::Accounts* names, model::Event& out);

/// One value as JSON.
void put_value(Buffer& out, const model::Value& value);

}  // namespace plimsoll::audit
