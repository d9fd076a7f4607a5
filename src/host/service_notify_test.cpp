#include "host/service_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "host/fd.h"
#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

TEST(ServiceNotify, SpeaksToTheManagersSocket) {
    const TemporaryTree tree;
    const std::string path = tree.at("/notify");
    const Fd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);

    ServiceNotify(path, std::nullopt).ready("recording\nSTOPPING=1");  // no value makes a line of its own

    std::array<char, 256> buffer{};
    const auto got = ::recv(manager.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    ASSERT_GT(got, 0);
    EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(got)), "READY=1\nSTATUS=recording\\x0aSTOPPING=1");
}

TEST(ServiceNotify, WithoutAManagerNothingHappens) {
    ServiceNotify("", std::nullopt).alive();
    ServiceNotify("/nonexistent/socket", std::nullopt).alive();
}

}  // namespace
}  // namespace plimsoll::host
