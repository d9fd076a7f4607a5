#include "host/folder.h"

#include <sys/stat.h>

#include <filesystem>

#include "host/system_error.h"

namespace plimsoll::host {

Result<void> make_folder(const std::string& path, unsigned mode) {
    std::error_code fault;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), fault);  // mkdir says what is wrong
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return system_error("making", path);
    return {};
}

}  // namespace plimsoll::host
