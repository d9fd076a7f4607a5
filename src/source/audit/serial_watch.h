#pragma once

#include <cstdint>
#include <map>

namespace plimsoll::source {

/// Finds gaps in the serial numbers of a stream whose events may overtake each other. Bounded.
class SerialWatch {
public:
    struct Gap {
        std::uint64_t count = 0;  ///< serials that never came
        std::int64_t from = 0;    ///< milliseconds: of the event before the first gap
        std::int64_t until = 0;   ///< of the event that showed the last
    };

    /// `time`: of the event, milliseconds.
    void saw(std::uint64_t serial, std::int64_t time);

    /// What has been missing for longer than `patience` by `now`, since the last call.
    [[nodiscard]] Gap overdue(std::int64_t now, std::int64_t patience);

    /// Forgets everything: another stream begins.
    void restart();

private:
    struct Missing {
        std::uint64_t end = 0;  ///< exclusive
        std::int64_t from = 0;
        std::int64_t until = 0;
    };

    static constexpr std::size_t kMostRanges = 4096;
    static constexpr std::uint64_t kBackToStart = std::uint64_t{1} << 20U;

    void give_up(std::map<std::uint64_t, Missing>::iterator range);

    std::uint64_t next_ = 0;                    ///< serial expected next; 0 before the first
    std::int64_t last_ = 0;                     ///< time of the newest serial
    std::map<std::uint64_t, Missing> missing_;  ///< by first serial
    Gap lost_;
};

}  // namespace plimsoll::source
