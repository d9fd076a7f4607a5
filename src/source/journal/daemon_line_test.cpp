#include "source/journal/daemon_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "source/journal/followed_file.h"

namespace plimsoll::source {
namespace {

TEST(DaemonLine, KindsOfRealLines) {
    struct Case {
        const char* line;
        const char* level;
        const char* kind;
    };
    for (
        const Case& one : {
            Case{R"(time="2026-11-21T06:13:40.1Z" level=debug msg="Calling GET /v1.41/containers/json?all=1")", "debug",
                 "api"},
            Case{
                R"(time="2026-11-21T06:13:40Z" level=error msg="Handler for POST /v1.41/containers/x/start returned error: No such container: x")",
                "error", "error"},
            Case{
                R"(time="2026-11-21T06:13:40Z" level=debug msg="handling GET request" method=GET module=api request-url=/v1.47/info)",
                "debug", "api"},
            Case{
                R"(time="2026-11-21T06:13:40Z" level=info msg="http: TLS handshake error from 10.0.0.9:5: tls: bad certificate")",
                "info", "tls"},
            Case{
                R"(time="2026-11-21T06:13:40Z" level=warning msg="Unable to connect to plugin: /run/docker/plugins/p.sock, retrying in 1s")",
                "warning", "plugin"},
            Case{
                R"(time="2026-11-21T06:13:40Z" level=debug msg="Trying to pull busybox from https://registry.example v2")",
                "debug", "pull"},
            Case{R"(time="2026-11-21T06:13:40Z" level=info msg="API listen on /var/run/docker.sock")", "info", "start"},
            Case{R"(time="2026-11-21T06:13:40Z" level=info msg="Processing signal 'terminated'")", "info", "stop"},
            Case{R"({"level":"error","msg":"boom","time":"2026-11-21T06:13:40Z"})", "error", "error"},
            Case{"failed to start daemon", "", "other"},
        }) {
        const DaemonLine line = parse_daemon_line(one.line);
        EXPECT_EQ(line.level, one.level) << one.line;
        EXPECT_EQ(line.kind, one.kind) << one.line;
    }
}

TEST(DaemonLine, RequestsAreNamed) {
    const DaemonLine line = parse_daemon_line(
        R"(time="2026-11-21T06:13:40.5Z" level=debug msg="Calling DELETE /v1.41/containers/x?force=1")");
    EXPECT_EQ(line.method, "DELETE");
    EXPECT_EQ(line.path, "/v1.41/containers/x?force=1");
    EXPECT_EQ(line.time, parse_rfc3339("2026-11-21T06:13:40.5Z"));
}

TEST(DaemonLine, AValueCannotPlayAnotherKey) {
    const DaemonLine line = parse_daemon_line(R"(level=info msg="a \" level=error msg=\"b" level=info)");
    EXPECT_EQ(line.level, "info");
    EXPECT_EQ(line.message, R"(a " level=error msg="b)");
}

class Followed : public testing::Test {
protected:
    Followed() : path_(testing::TempDir() + "followed-" + std::to_string(::getpid())) {
        write("old\n", std::ios::trunc);
    }
    ~Followed() override {
        std::remove(path_.c_str());
        std::remove((path_ + ".1").c_str());
    }
    void write(const std::string& text, std::ios::openmode mode = std::ios::app) const {
        std::ofstream(path_, std::ios::binary | mode) << text;
    }
    static std::string read(FollowedFile& file) {
        std::vector<Line> lines;
        for (bool more = true; more;) {
            const auto got = file.read(lines);
            EXPECT_TRUE(got);
            more = got && *got;
        }
        std::string out;
        for (const Line& line : lines) out += line.text + "|";
        return out;
    }
    std::string path_;
};

TEST_F(Followed, OverRotationAndTruncation) {
    FollowedFile file(path_, 100);
    file.skip_to_end();
    EXPECT_EQ(read(file), "");
    write("one\ntw");
    EXPECT_EQ(read(file), "one|");
    write("o\nlast of the old\n");
    std::rename(path_.c_str(), (path_ + ".1").c_str());
    write("first of the new\n");
    EXPECT_EQ(read(file), "two|last of the old|first of the new|");
    write("", std::ios::trunc);
    EXPECT_EQ(read(file), "");
    write("after\n");
    EXPECT_EQ(read(file), "after|");
}

TEST_F(Followed, GoesOnWhereItStood) {
    FilePosition position;
    {
        FollowedFile file(path_, 100);
        file.skip_to_end();
        read(file);
        write("one\nhalf");
        EXPECT_EQ(read(file), "one|");
        position = file.position();
    }
    write(" a line\n");
    FollowedFile file(path_, 100);
    file.resume(position);
    EXPECT_EQ(read(file), "half a line|");
}

}  // namespace
}  // namespace plimsoll::source
