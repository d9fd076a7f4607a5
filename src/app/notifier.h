#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/recorder.h"
#include "base/log.h"
#include "sink/delivery.h"

namespace plimsoll::app {

/// Hands alerts to the sinks in force, which a reload replaces while alerts come. Any thread.
class Notifier final : public AlertListener {
public:
    /// Borrows feed, cursors and log. `synced`: what of the ledger is on disk already.
    Notifier(sink::AlertFeed& feed, sink::CursorStore& cursors, ledger::RecordNumber synced,
             std::function<void(model::Event)> undelivered, Log& log)
        : feed_(feed), cursors_(cursors), undelivered_(std::move(undelivered)), log_(log), synced_(synced) {}

    /// Stops the sinks in force and starts these. Whatever came meanwhile they get.
    Result<void> use(std::vector<sink::SinkConfig> sinks, std::string host);

    /// Stops the sinks: each tries once more what waits.
    void stop();

    void raised(std::span<const sink::SharedAlert> alerts) override;
    void unrecorded(std::span<const sink::SharedAlert> alerts) override;
    void synced(ledger::RecordNumber end) override;

    [[nodiscard]] std::vector<sink::SinkStatus> status() const;

private:
    sink::AlertFeed& feed_;
    sink::CursorStore& cursors_;
    std::function<void(model::Event)> undelivered_;
    Log& log_;

    mutable std::mutex mutex_;  ///< guards what follows
    std::unique_ptr<sink::Dispatcher> sinks_;
    ledger::RecordNumber raised_ = 0;  ///< every alert below was raised, if there was somebody to hear it
    ledger::RecordNumber synced_;
    std::vector<sink::SharedAlert> unrecorded_;  ///< of a moment without sinks
};

}  // namespace plimsoll::app
