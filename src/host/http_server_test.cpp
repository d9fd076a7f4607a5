#include "host/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/fd.h"
#include "host/http_client.h"
#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::milliseconds kLong{20000};  ///< no test waits this long unless it fails

std::unique_ptr<HttpServer> serve(std::string_view listen, const ServeLimits& limits, ServeHandler handler) {
    auto server = HttpServer::start(listen, limits, std::move(handler));
    EXPECT_TRUE(server) << server.error().message;
    return server ? std::move(*server) : nullptr;
}

ServedAnswer echo(const ServedRequest& request) {
    return {.body = request.method + " " + request.target + " " + std::string(request.header("x-word")) + " " +
                    request.body};
}

/// A client that says exactly these bytes.
class Client {
public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        check(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }

    void say(std::string_view text) const {
        ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);  // a refused client may find the door closed
    }
    /// What comes until `end` was seen, or until the server closes.
    std::string hear(std::string_view end = {}) const {
        std::string out;
        char bytes[4096];
        while (end.empty() || out.find(end) == std::string::npos) {
            pollfd ready{fd_.get(), POLLIN, 0};
            if (::poll(&ready, 1, static_cast<int>(kLong.count())) != 1) return out + "[nothing more came]";
            const ssize_t size = ::recv(fd_.get(), bytes, sizeof bytes, 0);
            if (size <= 0) return out + "[closed]";
            out.append(bytes, static_cast<std::size_t>(size));
        }
        return out;
    }

private:
    Fd fd_;
};

TEST(HttpServer, AnswersSeveralRequestsOnOneConnection) {
    const auto server = serve("127.0.0.1:0", {}, echo);
    const Client client(server->port());
    client.say("POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Word: hello\r\nContent-Length: 4\r\n\r\nbody");
    const std::string first = client.hear("body");
    EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(first, HasSubstr("\r\n\r\nPOST /a?b=c hello body"));
    client.say("GET /second HTTP/1.1\r\nHost: x\r\n\r\nGET /third HTTP/1.1\r\nConnection: close\r\n\r\n");  // pipelined
    const std::string rest = client.hear();
    EXPECT_THAT(rest, HasSubstr("GET /second"));
    EXPECT_THAT(rest, HasSubstr("GET /third"));
    EXPECT_THAT(rest, testing::EndsWith("[closed]"));
}

