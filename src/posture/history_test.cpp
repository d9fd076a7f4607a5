#include "posture/history.h"

#include <gtest/gtest.h>

namespace plimsoll::posture {
namespace {

TEST(History, ReadsBothBuilders) {
    EXPECT_EQ(parse_history("/bin/sh -c #(nop)  CMD [\"sh\"]").instruction, "CMD");
    EXPECT_EQ(parse_history("/bin/sh -c #(nop)  CMD [\"sh\"]").command, "[\"sh\"]");
    EXPECT_EQ(parse_history("/bin/sh -c apt-get update").instruction, "RUN");
    EXPECT_EQ(parse_history("RUN /bin/sh -c apt-get update # buildkit").command, "apt-get update");
    EXPECT_EQ(parse_history("RUN |1 VERSION=3 /bin/sh -c make install # buildkit").command, "make install");
    EXPECT_EQ(parse_history("COPY app /app # buildkit").instruction, "COPY");
    EXPECT_EQ(parse_history("Imported from -").instruction, "");
}

bool says(std::string_view created_by, model::FieldKey field) {
    model::FactStore store;
    model::Facts& layer = store.add(model::SubjectKind::layer, "", "", nullptr);
    gather_layer(parse_history(created_by), 0, layer, "history");
    return layer.is_true(field);
}

TEST(Layer, EachSignInItsSpellings) {
    EXPECT_TRUE(says("ADD https://example.org/x.tgz /opt # buildkit", "layer.adds_url"));
    EXPECT_TRUE(says("/bin/sh -c #(nop) ADD dir:0123 in /app", "layer.adds_archive"));
    EXPECT_TRUE(says("RUN /bin/sh -c apt-get update # buildkit", "layer.updates_alone"));
    EXPECT_TRUE(says("RUN /bin/sh -c curl -fsSL https://get.example.org | bash # buildkit", "layer.pipes_to_shell"));
    EXPECT_TRUE(says("RUN /bin/sh -c bash <(curl -s https://get.example.org) # buildkit", "layer.pipes_to_shell"));
    EXPECT_TRUE(says("RUN /bin/sh -c curl -sSLk https://x | tar xz # buildkit", "layer.unverified_download"));
    EXPECT_TRUE(says("RUN /bin/sh -c chmod u+s /usr/bin/tool # buildkit", "layer.sets_suid"));
    EXPECT_TRUE(says("RUN /bin/sh -c chmod 4755 /usr/bin/tool # buildkit", "layer.sets_suid"));
    EXPECT_TRUE(says("RUN /bin/sh -c apt-get install -y sudo # buildkit", "layer.installs_sudo"));
    EXPECT_TRUE(says("RUN /bin/sh -c apk add --no-cache openssh # buildkit", "layer.installs_sshd"));
    EXPECT_TRUE(says("RUN /bin/sh -c chmod -R 777 /data # buildkit", "layer.world_writable"));
    EXPECT_TRUE(says("ENV DB_PASSWORD=hunter22", "layer.secret"));
}

TEST(Layer, OrdinaryStepsSayNothing) {
    EXPECT_FALSE(says("/bin/sh -c #(nop) ADD file:0123 in / ", "layer.adds_archive"));
    EXPECT_FALSE(says("ADD rootfs.tar.xz / # buildkit", "layer.adds_archive"));
    EXPECT_FALSE(says("RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit", "layer.updates_alone"));
    EXPECT_FALSE(says("RUN /bin/sh -c curl -fsSLO https://example.org/x.tgz && sha256sum -c x.sum # buildkit",
                      "layer.pipes_to_shell"));
    EXPECT_FALSE(says("RUN /bin/sh -c chmod 755 /usr/bin/tool # buildkit", "layer.sets_suid"));
    EXPECT_FALSE(says("RUN /bin/sh -c chmod 0644 /etc/app.conf # buildkit", "layer.world_writable"));
    EXPECT_FALSE(says("RUN /bin/sh -c apt-get install -y curl # buildkit", "layer.installs_sshd"));
}

}  // namespace
}  // namespace plimsoll::posture
