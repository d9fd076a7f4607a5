#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "posture/container_facts.h"

// What is read from devices, ports, variables and the image's name of one container.

namespace plimsoll::posture {
namespace {

using model::SubjectKind;
using testing::ElementsAre;

class Items : public testing::Test {
protected:
    void gather(std::string_view inspect) {
        auto document = JsonDocument::parse(inspect);
        ASSERT_TRUE(document) << document.error().message;
        container_ = &store_.add(SubjectKind::container, "c", "c", nullptr);
        gather_container(document->root(), view_, store_, *container_);
    }

    [[nodiscard]] const model::Facts& item(SubjectKind kind, std::string_view name) const {
        for (const model::Facts& facts : store_.all()) {
            if (facts.kind() == kind && facts.name() == name) return facts;
        }
        ADD_FAILURE() << "no item " << name;
        return *container_;
    }

    [[nodiscard]] std::vector<std::string> names(SubjectKind kind) const {
        std::vector<std::string> all;
        for (const model::Facts& facts : store_.all()) {
            if (facts.kind() == kind) all.emplace_back(facts.name());
        }
        return all;
    }

    EngineView view_;
    model::FactStore store_;
    model::Facts* container_ = nullptr;
};

TEST_F(Items, ADeviceIsWhatItsNodeSays) {
    view_.look_at = [](std::string& path) {
        SourceFacts node{.known = true, .exists = true};
        if (path == "/dev/null-like") node.character_device = true, node.major = 1, node.minor = 1;
        if (path == "/dev/link") path = "/dev/dm-3", node.block_device = true, node.major = 253;
        if (path == "/dev/swap") node.block_device = true, node.major = 252;
        if (path == "/srv/lo") node.block_device = true, node.major = 7, node.minor = 7;
        if (path == "/dev/sda-not") node.character_device = true, node.major = 1, node.minor = 3;
        return node;
    };
    gather(R"({"HostConfig": {"Devices": [{"PathOnHost": "/dev/null-like"}, {"PathOnHost": "/dev/link"},
        {"PathOnHost": "/dev/swap"}, {"PathOnHost": "/srv/lo"}, {"PathOnHost": "/dev/sda-not"}]}})");
    for (const auto& [path, wanted] :
         std::initializer_list<std::pair<const char*, const char*>>{{"/dev/null-like", "memory"},
                                                                    {"/dev/link", "mapper"},
                                                                    {"/dev/swap", "disk"},
                                                                    {"/srv/lo", "loop"},
                                                                    {"/dev/sda-not", "other"}}) {
        EXPECT_EQ(item(SubjectKind::device, path).text("device.class"), wanted) << path;
    }
}

TEST_F(Items, ADeviceIsJudgedByNameWhenTheHostWasNotAsked) {
    gather(R"({"HostConfig": {"Devices": [{"PathOnHost": "/dev/sda"}, {"PathOnHost": "/dev/net/tun"}]}})");
    EXPECT_EQ(item(SubjectKind::device, "/dev/sda").text("device.class"), "disk");
    EXPECT_EQ(item(SubjectKind::device, "/dev/net/tun").text("device.class"), "tun");
}

TEST_F(Items, DeviceRules) {
    gather(R"({"HostConfig": {"DeviceCgroupRules": ["b *:* m", "b 7:7 rw", "b 254:0 rwm", "b 8:* r", "b *:* rw",
        "c 1:1 rwm", "c 1:3 rw", "c 188:* rw", "a *:* rwm"]}})");
    struct Wanted {
        const char* rule;
        const char* name;
        bool wildcard;
    };
    for (const Wanted& wanted :
         {Wanted{"b *:* m", "other", false}, Wanted{"b 7:7 rw", "loop", false}, Wanted{"b 254:0 rwm", "disk", false},
          Wanted{"b 8:* r", "disk", true}, Wanted{"b *:* rw", "disk", true}, Wanted{"c 1:1 rwm", "memory", false},
          Wanted{"c 1:3 rw", "other", false}, Wanted{"c 188:* rw", "serial", false},
          Wanted{"a *:* rwm", "disk", true}}) {
        const model::Facts& device = item(SubjectKind::device, wanted.rule);
        EXPECT_EQ(device.text("device.class"), wanted.name) << wanted.rule;
        EXPECT_EQ(device.is_true("device.rule.wildcard"), wanted.wildcard) << wanted.rule;
    }
}

