#include "report/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/version.h"
#include "report/timeline_life.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

using model::Event;

namespace {

constexpr std::size_t kLives = 1000;
constexpr std::size_t kGaps = 10'000;
constexpr std::size_t kEngines = 64;

struct Acknowledgement {
    std::string by;
    std::string reason;
    Nanoseconds time = 0;
};

}  // namespace

class TimelineBuilder::Impl {
public:
    explicit Impl(TimelineRequest request) : request_(std::move(request)) {}

    void add(const Event& event) {
        const auto kind = event.text("record.kind");
        if (host_.empty())
            host_ = event.text("ledger.host").empty() ? event.text("evt.hostname") : event.text("ledger.host");
        if (kind == "ack") {
            acks_.try_emplace(event.number("ack.alert"),
                              Acknowledgement{std::string(event.text("ack.by")), std::string(event.text("ack.reason")),
                                              event.time()});
            return;
        }
        if (kind == "start" || kind == "stop") return recorder(event, kind == "start");
        if (kind == "loss") return loss(event);
        const auto type = event.text("evt.type");
        if (type == "engine_down" || type == "engine_up") return reach(event, type == "engine_up");
        const auto id = words::container_id(event);
        if (id.empty() || event.time() >= request_.until) return;
        auto found = lives_.find(id);
        if (found == lives_.end()) {
            if (lives_.size() >= kLives) {
                ++lives_left_out_;
                return;
            }
            found = lives_.emplace(std::string(id), LifeBuilder(std::string(id), request_)).first;
        }
        found->second.add(event);
    }

    Timeline finish() {
        Timeline out{.version = std::string(kVersion),
                     .host = host_,
                     .asked = request_.asked,
                     .since = request_.since,
                     .until = request_.until,
                     .around = request_.around};
        pauses();
        for (auto& [endpoint, moment] : away_) put_gap(std::move(moment));
        std::vector<LifeBuilder*> order;
        for (auto& [id, life] : lives_) order.push_back(&life);
        std::ranges::stable_sort(order, {}, &LifeBuilder::begin);
        for (LifeBuilder* life : order) {
            if (auto told = life->finish(gaps_)) out.lives.push_back(std::move(*told));
        }
        for (Life& life : out.lives) acknowledge(life);
        if (lives_left_out_ > 0)
            out.problems.push_back(fmt::format("more than {} containers match; {} records of others are not told",
                                               kLives, lives_left_out_));
        return out;
    }

private:
    struct RecorderStep {
        Nanoseconds time = 0;
        bool start = false;
        std::uint64_t record = 0;
    };

    void recorder(const Event& event, bool start) {
        if (steps_.size() < kGaps) steps_.push_back({event.time(), start, event.number("record.number")});
    }

    void loss(const Event& event) {
        if (event.has("alert.sink")) return;  // an alert that a receiver refused stands in the ledger all the same
        Moment gap{.time = event.time(), .telling = *tell(event)};
        if (event.has("loss.from")) gap.time = static_cast<Nanoseconds>(event.number("loss.from"));
        if (event.has("loss.until")) gap.until = static_cast<Nanoseconds>(event.number("loss.until"));
        if (event.has("record.number")) gap.records.push_back(event.number("record.number"));
        put_gap(std::move(gap));
    }

    /// From the record that an engine is out of reach to the one that it is back, or to the end.
    void reach(const Event& event, bool up) {
        const std::string endpoint(event.text("docker.endpoint"));
        auto known = away_.find(endpoint);
        if (known == away_.end()) {
            if (away_.size() >= kEngines) return;
            known = away_.emplace(endpoint, Moment{.time = event.time(), .until = request_.until}).first;
            if (event.has("loss.from")) known->second.time = static_cast<Nanoseconds>(event.number("loss.from"));
        }
        Moment& gap = known->second;
        gap.telling = *tell(event);
        if (event.has("record.number")) gap.records.push_back(event.number("record.number"));
        if (!up) return;
        gap.until = event.time();
        gap.telling.text = fmt::format("engine {} could not be reached for {} ({})", endpoint,
                                       words::span(event.time() - gap.time), event.text("loss.reason"));
        put_gap(std::move(gap));
        away_.erase(known);
    }

    void put_gap(Moment gap) {
        const bool inside = gap.time < request_.until && gap.until.value_or(gap.time + 1) > request_.since;
        if (inside && gaps_.size() < kGaps) gaps_.push_back(std::move(gap));
    }

    /// Turns the recorder's stops and starts into the times in which it did not run.
    void pauses() {
        std::ranges::stable_sort(steps_, {}, &RecorderStep::time);
        const RecorderStep* stopped = nullptr;
        bool running = false;
        for (const RecorderStep& step : steps_) {
            Moment gap{.time = step.time, .telling = {.kind = "gap", .tone = Tone::gap}, .records = {step.record}};
            if (!step.start) {
                stopped = &step;
                running = false;
                continue;
            }
            if (stopped != nullptr) {
                gap.time = stopped->time;
                gap.until = step.time;
                gap.records = {stopped->record, step.record};
                gap.telling.text =
                    fmt::format("the recorder was not running for {}", words::span(step.time - stopped->time));
            } else if (step.record == 0) {
                gap.telling.text = "the recorder began this ledger; nothing earlier was recorded";
            } else {
                gap.telling.text =
                    "the recorder started without having stopped in order; the last moments before may be missing";
            }
            if (stopped != nullptr || step.record == 0 || running) put_gap(std::move(gap));
            stopped = nullptr;
            running = true;
        }
        if (stopped == nullptr) return;
        put_gap(
            {.time = stopped->time,
             .telling = {.kind = "gap", .tone = Tone::gap, .text = "the recorder stopped; it did not run after that"},
             .records = {stopped->record}});
    }

    void acknowledge(Life& life) const {
        for (Moment& moment : life.moments) {
            if (!moment.acknowledged || moment.records.empty()) continue;
            const auto found = acks_.find(moment.records[0]);
            if (found == acks_.end()) continue;
            const Acknowledgement& ack = found->second;
            moment.acknowledged = true;
            moment.telling.details.push_back(fmt::format("acknowledged {} by {}{}{}", words::minute(ack.time), ack.by,
                                                         ack.reason.empty() ? "" : ": ", ack.reason));
        }
    }

    TimelineRequest request_;
    std::string host_;
    std::map<std::string, LifeBuilder, std::less<>> lives_;
    std::uint64_t lives_left_out_ = 0;
    std::vector<Moment> gaps_;
    std::vector<RecorderStep> steps_;
    std::map<std::string, Moment, std::less<>> away_;  ///< engines out of reach, by their address
    std::map<std::uint64_t, Acknowledgement> acks_;
};

TimelineBuilder::TimelineBuilder(TimelineRequest request) : impl_(std::make_unique<Impl>(std::move(request))) {}
TimelineBuilder::~TimelineBuilder() = default;
void TimelineBuilder::add(const Event& event) { impl_->add(event); }
Timeline TimelineBuilder::finish() { return impl_->finish(); }

}  // namespace plimsoll::report
