#include "sink/delivery.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "sink/recent_alerts.h"
#include "sink/sinks.h"
#include "sink/worker.h"

namespace plimsoll::sink {

class Dispatcher::Impl {
public:
    Impl(DeliveryParts parts, DeliveryTimes times) : place_(std::move(parts), times) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        stop_.request_stop();
        {
            std::unique_lock lock(mutex_);
            ended_.wait_for(lock, place_.times.flush, [this] { return running_ == 0; });
        }
        abort_.request_stop();
    }  // joins

    Result<void> add(SinkConfig config) {
        TRY_VOID(check_sink(config));
        TRY(auto sink, make_sink(config));
        Route route{.name = config.name, .least = config.least, .fold_for = fold_for(config), .rate = rate_of(config)};
        if (!config.condition.empty()) {
            TRY(route.condition, rule::compile(config.condition));
        }
        workers_.push_back(std::make_unique<Worker>(std::move(route), std::move(sink), place_));
        return {};
    }

    void start() {
        running_ = workers_.size();
        for (const auto& worker : workers_) {
            threads_.emplace_back([this, &worker = *worker] {
                worker.run(stop_.get_token(), abort_.get_token());
                const std::scoped_lock lock(mutex_);
                --running_;
                ended_.notify_all();
            });
        }
    }

    void notify(std::span<const SharedAlert> alerts) {
        if (workers_.empty()) return;
        RecordNumber passed = workers_.front()->passed();
        for (const auto& worker : workers_) passed = std::min(passed, worker->passed());
        place_.recent.forget(passed);
        place_.recent.put(alerts);
    }

    void notify_unrecorded(std::span<const SharedAlert> alerts) {
        if (!workers_.empty()) place_.recent.put_unrecorded(alerts);
    }

    void synced(RecordNumber end) { place_.synced.store(end, std::memory_order_relaxed); }

    [[nodiscard]] std::vector<SinkStatus> status() const {
        std::vector<SinkStatus> out;
        for (const auto& worker : workers_) out.push_back(worker->status());
        return out;
    }

private:
    WorkerPlace place_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::stop_source stop_;
    std::stop_source abort_;
    std::mutex mutex_;
    std::condition_variable ended_;
    std::size_t running_ = 0;
    std::vector<std::jthread> threads_;  ///< last: joined before what they use goes away
};

Dispatcher::Dispatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dispatcher::~Dispatcher() = default;

Result<std::unique_ptr<Dispatcher>> Dispatcher::start(std::vector<SinkConfig> configs, DeliveryParts parts,
                                                      DeliveryTimes times) {
    auto impl = std::make_unique<Impl>(std::move(parts), times);
    std::set<std::string> names;
    for (SinkConfig& config : configs) {
        if (!names.insert(config.name).second) return Error{"there are two sinks called " + config.name};
        TRY_VOID(impl->add(std::move(config)));
    }
    impl->start();
    return std::unique_ptr<Dispatcher>(new Dispatcher(std::move(impl)));
}

void Dispatcher::notify(std::span<const SharedAlert> alerts) { impl_->notify(alerts); }
void Dispatcher::notify_unrecorded(std::span<const SharedAlert> alerts) { impl_->notify_unrecorded(alerts); }
void Dispatcher::synced(RecordNumber end) { impl_->synced(end); }

std::vector<SinkStatus> Dispatcher::status() const { return impl_->status(); }

}  // namespace plimsoll::sink
