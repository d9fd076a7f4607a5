#include "posture/reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::posture {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

HostPlaces usual_places() {
    return {.sockets = {{"/run/docker.sock", "docker-socket", 8, 77}}, .data_roots = {"/srv/docker"}};
}

std::vector<std::string> words(std::string_view path, const SourceFacts& source = {}) {
    return reach_of(path, source, usual_places()).words;
}

TEST(Reach, ThePlaceItselfAPartOfItAndWhatHoldsIt) {
    EXPECT_THAT(words("/etc"), Contains("etc"));
    EXPECT_THAT(words("/etc/cron.d"), Contains("etc-exec"));
    EXPECT_THAT(words("/etc/cron.d/backup"), Contains("etc-exec"));
    EXPECT_THAT(words("/run"), Contains("docker-socket"));
    EXPECT_THAT(words("/var"), Contains("var-log"));
    EXPECT_THAT(words("/"), testing::AllOf(Contains("host-root"), Contains("docker-socket"), Contains("credentials"),
                                           Contains("dev")));
    EXPECT_TRUE(reach_of("/etc/cron.d", {}, {}).exact);
    EXPECT_FALSE(reach_of("/etc/cron.d/backup", {}, {}).exact);
}

TEST(Reach, NamesThatOnlyBeginAlikeAreOtherPlaces) {
    EXPECT_THAT(words("/etcetera"), IsEmpty());
    EXPECT_THAT(words("/rooted"), IsEmpty());
    EXPECT_THAT(words("/srv/dockerish"), IsEmpty());
}

TEST(Reach, ASocketIsKnownByItsInodeWhateverItsName) {
    const SourceFacts renamed{.known = true, .exists = true, .socket = true, .device = 8, .inode = 77};
    EXPECT_THAT(words("/srv/app/innocent", renamed), Contains("docker-socket"));
    const SourceFacts other{.known = true, .exists = true, .socket = true, .device = 8, .inode = 78};
    EXPECT_THAT(words("/srv/app/innocent", other),
                testing::AllOf(Contains("other-socket"), Not(Contains("docker-socket"))));
}

TEST(Reach, AnEnginesSocketAtAnUnusualPlaceIsKnownByItsName) {
    EXPECT_THAT(words("/srv/exec/containerd/containerd.sock"), Contains("containerd-socket"));
    EXPECT_THAT(words("/srv/exec/my-docker.sock"), Not(Contains("docker-socket")));
}

TEST(Reach, WhatIsBindMountedThereCountsAsIfItWereNamed) {
    EXPECT_THAT(words("/srv/backup", {.known = true, .exists = true, .also = {"/"}}),
                testing::AllOf(Contains("host-root"), Contains("docker-socket")));
    EXPECT_THAT(words("/srv/backup", {.known = true, .exists = true, .also = {"/etc"}}), Contains("etc"));
}

TEST(Reach, KeysInAnyHome) {
    EXPECT_THAT(words("/home/ann"), testing::AllOf(Contains("home"), Contains("ssh-keys")));
    EXPECT_THAT(words("/home/ann/.ssh"), Contains("ssh-keys"));
    EXPECT_THAT(words("/home/ann/project"), Not(Contains("ssh-keys")));
}

TEST(Reach, TheEnginesOwnDataRootIsKnown) {
    EXPECT_THAT(words("/srv/docker/volumes"), testing::AllOf(Contains("engine-data"), Contains("container-data")));
    EXPECT_THAT(words("/srv"), Contains("engine-data"));
}

TEST(Reach, WhatEverybodyMayKnowIsHarmless) {
    EXPECT_THAT(words("/etc/localtime"), IsEmpty());
    EXPECT_THAT(words("/etc/ssl/certs"), IsEmpty());
    EXPECT_THAT(words("/srv/www"), IsEmpty());
}

TEST(Reach, KeyMaterialByItsName) {
    EXPECT_TRUE(reach_of("/srv/tls/server.key", {}, {}).secret);
    EXPECT_TRUE(reach_of("/opt/app/id_ed25519", {}, {}).secret);
    EXPECT_FALSE(reach_of("/srv/tls/fullchain.pem", {}, {}).secret);
    EXPECT_FALSE(reach_of("/srv/tls/ca.pem", {}, {}).secret);
}

TEST(Normalized, TakesOutDotsWithoutLeavingTheRoot) {
    EXPECT_EQ(normalized("/a/./b//c/../d/"), "/a/b/d");
    EXPECT_EQ(normalized("/../../etc"), "/etc");
    EXPECT_EQ(normalized("/.."), "/");
}

}  // namespace
}  // namespace plimsoll::posture
