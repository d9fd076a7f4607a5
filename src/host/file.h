#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/fd.h"

namespace plimsoll::host {

/// The directory that stands for "/". Anything but "/" is a jail: no symbolic link and no ".." of a path leads out of
/// it (openat2 with RESOLVE_IN_ROOT), so a container's root (/proc/PID/root) or a test's fixture tree can be read
/// safely.
struct Root {
    std::string path = "/";
};

inline constexpr std::size_t kReadLimit = std::size_t{1} << 20U;
inline constexpr std::size_t kListLimit = 65536;

// In all functions below an absent file (ENOENT, ENOTDIR) is an empty optional; every other failure is an error that
// names the path and the system's reason ("Permission denied", "Too many levels of symbolic links").

/// Opens `path` (absolute, seen from the root) with the O_* flags and O_CLOEXEC.
[[nodiscard]] Result<std::optional<Fd>> open_if_exists(const Root& root, std::string_view path, int flags);

/// The content of a regular file; more than `limit` bytes, or a device, socket or pipe, is an error.
[[nodiscard]] Result<std::optional<std::string>> read_if_exists(const Root& root, std::string_view path,
                                                                std::size_t limit = kReadLimit);

/// As read_if_exists, for a file that must exist: absence is an error too.
[[nodiscard]] Result<std::string> read_file(const Root& root, std::string_view path, std::size_t limit = kReadLimit);

enum class FileType : std::uint8_t { regular, directory, symlink, socket, fifo, block, character, other };

/// The word for a type in findings ("regular file", "directory", "socket").
[[nodiscard]] std::string_view to_text(FileType type);

/// What the kernel says about one file.
struct FileFacts {
    FileType type = FileType::other;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t mode = 0;  ///< permission, set-id and sticky bits only (07777)
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::uint32_t node_major = 0;  ///< of a block or character device node
    std::uint32_t node_minor = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;      ///< bytes
    std::uint64_t mount_id = 0;  ///< as in mountinfo; 0 when the kernel is older than 5.8
    std::int64_t modified = 0;   ///< seconds since 1970
    bool mount_point = false;    ///< the path itself is the root of a mount
    bool extended_acl = false;   ///< a POSIX ACL grants more than the mode bits say
    bool default_acl = false;    ///< a directory hands a POSIX ACL to new files

    friend bool operator==(const FileFacts&, const FileFacts&) = default;
};

enum class Links : std::uint8_t { follow, keep };

/// Facts of the file, or with Links::keep of the symbolic link itself.
[[nodiscard]] Result<std::optional<FileFacts>> file_facts(const Root& root, std::string_view path,
                                                          Links links = Links::follow);

struct DirectoryEntry {
    std::string name;
    FileType type = FileType::other;  ///< other when the file system does not tell
};

/// The entries without "." and "..", sorted by name; more than `limit` entries is an error.
[[nodiscard]] Result<std::optional<std::vector<DirectoryEntry>>> list_directory(const Root& root, std::string_view path,
                                                                                std::size_t limit = kListLimit);

/// The path with every symbolic link resolved, seen from the root; the kernel bounds the number of links.
[[nodiscard]] Result<std::optional<std::string>> resolve(const Root& root, std::string_view path);

/// The target of one symbolic link, as written in it; an error when the file is no link.
[[nodiscard]] Result<std::optional<std::string>> read_link(const Root& root, std::string_view path);

/// State of the file system that holds a path.
struct FileSystemFacts {
    std::uint64_t type = 0;  ///< magic number of linux/magic.h
    std::uint64_t total_bytes = 0;
    std::uint64_t available_bytes = 0;  ///< what an unprivileged process may still use
    std::uint64_t total_inodes = 0;     ///< 0 when the file system has no fixed number
    std::uint64_t free_inodes = 0;
    bool read_only = false;
};

[[nodiscard]] Result<std::optional<FileSystemFacts>> file_system_facts(const Root& root, std::string_view path);

}  // namespace plimsoll::host
