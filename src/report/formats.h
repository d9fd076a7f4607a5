#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// One document that an audit can be written as.
struct Format {
    std::string_view name;  ///< as `--format` takes it
    std::string_view media_type;
    std::string_view file_ending;  ///< without the dot
    std::string_view meaning;      ///< for whom it is, for help texts
    std::string (*render)(const model::AuditReport& report, const Options& options);
};

/// Every format, in the order in which help texts list them; the first is the default.
[[nodiscard]] std::span<const Format> formats();

/// The format of that exact name.
[[nodiscard]] std::optional<Format> find_format(std::string_view name);

}  // namespace plimsoll::report
