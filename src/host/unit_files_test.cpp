#include "host/unit_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/shell_assignments.h"
#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(UnitFiles, FragmentAndDropInsInTheirOrder) {
    const TemporaryTree tree;
    tree.write(
        "/usr/lib/systemd/system/docker.service",
        "[Unit]\nAfter=a\n[Service]\n# ExecStart=no\nExecStart=/usr/bin/dockerd -H fd:// \\\n  # between\n  --debug\n"
        "Environment=A=1\nRestart=always\n");
    tree.write("/etc/systemd/system/docker.service.d/20-http.conf",
               "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H tcp://0.0.0.0:2375\nEnvironment=\"B=2 3\"\n");
    tree.write("/usr/lib/systemd/system/docker.service.d/20-http.conf", "[Service]\nRestart=never-read\n");
    tree.write("/run/systemd/system/docker.service.d/10-first.conf", "[Service]\nRestart=no\n");
    tree.write("/etc/systemd/system/service.d/99-all.conf", "[Service]\nNice=5\n");
    tree.link("/etc/systemd/system/docker.service.d/30-off.conf", "/dev/null");
    const auto unit = find_unit(tree.root(), "docker.service").value().value();
    EXPECT_EQ(unit.fragment, "/usr/lib/systemd/system/docker.service");
    EXPECT_FALSE(unit.masked);
    EXPECT_THAT(unit.drop_ins, ElementsAre("/run/systemd/system/docker.service.d/10-first.conf",
                                           "/etc/systemd/system/docker.service.d/20-http.conf",
                                           "/etc/systemd/system/service.d/99-all.conf"));
    EXPECT_THAT(unit.values("Service", "ExecStart"), ElementsAre("/usr/bin/dockerd -H tcp://0.0.0.0:2375"));
    EXPECT_THAT(unit.values("Service", "Environment"), ElementsAre("A=1", "\"B=2 3\""));
    EXPECT_EQ(unit.value("Service", "Restart"), "no");
    EXPECT_EQ(unit.value("Service", "Nice"), "5");
    EXPECT_EQ(unit.value("Unit", "Restart"), std::nullopt);
}

TEST(UnitFiles, ContinuedLinesAreOne) {
    const auto parsed = parse_unit_file("[Service]\nExecStart=/bin/a \\\n  # between\n  --debug\nlast = x\\", "f");
    ASSERT_EQ(parsed.size(), 2U);
    EXPECT_THAT(unit_words(parsed[0].value), ElementsAre("/bin/a", "--debug"));
    EXPECT_EQ(parsed[1].key, "last");
    EXPECT_EQ(parsed[1].value, "x");
}

TEST(UnitFiles, EtcHidesUsrAndLinksMask) {
    const TemporaryTree tree;
    tree.write("/usr/lib/systemd/system/docker.socket", "[Socket]\nListenStream=/run/docker.sock\n");
    EXPECT_THAT(find_unit(tree.root(), "docker.socket").value()->values("Socket", "ListenStream"),
                ElementsAre("/run/docker.sock"));
    tree.link("/etc/systemd/system/docker.socket", "/dev/null");
    const auto masked = find_unit(tree.root(), "docker.socket").value().value();
    EXPECT_TRUE(masked.masked);
    EXPECT_EQ(masked.fragment, "/etc/systemd/system/docker.socket");
    EXPECT_THAT(masked.values("Socket", "ListenStream"), IsEmpty());
}

TEST(UnitFiles, InstancesComeFromTheirTemplate) {
    const TemporaryTree tree;
    tree.write("/lib/systemd/system/getty@.service", "[Service]\nType=idle\n");
    tree.write("/etc/systemd/system/getty@.service.d/a.conf", "[Service]\nType=simple\n");
    EXPECT_EQ(find_unit(tree.root(), "getty@tty1.service").value()->value("Service", "Type"), "simple");
    tree.write("/etc/systemd/system/a-.service.d/p.conf", "[Service]\nUser=x\n");
    EXPECT_EQ(find_unit(tree.root(), "a-b.service").value()->value("Service", "User"), "x");
    EXPECT_FALSE(find_unit(tree.root(), "none.socket").value().has_value());
    EXPECT_FALSE(find_unit(tree.root(), "../../etc/passwd"));
}

TEST(UnitFiles, WordsAndEnvironmentFiles) {
    EXPECT_THAT(unit_words("/bin/x  --a='b c' \"d \\\"e\\\"\" f\\sg ''"),
                ElementsAre("/bin/x", "--a='b", "c'", "d \"e\"", "f g", ""));
    EXPECT_THAT(parse_shell_assignments("# x\nDOCKER_OPTS=\"-H tcp://x --debug\"\nexport Y=1\nZ='a b'\n"),
                ElementsAre(Pair("DOCKER_OPTS", "-H tcp://x --debug"), Pair("Z", "a b")));
}

}  // namespace
}  // namespace plimsoll::host
