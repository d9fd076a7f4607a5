#include "host/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <memory>

#include "host/system_error.h"

namespace plimsoll::host {

namespace {

/// Opens without interpreting the outcome: the descriptor, or -1 and errno.
int open_raw(const Root& root, std::string_view path, int flags) {
    if (path.find('\0') != std::string_view::npos) {
        errno = EINVAL;
        return -1;
    }
    const std::string absolute = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
    if (root.path == "/") return ::open(absolute.c_str(), flags | O_CLOEXEC);
    const Fd jail(::open(root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!jail) return -1;
    open_how how{};
    how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC));
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, jail.get(), absolute.c_str(), &how, sizeof how));
}

FileType type_of_mode(unsigned mode) {
    switch (mode & S_IFMT) {
        case S_IFREG: return FileType::regular;
        case S_IFDIR: return FileType::directory;
        case S_IFLNK: return FileType::symlink;
        case S_IFSOCK: return FileType::socket;
        case S_IFIFO: return FileType::fifo;
        case S_IFBLK: return FileType::block;
        case S_IFCHR: return FileType::character;
        default: return FileType::other;
    }
}

FileType type_of_entry(unsigned char type) { return type_of_mode(static_cast<unsigned>(DTTOIF(type))); }

std::string descriptor_path(const Fd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

/// Where an open file lies, as the kernel names it; nothing and errno when it does not say.
std::optional<std::string> opened_path(const Fd& fd) {
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlink(descriptor_path(fd).c_str(), target.data(), target.size());
    if (size < 0) return std::nullopt;
    return std::string(target.data(), static_cast<std::size_t>(size));
}

/// Bytes of an ACL attribute, 0 when there is none. O_PATH descriptors reach attributes only by name.
Result<std::size_t> acl_size(const Fd& fd, const char* attribute, std::string_view path) {
    const ssize_t size = ::getxattr(descriptor_path(fd).c_str(), attribute, nullptr, 0);
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == ENODATA || errno == ENOTSUP) return std::size_t{0};
    return system_error("reading the access list of", path);
}

}  // namespace

Result<std::optional<Fd>> open_if_exists(const Root& root, std::string_view path, int flags) {
    const int fd = open_raw(root, path, flags);
    if (fd >= 0) return std::optional<Fd>(Fd(fd));
    if (means_absent(errno)) return std::optional<Fd>{};
    return system_error("opening", path);
}

