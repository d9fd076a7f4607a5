#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "audit/text/escape.h"
#include "base/time_words.h"
#include "host/accounts.h"

namespace plimsoll::audit {

enum class FormatKind : std::uint8_t {
    raw,        ///< the lines as they stand in the log, in their order
    standard,   ///< ausearch's own: `----`, `time->…`, the records backwards
    interpret,  ///< ausearch -i: the same with names in place of numbers
    csv,        ///< one row for an event: subject, action, object, result
    text,       ///< one sentence for an event
    json,       ///< one object for an event, by the names of the field table
    ocsf,       ///< one object for an event, Open Cybersecurity Schema Framework 1.x
    ecs,        ///< one object for an event, Elastic Common Schema 8
};

struct FormatOptions {
    Escape escape = Escape::tty;  ///< what `standard`, `interpret`, `csv` and `text` do about control characters
    bool extra_keys = false;      ///< csv: column KEY
    bool extra_labels = false;    ///< csv: columns SUBJ_LABEL and OBJ_LABEL
    bool extra_obj2 = false;      ///< csv: column OBJ2
    bool extra_time = false;      ///< csv: YEAR, MONTH, DAY, WEEKDAY, HOUR, MILLI, GMT_OFFSET
    bool iso_times = false;       ///< RFC 3339 in place of ausearch's clock; json, ocsf and ecs always do
    bool records = false;         ///< json, ocsf, ecs: the raw lines too
    Zone zone = Zone::local;
    std::string host;                          ///< ocsf, ecs: of logs that do not name theirs; empty: unknown
    const host::Accounts* accounts = nullptr;  ///< names of ids that the log itself does not give; null: none
};

/// Writes events as text. One object serves one output, from one thread; it keeps buffers and caches between events.
class OutputFormat {
public:
    virtual ~OutputFormat() = default;

    /// Appends what stands before the first event.
    virtual void begin(std::string& out) { (void)out; }

    /// Appends one event, with its line ends.
    virtual void write(const LogEvent& event, std::string& out) = 0;

    /// Appends what stands after the last event.
    virtual void end(std::string& out) { (void)out; }
};

[[nodiscard]] std::unique_ptr<OutputFormat> make_format(FormatKind kind, const FormatOptions& options);

/// "raw", "default", "interpret", "csv", "text", "json", "ocsf", "ecs"; nothing for another name.
[[nodiscard]] std::optional<FormatKind> format_kind(std::string_view name);

/// Those names, in that order, for help and errors.
[[nodiscard]] std::span<const std::string_view> format_names();

}  // namespace plimsoll::audit
