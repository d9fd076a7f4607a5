#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/event.h"
#include "report/options.h"
#include "report/timeline_sentence.h"

namespace plimsoll::report {

/// One entry of a timeline. Texts come from outside and are not escaped.
struct Moment {
    Nanoseconds time = 0;
    std::optional<Nanoseconds> until;  ///< of what lasted
    Telling telling;
    std::uint64_t count = 1;  ///< records or sessions told in it
    bool afterwards = false;  ///< not seen as it happened, but found out later
    std::vector<std::uint64_t>
        records;  ///< numbers of records behind it: at most a hundred; of samples the first and last
    std::optional<std::int64_t> outcome;  ///< exit code of a session or of the container
    std::optional<bool> acknowledged;     ///< of an alert
};

/// One container from its creation to its end, or the part of it that was asked for.
struct Life {
    std::string id;  ///< twelve characters
    std::string name;
    std::string image;
    std::string project;  ///< of compose; empty without one
    std::string service;
    std::string before;  ///< its state when the range begins; empty when it did not exist yet
    std::vector<Moment> moments;
    std::uint64_t left_out = 0;  ///< entries beyond the limit, the oldest of them told
};

struct Timeline {
    std::string version;
    std::string host;
    std::string asked;  ///< the container as the reader named it
    Nanoseconds since = 0;
    Nanoseconds until = 0;
    std::optional<Nanoseconds> around;
    std::vector<Life> lives;            ///< by begin
    std::vector<std::string> problems;  ///< parts of the ledger that could not be read
};

struct TimelineRequest {
    std::string asked;
    Nanoseconds since = 0;              ///< inclusive
    Nanoseconds until = 0;              ///< exclusive
    std::optional<Nanoseconds> around;  ///< offsets count from here; else from the begin
    std::size_t most = 5000;            ///< entries of one life
};

/// Makes a timeline from records in any order: those of the containers asked for, losses and the recorder's own starts
/// and stops, acknowledgements. Records before the range tell the state at its begin. Memory is bounded by `most`.
class TimelineBuilder {
public:
    explicit TimelineBuilder(TimelineRequest request);
    ~TimelineBuilder();
    TimelineBuilder(const TimelineBuilder&) = delete;
    TimelineBuilder& operator=(const TimelineBuilder&) = delete;

    void add(const model::Event& event);

    /// The timeline; once. Lives without entries and without a state at the begin are left out.
    [[nodiscard]] Timeline finish();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// For a terminal: a heading for each day, local times with the zone named.
[[nodiscard]] std::string timeline_text(const Timeline& timeline, const Options& options);
/// One page that loads and runs nothing.
[[nodiscard]] std::string timeline_html(const Timeline& timeline);
[[nodiscard]] std::string timeline_json(const Timeline& timeline);
/// Timesketch's JSON lines: one entry a line, times in UTC.
[[nodiscard]] std::string timeline_timesketch(const Timeline& timeline);

}  // namespace plimsoll::report
