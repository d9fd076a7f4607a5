#include "enrich/engine_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "enrich/engine_access.h"

namespace plimsoll::enrich {
namespace {

constexpr const char* kContainer = "4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8";
constexpr const char* kSession = "cfd5dbdaa1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c";

model::Event about_container(Nanoseconds time, std::string_view action) {
    model::Event event(time);
    event.set("record.kind", "event");
    event.set("evt.source", "docker");
    event.set("docker.type", "container");
    event.set("docker.action", action);
    event.set("container.full_id", kContainer);
    event.set("container.name", "web");
    return event;
}

model::Event request(Nanoseconds time, std::string_view method, std::string_view path, std::int64_t pid = 4711) {
    model::Event event(time);
    event.set("record.kind", "event");
    event.set("evt.source", "syscall");
    event.set("evt.type", "request");
    event.set("api.method", method);
    event.set("api.path", path);
    event.set_number("who.pid", pid);
    event.set_unsigned("who.uid", 1000);
    event.set_number("who.loginuid", 4242);
    event.set_number("who.session", 7);
    event.set("who.name", "ada");
    event.set("who.exe", "/usr/bin/docker");
    event.set("who.command", "docker exec web id");
    return event;
}

TEST(EngineRequest, ReadsPathAndQueryWithoutTheVersion) {
    const EngineRequest read = engine_request("POST", "/v1.41/containers/%77eb/exec?name=a%20b&x=1+2&alone");
    EXPECT_EQ(read.to_text(), "POST /containers/web/exec");
    ASSERT_EQ(read.query.size(), 2U);
    EXPECT_EQ(read.query[0].second, "a b");
    EXPECT_EQ(read.query[1].second, "1 2");
    EXPECT_EQ(engine_request("GET", "http://docker/v1.24/info").to_text(), "GET /info");
    EXPECT_EQ(engine_request("GET", "http://docker").to_text(), "GET ");
    EXPECT_EQ(engine_request("GET", "/%zz/%4").to_text(), "GET /%zz/%4");
}

TEST(EngineRequest, BoundsWhatAnAttackerSends) {
    const EngineRequest read = engine_request("POST", std::string(1 << 20, '/').append("x"));
    EXPECT_TRUE(read.path.empty());
    std::string many = "/a?";
    for (int i = 0; i < 10'000; ++i) many += "k=v&";
    EXPECT_LE(engine_request("POST", many).query.size(), 32U);
}

TEST(EngineRequest, AsksForTheObjectThatItNames) {
    const auto asks = [](std::string_view method, std::string_view path, std::string_view action) {
        return asks_for(engine_request(method, path), about_container(0, action), action);
    };
    EXPECT_TRUE(asks("POST", "/v1.41/containers/web/stop?t=5", "stop"));
    EXPECT_TRUE(asks("POST", "/containers/4f1d0e6ae2f2/start", "start"));
    EXPECT_TRUE(asks("POST", "/containers/create?name=web", "create"));
    EXPECT_TRUE(asks("DELETE", "/containers/web?force=1", "destroy"));
    EXPECT_FALSE(asks("POST", "/containers/website/stop", "stop"));
    EXPECT_FALSE(asks("POST", "/containers/4f/stop", "stop")) << "too short to be one container's";
    EXPECT_FALSE(asks("POST", "/containers/web/stop", "rename"));
    EXPECT_FALSE(asks("GET", "/containers/web/stop", "stop"));
    EXPECT_FALSE(asks("POST", "/containers/create?name=other", "create"));
    EXPECT_TRUE(asks("POST", "/containers/old/rename?name=web", "rename"));
    EXPECT_TRUE(asks("POST", "/commit?container=web&repo=x", "commit"));
    EXPECT_TRUE(asks("POST", "/v4.0.0/libpod/containers/web/stop", "stop"));
    EXPECT_FALSE(asks("POST", "/containers/redis/stop?t=web", "stop")) << "named elsewhere";
    EXPECT_FALSE(asks("POST", "/networks/web/stop", "stop")) << "of another kind";
}

TEST(EngineRequest, AnImageIsNoContainerThatIsMadeOfIt) {
    model::Event stop = about_container(0, "stop");
    stop.set("container.image", "redis");
    EXPECT_FALSE(asks_for(engine_request("POST", "/containers/redis/stop"), stop, "stop"));
    model::Event pull(0);
    pull.set("docker.type", "image");
    pull.set("docker.action", "pull");
    pull.set("docker.id", "redis:7");
    pull.set("docker.name", "redis");
    EXPECT_TRUE(
        asks_for(engine_request("POST", "/images/create?fromImage=docker.io%2Flibrary%2Fredis&tag=7"), pull, "pull"));
    EXPECT_TRUE(asks_for(engine_request("POST", "/images/create?fromImage=redis&tag=7"), pull, "pull"));
    EXPECT_FALSE(asks_for(engine_request("POST", "/images/create?fromImage=redis&tag=6"), pull, "pull"));
    pull.set("docker.id", "example/team/app:1");
    pull.set("docker.name", "example/team/app");
    EXPECT_TRUE(asks_for(engine_request("POST", "/images/example/team/app:1/push"), pull, "push"));
}

TEST(EngineRequest, WhereTwoAskedForTheSameNeitherIsProved) {
    EngineAccess access;
    access.observe(request(1 * kSecond, "POST", "/containers/web/stop"));
    model::Event other = request(2 * kSecond, "POST", "/containers/web/stop", 99);
    other.set("who.name", "bob");
    other.set_number("who.loginuid", 1);
    access.observe(other);
    const auto chain = access.chain(about_container(10 * kSecond, "stop"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "bob");
    EXPECT_EQ(chain->strength, Strength::inferred);
    EXPECT_NE(chain->links.back().text.find("the same was asked before by ada"), std::string::npos);
}

TEST(EngineRequest, ProvesWhoBeganAnExecSession) {
    EngineAccess access;
    access.observe(request(1 * kSecond, "POST", fmt::format("/v1.41/exec/{}/start", kSession)));
    access.observe(request(2 * kSecond, "POST", "/v1.41/exec/0000/start", 1));

    model::Event session(300 * kSecond);
    session.set("record.kind", "session");
    session.set("exec.id", kSession);
    session.set_number("exec.start_ts", 1 * kSecond);
    const auto chain = access.chain(session);
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "ada");
    EXPECT_EQ(chain->pid, 4711);
    EXPECT_EQ(chain->strength, Strength::proved);

    model::Event process(301 * kSecond);
    process.set_number("proc.pid", 5000);
    const auto inside = access.session_chain(kSession, process);
    ASSERT_TRUE(inside);
    EXPECT_EQ(inside->strength, Strength::proved);
    EXPECT_EQ(inside->links.back().text,
              "process 5000  is of exec session cfd5dbdaa1b2: the runtime that made it was started for it");
    EXPECT_FALSE(access.session_chain("ffff", process));
}

TEST(EngineRequest, AnOldRequestProvesNothingOfANewAct) {
    EngineAccess access;
    access.observe(request(1 * kSecond, "POST", "/containers/web/start"));
    EXPECT_TRUE(access.chain(about_container(2 * kSecond, "start")));
    EXPECT_FALSE(access.chain(about_container(60 * kSecond, "start")));
    EXPECT_FALSE(access.chain(about_container(0, "start"))) << "it was asked for later";
}

}  // namespace
}  // namespace plimsoll::enrich
