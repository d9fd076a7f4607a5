#include "host/listening_sockets.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;

/// A TCP socket that listens on this address at a port of the kernel's choice.
Fd listen_tcp(const sockaddr* address, socklen_t size, bool v6_only) {
    Fd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = v6_only ? 1 : 0;
    if (address->sa_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd.get(), address, size) != 0 || ::listen(fd.get(), 1) != 0) return {};
    return fd;
}

Fd listen_v4(const char* address) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    ::inet_pton(AF_INET, address, &name.sin_addr);
    return listen_tcp(reinterpret_cast<const sockaddr*>(&name), sizeof name, false);
}

Fd listen_v6(const char* address, bool v6_only) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    ::inet_pton(AF_INET6, address, &name.sin6_addr);
    return listen_tcp(reinterpret_cast<const sockaddr*>(&name), sizeof name, v6_only);
}

Fd listen_unix(std::string_view path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0 || ::listen(fd.get(), 1) != 0) return {};
    return fd;
}

std::uint64_t inode_of(const Fd& fd) {
    struct stat facts {};
    EXPECT_EQ(::fstat(fd.get(), &facts), 0);
    return facts.st_ino;
}

const ListeningTcp* with_inode(const ListeningSockets& sockets, std::uint64_t inode) {
    const auto found = std::ranges::find(sockets.tcp, inode, &ListeningTcp::inode);
    return found == sockets.tcp.end() ? nullptr : &*found;
}

TEST(ListeningSockets, TcpByDiagAndByProcAgree) {
    const Fd loopback = listen_v4("127.0.0.1");
    const Fd any = listen_v4("0.0.0.0");
    ASSERT_TRUE(loopback && any);
    const auto by_diag = listening_sockets().value();
    const auto by_proc = listening_sockets_from_proc(Root{}).value();
    EXPECT_THAT(by_diag.notes, testing::IsEmpty());
    for (const auto* sockets : {&by_diag, &by_proc}) {
        const ListeningTcp* found = with_inode(*sockets, inode_of(loopback));
        ASSERT_NE(found, nullptr);
        EXPECT_TRUE(found->loopback());
        EXPECT_FALSE(found->wildcard());
        EXPECT_EQ(found->uid, ::geteuid());
        EXPECT_EQ(found->to_text(), "127.0.0.1:" + std::to_string(found->port));
        ASSERT_NE(with_inode(*sockets, inode_of(any)), nullptr);
        EXPECT_TRUE(with_inode(*sockets, inode_of(any))->wildcard());
    }
    EXPECT_EQ(with_inode(by_diag, inode_of(any))->port, with_inode(by_proc, inode_of(any))->port);
}

TEST(ListeningSockets, DualStackIsTold) {
    const Fd both = listen_v6("::", false);
    const Fd only = listen_v6("::1", true);
    if (!both || !only) GTEST_SKIP() << "no IPv6 here";
    const auto sockets = listening_sockets().value();
    ASSERT_NE(with_inode(sockets, inode_of(both)), nullptr);
    EXPECT_EQ(with_inode(sockets, inode_of(both))->v6_only, false);
    EXPECT_TRUE(with_inode(sockets, inode_of(both))->wildcard());
    EXPECT_EQ(with_inode(sockets, inode_of(only))->v6_only, true);
    EXPECT_TRUE(with_inode(sockets, inode_of(only))->loopback());
}

TEST(ListeningSockets, UnixPathsAndAbstractNames) {
    const TemporaryTree tree;
    const std::string path = tree.at("/a b.sock");
    const Fd named = listen_unix(path);
    const std::string abstract("\0plimsoll-abstract", 18);
    const Fd hidden = listen_unix(abstract);
    ASSERT_TRUE(named && hidden);
    for (const auto& sockets : {listening_sockets().value(), listening_sockets_from_proc(Root{}).value()}) {
        EXPECT_THAT(sockets.unix_sockets, Contains(testing::AllOf(Field(&ListeningUnix::path, path),
                                                                  Field(&ListeningUnix::inode, inode_of(named)))));
        EXPECT_THAT(sockets.unix_sockets, Contains(Field(&ListeningUnix::path, "@plimsoll-abstract")));
    }
    const auto by_diag = listening_sockets().value().unix_sockets;
    const auto found = std::ranges::find(by_diag, path, &ListeningUnix::path);
    EXPECT_EQ(found->file_inode, file_facts(Root{}, path).value()->inode);
}

TEST(ListeningSockets, OwnersByDescriptor) {
    const Fd socket = listen_v4("127.0.0.1");
    const pid_t candidates[] = {::getpid(), 0x7ffffffe};
    const auto owners = socket_owners(Root{}, candidates);
    EXPECT_THAT(owners.unread, testing::IsEmpty());
    ASSERT_TRUE(owners.pids.contains(inode_of(socket)));
    EXPECT_THAT(owners.pids.at(inode_of(socket)), ElementsAre(::getpid()));
}

TEST(ListeningSockets, ProcTextKeepsOnlyListeners) {
    const auto tcp = parse_proc_tcp(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:094B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 777 1 0 100 0 0 10 "
        "0\n"
        "   1: 0100007F:094C 0100007F:1000 01 00000000:00000000 00:00000000 00000000     0        0 778 1 0\n"
        "   2: 0100007F:094C 00000000:0000 0A short\n",
        false);
    ASSERT_EQ(tcp.size(), 1U);
    EXPECT_EQ(tcp[0].port, 2379);
    EXPECT_EQ(tcp[0].uid, 1000U);
    EXPECT_EQ(tcp[0].inode, 777U);
    const auto unix_sockets = parse_proc_unix(
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0: 00000002 00000000 00010000 0001 01  900 /run/a b.sock\n"
        "0: 00000003 00000000 00000000 0001 03  901 /run/connected\n"
        "0: 00000002 00000000 00010000 0005 01  902\n");
    ASSERT_EQ(unix_sockets.size(), 2U);
    EXPECT_EQ(unix_sockets[0].path, "/run/a b.sock");
    EXPECT_EQ(unix_sockets[1].path, "");
}

}  // namespace
}  // namespace plimsoll::host
