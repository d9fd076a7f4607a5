#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::model {

/// What the kernel programs look at in a call that names a file. A call may fall into several (O_RDWR reads and
/// writes).
enum class FileAct : std::uint8_t {
    read,       ///< opened for reading
    write,      ///< opened for writing, or truncated
    create,     ///< opened with O_CREAT
    execute,    ///< opened with O_CREAT and a mode that may be executed
    directory,  ///< opened with O_DIRECTORY
    failed,     ///< opening failed
    unlink,
    rename,
    link,
    symlink,
    mkdir,
    rmdir,
    chmod,
    chown,
    mknod,
};
inline constexpr std::size_t kFileActs = 15;

/// A test of a path that the kernel can make. Paths are normal and absolute, from the top of what is mounted.
struct PathTest {
    enum class Kind : std::uint8_t {
        exact,  ///< the path is `text`
        under,  ///< the path is `text` or lies below it
        name,   ///< its last part is `text`
        part,   ///< one of its parts is `text`
    };
    Kind kind = Kind::exact;
    std::string text;

    friend bool operator==(const PathTest&, const PathTest&) = default;
    friend auto operator<=>(const PathTest&, const PathTest&) = default;
};

/// Which of the calls of one kind are sent: those that one of these wants. Who cannot tell what a member asks takes it
/// for `all`.
struct FileWish {
    bool all = false;
    std::vector<PathTest> paths;        ///< whose path passes one of them
    std::vector<std::string> programs;  ///< of a process of that name: the first fifteen bytes, when it began or last
                                        ///< ran a program
    bool climbing = false;              ///< whose caller wrote two points in a row

    [[nodiscard]] bool empty() const { return !all && paths.empty() && programs.empty() && !climbing; }
    friend bool operator==(const FileWish&, const FileWish&) = default;
};

/// What the kernel is to send: an over-approximation of what the rules and the recording policy can want, so that an
/// event it drops could have matched nothing. Processes' beginnings and ends and containers' cgroups are always sent.
struct KernelFilter {
    static constexpr std::size_t kCalls = 512;

    std::array<FileWish, kFileActs> files;
    std::bitset<kCalls> succeeded;  ///< calls (x86-64 numbers) without a file that are sent when they succeed
    std::bitset<kCalls> failed;     ///< … when they fail
    bool host = false;              ///< of processes outside containers too
    bool environment = false;       ///< a program's environment is sent with it
    bool data = false;              ///< the first bytes that were sent or received are sent with the call
    bool names = false;             ///< answers of name servers are sent, whatever calls are
};

}  // namespace plimsoll::model
