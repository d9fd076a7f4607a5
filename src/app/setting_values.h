#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rule/yaml.h"

namespace plimsoll::app {

// Values as a configuration file writes them. Errors say what was expected, without the place.

/// `100ms`, `90s`, `15m`, `12h`, `30d`.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `4096`, `64KiB`, `500MB`, `8GiB`: bytes.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

[[nodiscard]] Result<bool> parse_truth(std::string_view text);
[[nodiscard]] Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);

[[nodiscard]] Result<std::string> text_of(const rule::YamlNode& value);
[[nodiscard]] Result<std::vector<std::string>> texts_of(
    const rule::YamlNode& value);  ///< a single text is a list of one

}  // namespace plimsoll::app
