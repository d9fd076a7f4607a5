#pragma once

// The only file of the room whose source knows the YAML library.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rule/position.h"

namespace plimsoll::rule {

/// What hostile YAML may cost.
inline constexpr std::size_t kMaxYamlBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxYamlNodes = 400'000;  ///< with aliases written out
inline constexpr int kMaxYamlDepth = 64;

/// One value of a YAML document, aliases written out.
struct YamlNode {
    enum class Kind : std::uint8_t { null, scalar, sequence, map };

    Kind kind = Kind::null;
    std::string text;    ///< of a scalar
    std::string tag;     ///< `!unknown`; empty for none
    bool plain = false;  ///< a scalar without quotes
    Position at;
    std::uint32_t begin = 0;  ///< byte of the file where it starts
    std::vector<YamlNode> items;
    std::vector<std::pair<YamlNode, YamlNode>> entries;

    /// The value of that key, or nothing. With equal keys the first counts.
    [[nodiscard]] const YamlNode* find(std::string_view key) const;

    [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
    [[nodiscard]] bool is_sequence() const { return kind == Kind::sequence; }
    [[nodiscard]] bool is_map() const { return kind == Kind::map; }
    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
};

/// All documents of a file. `file` goes into every position.
[[nodiscard]] Parsed<std::vector<YamlNode>> parse_yaml(std::string_view text, std::uint32_t file);

/// Where each byte of a scalar stands in the file: exact for plain and block text, near for escapes.
[[nodiscard]] PlaceMap places_of(const YamlNode& scalar, std::string_view file_text);

}  // namespace plimsoll::rule
