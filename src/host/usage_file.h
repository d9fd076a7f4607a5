#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/fd.h"
#include "host/file.h"

namespace plimsoll::host {

/// What reading many small kernel files needs: memory to read into, and how many descriptors may stay open. One thread.
class UsageBuffer {
public:
    /// Half of the descriptors that this process may have (RLIMIT_NOFILE) may stay open.
    UsageBuffer();
    explicit UsageBuffer(std::size_t kept_descriptors) : free_(kept_descriptors) {}

    [[nodiscard]] std::uint64_t system_calls() const { return calls_; }  ///< made so far for reading

private:
    friend class UsageFile;
    std::string bytes_;
    std::size_t free_ = 0;
    std::uint64_t calls_ = 0;
};

/// What a file held.
struct UsageText {
    std::string_view text;  ///< valid until the buffer's next use
    int error = 0;          ///< errno; 0 when it was read

    [[nodiscard]] bool gone() const;  ///< the cgroup or process does not exist any more
};

/// One small file of the kernel that is read again and again. Its descriptor stays open between readings as long as
/// there are enough of them; the rest is opened each time.
class UsageFile {
public:
    UsageFile() = default;  ///< no file: reading it fails with ENOENT
    explicit UsageFile(std::string path) : path_(std::move(path)) {}

    UsageText read(const Root& root, UsageBuffer& buffer);
    /// The same through a directory's handle, never kept open.
    static UsageText read_at(int directory, const char* path, UsageBuffer& buffer);
    void close(UsageBuffer& buffer);
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    static UsageText read_whole(int fd, UsageBuffer& buffer);

    std::string path_;
    Fd fd_;
};

}  // namespace plimsoll::host
