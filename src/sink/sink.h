#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/event.h"

namespace plimsoll::sink {

/// Number of an alert's record in the ledger.
using RecordNumber = std::uint64_t;

/// The number of an alert that the ledger could not take: the first record of a ledger is never one.
inline constexpr RecordNumber kNotRecorded = 0;

/// One thing to hand to a receiver: an alert, or a summary of several (its `alert.folded` says of how many).
struct Delivery {
    RecordNumber number = 0;  ///< of the alert; of the last one for a summary
    const model::Event& alert;
    std::string_view host;  ///< name of this host
};

enum class Verdict : std::uint8_t {
    delivered,
    again,    ///< not now: try again, as long as it takes
    refused,  ///< this one never
};

/// What became of one attempt.
struct Outcome {
    Verdict verdict = Verdict::delivered;
    std::string reason;                              ///< of what was not delivered
    std::optional<std::chrono::milliseconds> after;  ///< the receiver asks not to be tried before
};

/// A receiver of alerts. One thread; every call ends within the sink's own time limit, and soon after a stop request.
class Sink {
public:
    virtual ~Sink() = default;

    /// Hands over one alert. Called again with the same alert until it is delivered or refused.
    [[nodiscard]] virtual Outcome deliver(const Delivery& delivery, const std::stop_token& stop) = 0;

    /// Most alerts that `deliver_together` takes.
    [[nodiscard]] virtual std::size_t most_together() const { return 1; }

    /// Hands over several in one attempt: all of them or none. At least one, and at most `most_together`.
    [[nodiscard]] virtual Outcome deliver_together(std::span<const Delivery> deliveries, const std::stop_token& stop) {
        check(deliveries.size() == 1);
        return deliver(deliveries.front(), stop);
    }

    /// Kind and address for people, without secrets: "webhook https://hooks.example".
    [[nodiscard]] virtual std::string description() const = 0;
};

}  // namespace plimsoll::sink
