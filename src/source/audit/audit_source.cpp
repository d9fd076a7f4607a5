#include "source/audit/audit_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <thread>
#include <utility>

#include "base/time.h"
#include "host/audit_netlink.h"
#include "source/audit/message_queue.h"
#include "source/engine/event_record.h"

namespace plimsoll::source {

namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 50ms;             // between two looks at what waits in vain
constexpr std::int64_t kReport = 1000;    // milliseconds between two looks at what is lost
constexpr std::int64_t kPatience = 3000;  // for a serial that another one overtook
constexpr std::int64_t kSilence = 4000;   // the kernel tells of our own joining long before
constexpr std::size_t kChunk = std::size_t{1} << 18U;
constexpr auto kGather = 5ms;                           // in which records gather while they come in numbers
constexpr std::size_t kRoomy = std::size_t{16} << 20U;  // a socket's buffer that holds what comes in that time
constexpr std::size_t kFew = 64;                        // messages at once, and there is no more for the moment
constexpr std::int64_t kNanosecondsPerMs = 1'000'000;

std::int64_t now_ms() { return now() / kNanosecondsPerMs; }

void sleep_for(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

/// One time of listening, from joining to losing the socket or being stopped.
class AuditSource::Session {
public:
    Session(AuditSource& owner, host::AuditListener& listener, Outlet& outlet)
        : owner_(owner),
          listener_(listener),
          outlet_(outlet),
          queue_(owner.options_.waiting_bytes),
          decoder_({.attribution = {.root = owner.options_.root, .directory = owner.options_.directory},
                    .assembler = {},
                    .mask_secrets = owner.options_.mask_secrets,
                    .own_pid = ::getpid()},
                   [this](model::Event event) { put(std::move(event)); }) {}

    /// Until stopped, or the socket fails: then says why.
    std::string run(const std::stop_token& stop) {
        const std::stop_callback closing(stop, [this] { queue_.close(); });
        std::jthread reader([this](const std::stop_token& ending) { read(ending); });
        if (const auto state = host::audit_status()) lost_ = state->lost;
        decoder_.seed();
        while (!queue_.ended()) {
            if (auto chunk = queue_.take(kPause)) {
                chunk->each([this](std::uint32_t type, std::string_view payload) { decoder_.message(type, payload); });
                queue_.give_back(std::move(*chunk));
            } else {
                decoder_.tick(now_ms());
            }
            if (now_ms() - reported_ >= kReport) look_after();
        }
        decoder_.flush();
        look_after();
        reader.request_stop();
        reader.join();
        return fault_;
    }

private:
    /// Empties the socket; on a thread of its own, so that a slow disk does not make the kernel drop records. While
    /// they come in numbers it does not wait for the next one, which the kernel would have to wake it for: that costs
    /// the kernel's sender more than the record itself, and here a call for each. It looks again a moment later.
    void read(const std::stop_token& ending) {
        MessageChunk chunk;
        const auto take = [&](std::uint32_t type, std::string_view payload) { chunk.add(type, payload); };
        const bool roomy = listener_.buffer_bytes() >= kRoomy;
        bool busy = false;
        while (!ending.stop_requested()) {
            const auto batch = listener_.receive(busy ? 0ms : 200ms, take);
            if (!batch) {
                fault_ = batch.error().message;
                break;
            }
            if (batch->overrun) overruns_.fetch_add(1, std::memory_order_relaxed);
            messages_.fetch_add(batch->messages, std::memory_order_relaxed);
            const bool drained = batch->messages < (roomy ? kFew : 1);
            if (!chunk.empty() && (drained || chunk.size() >= kChunk) && !queue_.push(chunk)) break;
            busy = batch->messages > 0;
            if (busy && drained) std::this_thread::sleep_for(kGather);
        }
        queue_.close();
    }

    void put(model::Event event) {
        const Nanoseconds time = event.time();
        if (!outlet_.put(std::move(event))) return;
        ++delivered_;
        last_event_ = std::max(last_event_, time);
    }

    void tell(std::string_view what, std::uint64_t count, std::int64_t from, std::int64_t until,
              std::string_view reason) {
        model::Event event = loss_record(what, count, from * kNanosecondsPerMs, until * kNanosecondsPerMs, reason);
        event.set("evt.source", "audit");
        total_lost_ += std::max<std::uint64_t>(count, 1);
        static_cast<void>(outlet_.put(std::move(event)));
    }

    void look_after() {
        const std::int64_t time = now_ms();
        decoder_.tick(time);
        const std::int64_t since = std::exchange(reported_, time);
        const std::int64_t from = since == 0 ? time : since;
        std::string fault;
        const auto state = host::audit_status();
        if (state) {
            if (state->lost > lost_)
                tell("audit-records", state->lost - lost_, from, time,
                     "the kernel had no room for them: its queue was full, or its rate limit reached");
            lost_ = state->lost;
            if (state->enabled == 0) fault = "auditing is off in the kernel: nothing is recorded (auditctl -e 1)";
        }
        const SerialWatch::Gap gap = decoder_.serials().overdue(time, kPatience);
        const std::uint64_t overruns = overruns_.exchange(0, std::memory_order_relaxed);
        overrun_at_ = overruns > 0 ? time : overrun_at_;
        if (gap.count > 0)
            tell("audit-events", gap.count, gap.from, gap.until,
                 overrun_at_ > 0 && time - overrun_at_ < 2 * kPatience
                     ? "the socket's buffer was full: serial numbers are missing"
                     : "serial numbers are missing");
        if (overruns > 0)
            tell("audit-records", 0, from, time,
                 "the socket's buffer was full; how many, the serial numbers will tell");
        if (const std::uint64_t incomplete = decoder_.counts().incomplete; incomplete > incomplete_) {
            tell("audit-parts", incomplete - incomplete_, from, time,
                 "events miss records; audit.incomplete says which");
            incomplete_ = incomplete;
        }
        if (fault.empty() && messages_.load(std::memory_order_relaxed) == 0) {
            silent_since_ = silent_since_ == 0 ? time : silent_since_;
            if (time - silent_since_ > kSilence)
                fault =
                    "nothing comes, not even the kernel's record of our own joining: this is not the initial network "
                    "namespace (a container needs --network host)";
        }
        const std::scoped_lock lock(owner_.mutex_);
        owner_.status_.fault = std::move(fault);
        owner_.status_.events += std::exchange(delivered_, 0);
        owner_.status_.lost += std::exchange(total_lost_, 0);
        owner_.status_.malformed +=
            decoder_.counts().malformed - std::exchange(malformed_, decoder_.counts().malformed);
        owner_.status_.last_event = std::max(owner_.status_.last_event, last_event_);
    }

    AuditSource& owner_;
    host::AuditListener& listener_;  ///< of the reader's thread while it runs
    Outlet& outlet_;
    MessageQueue queue_;
    AuditDecoder decoder_;
    std::string fault_;  ///< of the reader, read after it ended
    std::atomic<std::uint64_t> overruns_ = 0;
    std::atomic<std::uint64_t> messages_ = 0;
    std::uint64_t delivered_ = 0;
    std::uint64_t total_lost_ = 0;
    std::uint64_t incomplete_ = 0;
    std::uint64_t malformed_ = 0;
    std::uint32_t lost_ = 0;
    std::int64_t reported_ = 0;
    std::int64_t overrun_at_ = 0;
    std::int64_t silent_since_ = 0;
    Nanoseconds last_event_ = 0;
};

AuditSource::AuditSource(AuditSourceOptions options) : options_(std::move(options)) {
    status_.name = "audit " + std::string(host::to_text(options_.listen.mode));
    status_.fault = "not connected yet";
}

AuditSource::~AuditSource() = default;

SourceStatus AuditSource::status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
}

void AuditSource::set_fault(std::string fault, bool connected) {
    const std::scoped_lock lock(mutex_);
    status_.fault = std::move(fault);
    status_.connected = connected;
}

void AuditSource::run(Outlet& outlet, const std::stop_token& stop) {
    std::int64_t gone = 0;  ///< when the last session ended
    while (!stop.stop_requested()) {
        const auto listener = host::AuditListener::open(options_.listen);
        if (!listener) {
            set_fault(listener.error().message, false);
            sleep_for(options_.retry, stop);
            continue;
        }
        set_fault({}, true);
        if (gone != 0) {
            model::Event event =
                loss_record("audit-events", 0, gone * kNanosecondsPerMs, now(), "the socket had failed");
            event.set("evt.source", "audit");
            static_cast<void>(outlet.put(std::move(event)));
        }
        const std::string fault = Session(*this, **listener, outlet).run(stop);
        gone = now_ms();
        set_fault(fault.empty() ? "stopped" : fault, false);
        if (!stop.stop_requested()) sleep_for(1000ms, stop);
    }
}

}  // namespace plimsoll::source
