// What it costs to decode and attribute audit records, by replaying those of a log as the kernel's messages, and how
// many the kernel delivers while a program listens:
//
//   audit_live replay FILE [TIMES]     processor time per event, of one thread
//   audit_live listen|daemon SECONDS   counts what comes, 0: until standard input ends; prints lines of JSON
//   audit_live drain SECONDS [MS]      as the audit daemon, only receives: the bound of what any reader can take; MS
//                                      milliseconds of rest when nothing waits (2), 0: sleeps until woken
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "audit/record.h"
#include "host/file.h"
#include "source/audit/audit_decoder.h"
#include "source/audit/audit_source.h"

namespace {

using namespace plimsoll;

double processor_seconds(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Message {
    std::uint32_t type;
    std::string payload;
};

/// Records of a log as the kernel would send them, with times and serials of their own for each round.
std::vector<Message> messages_of(const std::string& text, std::uint64_t round) {
    std::vector<Message> out;
    std::size_t at = 0;
    std::uint64_t last = 0;
    std::size_t records = 0;
    std::string id;
    const auto finish = [&] {
        if (records > 1) out.push_back({1320, id + ": "});
        records = 0;
    };
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        audit::Record record;
        if (audit::parse_line(std::string_view(text).substr(at, end - at), record) == audit::Damage::none) {
            if (record.id.serial != last) finish();
            last = record.id.serial;
            const std::int64_t time = record.id.milliseconds + static_cast<std::int64_t>(round) * 60'000;
            id = fmt::format("audit({}.{:03}:{})", time / 1000, time % 1000, record.id.serial + round * 1'000'000);
            out.push_back({record.type, fmt::format("{}: {}", id, record.body)});
            ++records;
        }
        at = end + 1;
    }
    finish();
    return out;
}

int replay(const std::string& file, std::uint64_t rounds) {
    const auto text = host::read_file({}, file, std::size_t{1} << 30U);
    if (!text) {
        fmt::print(stderr, "{}\n", text.error().message);
        return 1;
    }
    std::uint64_t events = 0;
    std::size_t bytes = 0;
    source::AuditDecoder decoder({.attribution = {.live = false}}, [&](model::Event event) {
        ++events;
        bytes += event.memory();
    });
    decoder.seed();
    std::uint64_t messages = 0;
    std::vector<double> each;  // microseconds per event, of each round
    for (std::uint64_t i = 0; i < rounds; ++i) {
        const std::vector<Message> round = messages_of(*text, i);
        const double before = processor_seconds(RUSAGE_THREAD);
        const std::uint64_t told = events;
        for (const Message& message : round) decoder.message(message.type, message.payload);
        decoder.flush();
        const double taken = processor_seconds(RUSAGE_THREAD) - before;
        messages += round.size();
        each.push_back(taken * 1e6 / static_cast<double>(std::max<std::uint64_t>(events - told, 1)));
    }
    std::ranges::sort(each);
    fmt::print(
        "{} events, {} records: {:.2f} us per event (median of {} rounds, best {:.2f}), {} bytes each in memory\n",
        events, messages, each[each.size() / 2], each.size(), each.front(), bytes / std::max<std::uint64_t>(events, 1));
    return 0;
}

/// Counts events.
class Counter final : public source::Outlet {
public:
    bool put(model::Event event) override {
        const std::scoped_lock lock(mutex_);
        if (event.text("record.kind") == "loss") {
            lost_ += event.number("loss.count");
            fmt::print("{{\"loss\":\"{}\",\"count\":{},\"reason\":\"{}\"}}\n", event.text("loss.what"),
                       event.number("loss.count"), event.text("loss.reason"));
        } else {
            ++events_;
            if (std::getenv("PLIMSOLL_SHOW") != nullptr)
                fmt::print(
                    "{{\"type\":\"{}\",\"pid\":{},\"ppid\":{},\"exe\":\"{}\",\"args\":\"{}\",\"container\":\"{}\","
                    "\"how\":\"{}\",\"key\":\"{}\"}}\n",
                    event.text("evt.type"), event.integer("proc.pid"), event.integer("proc.ppid"),
                    event.text("proc.exepath"), event.text("proc.args").substr(0, 60), event.text("container.id"),
                    event.text("audit.attributed"), event.text("audit.keys"));
        }
        return true;
    }
    bool offer(model::Event event) override { return put(std::move(event)); }
    std::uint64_t events() {
        const std::scoped_lock lock(mutex_);
        return events_;
    }
    std::uint64_t lost() {
        const std::scoped_lock lock(mutex_);
        return lost_;
    }

private:
    std::mutex mutex_;
    std::uint64_t events_ = 0;
    std::uint64_t lost_ = 0;
};

void wait_for_end(unsigned seconds) {
    if (seconds > 0)
        std::this_thread::sleep_for(std::chrono::seconds(seconds));
    else
        while (std::getchar() != EOF) continue;
}

/// Registers as the audit daemon, by nothing but system calls.
int daemon_socket() {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    const int size = 64 << 20;
    const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct {
        nlmsghdr header;
        ::audit_status body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = AUDIT_SET;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    request.body.mask = AUDIT_STATUS_PID;
    request.body.pid = static_cast<std::uint32_t>(::getpid());
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    const auto sent =
        ::sendto(fd, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    return sent < 0 ? -1 : fd;
}

int drain(unsigned seconds, unsigned rest_ms) {
    constexpr std::size_t kBatch = 128;
    constexpr std::size_t kLongest = 9216;
    const int fd = daemon_socket();
    if (fd < 0) {
        fmt::print(stderr, "no audit socket: {}\n", std::strerror(errno));
        return 1;
    }
    fmt::print("{{\"listening\":true}}\n");
    std::fflush(stdout);
    std::vector<char> bytes(kBatch * kLongest);
    std::array<iovec, kBatch> parts{};
    std::array<mmsghdr, kBatch> heads{};
    for (std::size_t i = 0; i < kBatch; ++i) {
        parts[i] = {.iov_base = bytes.data() + i * kLongest, .iov_len = kLongest};
        heads[i].msg_hdr.msg_iov = &parts[i];
        heads[i].msg_hdr.msg_iovlen = 1;
    }
    std::uint64_t events = 0;
    std::uint64_t overruns = 0;
    std::atomic<bool> ended = false;
    std::jthread timer([&] {
        wait_for_end(seconds);
        ended = true;
    });
    const double before = processor_seconds(RUSAGE_SELF);
    while (!ended) {
        const int count = ::recvmmsg(fd, heads.data(), kBatch, MSG_WAITFORONE, nullptr);
        if (count < 0 && errno == ENOBUFS) ++overruns;
        for (int i = 0; i < count; ++i) {
            nlmsghdr header{};
            std::memcpy(&header, bytes.data() + static_cast<std::size_t>(i) * kLongest, sizeof header);
            events += header.nlmsg_type == AUDIT_EOE ? 1 : 0;
        }
        if (rest_ms > 0 && count > 0 && count < static_cast<int>(kBatch) / 2)
            std::this_thread::sleep_for(std::chrono::milliseconds(rest_ms));
    }
    const double taken = processor_seconds(RUSAGE_SELF) - before;
    fmt::print("{{\"events\":{},\"lost\":{},\"cpu_s\":{:.3f}}}\n", events, overruns, taken);
    ::close(fd);
    return 0;
}

int listen(unsigned seconds, bool daemon) {
    Counter counter;
    source::AuditSource source({.listen = {.mode = daemon ? host::AuditMode::daemon : host::AuditMode::multicast}});
    std::jthread thread([&](const std::stop_token& stop) { source.run(counter, stop); });
    fmt::print("{{\"listening\":true}}\n");
    std::fflush(stdout);
    const double before = processor_seconds(RUSAGE_SELF);
    wait_for_end(seconds);
    thread.request_stop();
    thread.join();
    const double taken = processor_seconds(RUSAGE_SELF) - before;
    fmt::print("{{\"events\":{},\"lost\":{},\"cpu_s\":{:.3f},\"us_per_event\":{:.2f},\"fault\":\"{}\"}}\n",
               counter.events(), counter.lost(), taken,
               taken * 1e6 / static_cast<double>(std::max<std::uint64_t>(counter.events(), 1)), source.status().fault);
    return 0;
}

unsigned number(const char* text, unsigned otherwise) {
    unsigned value = otherwise;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
    return value;
}

}  // namespace

int main(int count, char** words) {
    const std::string what = count > 1 ? words[1] : "";
    if (what == "replay" && count > 2) return replay(words[2], number(count > 3 ? words[3] : nullptr, 20));
    if (what == "drain" && count > 2) return drain(number(words[2], 5), number(count > 3 ? words[3] : nullptr, 2));
    if ((what == "listen" || what == "daemon") && count > 2) return listen(number(words[2], 5), what == "daemon");
    fmt::print(stderr, "audit_live replay FILE [TIMES] | listen SECONDS | daemon SECONDS | drain SECONDS [MS]\n");
    return 2;
}
