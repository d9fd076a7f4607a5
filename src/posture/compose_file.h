#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/file.h"
#include "posture/compose_interpolate.h"
#include "rule/yaml.h"

namespace plimsoll::posture {

using ComposeNode = rule::YamlNode;

/// The files read so far and what is wrong with them. Positions of nodes index `files`.
class ComposeLog {
public:
    /// Notes a file and gives its number in positions.
    std::uint32_t add_file(std::string_view path);

    /// path:line:column of a position.
    [[nodiscard]] std::string place(const rule::Position& at) const;

    /// Adds "path:line:column: what"; from the thousandth on only counts.
    void problem(const rule::Position& at, std::string_view what);
    /// Adds a problem that has no place in a file.
    void problem(std::string_view what);

    /// All problems, with a last one that counts those left out.
    [[nodiscard]] std::vector<std::string> take() const;

    std::set<std::string, std::less<>> unset;  ///< variables already reported

private:
    std::vector<std::string> files_{""};
    std::vector<std::string> problems_;
    std::size_t left_out_ = 0;
};

/// What all files of a project share while they are read.
struct ComposeContext {
    host::Root root;
    Variables variables;  ///< the environment, and .env below it
    std::string home;     ///< for ~; empty when not known
    ComposeLog log;
    std::size_t nodes = 0;  ///< made so far by merging
    std::size_t bytes = 0;  ///< read so far

    /// The file's content; an error also when the project's files together become too large.
    Result<std::string> read(const std::string& path);

    /// An absolute path: `~` and relative ones are resolved, the latter against `base`.
    [[nodiscard]] std::string resolve(std::string_view path, std::string_view base) const;
};

inline constexpr std::size_t kMostComposeNodes = 1'000'000;
inline constexpr std::size_t kMostComposeBytes = std::size_t{8} * 1024 * 1024;
inline constexpr std::size_t kMostServices = 1000;

/// Reads one compose file: YAML, merge keys, variables, and every service and path in one form (see normalise_service),
/// relative paths resolved against `base`. `at` of the result is the file's first line.
[[nodiscard]] Result<ComposeNode> read_compose_file(const std::string& path, std::string_view base,
                                                    ComposeContext& context);

/// Puts `over` on `base` by compose's rules: maps are merged, lists are joined, ports, mounts, configs and secrets of
/// the same target are replaced, commands are replaced, `!reset` removes and `!override` replaces. An error when the
/// result grows too large.
[[nodiscard]] Result<ComposeNode> merge_compose(ComposeNode base, ComposeNode over, std::string_view key,
                                                ComposeContext& context);

/// Brings a service's short forms into the long ones, so that files can be merged and are read in one way: lists of
/// NAME=value become maps, ports and volumes become maps, paths become absolute.
void normalise_service(ComposeNode& service, std::string_view base, ComposeContext& context);

/// Says which keys of a service hold another kind of value than compose takes; a text or a long form where a list
/// belongs becomes a list of one, so that it is judged, and what has no obvious meaning is left out.
void shape_service(ComposeNode& service, ComposeLog& log);

/// The same for the file's sections and the definitions in them.
void shape_file(ComposeNode& file, ComposeLog& log);

/// Puts the node into a list of one in its own place.
void wrap_in_list(ComposeNode& node);

/// The entry of a map, or null.
[[nodiscard]] ComposeNode* find_entry(ComposeNode& map, std::string_view key);

// Nodes made here rather than read; they take the place of what they came from.
[[nodiscard]] ComposeNode make_scalar(std::string_view text, const rule::Position& at);
[[nodiscard]] ComposeNode make_map(const rule::Position& at);
void put_entry(ComposeNode& map, std::string_view key, ComposeNode value);

}  // namespace plimsoll::posture
