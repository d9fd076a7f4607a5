#include "source/engine/engine_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <thread>
#include <utility>

#include "host/engine_stream.h"
#include "host/file.h"
#include "host/process.h"
#include "source/engine/engine_client.h"
#include "source/engine/event_record.h"
#include "source/engine/event_work.h"
#include "source/engine/line_splitter.h"

namespace plimsoll::source {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatch = 256;
constexpr auto kFirstWait = 100ms;
constexpr auto kMostWait = 5000ms;
constexpr Nanoseconds kSaveChanges = 1 * kSecond;    ///< the state file follows what changed
constexpr Nanoseconds kSavePosition = 60 * kSecond;  ///< and the mere position
constexpr std::size_t kMostState = std::size_t{256} << 20U;

std::string events_since(Nanoseconds time) {
    if (time <= 0) return "/events";
    return fmt::format("/events?since={}.{:09}", time / kSecond, time % kSecond);
}

/// Waits, with a little randomness so that many agents do not ask at once; longer each time.
class Backoff {
public:
    void wait(const std::stop_token& stop) {
        std::uniform_real_distribution<double> share(0.5, 1.0);
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any never;
        never.wait_for(lock, stop, next_ * share(random_), [] { return false; });
        next_ = std::min<std::chrono::duration<double, std::milli>>(next_ * 2, kMostWait);
    }
    void reset() { next_ = kFirstWait; }

private:
    std::minstd_rand random_{std::random_device{}()};
    std::chrono::duration<double, std::milli> next_ = kFirstWait;
};

/// Tells the inventory of containers as they are made: an engine that starts one answers no question about it
/// meanwhile.
void announce(const std::vector<Line>& lines, std::string_view engine, Inventory& inventory) {
    for (const Line& line : lines) {
        if (line.text.find("\"create\"") == std::string::npos) continue;
        const auto event = parse_engine_event(line.text);
        if (!event || event->type != "container" || event->action != "create" || event->container().empty()) continue;
        inventory.announce(container_record(*event, engine, "the engine has not described it yet"));
    }
}

/// Reads the stream into the queue until it ends.
void read_lines(host::EngineStream& stream, std::size_t most_line, LineQueue& queue, std::string_view engine,
                Inventory& inventory) {
    LineSplitter splitter(most_line);
    std::vector<char> buffer(std::size_t{64} * 1024);
    std::vector<Line> lines;
    std::string reason;
    while (true) {
        const auto got = stream.read(buffer);
        if (!got) reason = got.error().message;
        if (!got || *got == 0) break;
        splitter.add({buffer.data(), *got}, lines);
        announce(lines, engine, inventory);
        queue.push(lines);
    }
    splitter.finish(lines);
    announce(lines, engine, inventory);
    queue.push(lines);
    queue.close(std::move(reason));
}

}  // namespace

EngineSource::EngineSource(EngineOptions options) : options_(std::move(options)) {
    if (!options_.inventory) options_.inventory = std::make_shared<Inventory>();
    status_.name = "engine " + options_.endpoint.to_text();
    status_.fault = "not connected yet";
}

SourceStatus EngineSource::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void EngineSource::connected(bool is, std::string fault) {
    if (!is) options_.inventory->set_doubt(fault);
    const std::lock_guard lock(mutex_);
    status_.connected = is;
    status_.fault = std::move(fault);
}

/// The engine could not be reached: told once, until it is back.
void EngineSource::out_of_reach(Outlet& outlet, std::string reason) {
    connected(false, reason);
    if (!away_told_.empty()) return;
    outlet.put(reach_record(away_since_, 0, reason, options_.endpoint.to_text()));
    away_told_ = std::move(reason);
}

void EngineSource::in_reach(Outlet& outlet) {
    connected(true, {});
    const std::string told = std::exchange(away_told_, {});
    const Nanoseconds since = std::exchange(away_since_, 0);
    if (!told.empty()) outlet.put(reach_record(since, now(), told, options_.endpoint.to_text()));
}

void EngineSource::restore() {
    if (!options_.state_file.empty()) {
        auto text = host::read_if_exists({}, options_.state_file, kMostState);
        if (text && *text) {
            if (auto state = parse_checkpoint(**text, "docker")) checkpoint_ = std::move(*state);
        }
    }
    if (!options_.recorded) return;
    // A crash leaves a state file that is older than the ledger: what was recorded since is applied to it.
    if (!checkpoint_.told.empty()) {
        for (const EngineEvent& event : options_.recorded->events) {
            if (event.time >= checkpoint_.last) checkpoint_.told.apply(event, nullptr);
        }
    }
    options_.recorded->events.clear();
    checkpoint_.last = options_.recorded->last;
    checkpoint_.known_until = std::max(checkpoint_.last, std::min(checkpoint_.known_until, now()));
    checkpoint_.seen = {};
    for (const std::uint64_t fingerprint : options_.recorded->fingerprints) checkpoint_.seen.add(fingerprint);
}

void EngineSource::save(Outlet& outlet) {
    if (options_.state_file.empty()) return;
    saved_at_ = now();
    // The file must not know of what the ledger does not hold: a crash would then hide it.
    if (!outlet.settle()) return;
    if (const auto written = write_atomically(options_.state_file, to_text(checkpoint_)); !written) {
        const std::lock_guard lock(mutex_);
        status_.fault = "keeping its state: " + written.error().message;
    }
}

