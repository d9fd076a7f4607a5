#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::posture {

/// Names and values, as an environment has them; no value means that only the name was given.
using Variables = std::map<std::string, std::optional<std::string>, std::less<>>;

/// What became of a text with `${…}` in it.
struct Interpolated {
    std::string text;
    std::vector<std::string> unset;  ///< variables without value or default, read as empty
    std::vector<std::string>
        problems;  ///< required variables that are missing, and broken expressions (left as they are)
};

/// Puts values in place of `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`,
/// `${NAME?error}`,
/// `${NAME:+other}`, `${NAME+other}`; `$$` is one dollar. Defaults may hold expressions themselves. Work and result are
/// bounded.
[[nodiscard]] Interpolated interpolate(std::string_view text, const Variables& variables);

/// Reads the lines of an env file: NAME=value with quotes, `export`, comments and expressions; a bare NAME has no
/// value. Later lines see earlier ones and then `outside`. Lines that cannot be read are named in `problems` by number.
[[nodiscard]] Variables parse_env_file(std::string_view text, const Variables& outside,
                                       std::vector<std::string>& problems);

}  // namespace plimsoll::posture
