#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

/// Which distribution this is, as os-release(5) says.
struct OsRelease {
    std::string id = "linux";          ///< "debian", "ubuntu", "rhel"; the default is the manual page's
    std::vector<std::string> id_like;  ///< nearest relative first
    std::string name;
    std::string pretty_name;
    std::string version_id;  ///< empty on rolling releases
    std::string version_codename;
    std::vector<std::pair<std::string, std::string>> all;  ///< every assignment in file order, unquoted
};

/// Parses assignments with shell quoting and escapes; lines that are none are skipped, of equal keys the last one
/// holds.
[[nodiscard]] OsRelease parse_os_release(std::string_view text);

/// Reads /etc/os-release, or /usr/lib/os-release when that is absent.
[[nodiscard]] Result<std::optional<OsRelease>> read_os_release(const Root& root);

}  // namespace plimsoll::host
