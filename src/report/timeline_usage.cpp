#include "report/timeline_usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

constexpr Nanoseconds kPause = 90 * kSecond;
constexpr double kFull = 0.9;  ///< of the limit: worth a warning
constexpr std::size_t kMostStretches = 10'000;

double real(const model::Event& event, model::FieldKey field) {
    const auto reading = event.read(field.id(), {});
    const auto* value = reading.values.empty() ? nullptr : std::get_if<double>(&reading.values[0]);
    return value == nullptr || !std::isfinite(*value) ? 0 : std::clamp(*value, 0.0, 1e6);
}

bool far_apart(std::uint64_t a, std::uint64_t b) {
    const auto low = static_cast<double>(std::min(a, b));
    const auto high = static_cast<double>(std::max(a, b));
    return high - low > 8.0 * 1024 * 1024 && high > low * 1.25;
}

}  // namespace

void UsageStretches::add(const model::Event& sample) {
    const auto memory = sample.number("usage.memory");
    const Nanoseconds time = sample.time();
    if (open_ && (time - stretches_.back().end > kPause || time < stretches_.back().begin)) cut();
    if (open_ && time - stretches_.back().begin > longest_) open_ = false;
    if (!open_) {
        if (stretches_.size() >= kMostStretches) return;
        stretches_.push_back({.begin = time, .memory_first = memory, .memory_least = memory, .joins = !parted_});
        open_ = true;
        parted_ = false;
    }
    Stretch& one = stretches_.back();
    const double cpu = real(sample, "usage.cpu");
    one.end = time;
    ++one.samples;
    one.memory_last = memory;
    one.memory_least = std::min(one.memory_least, memory);
    one.memory_most = std::max(one.memory_most, memory);
    one.limit = sample.number("usage.memory.limit");
    one.pids_most = std::max(one.pids_most, sample.number("usage.pids"));
    one.cpu_sum += cpu;
    one.cpu_most = std::max(one.cpu_most, cpu);
    const auto oom = sample.number("usage.oom_kills");
    if (oom_before_ && oom > *oom_before_) one.oom_kills += oom - *oom_before_;
    oom_before_ = oom;
    if (sample.has("record.number")) {
        one.records.resize(std::min<std::size_t>(one.records.size(), 1));  // the first and the last
        one.records.push_back(sample.number("record.number"));
    }
}

void UsageStretches::cut() {
    open_ = false;
    parted_ = true;
}

void UsageStretches::widen(Stretch& into, const Stretch& more) {
    into.end = more.end;
    into.samples += more.samples;
    into.memory_last = more.memory_last;
    into.memory_least = std::min(into.memory_least, more.memory_least);
    into.memory_most = std::max(into.memory_most, more.memory_most);
    into.limit = more.limit;
    into.pids_most = std::max(into.pids_most, more.pids_most);
    into.cpu_sum += more.cpu_sum;
    into.cpu_most = std::max(into.cpu_most, more.cpu_most);
    into.oom_kills += more.oom_kills;
    if (!more.records.empty()) into.records.push_back(more.records.back());
}

/// Both climb, the second from where the first ended.
bool UsageStretches::goes_on(const Stretch& a, const Stretch& b) {
    return far_apart(a.memory_first, a.memory_last) && a.memory_last > a.memory_first &&
           b.memory_last >= b.memory_first && b.memory_least >= a.memory_last && b.memory_last == b.memory_most &&
           a.oom_kills == 0 && a.limit == b.limit;
}

bool UsageStretches::alike(const Stretch& a, const Stretch& b) {
    const double mean_a = a.cpu_sum / static_cast<double>(a.samples);
    const double mean_b = b.cpu_sum / static_cast<double>(b.samples);
    return !far_apart(a.memory_least, a.memory_most) && !far_apart(b.memory_least, b.memory_most) &&
           !far_apart(std::min(a.memory_least, b.memory_least), std::max(a.memory_most, b.memory_most)) &&
           a.oom_kills == 0 && b.oom_kills == 0 && a.limit == b.limit && std::abs(mean_a - mean_b) < 20 &&
           std::abs(a.cpu_most - b.cpu_most) < 40;
}

Moment UsageStretches::told(const Stretch& one) {
    Moment out{.time = one.begin, .count = one.samples, .records = one.records};
    if (out.records.size() > 2) out.records.erase(out.records.begin() + 1, out.records.end() - 1);
    if (one.end > one.begin) out.until = one.end;
    out.telling.kind = "usage";
    out.telling.tone = Tone::quiet;
    const auto of_limit =
        one.limit > 0 && one.limit < (std::uint64_t{1} << 60U) ? fmt::format(" of {}", words::bytes(one.limit)) : "";
    auto& text = out.telling.text;
    if (!far_apart(one.memory_least, one.memory_most)) {
        text = fmt::format("memory about {}{}", words::bytes(one.memory_last), of_limit);
    } else if (one.memory_most == one.memory_last || !far_apart(one.memory_most, one.memory_last)) {
        text = fmt::format("memory rose from {} to {}{}", words::bytes(one.memory_first), words::bytes(one.memory_most),
                           of_limit);
    } else if (!far_apart(one.memory_first, one.memory_most)) {
        text = fmt::format("memory fell from {} to {}{}", words::bytes(one.memory_most), words::bytes(one.memory_last),
                           of_limit);
    } else {
        text = fmt::format("memory rose from {} to {}{}, then fell to {}", words::bytes(one.memory_first),
                           words::bytes(one.memory_most), of_limit, words::bytes(one.memory_last));
    }
    const double mean = one.cpu_sum / static_cast<double>(one.samples);
    text += fmt::format(", processor {:.0f} %", mean);
    if (one.cpu_most > mean + 10) text += fmt::format(" on average, {:.0f} % at most", one.cpu_most);
    if (one.pids_most > 0) text += fmt::format(", up to {} process{}", one.pids_most, one.pids_most == 1 ? "" : "es");
    if (!of_limit.empty() && static_cast<double>(one.memory_most) > kFull * static_cast<double>(one.limit))
        out.telling.tone = Tone::warning;
    if (one.oom_kills > 0) {
        text += fmt::format("; {} killed for want of memory", one.oom_kills);
        out.telling.tone = Tone::severe;
    }
    return out;
}

std::vector<Moment> UsageStretches::finish() {
    std::vector<Moment> out;
    for (std::size_t i = 0; i < stretches_.size();) {
        Stretch one = std::move(stretches_[i]);
        for (++i;
             i < stretches_.size() && stretches_[i].joins && (alike(one, stretches_[i]) || goes_on(one, stretches_[i]));
             ++i)
            widen(one, stretches_[i]);
        out.push_back(told(one));
    }
    stretches_.clear();
    open_ = false;
    return out;
}

}  // namespace plimsoll::report
