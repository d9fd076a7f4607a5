#pragma once

#include <cstdint>
#include <string_view>

namespace plimsoll::audit {

/// What the value of a field means, and so how it is written for people.
enum class FieldKind : std::uint8_t {
    plain,         ///< as it stands
    nested,        ///< msg=: more fields follow
    user,          ///< user id, decimal
    group,         ///< group id, decimal
    text,          ///< quoted, or hexadecimal
    title,         ///< the same, arguments divided by NULs
    key,           ///< the same, keys divided by 0x01
    syscall,       ///< number of a system call
    arch,          ///< AUDIT_ARCH_*, hexadecimal
    exit,          ///< result of a system call
    register_,     ///< a0 to a3, hexadecimal
    socket,        ///< struct sockaddr, hexadecimal
    mode,          ///< mode of a file, octal
    octal_mode,    ///< the same where only permissions matter
    permission,    ///< rwxa bits of a rule
    session,       ///< login session
    result,        ///< 1 and 0, or words
    yes_no,        ///< on or off
    capability,    ///< one, by number
    capabilities,  ///< set, hexadecimal
    signal,        ///< number
    filter,        ///< AUDIT_FILTER_*
    seccomp,       ///< action, hexadecimal
    personality,   ///< hexadecimal
    open_flags,    ///< hexadecimal here, unlike in OPENAT2
    map_flags,     ///< hexadecimal
    resolve,       ///< openat2's, hexadecimal
    ioctl,         ///< hexadecimal
    uring,         ///< operation of io_uring
    netfilter_family,
    netfilter_hook,
    icmp_type,
    protocol,
    fanotify,  ///< answer of a permission event
    input,     ///< what was typed at a terminal, hexadecimal
};

/// The kind of a field of that name in a record of that type. `readable`: so many bytes from the name's begin on may be
/// read, whatever is in them.
[[nodiscard]] FieldKind field_kind(std::uint32_t type, std::string_view name, std::size_t readable = 0);

}  // namespace plimsoll::audit
