#include "source/resource/resource_source.h"

#include <fmt/format.h>

#include <condition_variable>

#include "base/text.h"

namespace plimsoll::source {

namespace {

using Clock = std::chrono::steady_clock;

/// Waits until then; false when asked to stop.
bool wait_until(Clock::time_point when, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    return !changed.wait_until(lock, stop, when, [&] { return stop.stop_requested(); });
}

model::Event loss(std::uint64_t count, Nanoseconds time) {
    model::Event event(time);
    event.set("record.kind", "loss");
    event.set("evt.source", "resource");
    event.set("evt.type", "loss");
    event.set("loss.what", "samples");
    event.set_unsigned("loss.count", count);
    event.set("loss.reason", "the recorder's queue was full");
    return event;
}

}  // namespace

void ResourceSource::run(Outlet& outlet, const std::stop_token& stop) {
    Result<Sampler> sampler = Sampler::open(directory_, options_.root);
    for (auto next = Clock::now(); wait_until(next, stop);) {
        if (!sampler) sampler = Sampler::open(directory_, options_.root);
        if (sampler) {
            deliver(sampler->sample(), outlet);
        } else {
            const std::lock_guard lock(mutex_);
            status_.connected = false;
            status_.fault = sampler.error().message;
        }
        const auto behind = Clock::now() - next;
        next += options_.interval * (1 + behind / options_.interval);
    }
}

void ResourceSource::deliver(const Samples& samples, Outlet& outlet) {
    const Nanoseconds time = now();
    std::uint64_t lost = 0;
    // A sample is worth less than what waits in a full queue: it is counted, not waited for.
    if (unreported_ > 0 && outlet.offer(loss(unreported_, time))) unreported_ = 0;
    for (const Sample& each : samples.containers) lost += outlet.offer(to_event(each, time)) ? 0U : 1U;
    lost += outlet.offer(to_event(samples.host, time)) ? 0U : 1U;
    unreported_ += lost;

    const std::lock_guard lock(mutex_);
    status_.connected = true;
    status_.fault.clear();
    if (!samples.faults.empty()) {
        status_.fault = fmt::format("{} containers could not be measured; {}", samples.faults.size(),
                                    printable(samples.faults.front()));
    }
    status_.lost += lost;
    status_.events += samples.containers.size() + 1 - lost;
    status_.last_event = time;
}

SourceStatus ResourceSource::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

}  // namespace plimsoll::source
