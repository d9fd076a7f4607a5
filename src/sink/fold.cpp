#include "sink/fold.h"

#include <fmt/format.h>

#include <algorithm>

#include "sink/alert_event.h"

namespace plimsoll::sink {

namespace {

std::string key_of(const model::Event& alert) {
    const std::string_view key = alert.text("alert.key");
    if (!key.empty()) return std::string(key);
    return fmt::format("{}\n{}", alert.text("alert.rule"), alert.text("alert.output"));
}

}  // namespace

double Folder::tokens(Time now) const {
    const double most = rate_.burst == 0 ? rate_.per_minute : rate_.burst;
    if (tokens_ < 0) return most;
    const std::chrono::duration<double> passed = now - tokens_at_;
    return std::min(most, tokens_ + passed.count() * rate_.per_minute / 60);
}

bool Folder::spend(Time now) {
    if (rate_.per_minute == 0) return true;
    const double left = tokens(now);
    if (left < 1) return false;
    tokens_ = left - 1;
    tokens_at_ = now;
    return true;
}

void Folder::hold_back(RecordNumber number, const model::Event& alert, std::uint64_t stands_for) {
    if (excess_.count == 0) excess_.first = number;
    excess_.first = std::min(excess_.first, number);
    excess_.last = std::max(excess_.last, number);
    excess_.time = std::max(excess_.time, alert.time());
    const int rank = static_cast<int>(priority_of(alert));
    if (excess_.count == 0 || rank < excess_.rank) {
        excess_.rank = rank;
        excess_.priority = alert.text("alert.priority");
    }
    const std::string_view rule = alert.text("alert.rule");
    const auto known = excess_.rules.find(rule);
    if (known != excess_.rules.end())
        known->second += stands_for;
    else if (excess_.rules.size() < kMostRules)
        excess_.rules.emplace(rule, stands_for);
    else
        excess_.other_rules += stands_for;
    excess_.count += stands_for;
}

std::optional<Outgoing> Folder::take(RecordNumber number, const model::Event& alert, Time now) {
    std::string key;
    if (window_.count() > 0) {
        key = key_of(alert);
        if (const auto found = by_key_.find(key); found != by_key_.end()) {
            Window& window = *found->second;
            if (window.count++ == 0) window.first = number;
            window.last = number;
            window.latest = alert.clone();
            ++held_;
            return std::nullopt;
        }
    }
    if (!spend(now)) {
        hold_back(number, alert, 1);
        ++held_;
        return std::nullopt;
    }
    if (window_.count() > 0) {
        if (windows_.size() == kMostKeys) {
            const Window& oldest = windows_.front();
            if (oldest.count > 0) {
                hold_back(oldest.first, oldest.latest, oldest.count);
                excess_.last = std::max(excess_.last, oldest.last);
            }
            by_key_.erase(oldest.key);
            windows_.pop_front();
        }
        windows_.push_back({.key = key, .ends = now + std::chrono::duration_cast<Time::duration>(window_)});
        by_key_.emplace(std::move(key), std::prev(windows_.end()));
    }
    return Outgoing{.number = number, .first = number, .alert = alert.clone()};
}

Outgoing Folder::told(Window& window) {
    Outgoing out{
        .number = window.last, .first = window.first, .alert = std::move(window.latest), .stands_for = window.count};
    out.alert.set_unsigned("alert.folded", window.count);
    held_ -= window.count;
    window.count = 0;
    window.latest = model::Event();
    return out;
}

Outgoing Folder::told_excess() {
    std::string rules;
    for (const auto& [rule, count] : excess_.rules)
        rules += fmt::format("{}{} ({})", rules.empty() ? "" : ", ", rule, count);
    if (excess_.other_rules > 0) rules += fmt::format(", others ({})", excess_.other_rules);
    const std::string output = fmt::format(
        "{} alerts were held back, since more came than {} a minute: {}. They stand in the record, {} to {}.",
        excess_.count, rate_.per_minute, rules, excess_.first, excess_.last);
    Outgoing out{.number = excess_.last,
                 .first = excess_.first,
                 .alert = model::Event(excess_.time),
                 .stands_for = excess_.count};
    out.alert.set("record.kind", "alert");
    out.alert.set("record.summary", output);
    out.alert.set("alert.rule", "Alerts held back");
    out.alert.set("alert.priority", excess_.priority);
    out.alert.set("alert.output", output);
    out.alert.set_unsigned("alert.folded", excess_.count);
    held_ -= excess_.count;
    excess_ = {};
    return out;
}

std::optional<Outgoing> Folder::due(Time now, bool flush) {
    while (!windows_.empty() && (flush || windows_.front().ends <= now)) {
        const auto front = windows_.begin();
        if (front->count == 0) {
            by_key_.erase(front->key);
            windows_.pop_front();
            continue;
        }
        std::optional<Outgoing> out;
        if (flush || spend(now)) {
            out = told(*front);
        } else {
            hold_back(front->first, front->latest, front->count);
            excess_.last = std::max(excess_.last, front->last);
            front->count = 0;
        }
        // A storm that goes on is told once in each window.
        front->ends = now + std::chrono::duration_cast<Time::duration>(window_);
        windows_.splice(windows_.end(), windows_, front);
        if (out) return out;
    }
    if (excess_.count > 0 && (flush || spend(now))) return told_excess();
    return std::nullopt;
}

std::optional<Folder::Time> Folder::next() const {
    std::optional<Time> next;
    if (!windows_.empty()) next = windows_.front().ends;
    if (excess_.count > 0) {
        const double missing = std::max(0.0, 1 - tokens(tokens_at_)) * 60 / rate_.per_minute;
        const Time ready =
            tokens_at_ + std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(missing));
        next = next ? std::min(*next, ready) : ready;
    }
    return next;
}

std::optional<RecordNumber> Folder::lowest_held() const {
    std::optional<RecordNumber> lowest;
    for (const Window& window : windows_) {
        if (window.count > 0) lowest = std::min(lowest.value_or(window.first), window.first);
    }
    if (excess_.count > 0) lowest = std::min(lowest.value_or(excess_.first), excess_.first);
    return lowest;
}

}  // namespace plimsoll::sink
