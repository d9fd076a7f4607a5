#include "host/os_release.h"

#include "base/text.h"
#include "host/shell_assignments.h"

namespace plimsoll::host {

OsRelease parse_os_release(std::string_view text) {
    OsRelease out;
    out.all = parse_shell_assignments(text);
    for (const auto& [key, value] : out.all) {
        if (key == "ID" && !value.empty()) out.id = value;
        if (key == "NAME") out.name = value;
        if (key == "PRETTY_NAME") out.pretty_name = value;
        if (key == "VERSION_ID") out.version_id = value;
        if (key == "VERSION_CODENAME") out.version_codename = value;
        if (key == "ID_LIKE") {
            out.id_like.clear();
            for (const std::string_view like : split(value, ' ')) {
                if (!like.empty()) out.id_like.emplace_back(like);
            }
        }
    }
    return out;
}

Result<std::optional<OsRelease>> read_os_release(const Root& root) {
    for (const std::string_view path : {"/etc/os-release", "/usr/lib/os-release"}) {
        TRY(const auto text, read_if_exists(root, path));
        if (text) return std::optional<OsRelease>(parse_os_release(*text));
    }
    return std::optional<OsRelease>{};
}

}  // namespace plimsoll::host
