#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "model/event.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// An alert, or a summary of several, that is to be delivered.
struct Outgoing {
    RecordNumber number = 0;  ///< of the alert; of the last one for a summary
    RecordNumber first = 0;   ///< of those that it stands for
    model::Event alert = model::Event();
    std::uint64_t stands_for = 1;
};

/// Decides which alerts of one sink go out singly. The first of a key goes at once; equal ones within the window are
/// counted, and one summary with their number follows at its end, then a new window begins. Beyond the rate nothing
/// goes out singly: what was held back is told in one summary as soon as the rate allows. Bounded memory. Pure: time
/// comes from the caller. One thread.
class Folder {
public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::size_t kMostKeys = 1024;
    static constexpr std::size_t kMostRules = 8;  ///< named in a summary of held back alerts

    Folder(std::chrono::nanoseconds window, RateLimit rate) : window_(window), rate_(rate) {}

    /// Takes one alert; what must go out now, if anything.
    [[nodiscard]] std::optional<Outgoing> take(RecordNumber number, const model::Event& alert, Time now);

    /// A summary that is due, if there is one; call until there is none. `flush`: all that is held is due.
    [[nodiscard]] std::optional<Outgoing> due(Time now, bool flush = false);

    /// When `due` has something next, at the latest.
    [[nodiscard]] std::optional<Time> next() const;

    /// The lowest number that is counted but not told yet.
    [[nodiscard]] std::optional<RecordNumber> lowest_held() const;

    [[nodiscard]] std::uint64_t held() const { return held_; }

private:
    struct Window {
        std::string key;
        Time ends;
        std::uint64_t count = 0;  ///< held in this window
        RecordNumber first = 0;   ///< of these
        RecordNumber last = 0;
        model::Event latest = model::Event();
    };
    struct Excess {
        std::uint64_t count = 0;
        RecordNumber first = 0;
        RecordNumber last = 0;
        Nanoseconds time = 0;
        std::string priority;  ///< the gravest
        int rank = 0;
        std::map<std::string, std::uint64_t, std::less<>> rules;
        std::uint64_t other_rules = 0;
    };

    [[nodiscard]] bool spend(Time now);
    [[nodiscard]] double tokens(Time now) const;
    void hold_back(RecordNumber number, const model::Event& alert, std::uint64_t stands_for);
    [[nodiscard]] Outgoing told(Window& window);
    [[nodiscard]] Outgoing told_excess();

    std::chrono::nanoseconds window_;
    RateLimit rate_;
    std::list<Window> windows_;  ///< by end, soonest first
    std::unordered_map<std::string, std::list<Window>::iterator> by_key_;
    Excess excess_;
    double tokens_ = -1;  ///< below 0: full, nothing was spent yet
    Time tokens_at_;
    std::uint64_t held_ = 0;
};

}  // namespace plimsoll::sink
