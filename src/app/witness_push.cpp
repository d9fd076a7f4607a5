#include "app/witness_push.h"

#include <condition_variable>
#include <utility>

#include "base/time.h"

namespace plimsoll::app {

using Kind = ledger::WitnessOutcome::Kind;

WitnessPush::WitnessPush(std::unique_ptr<ledger::WitnessClient> client, const AgentConfig& config, EventQueue& queue,
                         Log& log)
    : client_(std::move(client)), every_(config.witness.every), queue_(queue), log_(log) {
    status_.url = config.witness.url;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Result<std::unique_ptr<WitnessPush>> WitnessPush::start(const AgentConfig& config, EventQueue& queue, Log& log) {
    TRY(auto key, ledger::parse_verifier_key(config.witness.key));
    TRY(auto client, ledger::WitnessClient::open(config.ledger.path, config.witness.url, std::move(key)));
    return std::unique_ptr<WitnessPush>(new WitnessPush(std::move(client), config, queue, log));
}

WitnessStatus WitnessPush::status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
}

void WitnessPush::take(const ledger::WitnessOutcome& outcome) {
    std::string fault = outcome.kind == Kind::cosigned ? std::string() : outcome.message;
    bool news = false;
    {
        const std::scoped_lock lock(mutex_);
        news = status_.fault != fault;
        status_.fault = fault;
        if (outcome.kind == Kind::cosigned) {
            status_.size = outcome.size;
            status_.time = now();
        }
    }
    if (!news || fault.empty()) return;
    log_.error("the witness does not co-sign", {{"reason", fault}});
    if (outcome.kind != Kind::conflict) return;
    model::Event event(now());
    event.set("record.kind", "loss");
    event.set("evt.source", "plimsoll");
    event.set("evt.type", "witness_conflict");
    event.set("loss.what", "witnessed-records");
    event.set("loss.reason", fault);
    event.set("record.summary", "The witness holds records that this ledger does not have: " + fault);
    static_cast<void>(queue_.put(std::move(event)));
}

void WitnessPush::run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
        take(client_->submit(host::Patience::of(std::chrono::seconds(10), stop)));
        std::unique_lock lock(mutex);
        wake.wait_for(lock, stop, every_, [] { return false; });
    }
}

}  // namespace plimsoll::app
