#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/kernel_filter.h"
#include "rule/alert_rules.h"
#include "sensor/kernel_event.h"

namespace plimsoll::app {

/// What is recorded of the kernel's events though no rule holds: conditions, one of which suffices.
[[nodiscard]] std::span<const std::string_view> default_recording();

/// What the sensor's events are judged by: rules of source `syscall` and the recording policy, and what of it the
/// kernel can decide. One thread but for `counts`.
class KernelRules {
public:
    /// The error names the condition of the policy that is none.
    [[nodiscard]] static Result<std::shared_ptr<KernelRules>> make(rule::RuleSet set,
                                                                   std::span<const std::string> recording, bool host);

    [[nodiscard]] rule::AlertRules& alerts() { return *alerts_; }

    /// What is thought of an event.
    struct Judgement {
        std::span<rule::AlertMatch> matches;  ///< of every name that its file goes by; each rule once
        bool wanted = false;                  ///< the policy records it, or cannot tell whether it does

        [[nodiscard]] bool matters() const { return wanted || !matches.empty(); }
    };
    /// Valid until the next call; the matches may be moved away. `view` shows the event, perhaps with more than it knows itself; the event goes by the
    /// kernel's name of its file again afterwards.
    [[nodiscard]] Judgement judge(sensor::KernelEvent& event, const model::Fields& view);
    [[nodiscard]] Judgement judge(sensor::KernelEvent& event) { return judge(event, event); }

    [[nodiscard]] const model::KernelFilter& filter() const { return filter_; }

private:
    KernelRules() = default;

    std::unique_ptr<rule::AlertRules> alerts_;  ///< the policy's conditions are its wishes
    model::KernelFilter filter_;
    std::vector<rule::AlertMatch> matches_;
};

}  // namespace plimsoll::app
