#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/timeline.h"
#include "report/timeline_usage.h"

namespace plimsoll::report {

/// Collects the records of one container.
class LifeBuilder {
public:
    LifeBuilder(std::string id, const TimelineRequest& request);

    void add(const model::Event& event);

    /// Its life, folded and ordered, `gaps` among the rest; nothing when there is nothing to tell.
    [[nodiscard]] std::optional<Life> finish(const std::vector<Moment>& gaps);

    /// When it is first known to have existed.
    [[nodiscard]] Nanoseconds begin() const { return begin_; }

private:
    struct Session {
        model::Event facts;  ///< all that its records said
        Nanoseconds time = 0;
        std::vector<std::uint64_t> records;
        bool afterwards = false;
    };

    void name(const model::Event& event);
    void before(const model::Event& event);
    void session(const model::Event& event);
    void line(const model::Event& event);
    void put(Moment moment);
    void put_session(Session& session);
    [[nodiscard]] std::string state_before() const;

    const TimelineRequest& request_;
    Life life_;
    Nanoseconds begin_ = 0;
    bool begun_ = false;  ///< begin_ is set
    // State at the begin of the range
    std::optional<Nanoseconds> created_;
    std::optional<Nanoseconds> running_since_;
    std::optional<Nanoseconds> ended_;
    std::optional<std::int64_t> ended_with_;
    bool was_there_ = false;  ///< some record shows that it existed before the range
    bool removed_ = false;
    bool paused_ = false;
    bool created_inside_ = false;
    bool removed_inside_ = false;
    std::string health_;
    std::map<std::string, Session, std::less<>> sessions_;
    UsageStretches usage_;
    std::uint64_t lines_in_run_ = 0;
};

}  // namespace plimsoll::report
