#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/event.h"

namespace plimsoll::report {

enum class MetricType : std::uint8_t { gauge, counter };

/// One value of a metric, with the labels that tell it from the others.
struct MetricSample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
};

/// A metric as Prometheus' text format 0.0.4 knows it. Names are ours: letters, digits, underscores.
struct Metric {
    std::string name;
    std::string help;
    MetricType type = MetricType::gauge;
    std::vector<MetricSample> samples;
};

/// Content-Type of what `prometheus_text` gives.
inline constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics without samples are left out. Label values may be any bytes.
[[nodiscard]] std::string prometheus_text(std::span<const Metric> metrics);

/// The newest sample of each container and of the host, for whoever asks. Any thread.
class LatestSamples {
public:
    /// Takes a copy of a `sample` record; anything else is ignored.
    void keep(const model::Event& event);

    /// `plimsoll_container_*` and `plimsoll_host_*`. A container without a sample for `fresh` nanoseconds before the
    /// newest sample has ended and is left out, and forgotten.
    [[nodiscard]] std::vector<Metric> metrics(Nanoseconds fresh = 30 * kSecond);

    /// Copies of the newest samples, in order of id.
    [[nodiscard]] std::vector<model::Event> events() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, model::Event, std::less<>> newest_;  ///< by container id; guarded by mutex_
};

}  // namespace plimsoll::report