TEST_F(Items, APortOnBothFamiliesIsOne) {
    gather(
        R"({"NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}, {"HostIp": "::", "HostPort": "32768"}],
        "443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "443"}], "9/udp": null}}})");
    EXPECT_THAT(names(SubjectKind::port), ElementsAre("127.0.0.1:443 → 443/tcp", "0.0.0.0, :::32768 → 80/tcp"));
    const auto published = container_->read(model::FieldKey("container.ports.published").id(), {});
    ASSERT_EQ(published.values.size(), 1U);
    EXPECT_EQ(model::to_text(published.values.front()), "2");
    const model::Facts& both = item(SubjectKind::port, "0.0.0.0, :::32768 → 80/tcp");
    EXPECT_TRUE(both.is_true("port.wildcard"));
    EXPECT_TRUE(both.is_true("port.v6"));
}

TEST_F(Items, APortWithoutAnAddressTakesTheDefaultOfItsNetworkOrOfTheDaemon) {
    view_.default_bind = "127.0.0.1";
    gather(
        R"({"HostConfig": {"NetworkMode": "bridge", "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}}})");
    EXPECT_TRUE(item(SubjectKind::port, "127.0.0.1:8080 → 80/tcp").is_true("port.loopback"));
    EXPECT_FALSE(container_->is_true("container.ports.exposed_wildcard"));
}

TEST_F(Items, APortOnANetworkOfItsOwn) {
    view_.default_bind = "127.0.0.1";
    view_.network_binds = {{"safe", "10.0.0.5"}, {"open", ""}};
    gather(
        R"({"HostConfig": {"NetworkMode": "safe", "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}}})");
    EXPECT_FALSE(item(SubjectKind::port, "10.0.0.5:8080 → 80/tcp").is_true("port.wildcard"));
    gather(
        R"({"HostConfig": {"NetworkMode": "open", "PortBindings": {"81/tcp": [{"HostIp": "", "HostPort": "8081"}]}}})");
    EXPECT_TRUE(item(SubjectKind::port, "*:8081 → 81/tcp").is_true("port.wildcard"));
}

TEST_F(Items, VariablesThatSwitchCertificateChecksOff) {
    gather(R"({"Config": {"Env": ["NODE_TLS_REJECT_UNAUTHORIZED=0", "PYTHONHTTPSVERIFY=1", "GIT_SSL_NO_VERIFY=false",
        "npm_config_strict_ssl=false", "NPM_CONFIG_STRICT_SSL=true", "CURL_INSECURE=no", "PATH=/bin"]}})");
    for (const auto& [name, wanted] :
         std::initializer_list<std::pair<const char*, bool>>{{"NODE_TLS_REJECT_UNAUTHORIZED", true},
                                                             {"PYTHONHTTPSVERIFY", false},
                                                             {"GIT_SSL_NO_VERIFY", true},
                                                             {"npm_config_strict_ssl", true},
                                                             {"NPM_CONFIG_STRICT_SSL", false},
                                                             {"CURL_INSECURE", false},
                                                             {"PATH", false}}) {
        EXPECT_EQ(item(SubjectKind::env, name).is_true("env.disables_tls"), wanted) << name;
    }
}

TEST_F(Items, AnImageGivenByTheBeginningOfItsId) {
    gather(R"({"Image": "sha256:0fa4c9f123", "Config": {"Image": "0fa4c9f"}})");
    EXPECT_TRUE(container_->is_true("container.image.pinned"));
    gather(R"({"Image": "sha256:999999999", "Config": {"Image": "deadbeefcafe"}})");
    EXPECT_FALSE(container_->is_true("container.image.pinned"));
    EXPECT_EQ(container_->text("container.image.repository"), "deadbeefcafe");
}

TEST_F(Items, AMovedTagIsFoundUnderTheWholeName) {
    view_.images.id_of_tag = {{"img:1.0", "sha256:new"}};
    for (const char* name : {"img:1.0", "docker.io/library/img:1.0", "docker.io/img:1.0"}) {
        gather(fmt::format(R"({{"Image": "sha256:01d", "Config": {{"Image": "{}"}}}})", name));
        EXPECT_TRUE(container_->is_true("container.image.moved")) << name;
    }
    gather(R"({"Image": "sha256:new", "Config": {"Image": "docker.io/library/img:1.0"}})");
    EXPECT_FALSE(container_->is_true("container.image.moved"));
}

}  // namespace
}  // namespace plimsoll::posture
