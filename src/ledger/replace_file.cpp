#include "ledger/replace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "host/fd.h"
#include "host/system_error.h"

namespace plimsoll::ledger {

std::string absolute_path(const std::string& path) {
    std::error_code fault;
    const auto whole = std::filesystem::absolute(path, fault);
    return fault ? path : whole.lexically_normal().string();
}

Result<void> rename_synced(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return host::system_error("renaming", from);
    const std::string folder = std::filesystem::path(to).parent_path();
    const host::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return host::system_error("syncing", folder);
    return {};
}

Result<void> replace_file(const std::string& path, std::string_view content, unsigned mode) {
    const std::string temporary = path + ".tmp";
    {
        const host::Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
        if (!fd) return host::system_error("writing", temporary);
        while (!content.empty()) {
            const ssize_t wrote = ::write(fd.get(), content.data(), content.size());
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote <= 0) return host::system_error("writing", temporary);
            content.remove_prefix(static_cast<std::size_t>(wrote));
        }
        if (::fdatasync(fd.get()) != 0) return host::system_error("syncing", temporary);
    }
    return rename_synced(temporary, path);
}

}  // namespace plimsoll::ledger
