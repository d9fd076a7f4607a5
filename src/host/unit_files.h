#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

/// One `Key=Value` of a unit file or drop-in; continuation lines joined, specifiers and variables not expanded.
struct UnitAssignment {
    std::string section;
    std::string key;
    std::string value;  ///< empty: forget what earlier assignments of this key said
    std::string file;   ///< where it stands
};

/// What systemd would read for a unit (systemd.unit(5)), found without asking systemd.
struct UnitFile {
    std::string name;
    std::string fragment;                     ///< path of the unit file as found; empty when there are only drop-ins
    std::vector<std::string> drop_ins;        ///< paths in the order in which they apply
    bool masked = false;                      ///< the file is a link to /dev/null or empty
    std::vector<UnitAssignment> assignments;  ///< of the fragment, then of the drop-ins

    /// The values of a list key after all resets ("ExecStart", "ListenStream", "Environment").
    [[nodiscard]] std::vector<std::string> values(std::string_view section, std::string_view key) const;

    /// The value of a single key: the last assignment; empty text when reset.
    [[nodiscard]] std::optional<std::string> value(std::string_view section, std::string_view key) const;
};

/// Finds a unit by its full name ("docker.service", "getty@tty1.service"); empty when there is neither a file nor a
/// drop-in.
[[nodiscard]] Result<std::optional<UnitFile>> find_unit(const Root& root, std::string_view name);

/// The assignments of one file in order; lines that are none are skipped.
[[nodiscard]] std::vector<UnitAssignment> parse_unit_file(std::string_view text, std::string_view file);

/// Splits a value such as ExecStart's into words as systemd.syntax(7) does: quotes removed, backslash escapes undone.
[[nodiscard]] std::vector<std::string> unit_words(std::string_view value);

}  // namespace plimsoll::host
