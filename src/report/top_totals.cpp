#include <algorithm>

#include "report/top.h"

namespace plimsoll::report {

namespace {

using State = model::Reading::State;

constexpr std::string_view kHost = "host";

/// The reading of a number field: a value, a reason, or neither.
Figure figure(const model::Event& event, model::FieldKey field) {
    const model::Reading reading = event.read(field.id(), {});
    if (reading.state == State::unknown) return {std::nullopt, std::string(reading.reason)};
    if (reading.state == State::absent || reading.values.empty()) return {};
    const model::Value& value = reading.values.front();
    if (const auto* whole = std::get_if<std::uint64_t>(&value)) return {static_cast<double>(*whole), {}};
    if (const auto* real = std::get_if<double>(&value)) return {*real, {}};
    return {std::nullopt, "not a number"};
}

double seconds(Nanoseconds from, Nanoseconds until) {
    return static_cast<double>(until - from) / static_cast<double>(kSecond);
}

}  // namespace

void TopTotals::Counter::add(const model::Event& event, model::FieldKey field) {
    const Figure now = figure(event, field);
    reason = now.reason;
    if (!now.value) return;
    const std::uint64_t value = event.number(field);
    if (last) sum += static_cast<double>(value >= *last ? value - *last : value);
    last = value;
}

void TopTotals::Gauge::add(const model::Event& event, model::FieldKey field) {
    const Figure figure_now = figure(event, field);
    reason = figure_now.reason;
    now = figure_now.value.has_value();
    if (!now) return;
    last = *figure_now.value;
    sum += last;
    most = std::max(most, last);
    ++count;
}

void TopTotals::Totals::add(const model::Event& event) {
    const double before = cpu.sum;
    const Nanoseconds previous = last;
    if (samples++ == 0) first = event.time();
    last = event.time();
    if (const auto text = event.text("container.name"); !text.empty()) name = text;
    if (const auto text = event.text("container.image"); !text.empty()) image = text;
    cpu.add(event, "usage.cpu.ns");
    if (samples > 1 && last > previous)
        cpu_peak = std::max(cpu_peak, (cpu.sum - before) / static_cast<double>(last - previous) * 100);
    throttled.add(event, "usage.throttled.ns");
    oom_kills.add(event, "usage.oom_kills");
    io_read.add(event, "usage.io.read");
    io_written.add(event, "usage.io.written");
    net_received.add(event, "usage.net.received");
    net_sent.add(event, "usage.net.sent");
    memory.add(event, "usage.memory");
    memory_limit.add(event, "usage.memory.limit");
    pids.add(event, "usage.pids");
    pids_limit.add(event, "usage.pids.limit");
    pressure_cpu.add(event, "usage.pressure.cpu");
    pressure_memory.add(event, "usage.pressure.memory");
    pressure_io.add(event, "usage.pressure.io");
}

TopRow TopTotals::Totals::row(const std::string& id, bool live) const {
    TopRow row{
        .id = id, .name = name.empty() ? id : name, .image = image, .samples = samples, .first = first, .last = last};
    const double length = seconds(first, last);
    const auto volume = [&](const Counter& counter) -> Figure {
        if (!counter.last) return {std::nullopt, counter.reason};
        if (length <= 0) return {};
        return {counter.sum, {}};
    };
    const auto percent = [&](const Counter& counter) -> Figure {
        Figure out = volume(counter);
        if (out.value) *out.value /= length * 1e7;  // nanoseconds per second, in percent
        return out;
    };
    const auto most = [](const Gauge& gauge) -> Figure {
        if (gauge.count == 0) return {std::nullopt, gauge.reason};
        return {gauge.most, {}};
    };
    const auto newest = [](const Gauge& gauge) -> Figure {
        if (!gauge.now) return {std::nullopt, gauge.reason};
        return {gauge.last, {}};
    };
    row.cpu = percent(cpu);
    if (row.cpu.value) row.cpu_peak.value = cpu_peak;
    row.throttled = percent(throttled);
    row.io_read = volume(io_read);
    row.io_written = volume(io_written);
    row.net_received = volume(net_received);
    row.net_sent = volume(net_sent);
    row.oom_kills = live && oom_kills.last ? Figure{static_cast<double>(*oom_kills.last), {}} : volume(oom_kills);
    row.memory =
        live || memory.count == 0 ? newest(memory) : Figure{memory.sum / static_cast<double>(memory.count), {}};
    row.memory_peak = most(memory);
    row.memory_limit = newest(memory_limit);
    row.pids = live ? newest(pids) : most(pids);
    row.pids_limit = newest(pids_limit);
    row.pressure_cpu = live ? newest(pressure_cpu) : most(pressure_cpu);
    row.pressure_memory = live ? newest(pressure_memory) : most(pressure_memory);
    row.pressure_io = live ? newest(pressure_io) : most(pressure_io);
    return row;
}

void TopTotals::add(const model::Event& sample) {
    const std::string_view id = sample.text("container.id");
    auto found = totals_.find(id);
    if (found == totals_.end()) found = totals_.emplace(std::string(id), Totals{}).first;
    found->second.add(sample);
}

TopTable TopTotals::table(bool live) const {
    TopTable out{.live = live};
    for (const auto& [id, totals] : totals_) {
        TopRow row = totals.row(id, live);
        out.since = out.since == 0 ? row.first : std::min(out.since, row.first);
        out.until = std::max(out.until, row.last);
        if (id == kHost)
            out.host = std::move(row);
        else
            out.rows.push_back(std::move(row));
    }
    return out;
}

void sort(TopTable& table, TopSort by) {
    const auto key = [by](const TopRow& row) {
        switch (by) {
            case TopSort::cpu: return row.cpu.value.value_or(-1);
            case TopSort::memory: return row.memory.value.value_or(-1);
            case TopSort::io: return row.io_read.value.value_or(-1) + row.io_written.value.value_or(0);
            case TopSort::net: return row.net_received.value.value_or(-1) + row.net_sent.value.value_or(0);
            case TopSort::pids: return row.pids.value.value_or(-1);
        }
        return 0.0;
    };
    std::ranges::stable_sort(table.rows, [&](const TopRow& a, const TopRow& b) {
        return key(a) != key(b) ? key(a) > key(b) : a.name < b.name;
    });
}

}  // namespace plimsoll::report