std::optional<bool> EngineSource::restarted_since(std::optional<pid_t> listener, Nanoseconds time) const {
    if (!listener || time <= 0) return std::nullopt;
    const auto process = host::read_process({}, *listener, host::kStatus | host::kStartTime);
    if (!process || !*process || !(*process)->status || !(*process)->start_ticks) return std::nullopt;
    const std::string& name = (*process)->status->name;
    if (name != "dockerd" && name != "podman") return std::nullopt;  // systemd listens for a socket unit
    const auto started = host::start_seconds({}, *(*process)->start_ticks);
    if (!started) return std::nullopt;
    return *started * kSecond > time - 2 * kSecond;  // start times are known to a second or two
}

void EngineSource::run(Outlet& outlet, const std::stop_token& stop) {
    restore();
    const EngineClient quick(options_.endpoint, options_.quick);
    const EngineClient patient(options_.endpoint, options_.patient);
    EventWork work({.quick = quick,
                    .patient = patient,
                    .inventory = options_.inventory,
                    .endpoint = options_.endpoint.to_text(),
                    .local = !options_.endpoint.tcp,
                    .mask_secrets = options_.mask_secrets,
                    .put =
                        [&](model::Event event) {
                            const Nanoseconds time = event.time();
                            const bool taken = outlet.put(std::move(event));
                            const std::lock_guard lock(mutex_);
                            if (taken) ++status_.events;
                            status_.last_event = std::max(status_.last_event, time);
                            return taken;
                        }},
                   checkpoint_);
    Backoff backoff;
    away_since_ = now();
    while (!stop.stop_requested()) {
        // A little before the last event, so that the engine sends it again: proof that nothing lies between.
        const Nanoseconds since = std::max(checkpoint_.last, checkpoint_.known_until) == 0 ? 0
                                  : checkpoint_.last > 0                                   ? checkpoint_.last - 1000
                                                                                           : checkpoint_.known_until;
        auto kind = patient.kind();
        if (!kind) {
            out_of_reach(outlet, kind.error().message);
            backoff.wait(stop);
            continue;
        }
        // Podman does not answer a stream's request before the first event; that must not look like a fault.
        std::stop_source closing;
        const std::stop_callback close_too(stop, [&closing] { closing.request_stop(); });
        LineQueue queue(options_.queue_lines, options_.queue_bytes);
        std::optional<pid_t> listener;
        std::optional<std::string> refused;
        std::mutex opening;
        std::condition_variable opened;
        bool ready = false;
        const host::StreamLimits limits{.connect = options_.patient.connect, .head = std::chrono::hours(24 * 365)};
        std::jthread reader([&] {
            auto stream = host::EngineStream::open(options_.endpoint, events_since(since), limits, closing.get_token());
            {
                const std::lock_guard lock(opening);
                ready = true;
                if (stream)
                    listener = (*stream)->listener();
                else
                    refused = stream.error().message;
                opened.notify_one();
            }
            if (stream)
                read_lines(**stream, options_.line_bytes, queue, *kind, *options_.inventory);
            else
                queue.close(stream.error().message);
        });
        {
            std::unique_lock lock(opening);
            opened.wait_for(lock, 1s, [&] { return ready || stop.stop_requested(); });
        }
        if (refused) {
            out_of_reach(outlet, "asking for events: " + *refused);
            backoff.wait(stop);
            continue;
        }
        in_reach(outlet);
        work.connected(*kind, since, restarted_since(listener, checkpoint_.known_until));
        save(outlet);
        auto wait = 0ms;
        while (!stop.stop_requested()) {
            std::vector<Line> lines = queue.pop(kBatch, wait, stop);
            if (!lines.empty()) {
                work.handle(lines);
                backoff.reset();
            }
            wait = work.tick(queue.empty());
            if (const Overflow over = queue.take_overflow(); over.lines > 0) {
                outlet.put(loss_record("engine-events", over.lines, over.from, over.until,
                                       "more events came than could be worked on"));
                const std::lock_guard lock(mutex_);
                status_.lost += over.lines;
            }
            {
                const std::lock_guard lock(mutex_);
                status_.malformed = work.malformed();
                status_.fault = work.fault();
            }
            options_.inventory->set_doubt(work.fault());
            if (work.changes() != saved_changes_) {
                wait = std::min<std::chrono::milliseconds>(wait, 1s);
                if (now() - saved_at_ >= kSaveChanges) {
                    saved_changes_ = work.changes();
                    save(outlet);
                }
            } else if (now() - saved_at_ >= kSavePosition) {
                save(outlet);
            }
            if (const auto end = queue.ended()) {
                connected(false, end->empty() ? "the engine closed the stream of events" : *end);
                away_since_ = now();  // it is told when the engine cannot be reached again at once
                break;
            }
        }
        closing.request_stop();
        reader.join();
        work.disconnected();
        if (!stop.stop_requested()) backoff.wait(stop);
    }
    work.stop();
    save(outlet);
}

}  // namespace plimsoll::source
