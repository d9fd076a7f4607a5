#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/event.h"
#include "report/options.h"

namespace plimsoll::report {

/// A figure: its value, or why it is not known, or neither when there is none (no limit, no two samples yet).
struct Figure {
    std::optional<double> value;
    std::string reason;
};

/// What one container, or the host, used over a range of time.
struct TopRow {
    std::string id, name, image;
    std::uint64_t samples = 0;
    Nanoseconds first = 0, last = 0;  ///< times of its first and last sample
    Figure cpu, cpu_peak;             ///< percent of one processor: mean, and most between two samples
    Figure memory, memory_peak;       ///< bytes: mean (live: now) and most
    Figure memory_limit;              ///< bytes
    Figure io_read, io_written;       ///< bytes in all of the range
    Figure net_received, net_sent;    ///< bytes in all of the range
    Figure pids, pids_limit;          ///< most
    Figure throttled;                 ///< percent of the range
    Figure oom_kills;                 ///< in the range; live: since it started
    Figure pressure_cpu, pressure_memory, pressure_io;  ///< percent, most
};

enum class TopSort : std::uint8_t { cpu, memory, io, net, pids };

struct TopTable {
    bool live = true;  ///< volumes are shown per second
    Nanoseconds since = 0, until = 0;
    std::optional<TopRow> host;
    std::vector<TopRow> rows;
    std::vector<std::string> notes;  ///< what could not be found out
};

/// Adds up `sample` records; they must come in order of time. A counter that went back started anew.
class TopTotals {
public:
    void add(const model::Event& sample);
    [[nodiscard]] TopTable table(bool live) const;

private:
    struct Counter {
        std::optional<std::uint64_t> last;
        double sum = 0;  ///< grown by, while being watched
        std::string reason;
        void add(const model::Event& event, model::FieldKey field);
    };
    struct Gauge {
        double sum = 0, most = 0, last = 0;
        std::uint64_t count = 0;
        std::string reason;
        bool now = false;  ///< the newest sample had it
        void add(const model::Event& event, model::FieldKey field);
    };
    struct Totals {
        std::string name, image;
        std::uint64_t samples = 0;
        Nanoseconds first = 0, last = 0;
        double cpu_peak = 0;
        Counter cpu, throttled, oom_kills, io_read, io_written, net_received, net_sent;
        Gauge memory, memory_limit, pids, pids_limit, pressure_cpu, pressure_memory, pressure_io;
        void add(const model::Event& event);
        [[nodiscard]] TopRow row(const std::string& id, bool live) const;
    };

    std::map<std::string, Totals, std::less<>> totals_;  ///< by container id
};

/// Most first.
void sort(TopTable& table, TopSort by);

/// A table for people. Names are hostile: they take their column and nothing else.
[[nodiscard]] std::string top_text(const TopTable& table, const Options& options);

/// One JSON object.
[[nodiscard]] std::string top_json(const TopTable& table);

}  // namespace plimsoll::report
