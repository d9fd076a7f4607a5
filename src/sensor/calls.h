#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace plimsoll::sensor {

enum class Category : std::uint8_t { other, file, net, process, ipc, memory, user, wait, signal, time };

[[nodiscard]] std::string_view to_text(Category category);

/// What a call does with a descriptor.
enum class FdUse : std::uint8_t {
    none,
    made,    ///< the result is a new one, and the event's file or socket is its
    given,   ///< the event's file or socket is its
    folder,  ///< it is where a relative path starts; the event's file is another
};

/// How a parameter is found and written.
enum class ParamKind : std::uint8_t {
    none,
    result,     ///< number, or name of the error
    made_fd,    ///< the result as a descriptor
    fd,         ///< argument `index` as the event's descriptor
    other_fd,   ///< as a descriptor of which only the number is known
    folder_fd,  ///< as a descriptor or AT_FDCWD
    path,       ///< the caller's path, made absolute
    path2,      ///< the second one
    text,       ///< the caller's words as they are
    text2,
    data,         ///< bytes moved
    number,       ///< argument `index`, signed
    hexadecimal,  ///< unsigned, as digits
    open_flags,
    open_mode,  ///< octal
    mode,       ///< S_IRUSR|…
    clone_flags,
    unlink_flags,
    link_flags,
    rename_flags,
    mount_flags,
    umount_flags,
    dup_flags,
    memfd_flags,
    domain,
    socket_type,
    socket_flags,
    tuple,
    address,
    ptrace_request,
    bpf_command,
    signal,
    uid,
    gid,
    capabilities,
    device,
    inode,
    exit_status,
    // of a program or a process
    exe,
    exe_args,
    tid,
    pid,
    parent,
    cwd,
    comm,
    environment,
    tty,
    vpgid,
    pgid,
    loginuid,
    exe_flags,
    cap_inheritable,
    cap_permitted,
    cap_effective,
    exe_inode,
    exe_ctime,
    exe_mtime,
    euid,
    egid,
    exepath,
    vtid,
    vpid,
};

struct Param {
    std::string_view name;
    ParamKind kind = ParamKind::none;
    std::uint8_t index = 0;
};

/// What of a call's paths `fs.path` tells.
enum class Paths : std::uint8_t {
    none,
    name,         ///< one path
    old_and_new,  ///< source is the old one, target the new one
    link,         ///< source is the new name, target what it names
    symlink,      ///< source is the link, target what it says
    mount,        ///< source is the device, target the mount point
};

enum CallFlag : std::uint8_t { opens = 1, reads = 2, writes = 4, connects = 8, accepts = 16, listens = 32 };

/// One system call: its category and Falco's parameters, in Falco's order.
struct Call {
    std::uint16_t number;
    Category category;
    FdUse fd;
    std::uint8_t fd_index;  ///< argument, when given or folder
    Paths paths;
    std::uint8_t flags;  ///< bits of CallFlag
    std::array<Param, 8> params;
};

/// The row of a call by its x86-64 number; one for calls of which nothing is told but the result otherwise.
[[nodiscard]] const Call& call_of(std::uint16_t number);

/// Parameters of a program's start, of a fork and of an exit.
[[nodiscard]] std::span<const Param> exec_params();
[[nodiscard]] std::span<const Param> fork_params();
[[nodiscard]] std::span<const Param> exit_params();
[[nodiscard]] std::span<const Param> signal_params();

/// "openat"; empty for a number that has no name.
[[nodiscard]] std::string_view call_name(std::uint16_t number);

}  // namespace plimsoll::sensor
