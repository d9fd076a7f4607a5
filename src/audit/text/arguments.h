#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "audit/text/buffer.h"
#include "audit/text/id_names.h"

namespace plimsoll::audit {

/// The call that a SYSCALL record tells of.
struct Call {
    std::uint32_t arch = 0;
    unsigned number = 0;
    std::array<std::uint64_t, 4> arguments{};
};

/// What an argument of a system call means.
enum class ArgumentKind : std::uint8_t {
    none,
    directory,  ///< a descriptor, or AT_FDCWD
    open_flags,
    open_mode,  ///< a mode when the flags before it create a file
    whence,
    protection,
    map_flags,
    signal,
    ioctl,
    access,
    ipc_create,
    family,
    socket_type,
    protocol,
    message_flags,
    socket_level,
    socket_option,
    clone,
    exit_code,
    fcntl_command,
    fcntl_argument,
    mode,
    node_mode,
    user,
    group,
    resource,
    ptrace,
    personality,
    scheduler,
    prctl_option,
    prctl_argument,
    mount,
    unmount,
    clock,
    epoll,
    bpf,
    socket_call,
};

/// Writes a0 to a3 with the names of the kernel's constants, by system call.
class Arguments {
public:
    Arguments(IdNames& users, IdNames& groups);

    /// `text` is the hexadecimal of the record; what has no meaning of its own becomes 0x and it.
    void put(Buffer& out, const Call& call, unsigned index, std::string_view text);

private:
    static constexpr std::size_t kCalls = 512;
    using Kinds = std::array<std::array<ArgumentKind, 4>, kCalls>;

    IdNames& users_;
    IdNames& groups_;
    std::array<Kinds, 3> kinds_;  ///< x86_64, i386, aarch64
};

/// dir,sticky,777
void put_mode(Buffer& out, std::uint64_t mode);

/// O_RDONLY|O_CLOEXEC
void put_open_flags(Buffer& out, std::uint64_t value);

/// MAP_PRIVATE|MAP_ANONYMOUS
void put_map_flags(Buffer& out, std::uint64_t value);

/// PER_LINUX32; `text` is the hexadecimal.
void put_personality(Buffer& out, std::uint64_t value, std::string_view text);

}  // namespace plimsoll::audit
