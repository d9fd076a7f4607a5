#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/event_queue.h"
#include "app/kernel_rules.h"
#include "sensor/containers.h"
#include "sensor/kernel_programs.h"
#include "sensor/process_table.h"
#include "source/source.h"

namespace plimsoll::app {

struct KernelFeedOptions {
    sensor::KernelSettings kernel;
    std::vector<std::string> environment;  ///< names of variables that are kept of a program's environment
    bool host = false;                     ///< processes outside containers are judged and recorded too
    bool mask_secrets = true;
    std::chrono::milliseconds retry{30'000};  ///< between two attempts to load the programs
    std::chrono::milliseconds name_patience{
        250};  ///< most that events of a new container wait for the engine to name it
};

/// The sensor as a source: takes the kernel's events in order of time, keeps the table of processes, judges each by the
/// rules and the recording policy on its own thread, and hands on what one of them wants. What the kernel could not
/// deliver becomes `loss` records.
class KernelFeed final : public source::Source {
public:
    /// Borrows both, which must outlive it.
    KernelFeed(KernelFeedOptions options, const sensor::Containers& containers, EventQueue& queue);
    ~KernelFeed() override;

    /// In force, in the kernel too, within a second. Any thread.
    void use_rules(std::shared_ptr<KernelRules> rules);

    /// `outlet` gets records about the sensor itself; events go to the queue with what the rules said.
    void run(source::Outlet& outlet, const std::stop_token& stop) override;
    [[nodiscard]] source::SourceStatus status() const override;

private:
    class Session;

    void set_fault(std::string fault, bool connected);
    /// The rules that came since; null when none did.
    std::shared_ptr<KernelRules> take_rules();

    KernelFeedOptions options_;
    const sensor::Containers& containers_;
    EventQueue& queue_;

    mutable std::mutex mutex_;  ///< guards what follows
    std::shared_ptr<KernelRules> next_rules_;
    std::shared_ptr<KernelRules> rules_;  ///< shared with the session, and with events in the queue
    source::SourceStatus status_;
};

}  // namespace plimsoll::app
