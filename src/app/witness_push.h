#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include "app/agent_status.h"
#include "app/config.h"
#include "app/event_queue.h"
#include "base/log.h"
#include "ledger/witness_client.h"

namespace plimsoll::app {

/// Shows the ledger's checkpoints to the witness, on a thread of its own. A conflict, which means that one of the two
/// ledgers is not the truth, is recorded and stays a fault until the agent is restarted.
class WitnessPush {
public:
    static Result<std::unique_ptr<WitnessPush>> start(const AgentConfig& config, EventQueue& queue, Log& log);

    [[nodiscard]] WitnessStatus status() const;

private:
    WitnessPush(std::unique_ptr<ledger::WitnessClient> client, const AgentConfig& config, EventQueue& queue, Log& log);
    void run(const std::stop_token& stop);
    void take(const ledger::WitnessOutcome& outcome);

    std::unique_ptr<ledger::WitnessClient> client_;
    std::chrono::seconds every_;
    EventQueue& queue_;
    Log& log_;
    mutable std::mutex mutex_;
    WitnessStatus status_;
    std::jthread thread_;  ///< last, so that it ends first
};

}  // namespace plimsoll::app
