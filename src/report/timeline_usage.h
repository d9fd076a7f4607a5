#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "report/timeline.h"

namespace plimsoll::report {

/// Folds samples of one container, in order of time, into stretches that one line can tell.
class UsageStretches {
public:
    /// A stretch is at most `longest` long, and ends where samples pause for a minute and a half.
    explicit UsageStretches(Nanoseconds longest) : longest_(longest) {}

    void add(const model::Event& sample);
    /// Something happened that parts the stretches: a start, a death.
    void cut();
    /// What was told so far; stretches alike are joined. Once.
    [[nodiscard]] std::vector<Moment> finish();

private:
    struct Stretch {
        Nanoseconds begin = 0;
        Nanoseconds end = 0;
        std::uint64_t samples = 0;
        std::uint64_t memory_first = 0;
        std::uint64_t memory_last = 0;
        std::uint64_t memory_least = 0;
        std::uint64_t memory_most = 0;
        std::uint64_t limit = 0;
        std::uint64_t pids_most = 0;
        double cpu_sum = 0;
        double cpu_most = 0;
        std::uint64_t oom_kills = 0;
        bool joins = false;  ///< nothing parts it from the one before
        std::vector<std::uint64_t> records;
    };

    static void widen(Stretch& into, const Stretch& more);
    static bool alike(const Stretch& a, const Stretch& b);
    static bool goes_on(const Stretch& a, const Stretch& b);
    static Moment told(const Stretch& stretch);

    Nanoseconds longest_;
    std::vector<Stretch> stretches_;
    std::optional<std::uint64_t> oom_before_;
    bool open_ = false;
    bool parted_ = true;
};

}  // namespace plimsoll::report
