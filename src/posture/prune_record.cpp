#include "posture/prune_record.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace plimsoll::posture {

namespace {

Error system_error(std::string_view doing, const std::string& path) {
    return {fmt::format("{} {}: {}", doing, path, std::generic_category().message(errno))};
}

}  // namespace

Result<PruneRecord> PruneRecord::create(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error("making the folder", folder);
    host::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return system_error("making the record", path);
    if (const host::Fd above(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        !above || ::fsync(above.get()) != 0)
        return system_error("writing the folder", folder);
    return PruneRecord(std::move(fd), path);
}

Result<bool> PruneRecord::add(std::string_view line) {
    std::string text(line);
    text += '\n';
    for (std::string_view rest = text; !rest.empty();) {
        const auto written = ::write(fd_.get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return system_error("writing the record", path_);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(fd_.get()) != 0) return system_error("writing the record", path_);
    return true;
}

}  // namespace plimsoll::posture
