#include "source/engine/lives.h"

#include <charconv>

namespace plimsoll::source {

namespace {

constexpr Nanoseconds kLately = 60 * kSecond;

// A policy waits from 100 ms, doubled with each short life, to a minute; a life of ten seconds sets the wait back.
constexpr Nanoseconds kLongLife = 10 * kSecond;
constexpr Nanoseconds kMostWait = 70 * kSecond;
constexpr Nanoseconds kMostFirstWait = 10 * kSecond;

std::optional<std::int64_t> exit_code(const EngineEvent& event) {
    std::string_view text = event.attribute("exitCode");
    if (text.empty()) text = event.attribute("containerExitCode");
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool restarts(std::string_view policy, const std::optional<std::int64_t>& code) {
    if (policy == "on-failure") return code != 0;
    return policy == "always" || policy == "unless-stopped";
}

}  // namespace

bool runs_since(const ContainerRecord& container, Nanoseconds start) {
    return container.running && !container.restarting && container.started > 0 && container.started <= start;
}

void Lives::found(const ContainerRecord& container) {
    if (!container.running || container.restarting) {
        lives_.erase(container.id);
        return;
    }
    if (lives_.size() >= kMost && !lives_.contains(container.id)) return;
    lives_[container.id] = {.restarts = container.restarts, .started = container.started};
}

Lives::Starter Lives::starter(const EngineEvent& start, const ContainerRecord* fresh, std::string_view policy) const {
    const auto known = lives_.find(start.id);
    if (known == lives_.end()) return Starter::unknown;
    const Life& life = known->second;
    if (life.died == 0 || life.asked || life.died > start.time || !restarts(policy, life.exit_code))
        return Starter::unknown;
    const bool long_life = life.started > 0 && life.died - life.started >= kLongLife;
    if (start.time - life.died > (long_life ? kMostFirstWait : kMostWait)) return Starter::unknown;
    // The count only grows until a person starts it: one read too late is never too small.
    if (fresh != nullptr && fresh->restarts == 0) return Starter::unknown;
    if (fresh == nullptr || !life.restarts || !runs_since(*fresh, start.time)) return Starter::policy_likely;
    return fresh->restarts > *life.restarts ? Starter::policy : Starter::unknown;
}

void Lives::apply(const EngineEvent& event, const ContainerRecord* fresh) {
    if (event.type != "container") return;
    if (event.action == "destroy") {
        lives_.erase(event.id);
        return;
    }
    if (event.action == "start") {
        if (lives_.size() >= kMost && !lives_.contains(event.id)) return;
        Life life{.started = event.time};
        if (fresh != nullptr && runs_since(*fresh, event.time)) life.restarts = fresh->restarts;
        lives_[event.id] = life;
        return;
    }
    const auto known = lives_.find(event.id);
    if (known == lives_.end()) return;
    if (event.action == "kill" || event.action == "stop") known->second.asked = true;
    if (event.action == "die") {
        known->second.died = event.time;
        known->second.exit_code = exit_code(event);
    }
}

std::optional<std::int64_t> Lives::ended_lately(std::string_view id, Nanoseconds time) const {
    const auto known = lives_.find(id);
    if (known == lives_.end() || known->second.died == 0 || time - known->second.died > kLately) return std::nullopt;
    return known->second.exit_code;
}

}  // namespace plimsoll::source
