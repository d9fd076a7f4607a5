#include "host/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "host/fd.h"
#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

TEST(Endpoint, Notations) {
    EXPECT_EQ(parse_endpoint("unix:///var/run/docker.sock")->path, "/var/run/docker.sock");
    EXPECT_EQ(parse_endpoint("/run/x.sock")->path, "/run/x.sock");
    EXPECT_EQ(parse_endpoint("tcp://10.0.0.5:2376")->port, 2376);
    EXPECT_EQ(parse_endpoint("tcp://[::1]:2375")->name, "::1");
    EXPECT_EQ(parse_endpoint("tcp://host")->port, 0);
    for (const char* bad : {"", "ssh://host", "tcp://host:0", "tcp://host:x", "tcp://host:70000", "unix://"})
        EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

TEST(Endpoint, TheUsersChoiceThenTheEnvironmentThenTheContext) {
    TemporaryTree tree;
    tree.write("/docker/config.json", R"({"currentContext":"remote"})");
    EndpointEnvironment environment{
        .docker_host = "tcp://10.1.1.1", .home = tree.at("/"), .docker_config = tree.at("/docker")};
    EXPECT_EQ((*choose_endpoints({"unix:///a"}, environment))[0].path, "/a");
    EXPECT_EQ((*choose_endpoints({}, environment))[0].port, 2375);
    environment.docker_tls_verify = true;
    const auto secure = (*choose_endpoints({}, environment))[0];
    EXPECT_EQ(secure.port, 2376);
    EXPECT_TRUE(secure.tls && secure.tls_verify);
    environment.docker_host.clear();
    const auto context = choose_endpoints({}, environment);
    ASSERT_FALSE(context);  // named, but not there
    EXPECT_THAT(context.error().message, testing::HasSubstr("remote"));
}

TEST(Endpoint, HttpsIsAlwaysVerifiedAndTcpAsTheEnvironmentSays) {
    TemporaryTree tree;
    tree.write("/certificates/ca.pem", "not read here");
    EndpointEnvironment environment{.home = tree.at("/")};
    const auto https = (*choose_endpoints({"https://10.1.1.1"}, environment))[0];
    EXPECT_TRUE(https.tls && https.tls_verify);
    EXPECT_EQ(https.ca_file + https.cert_file + https.key_file, "");
    environment.docker_cert_path = tree.at("/certificates");
    const auto unverified = (*choose_endpoints({"tcp://10.1.1.1"}, environment))[0];
    EXPECT_TRUE(unverified.tls && !unverified.tls_verify);
    EXPECT_EQ(unverified.ca_file, tree.at("/certificates/ca.pem"));
    EXPECT_EQ(unverified.cert_file, "");
    EXPECT_TRUE((*choose_endpoints({"https://10.1.1.1"}, environment))[0].tls_verify);
}

TEST(Endpoint, ABrokenConfigurationIsNoDefault) {
    TemporaryTree tree;
    tree.write("/docker/config.json", "{");
    const EndpointEnvironment environment{.docker_config = tree.at("/docker")};
    const auto chosen = choose_endpoints({}, environment);
    ASSERT_FALSE(chosen);
    EXPECT_THAT(chosen.error().message, testing::HasSubstr("config.json"));
    EXPECT_TRUE(choose_endpoints({"unix:///a"}, environment));
    EXPECT_TRUE(choose_endpoints({}, {.docker_config = tree.at("/none")}));
}

TEST(Endpoint, EveryWellKnownSocketOnceWhateverItsNames) {
    TemporaryTree tree;
    sockaddr_un address{.sun_family = AF_UNIX};
    const std::string path = tree.at("/docker.sock");
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    tree.link("/other.sock", path);
    tree.write("/file", "no socket");
    const EndpointEnvironment environment{
        .well_known_sockets = {path, tree.at("/other.sock"), tree.at("/file"), tree.at("/none")}};
    EXPECT_THAT(*choose_endpoints({}, environment), testing::SizeIs(1));
}

}  // namespace
}  // namespace plimsoll::host
