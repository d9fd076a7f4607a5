#include "report/prometheus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace plimsoll::report {

namespace {

constexpr std::string_view kHost = "host";

/// One figure of a sample as a metric.
struct Row {
    const char* name;
    model::FieldKey field;
    MetricType type;
    double unit;  ///< the field's value times this
    const char* help;
    const char* label;  ///< NAME=VALUE that tells it from others of the same name; may be null
};

constexpr std::array kRows = {
    Row{"cpu_seconds_total", "usage.cpu.ns", MetricType::counter, 1e-9, "Processor time used", nullptr},
    Row{"cpu_throttled_seconds_total", "usage.throttled.ns", MetricType::counter, 1e-9,
        "Time that the processor limit held it back", nullptr},
    Row{"memory_bytes", "usage.memory", MetricType::gauge, 1, "Memory without page cache that can be dropped", nullptr},
    Row{"memory_total_bytes", "usage.memory.total", MetricType::gauge, 1, "Memory with page cache", nullptr},
    Row{"memory_limit_bytes", "usage.memory.limit", MetricType::gauge, 1, "Memory limit, where there is one", nullptr},
    Row{"oom_kills_total", "usage.oom_kills", MetricType::counter, 1, "Processes killed for want of memory", nullptr},
    Row{"pids", "usage.pids", MetricType::gauge, 1, "Processes and threads", nullptr},
    Row{"pids_limit", "usage.pids.limit", MetricType::gauge, 1, "Limit of them, where there is one", nullptr},
    Row{"io_read_bytes_total", "usage.io.read", MetricType::counter, 1, "Bytes read from disks", nullptr},
    Row{"io_written_bytes_total", "usage.io.written", MetricType::counter, 1, "Bytes written to disks", nullptr},
    Row{"network_received_bytes_total", "usage.net.received", MetricType::counter, 1, "Bytes received", nullptr},
    Row{"network_sent_bytes_total", "usage.net.sent", MetricType::counter, 1, "Bytes sent", nullptr},
    Row{"pressure_ratio", "usage.pressure.cpu", MetricType::gauge, 0.01,
        "Share of the last 10 s in which something waited", "cpu"},
    Row{"pressure_ratio", "usage.pressure.memory", MetricType::gauge, 0.01, "", "memory"},
    Row{"pressure_ratio", "usage.pressure.io", MetricType::gauge, 0.01, "", "io"},
};

std::optional<double> value_of(const model::Event& event, model::FieldKey field) {
    const model::Reading reading = event.read(field.id(), {});
    if (reading.state != model::Reading::State::present || reading.values.empty()) return std::nullopt;
    if (const auto* whole = std::get_if<std::uint64_t>(&reading.values.front())) return static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&reading.values.front())) return *real;
    return std::nullopt;
}

/// Backslash, line feed and, in label values, the quote are what the format escapes.
std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : valid_utf8(text)) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && quotes)
            out += "\\\"";
        else
            out += c;
    }
    return out;
}

std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
}

/// Adds the rows of one sample to metrics that begin with `prefix`.
void add_sample(std::vector<Metric>& metrics, const std::string& prefix, const model::Event& event,
                const std::vector<std::pair<std::string, std::string>>& labels) {
    for (const Row& row : kRows) {
        const std::string name = prefix + row.name;
        auto metric = std::ranges::find(metrics, name, &Metric::name);
        if (metric == metrics.end()) metric = metrics.insert(metrics.end(), {name, row.help, row.type, {}});
        const auto value = value_of(event, row.field);
        if (!value) continue;
        MetricSample sample{labels, *value * row.unit};
        if (row.label != nullptr) sample.labels.emplace_back("resource", row.label);
        metric->samples.push_back(std::move(sample));
    }
}

}  // namespace

std::string prometheus_text(std::span<const Metric> metrics) {
    std::string out;
    for (const Metric& metric : metrics) {
        if (metric.samples.empty()) continue;
        out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", metric.name, escaped(metric.help, false), metric.name,
                           metric.type == MetricType::counter ? "counter" : "gauge");
        for (const MetricSample& sample : metric.samples) {
            out += metric.name;
            for (std::size_t i = 0; i < sample.labels.size(); ++i) {
                const auto& [name, value] = sample.labels[i];
                out += fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", name, escaped(value, true));
            }
            out += fmt::format("{} {}\n", sample.labels.empty() ? "" : "}", number_text(sample.value));
        }
    }
    return out;
}

void LatestSamples::keep(const model::Event& event) {
    if (event.text("record.kind") != "sample") return;
    const std::lock_guard lock(mutex_);
    newest_.insert_or_assign(std::string(event.text("container.id")), event.clone());
}

std::vector<Metric> LatestSamples::metrics(Nanoseconds fresh) {
    const std::lock_guard lock(mutex_);
    Nanoseconds newest = 0;
    for (const auto& [id, event] : newest_) newest = std::max(newest, event.time());
    std::vector<Metric> out;
    for (auto each = newest_.begin(); each != newest_.end();) {
        const auto& [id, event] = *each;
        if (event.time() < newest - fresh) {
            each = newest_.erase(each);
            continue;
        }
        if (id == kHost) {
            add_sample(out, "plimsoll_host_", event, {});
        } else {
            add_sample(out, "plimsoll_container_", event,
                       {{"id", id},
                        {"name", std::string(event.text("container.name"))},
                        {"image", std::string(event.text("container.image"))}});
        }
        ++each;
    }
    return out;
}

std::vector<model::Event> LatestSamples::events() const {
    const std::lock_guard lock(mutex_);
    std::vector<model::Event> out;
    for (const auto& [id, event] : newest_) out.push_back(event.clone());
    return out;
}

}  // namespace plimsoll::report
