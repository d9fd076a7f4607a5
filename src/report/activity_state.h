#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "report/activity.h"
#include "report/timeline_words.h"

/// The inside of ActivityBuilder: what it holds while it reads.
namespace plimsoll::report {

namespace activity {

inline constexpr std::size_t kNames = 4000;   ///< different names that any table tells apart
inline constexpr std::size_t kLongest = 300;  ///< bytes of a name that is held
inline constexpr std::string_view kOthers = "(others)";

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// A table of at most kNames rows by name; more names share one row.
template <typename Row>
class Table {
public:
    Row& operator[](std::string_view name) {
        name = name.substr(0, kLongest);
        auto found = rows_.find(name);
        if (found != rows_.end()) return found->second;
        if (rows_.size() >= kNames) name = kOthers;
        return rows_.try_emplace(std::string(name)).first->second;
    }
    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    auto begin() { return rows_.begin(); }
    auto end() { return rows_.end(); }

private:
    std::unordered_map<std::string, Row, TextHash, std::equal_to<>> rows_;
};

struct Container {
    ContainerActivity told;
    std::map<std::int64_t, std::uint64_t> codes;
    std::deque<Nanoseconds> deaths;
    Nanoseconds asked_to_end = 0;  ///< last kill or stop request
    bool dead = false;
    bool seen_now = false;
};

/// Counters of one container at its newest sample.
struct Meter {
    bool known = false;
    std::uint64_t cpu = 0;
    std::uint64_t io = 0;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
};

inline constexpr std::size_t kOpenSessions = 8192;  ///< twice what the source of an engine follows at once
inline constexpr std::size_t kEngines = 64;

/// Since when an engine cannot be reached.
struct Outage {
    Nanoseconds from = 0;
    std::string reason;
};

struct HeldAlert {
    AlertActivity* row = nullptr;
    std::uint64_t count = 0;
};

}  // namespace activity

namespace activity {

/// The person behind an act, with where they came from; empty when nobody is known.
[[nodiscard]] std::string asker_of(const model::Event& event);

}  // namespace activity

class ActivityBuilder::Impl {
public:
    Impl(Nanoseconds since, Nanoseconds until) : since_(since), until_(until) {}

    void add(const model::Event& event) {
        const auto kind = event.text("record.kind");
        if (kind == "ack") return acknowledge(event);
        const Nanoseconds time = event.time();
        if (time >= until_ || time < since_ - (until_ - since_)) return;
        now_ = time >= since_;
        if (now_) ++out_.ledger.records;
        if (kind == "field") return;  // the ledger's own dictionary
        count(out_.records);
        if (now_ && event.has("record.malformed")) ++out_.ledger.malformed;
        if (kind == "sample") {
            count(sample_count_);
            return sample(event);
        }
        if (kind == "event" || kind.empty()) return engine(event);
        count(kinds_[kind]);
        if (kind == "session") return session(event);
        if (kind == "alert") {
            if (model::is_act_alert(event)) engine(event);
            return alert(event);
        }
        if (kind == "line") return line(event);
        if (kind == "loss") return loss(event);
        if (kind == "start" || kind == "stop") return recorder(event, kind == "start");
    }

    Activity finish();

private:
    void count(Counted& counted, std::uint64_t by = 1) const { (now_ ? counted.now : counted.before) += by; }

    static std::string_view name_of(const model::Event& event) {
        const auto name = event.text("container.name");
        return name.empty() ? words::container_id(event) : name;
    }

    activity::Container& container(const model::Event& event) {
        activity::Container& one = containers_[name_of(event)];
        if (now_) one.seen_now = true;
        if (now_ && one.told.image.empty())
            one.told.image = event.text("container.image").substr(0, activity::kLongest);
        return one;
    }

    void engine(const model::Event& event);
    void life(const model::Event& event, std::string_view action);
    void asked(const model::Event& event, std::string_view action);
    void death(const model::Event& event, activity::Container& one);
    void image(const model::Event& event);
    void sample(const model::Event& event);
    void exec_step(const model::Event& event, std::string_view action);
    void session(const model::Event& event);
    void count_session(const SessionActivity& one);
    void reach(const model::Event& event, bool up);
    void outage(const activity::Outage& one, Nanoseconds until, std::string_view end);
    void alert(const model::Event& event);
    void acknowledge(const model::Event& event);
    void line(const model::Event& event);
    void loss(const model::Event& event);
    void recorder(const model::Event& event, bool start);
    void gap(LossActivity gap);

    Nanoseconds since_;
    Nanoseconds until_;
    bool now_ = false;  ///< the record at hand belongs to the period, not to the one before
    Activity out_;
    Counted sample_count_;
    activity::Table<Counted> kinds_;
    activity::Table<activity::Container> containers_;
    activity::Table<activity::Meter> meters_;
    activity::Table<SessionActivity> sessions_;
    std::map<std::string, SessionActivity, std::less<>> open_;   ///< by id: those that started, until they end
    std::map<std::string, activity::Outage, std::less<>> away_;  ///< engines by their address
    activity::Table<ImageActivity> images_;
    activity::Table<AlertActivity> alerts_;
    activity::Table<PersonActivity> people_;
    activity::Table<DaemonFault> faults_;
    std::unordered_map<std::uint64_t, activity::HeldAlert> held_;
    std::optional<Nanoseconds> stopped_;
    bool running_ = false;
    const activity::Container* last_failed_ = nullptr;  ///< whose last death counted as failed
    std::string scratch_;
};

}  // namespace plimsoll::report