TEST(HttpServer, HeadHasTheLengthWithoutTheBody) {
    const auto server = serve("[::1]:0", {}, [](const ServedRequest&) { return ServedAnswer{.body = "12345"}; });
    const auto v4 = serve("127.0.0.1:0", {}, [](const ServedRequest&) { return ServedAnswer{.body = "12345"}; });
    EXPECT_EQ(server->text(), "[::1]:" + std::to_string(server->port()));
    const Client client(v4->port());
    client.say("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
    const std::string answer = client.hear();
    EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n[closed]"));
}

TEST(HttpServer, ManyClientsAtOnce) {
    std::atomic<int> served = 0;
    const auto server = serve("127.0.0.1:0", {.threads = 4}, [&](const ServedRequest& request) {
        ++served;
        return ServedAnswer{.body = request.target};
    });
    const Endpoint endpoint{.tcp = true, .path = {}, .name = "127.0.0.1", .port = server->port()};
    std::atomic<int> right = 0;
    std::vector<std::thread> clients;
    for (int client = 0; client < 6; ++client) {
        clients.emplace_back([&, client] {
            std::vector<HttpRequest> requests;
            for (int i = 0; i < 50; ++i) requests.push_back({"/" + std::to_string(client) + "-" + std::to_string(i)});
            run_requests(endpoint, {}, requests, [&](std::size_t index, Result<HttpAnswer> answer) {
                if (answer && answer->body == requests[index].target) ++right;
            });
        });
    }
    for (std::thread& each : clients) each.join();
    EXPECT_EQ(right, 300);
    EXPECT_EQ(served, 300);
}

TEST(HttpServer, WhatIsTooLargeIsRefusedWithItsStatus) {
    const auto server = serve("127.0.0.1:0", {.header_bytes = 1000, .body_bytes = 100}, echo);
    const Client announced(server->port());
    announced.say("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'));
    EXPECT_THAT(announced.hear(), StartsWith("HTTP/1.1 413 "));
    const Client chunked(server->port());
    chunked.say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n80\r\n" + std::string(0x80, 'x') +
                "\r\n0\r\n\r\n");
    EXPECT_THAT(chunked.hear(), StartsWith("HTTP/1.1 413 "));
    const Client wordy(server->port());
    wordy.say("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n");
    EXPECT_THAT(wordy.hear(), StartsWith("HTTP/1.1 431 "));
    const Client fits(server->port());
    fits.say("POST / HTTP/1.1\r\nContent-Length: 100\r\nConnection: close\r\n\r\n" + std::string(100, 'x'));
    EXPECT_THAT(fits.hear(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, GarbageIsRefusedAndTheNextClientServed) {
    const auto server = serve("127.0.0.1:0", {}, echo);
    for (const std::string_view garbage : {"\x16\x03\x01\x02 tls?\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                                           "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
        const Client client(server->port());
        client.say(garbage);
        EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 400 ")) << garbage;
    }
    const Client polite(server->port());
    polite.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(polite.hear(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, ASlowClientIsSentAway) {
    const auto server =
        serve("127.0.0.1:0", {.request = std::chrono::milliseconds(200), .idle = std::chrono::milliseconds(200)}, echo);
    const Client silent(server->port());
    const Client slow(server->port());
    slow.say("GET / HTTP/1.1\r\nX-Never-Ending: ");
    EXPECT_EQ(slow.hear(), "[closed]");
    EXPECT_EQ(silent.hear(), "[closed]");
}

TEST(HttpServer, SlowClientsDoNotKeepOthersOut) {
    const auto server = serve("127.0.0.1:0", {.connections = 4}, echo);
    std::vector<std::unique_ptr<Client>> hoarders;
    for (int i = 0; i < 12; ++i) {
        hoarders.push_back(std::make_unique<Client>(server->port()));
        hoarders.back()->say("GET / HTTP/1.1\r\n");
    }
    const Client honest(server->port());
    honest.say("GET /now HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(honest.hear(), HasSubstr("GET /now"));
    EXPECT_EQ(hoarders.front()->hear(), "[closed]");
}

TEST(HttpServer, ALongHandlerKeepsNobodyElseWaiting) {
    std::mutex mutex;
    std::condition_variable changed;
    bool go = false;
    const auto server = serve("127.0.0.1:0", {.threads = 2}, [&](const ServedRequest& request) {
        if (request.target == "/long") {
            std::unique_lock lock(mutex);
            changed.wait_for(lock, kLong, [&] { return go; });
        }
        return ServedAnswer{.body = request.target};
    });
    const Client patient(server->port());
    patient.say("GET /long HTTP/1.1\r\nConnection: close\r\n\r\n");
    const Client quick(server->port());
    quick.say("GET /quick HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(quick.hear(), HasSubstr("/quick"));
    {
        const std::lock_guard lock(mutex);
        go = true;
    }
    changed.notify_all();
    EXPECT_THAT(patient.hear(), HasSubstr("/long"));
}

TEST(HttpServer, AUnixSocketTellsWhoAsks) {
    const TemporaryTree tree;
    const std::string path = tree.at("/agent.sock");
    auto server = serve("unix://" + path, {.socket_mode = 0660}, [](const ServedRequest& request) {
        return ServedAnswer{.body = request.peer
                                        ? std::to_string(request.peer->pid) + " " + std::to_string(request.peer->uid)
                                        : "nobody"};
    });
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777U, 0660U);
    const Client client(path);
    client.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.hear(), HasSubstr("\r\n\r\n" + std::to_string(::getpid()) + " " + std::to_string(::getuid())));
    server.reset();
    EXPECT_NE(::stat(path.c_str(), &facts), 0) << "the socket file stayed behind";
}

TEST(HttpServer, ASocketFileIsReplacedOnlyWhenNobodyAnswers) {
    const TemporaryTree tree;
    const std::string path = tree.at("/agent.sock");
    const std::string listen = "unix://" + path;
    {
        const auto first = serve(listen, {}, echo);
        const auto second = HttpServer::start(listen, {}, echo);
        ASSERT_FALSE(second);
        EXPECT_THAT(second.error().message, HasSubstr("another process answers"));
    }
    {  // what a crash leaves: a file with nobody behind it
        const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    EXPECT_NE(serve(listen, {}, echo), nullptr);
    tree.write("/agent.sock", "a file");
    const auto onto_a_file = HttpServer::start(listen, {}, echo);
    ASSERT_FALSE(onto_a_file);
    EXPECT_THAT(onto_a_file.error().message, HasSubstr("is no socket"));
}

TEST(HttpServer, AddressesThatCannotBeListenedOn) {
    for (const std::string_view listen :
         {"localhost:9464", "9464", "127.0.0.1", "127.0.0.1:99999", "[::1:80", "unix://relative", ""}) {
        EXPECT_FALSE(HttpServer::start(listen, {}, echo)) << listen;
    }
    const auto server = serve("127.0.0.1:0", {}, echo);
    const auto taken = HttpServer::start("127.0.0.1:" + std::to_string(server->port()), {}, echo);
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message, HasSubstr("Address already in use"));
}

TEST(HttpServer, NoHeaderOfAnAnswerBreaksIntoASecondOne) {
    const auto server = serve("127.0.0.1:0", {}, [](const ServedRequest&) {
        return ServedAnswer{.status = 404, .headers = {{"X-Good", "1"}, {"X-Evil", "1\r\nSet-Cookie: a=b"}}};
    });
    const Client client(server->port());
    client.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    const std::string answer = client.hear();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(answer, HasSubstr("X-Good: 1"));
    EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
}

}  // namespace
}  // namespace plimsoll::host
