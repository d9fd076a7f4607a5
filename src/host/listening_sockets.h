#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

/// A TCP socket that listens in the network namespace it was read in.
struct ListeningTcp {
    std::array<std::uint8_t, 16> address{};  ///< network order; IPv4 uses the first four bytes
    bool v6 = false;
    std::optional<bool>
        v6_only;  ///< false: an IPv6 wildcard also takes IPv4; absent for IPv4 and when not told (fallback)
    std::uint16_t port = 0;
    std::uint32_t uid = 0;  ///< owner of the socket
    std::uint64_t inode = 0;

    /// Bound to all addresses of its family (0.0.0.0, ::).
    [[nodiscard]] bool wildcard() const;

    /// Only this machine can reach it (127.0.0.0/8, ::1 and their mapped form).
    [[nodiscard]] bool loopback() const;

    /// "0.0.0.0:2375", "[::]:2375".
    [[nodiscard]] std::string to_text() const;
};

/// A unix socket that listens.
struct ListeningUnix {
    std::string path;         ///< as bound, maybe relative; an abstract name begins with '@'; empty when it has no name
    std::uint64_t inode = 0;  ///< of the socket, as in /proc/PID/fd; not the inode of the file
    std::optional<std::uint64_t> file_inode;   ///< of the file it was bound to; absent in the fallback
    std::optional<std::uint64_t> file_device;  ///< st_dev of that file in the kernel's encoding (major << 20 | minor)
};

/// All listening stream sockets, and where they were read.
struct ListeningSockets {
    std::vector<ListeningTcp> tcp;
    std::vector<ListeningUnix> unix_sockets;
    std::vector<std::string> notes;  ///< what had to be read from /proc/net instead of sock_diag, and why
};

/// Reads the calling thread's network namespace through NETLINK_SOCK_DIAG (no privilege needed), or /proc/net if that
/// fails.
[[nodiscard]] Result<ListeningSockets> listening_sockets();

/// Reads PROC/net/tcp, tcp6 and unix of a process (or "thread-self"): another network namespace without entering it.
[[nodiscard]] Result<ListeningSockets> listening_sockets_from_proc(const Root& root,
                                                                   std::string_view process = "thread-self");

/// Parses /proc/net/tcp or tcp6 and keeps the listening ones; malformed lines are skipped.
[[nodiscard]] std::vector<ListeningTcp> parse_proc_tcp(std::string_view text, bool v6);

/// Parses /proc/net/unix and keeps listening stream and seqpacket sockets.
[[nodiscard]] std::vector<ListeningUnix> parse_proc_unix(std::string_view text);

/// Which of the processes hold which sockets: inode → pids, from /proc/PID/fd.
struct SocketOwners {
    std::unordered_map<std::uint64_t, std::vector<pid_t>> pids;
    std::vector<std::string> unread;  ///< processes whose descriptors could not be listed, with the reason
};

/// Processes that are gone count as holding nothing.
[[nodiscard]] SocketOwners socket_owners(const Root& root, std::span<const pid_t> candidates);

}  // namespace plimsoll::host
