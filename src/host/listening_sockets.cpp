#include "host/listening_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/text.h"
#include "host/netlink.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

constexpr unsigned kTcpListen = 10;  // TCP_LISTEN of the kernel's tcp_states.h; unix sockets use the same number

std::optional<ListeningTcp> decode_tcp(Bytes payload) {
    const auto message = copy_at<inet_diag_msg>(payload);
    if (!message || message->idiag_state != kTcpListen) return std::nullopt;
    ListeningTcp socket;
    socket.v6 = message->idiag_family == AF_INET6;
    std::memcpy(socket.address.data(), message->id.idiag_src, socket.v6 ? 16 : 4);
    socket.port = ntohs(message->id.idiag_sport);
    socket.uid = message->idiag_uid;
    socket.inode = message->idiag_inode;
    for_each_attribute(payload, sizeof(inet_diag_msg), [&](unsigned type, Bytes content) {
        if (type == INET_DIAG_SKV6ONLY && socket.v6) {
            if (const auto only = copy_at<std::uint8_t>(content)) socket.v6_only = *only != 0;
        }
    });
    return socket;
}

Result<void> ask_tcp(NetlinkSocket& netlink, unsigned char family, std::vector<ListeningTcp>& out) {
    inet_diag_req_v2 request{};
    request.sdiag_family = family;
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = 1U << kTcpListen;
    return netlink.ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, bytes_of(request), NetlinkSocket::Until::done,
                       [&](const NetlinkSocket::Message& message) {
                           if (auto socket = decode_tcp(message.payload)) out.push_back(*socket);
                       });
}

std::optional<ListeningUnix> decode_unix(Bytes payload) {
    const auto message = copy_at<unix_diag_msg>(payload);
    if (!message || message->udiag_state != kTcpListen) return std::nullopt;
    ListeningUnix socket;
    socket.inode = message->udiag_ino;
    for_each_attribute(payload, sizeof(unix_diag_msg), [&](unsigned type, Bytes content) {
        if (type == UNIX_DIAG_NAME && !content.empty()) {
            const bool abstract = content[0] == std::byte{0};
            socket.path = abstract ? "@" : attribute_text(content);
            for (const std::byte b : content.subspan(abstract ? 1 : content.size())) {
                socket.path += b == std::byte{0} ? '@' : static_cast<char>(b);  // as /proc/net/unix writes it
            }
        }
        if (type == UNIX_DIAG_VFS) {
            if (const auto file = copy_at<unix_diag_vfs>(content)) {
                socket.file_inode = file->udiag_vfs_ino;
                socket.file_device = file->udiag_vfs_dev;
            }
        }
    });
    return socket;
}

Result<void> ask_unix(NetlinkSocket& netlink, std::vector<ListeningUnix>& out) {
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = 1U << kTcpListen;
    request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS;
    return netlink.ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, bytes_of(request), NetlinkSocket::Until::done,
                       [&](const NetlinkSocket::Message& message) {
                           if (auto socket = decode_unix(message.payload)) out.push_back(std::move(*socket));
                       });
}

Result<ListeningSockets> listening_sockets_from_diag() {
    TRY(auto netlink, NetlinkSocket::open(NETLINK_SOCK_DIAG, "sock_diag"));
    ListeningSockets out;
    TRY_VOID(ask_tcp(netlink, AF_INET, out.tcp));
    if (auto asked = ask_tcp(netlink, AF_INET6, out.tcp); !asked && netlink.refusal() != ENOENT) {
        return asked.error();  // ENOENT: a kernel without IPv6
    }
    TRY_VOID(ask_unix(netlink, out.unix_sockets));
    return out;
}

}  // namespace

bool ListeningTcp::wildcard() const {
    return std::ranges::all_of(address, [](std::uint8_t byte) { return byte == 0; });
}

bool ListeningTcp::loopback() const {
    static constexpr std::array<std::uint8_t, 16> kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (!v6) return address[0] == 127;
    return address == kLoopback6 || (std::ranges::equal(std::span(address).first<12>(), kMapped) && address[12] == 127);
}

std::string ListeningTcp::to_text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    check(::inet_ntop(v6 ? AF_INET6 : AF_INET, address.data(), text.data(), text.size()) != nullptr);
    return v6 ? fmt::format("[{}]:{}", text.data(), port) : fmt::format("{}:{}", text.data(), port);
}

Result<ListeningSockets> listening_sockets() {
    auto asked = listening_sockets_from_diag();
    if (asked) return asked;
    auto read = listening_sockets_from_proc(Root{});
    if (!read) return read.error().during(asked.error().message);
    read->notes.push_back("read from /proc/net: " + asked.error().message);
    return read;
}

SocketOwners socket_owners(const Root& root, std::span<const pid_t> candidates) {
    SocketOwners owners;
    for (const pid_t pid : candidates) {
        const std::string directory = fmt::format("/proc/{}/fd", pid);
        const auto entries = list_directory(root, directory, std::size_t{1} << 20U);
        auto handle = open_if_exists(root, directory, O_PATH | O_DIRECTORY);
        if (!entries || !handle) {
            owners.unread.push_back(!entries ? entries.error().message : handle.error().message);
            continue;
        }
        if (!*entries || !*handle) continue;
        for (const DirectoryEntry& entry : **entries) {
            std::array<char, 64> target;  // longer targets are no sockets
            const ssize_t size = ::readlinkat((*handle)->get(), entry.name.c_str(), target.data(), target.size());
            if (size < 0) continue;  // closed meanwhile
            std::string_view text(target.data(), static_cast<std::size_t>(size));
            if (!text.starts_with("socket:[") || !text.ends_with(']')) continue;
            text = text.substr(8, text.size() - 9);
            const auto inode = number<std::uint64_t>(text);
            if (!inode) continue;
            auto& pids = owners.pids[*inode];
            if (pids.empty() || pids.back() != pid) pids.push_back(pid);
        }
    }
    return owners;
}

}  // namespace plimsoll::host
