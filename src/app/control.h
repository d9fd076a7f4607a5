#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "app/event_queue.h"
#include "host/http_server.h"
#include "ledger/reader.h"

namespace plimsoll::app {

/// What the agent answers on its control socket: GET /v1/status, POST /v1/ack, POST /v1/import.
class Control {
public:
    /// `status` gives the answer of /v1/status; called on the server's threads.
    Control(std::string ledger, EventQueue& queue, std::function<std::string()> status);

    [[nodiscard]] host::ServedAnswer answer(const host::ServedRequest& request);

private:
    host::ServedAnswer acknowledge(const host::ServedRequest& request);
    Result<bool> is_alert(ledger::RecordNumber number);

    std::string ledger_;
    EventQueue& queue_;
    std::function<std::string()> status_;
    std::mutex mutex_;  ///< guards the reader
    std::unique_ptr<ledger::Reader> reader_;
};

}  // namespace plimsoll::app