Result<std::optional<std::string>> read_if_exists(const Root& root, std::string_view path, std::size_t limit) {
    // O_NONBLOCK: a pipe put where a file is expected must not hold the reader.
    TRY(auto fd, open_if_exists(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    if (!fd) return std::optional<std::string>{};
    struct stat facts {};
    if (::fstat(fd->get(), &facts) != 0) return system_error("reading", path);
    if (!S_ISREG(facts.st_mode)) {
        return Error{fmt::format("reading {}: it is a {}, not a regular file", printable(path),
                                 to_text(type_of_mode(facts.st_mode)))};
    }
    std::string content;
    std::array<char, 16384> chunk;
    for (;;) {
        const ssize_t got = ::read(fd->get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("reading", path);
        if (got == 0) return std::optional<std::string>(std::move(content));
        if (static_cast<std::size_t>(got) > limit - content.size()) {
            return Error{fmt::format("reading {}: larger than {} bytes", printable(path), limit)};
        }
        content.append(chunk.data(), static_cast<std::size_t>(got));
    }
}

Result<std::string> read_file(const Root& root, std::string_view path, std::size_t limit) {
    TRY(auto content, read_if_exists(root, path, limit));
    if (!content) return system_error("reading", path, ENOENT);
    return std::move(*content);
}

std::string_view to_text(FileType type) {
    switch (type) {
        case FileType::regular: return "regular file";
        case FileType::directory: return "directory";
        case FileType::symlink: return "symbolic link";
        case FileType::socket: return "socket";
        case FileType::fifo: return "pipe";
        case FileType::block: return "block device";
        case FileType::character: return "character device";
        case FileType::other: break;
    }
    return "file of another type";
}

Result<std::optional<FileFacts>> file_facts(const Root& root, std::string_view path, Links links) {
    TRY(auto fd, open_if_exists(root, path, O_PATH | (links == Links::keep ? O_NOFOLLOW : 0)));
    if (!fd) return std::optional<FileFacts>{};
    struct statx raw {};
    constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_MNT_ID;
    if (::statx(fd->get(), "", AT_EMPTY_PATH, kWanted, &raw) != 0) return system_error("examining", path);
    FileFacts facts;
    facts.type = type_of_mode(raw.stx_mode);
    facts.uid = raw.stx_uid;
    facts.gid = raw.stx_gid;
    facts.mode = raw.stx_mode & 07777U;
    facts.device_major = raw.stx_dev_major;
    facts.device_minor = raw.stx_dev_minor;
    facts.node_major = raw.stx_rdev_major;
    facts.node_minor = raw.stx_rdev_minor;
    facts.inode = raw.stx_ino;
    facts.size = raw.stx_size;
    facts.mount_id = (raw.stx_mask & STATX_MNT_ID) != 0 ? raw.stx_mnt_id : 0;
    facts.modified = raw.stx_mtime.tv_sec;
    facts.mount_point = (raw.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    if (facts.type != FileType::symlink) {
        // Three entries (owner, group, others) say no more than the mode bits do.
        constexpr auto kMinimal = sizeof(posix_acl_xattr_header) + 3 * sizeof(posix_acl_xattr_entry);
        TRY(const auto access, acl_size(*fd, "system.posix_acl_access", path));
        facts.extended_acl = access > kMinimal;
    }
    if (facts.type == FileType::directory) {
        TRY(const auto handed_on, acl_size(*fd, "system.posix_acl_default", path));
        facts.default_acl = handed_on > 0;
    }
    return std::optional<FileFacts>(facts);
}

Result<std::optional<std::vector<DirectoryEntry>>> list_directory(const Root& root, std::string_view path,
                                                                  std::size_t limit) {
    using Entries = std::optional<std::vector<DirectoryEntry>>;
    TRY(auto fd, open_if_exists(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
    if (!fd) return Entries{};
    const auto close = [](DIR* directory) { ::closedir(directory); };
    const std::unique_ptr<DIR, decltype(close)> directory(::fdopendir(fd->get()), close);
    if (!directory) return system_error("listing", path);
    std::ignore = fd->release();
    std::vector<DirectoryEntry> entries;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(directory.get());
        if (entry == nullptr) break;
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (entries.size() == limit) {
            return Error{fmt::format("listing {}: more than {} entries", printable(path), limit)};
        }
        entries.push_back({std::string(name), type_of_entry(entry->d_type)});
    }
    if (errno != 0) return system_error("listing", path);
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return Entries(std::move(entries));
}

Result<std::optional<std::string>> resolve(const Root& root, std::string_view path) {
    TRY(auto fd, open_if_exists(root, path, O_PATH));
    if (!fd) return std::optional<std::string>{};
    auto target = opened_path(*fd);
    if (!target) return system_error("resolving", path);
    if (root.path == "/") return target;
    const Fd jail(::open(root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto prefix = jail ? opened_path(jail) : std::nullopt;
    if (!prefix) return system_error("resolving", root.path);
    if (*prefix == "/") return target;
    if (*target == *prefix) return std::optional<std::string>("/");
    if (!target->starts_with(*prefix + "/")) {
        return Error{fmt::format("resolving {}: it lies outside {}", printable(path), printable(*prefix))};
    }
    return std::optional<std::string>(target->substr(prefix->size()));
}

Result<std::optional<std::string>> read_link(const Root& root, std::string_view path) {
    TRY(auto fd, open_if_exists(root, path, O_PATH | O_NOFOLLOW));
    if (!fd) return std::optional<std::string>{};
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlinkat(fd->get(), "", target.data(), target.size());
    if (size < 0) {
        if (errno == ENOENT) errno = EINVAL;  // what readlinkat says of a file that is no link
        return system_error("reading the link", path);
    }
    return std::optional<std::string>(std::string(target.data(), static_cast<std::size_t>(size)));
}

Result<std::optional<FileSystemFacts>> file_system_facts(const Root& root, std::string_view path) {
    TRY(auto fd, open_if_exists(root, path, O_PATH));
    if (!fd) return std::optional<FileSystemFacts>{};
    struct statfs raw {};
    if (::fstatfs(fd->get(), &raw) != 0) return system_error("examining the file system of", path);
    const auto block = static_cast<std::uint64_t>(raw.f_frsize != 0 ? raw.f_frsize : raw.f_bsize);
    FileSystemFacts facts;
    facts.type = static_cast<std::uint64_t>(static_cast<unsigned long>(raw.f_type));
    facts.total_bytes = block * raw.f_blocks;
    facts.available_bytes = block * raw.f_bavail;
    facts.total_inodes = raw.f_files;
    facts.free_inodes = raw.f_ffree;
    constexpr long kReadOnlyFlag = 1;  // ST_RDONLY of statfs(2)
    facts.read_only = (raw.f_flags & kReadOnlyFlag) != 0;
    return std::optional<FileSystemFacts>(facts);
}

}  // namespace plimsoll::host
