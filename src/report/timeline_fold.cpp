#include "report/timeline_fold.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

constexpr Nanoseconds kTogether = 2 * kSecond;  ///< what an engine does in one go
constexpr Nanoseconds kRequest = 30 * kSecond;  ///< from a death to the engine's word that it was asked for
constexpr Nanoseconds kOomBefore = 60 * kSecond;

bool gone(const Moment& moment) { return moment.telling.kind.empty(); }

void absorb(Moment& into, Moment& from) {
    into.records.insert(into.records.end(), from.records.begin(), from.records.end());
    into.count += from.count;
    from.telling.kind.clear();
}

/// The nearest moment of that kind, looking back or forth from `at`, no further away than `within`.
Moment* nearest(std::vector<Moment>& moments, std::size_t at, std::string_view kind, Nanoseconds within, bool back) {
    const Nanoseconds time = moments[at].time;
    for (std::size_t i = at; back ? i-- > 0 : ++i < moments.size();) {
        if (std::abs(moments[i].time - time) > within) return nullptr;
        if (moments[i].telling.kind == kind) return &moments[i];
    }
    return nullptr;
}

/// Engines tell of one leave twice, the second time without the address that it no longer has.
bool fold_repeated(std::vector<Moment>& moments, std::size_t at) {
    Moment& one = moments[at];
    for (std::size_t i = at; i-- > 0 && one.time - moments[i].time <= kTogether;) {
        Moment& earlier = moments[i];
        if (earlier.telling.kind != one.telling.kind || !earlier.telling.text.starts_with(one.telling.text)) continue;
        earlier.records.insert(earlier.records.end(), one.records.begin(), one.records.end());
        one.telling.kind.clear();
        return true;
    }
    return false;
}

void fold_attachments(std::vector<Moment>& moments, std::size_t at) {
    if (fold_repeated(moments, at)) return;
    Moment& one = moments[at];
    if (one.telling.tone != Tone::plain) return;  // while it ran: an event of its own
    const bool leaves = one.telling.text.starts_with("left") || one.telling.text.ends_with("unmounted");
    Moment* with = nearest(moments, at, leaves ? "died" : "started", kTogether, leaves);
    if (with == nullptr && !leaves) with = nearest(moments, at, "started", kTogether, true);
    if (with == nullptr) return;
    if (!leaves) with->telling.details.push_back(one.telling.text);
    absorb(*with, one);
}

void fold_requests(std::vector<Moment>& moments, std::size_t at) {
    Moment& one = moments[at];
    const bool stop = one.telling.kind == "stopped";
    Moment* with = nearest(moments, at, stop ? "died" : "started", kRequest, true);
    if (with == nullptr) return;
    with->telling.text +=
        stop ? "; somebody had asked the engine to stop it" : ", because somebody asked for a restart";
    if (stop && with->telling.tone == Tone::warning) with->telling.tone = Tone::plain;
    absorb(*with, one);
}

void explain_death(std::vector<Moment>& moments, std::size_t at) {
    Moment& one = moments[at];
    if (one.outcome != 137 || one.telling.text.contains("want of memory")) return;
    if (nearest(moments, at, "memory", kOomBefore, true) != nullptr) {
        one.telling.text += "; the kernel had killed it for want of memory";
        one.telling.tone = Tone::severe;
    } else if (nearest(moments, at, "signal", kRequest, true) == nullptr) {
        one.telling.text += "; nobody asked the engine for it, so the kernel (memory) or a process of the host did it";
    }
}

/// "started" after a death is "started again".
void number_starts(std::vector<Moment>& moments) {
    bool died = false;
    for (Moment& one : moments) {
        if (one.telling.kind == "died") died = true;
        if (one.telling.kind != "started" || !died) continue;
        died = false;
        if (one.telling.text.starts_with("started")) one.telling.text.insert(7, " again");
    }
}

/// Does not part one run of health checks into two.
bool is_passed_over(const Moment& moment) {
    return moment.telling.kind == "checks" || moment.telling.kind == "usage" || gone(moment);
}

void fold_health_checks(std::vector<Moment>& moments) {
    for (std::size_t i = 0; i < moments.size(); ++i) {
        if (moments[i].telling.kind != "checks") continue;
        Moment& first = moments[i];
        std::uint64_t failed = first.outcome.value_or(0) != 0 ? 1 : 0;
        std::size_t next = i + 1;
        for (; next < moments.size() && is_passed_over(moments[next]); ++next) {
            if (moments[next].telling.kind != "checks") continue;
            failed += moments[next].outcome.value_or(0) != 0 ? 1 : 0;
            first.until = moments[next].time;
            absorb(first, moments[next]);
        }
        if (first.records.size() > 100) first.records.resize(100);
        first.outcome.reset();
        first.telling.text = fmt::format("{} health check{}", first.count, first.count == 1 ? "" : "s");
        first.telling.text += failed == 0 ? fmt::format(", {}passed", first.count == 1 ? "" : "all ")
                                          : fmt::format(", {} failed", failed);
        if (failed > 0) first.telling.tone = Tone::warning;
        i = next - 1;
    }
}

}  // namespace

void fold(std::vector<Moment>& moments) {
    for (std::size_t i = 0; i < moments.size(); ++i) {
        const auto& kind = moments[i].telling.kind;
        if (kind == "network" || kind == "volume") fold_attachments(moments, i);
        if (kind == "stopped" || kind == "restarted") fold_requests(moments, i);
        if (kind == "died") explain_death(moments, i);
    }
    std::erase_if(moments, gone);
    number_starts(moments);
    fold_health_checks(moments);
    std::erase_if(moments, gone);
}

}  // namespace plimsoll::report
