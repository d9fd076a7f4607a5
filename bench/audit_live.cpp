// What it costs to decode and attribute audit records, by replaying those of a log as the kernel's messages, and how
// many the kernel delivers while a program listens:
//
//   audit_live replay FILE [TIMES]     processor time per event, of one thread, from message to the recorder's event
//   audit_live stages FILE [TIMES]     the same divided: what reading, attributing, decoding, building, copying take
//   audit_live listen|daemon SECONDS   counts what comes, 0: until standard input ends; prints lines of JSON
//   audit_live drain SECONDS [MS]      as the audit daemon, only receives: the bound of what any reader can take; MS
//                                      milliseconds of rest when nothing waits (2), 0: sleeps until woken
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "audit/assembler.h"
#include "audit/field_facts.h"
#include "audit/fields.h"
#include "audit/record.h"
#include "base/secret_mask.h"
#include "host/accounts.h"
#include "host/file.h"
#include "source/audit/attribution.h"
#include "source/audit/audit_decoder.h"
#include "source/audit/audit_source.h"
#include "source/audit/serial_watch.h"

namespace {

using namespace plimsoll;

/// By the scheduler's own account: getrusage() counts ticks on many kernels, and a round is shorter than a few of them.
double processor_seconds(clockid_t clock) {
    timespec used{};
    ::clock_gettime(clock, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
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
        const double before = processor_seconds(CLOCK_THREAD_CPUTIME_ID);
        const std::uint64_t told = events;
        for (const Message& message : round) decoder.message(message.type, message.payload);
        decoder.flush();
        const double taken = processor_seconds(CLOCK_THREAD_CPUTIME_ID) - before;
        messages += round.size();
        each.push_back(taken * 1e6 / static_cast<double>(std::max<std::uint64_t>(events - told, 1)));
    }
    std::ranges::sort(each);
    fmt::print(
        "{} events, {} records: {:.2f} us per event (median of {} rounds, best {:.2f}), {} bytes each in memory\n",
        events, messages, each[each.size() / 2], each.size(), each.front(), bytes / std::max<std::uint64_t>(events, 1));
    return 0;
}

/// How far an event is taken.
enum Stage : unsigned { kRead, kAttribute, kDecode, kBuild, kClone, kStages };
constexpr std::array<const char*, kStages> kStageNames = {
    "read       message -> record -> event put together -> its fields, each with its raw value",
    "attribute  the container of its process, by the table of processes that the events fill",
    "decode     hexadecimal text, arguments, title, absolute paths, socket address, ids as numbers",
    "build      model::Event of the field table: secrets masked, names of users and groups",
    "clone      a copy of just the right size, which the recorder keeps"};

/// Takes events up to a stage, by the parts that AuditDecoder is made of.
class Staged final : private audit::EventHandler {
public:
    explicit Staged(unsigned last) : last_(last), assembler_(*this), attribution_({.live = false}) {
        if (auto accounts = host::read_accounts({})) accounts_ = std::move(*accounts);
    }
    void message(const Message& message) {
        audit::Record record;
        if (audit::parse_message(message.type, message.payload, record) != audit::Damage::none) return;
        serials_.saw(record.id.serial, record.id.milliseconds);
        assembler_.add(record);
    }
    void flush() { assembler_.flush(); }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::size_t seen() const { return seen_; }  ///< of no meaning: so that nothing is left out as unused

private:
    void event(const audit::LogEvent& event) override {
        ++events_;
        facts_.read(event);
        if (last_ == kRead) return;
        const source::Attributed where = attribution_.resolve(facts_);
        seen_ += where.container;
        if (last_ == kAttribute) return;
        decode();
        if (last_ == kDecode) return;
        SecretMasker masker;
        facts_.mask_with(&masker);
        made_.clear();
        attribution_.describe(where, made_);
        audit::to_event(facts_,
                        {.names = &accounts_,
                         .contained = where.known && where.container != source::kHost,
                         .masker = facts_.masker()},
                        made_);
        facts_.mask_with(nullptr);
        if (last_ == kBuild) return;
        const model::Event kept = made_.clone();
        seen_ += kept.memory();
    }
    void decode() {
        using enum audit::Known;
        for (const audit::Known text : {comm, exe, cwd, tty, key}) seen_ += facts_.text(text).size();
        for (const audit::Known id :
             {pid, ppid, auid, uid, gid, euid, egid, suid, sgid, fsuid, fsgid, ses, audit::Known::exit})
            seen_ += facts_.number(id) ? 1U : 0U;
        for (const audit::PathFact& path : facts_.paths()) seen_ += facts_.full_path(path).size();
        seen_ += facts_.arguments().size() + facts_.title().size();
        seen_ += facts_.address() != nullptr ? 1U : 0U;
    }

    unsigned last_;
    audit::Assembler assembler_;
    source::Attribution attribution_;
    source::SerialWatch serials_;
    audit::EventFacts facts_;
    host::Accounts accounts_;
    model::Event made_;
    std::uint64_t events_ = 0;
    std::size_t seen_ = 0;
};

/// Each stage by what a pass that goes so far takes more than one that ends before it. The passes of a round follow
/// each other, over the same messages, so that a busy machine is busy for all of them. Nothing is received from a
/// socket, and neither /proc nor the mounts are asked, as they are for processes that no event told of.
int stages(const std::string& file, std::uint64_t rounds) {
    const auto text = host::read_file({}, file, std::size_t{1} << 30U);
    if (!text) {
        fmt::print(stderr, "{}\n", text.error().message);
        return 1;
    }
    std::vector<std::unique_ptr<Staged>> passes;
    for (unsigned last = kRead; last < kStages; ++last) passes.push_back(std::make_unique<Staged>(last));
    std::array<std::vector<double>, kStages> taken;  // microseconds per event, of each round, up to the stage
    for (std::uint64_t i = 0; i < rounds; ++i) {
        const std::vector<Message> round = messages_of(*text, i);
        for (unsigned last = kRead; last < kStages; ++last) {
            Staged& pass = *passes[last];
            const std::uint64_t told = pass.events();
            const double before = processor_seconds(CLOCK_THREAD_CPUTIME_ID);
            for (const Message& message : round) pass.message(message);
            pass.flush();
            const double seconds = processor_seconds(CLOCK_THREAD_CPUTIME_ID) - before;
            taken[last].push_back(seconds * 1e6 /
                                  static_cast<double>(std::max<std::uint64_t>(pass.events() - told, 1)));
        }
    }
    fmt::print("{} events in each of {} rounds; us per event, the quickest round and the middle one\n",
               passes[0]->events() / std::max<std::uint64_t>(rounds, 1), rounds);
    double best_before = 0;
    double median_before = 0;
    for (unsigned stage = kRead; stage < kStages; ++stage) {
        std::ranges::sort(taken[stage]);
        const double best = taken[stage].front();
        const double median = taken[stage][taken[stage].size() / 2];
        fmt::print("  {:7.2f} {:7.2f}   {}\n", best - best_before, median - median_before, kStageNames[stage]);
        if (stage == kDecode) fmt::print("  {:7.2f} {:7.2f} = read, attributed and decoded: goal 3 us\n", best, median);
        best_before = best;
        median_before = median;
    }
    fmt::print("  {:7.2f} {:7.2f} = all\n", best_before, median_before);
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
    const double before = processor_seconds(CLOCK_PROCESS_CPUTIME_ID);
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
    const double taken = processor_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
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
    const double before = processor_seconds(CLOCK_PROCESS_CPUTIME_ID);
    wait_for_end(seconds);
    thread.request_stop();
    thread.join();
    const double taken = processor_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
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
    if (what == "stages" && count > 2) return stages(words[2], number(count > 3 ? words[3] : nullptr, 100));
    if (what == "drain" && count > 2) return drain(number(words[2], 5), number(count > 3 ? words[3] : nullptr, 2));
    if ((what == "listen" || what == "daemon") && count > 2) return listen(number(words[2], 5), what == "daemon");
    fmt::print(stderr,
               "audit_live replay|stages FILE [TIMES] | listen SECONDS | daemon SECONDS | drain SECONDS [MS]\n");
    return 2;
}
