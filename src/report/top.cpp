#include "report/top.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/escape.h"

namespace plimsoll::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNameColumns = 32;
constexpr std::size_t kMostNotes = 12;

/// 1023, 1.0K, 12.3M, 4.0G: of 1024 each.
std::string bytes(double value) {
    constexpr std::array<const char*, 6> kUnits{"", "K", "M", "G", "T", "P"};
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f}{}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string shown(const Figure& figure, const auto& format) {
    if (figure.value) return format(*figure.value);
    return figure.reason.empty() ? "-" : "?";
}

std::string percent(const Figure& figure) {
    return shown(figure, [](double value) { return fmt::format("{:.1f}", value); });
}

std::string whole(const Figure& figure) {
    return shown(figure, [](double value) { return fmt::format("{:.0f}", value); });
}

std::string amount(const Figure& figure, double divisor = 1) {
    return shown(figure, [&](double value) { return bytes(value / divisor); });
}

/// Both directions in one cell; one sign when neither is known.
std::string pair(const std::string& a, const std::string& b) {
    return a == b && (a == "?" || a == "-") ? a : a + " / " + b;
}

std::string of_limit(const std::string& value, const Figure& limit, const auto& format) {
    return limit.value ? value + " / " + format(*limit.value) : value;
}

using Cells = std::vector<std::string>;

Cells headings(bool live) {
    if (live)
        return {"CONTAINER", "CPU %",       "MEM / LIMIT", "IO r/w per s",    "NET in/out per s",
                "PIDS",      "THROTTLED %", "OOM",         "PSI % cpu mem io"};
    return {"CONTAINER",  "CPU % mean", "most",        "MEM mean", "most / LIMIT",         "IO r/w",
            "NET in/out", "PIDS most",  "THROTTLED %", "OOM",      "PSI % most cpu mem io"};
}

Cells cells(const TopRow& row, bool live) {
    const double length = live ? static_cast<double>(row.last - row.first) / static_cast<double>(kSecond) : 1;
    Cells out{shortened(printable(row.name), kNameColumns), percent(row.cpu)};
    if (live) {
        out.push_back(of_limit(amount(row.memory), row.memory_limit, bytes));
    } else {
        out.push_back(percent(row.cpu_peak));
        out.push_back(amount(row.memory));
        out.push_back(of_limit(amount(row.memory_peak), row.memory_limit, bytes));
    }
    out.push_back(pair(amount(row.io_read, length), amount(row.io_written, length)));
    out.push_back(pair(amount(row.net_received, length), amount(row.net_sent, length)));
    out.push_back(of_limit(whole(row.pids), row.pids_limit, [](double value) { return fmt::format("{:.0f}", value); }));
    out.push_back(percent(row.throttled));
    out.push_back(whole(row.oom_kills));
    const std::string cpu = percent(row.pressure_cpu), memory = percent(row.pressure_memory),
                      io = percent(row.pressure_io);
    out.push_back(cpu == "?" && memory == "?" && io == "?" ? "?" : fmt::format("{} {} {}", cpu, memory, io));
    return out;
}

/// Visits every figure with its key in JSON.
void each_figure(const TopRow& row, const auto& visit) {
    visit("cpu_percent", row.cpu);
    visit("cpu_percent_most", row.cpu_peak);
    visit("memory_bytes", row.memory);
    visit("memory_bytes_most", row.memory_peak);
    visit("memory_limit_bytes", row.memory_limit);
    visit("io_read_bytes", row.io_read);
    visit("io_written_bytes", row.io_written);
    visit("net_received_bytes", row.net_received);
    visit("net_sent_bytes", row.net_sent);
    visit("pids", row.pids);
    visit("pids_limit", row.pids_limit);
    visit("throttled_percent", row.throttled);
    visit("oom_kills", row.oom_kills);
    visit("pressure_cpu_percent", row.pressure_cpu);
    visit("pressure_memory_percent", row.pressure_memory);
    visit("pressure_io_percent", row.pressure_io);
}

/// Why cells show a question mark: each reason once, with how many containers it holds for.
std::vector<std::string> unknowns(const TopTable& table) {
    std::map<std::string, std::pair<std::string, std::size_t>> reasons;  // reason: first figure, containers
    const auto collect = [&](const TopRow& row) {
        std::map<std::string, std::string> own;
        each_figure(row, [&](const char* key, const Figure& figure) {
            if (!figure.reason.empty() && !figure.value) own.emplace(figure.reason, key);
        });
        for (const auto& [reason, key] : own) {
            auto& [first, count] = reasons[reason];
            if (count++ == 0) first = key;
        }
    };
    for (const TopRow& row : table.rows) collect(row);
    if (table.host) collect(*table.host);
    std::vector<std::string> out;
    for (const auto& [reason, where] : reasons)
        out.push_back(fmt::format("? {} of {}: {}", where.first, where.second, printable(reason)));
    return out;
}

Json json_row(const TopRow& row) {
    Json out{{"id", row.id}, {"name", row.name}};
    if (!row.image.empty()) out["image"] = row.image;
    out["since"] = to_rfc3339(row.first);
    out["until"] = to_rfc3339(row.last);
    out["samples"] = row.samples;
    Json unknown = Json::object();
    each_figure(row, [&](std::string_view key, const Figure& figure) {
        const bool fraction = key.ends_with("_percent") || key.ends_with("_percent_most");
        if (figure.value && fraction)
            out[key] = *figure.value;
        else if (figure.value)
            out[key] = std::llround(*figure.value);
        else if (!figure.reason.empty())
            unknown[key] = figure.reason;
    });
    if (!unknown.empty()) out["unknown"] = unknown;
    return out;
}

}  // namespace

std::string top_text(const TopTable& table, const Options& options) {
    std::vector<Cells> lines{headings(table.live)};
    if (table.host) lines.push_back(cells(*table.host, table.live));
    for (const TopRow& row : table.rows) lines.push_back(cells(row, table.live));
    std::vector<std::size_t> widths(lines.front().size(), 0);
    for (const Cells& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
    }
    std::string out;
    for (std::size_t n = 0; n < lines.size(); ++n) {
        std::string text;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string gap(widths[i] - display_width(lines[n][i]), ' ');
            text += i == 0 ? lines[n][i] + gap : "  " + gap + lines[n][i];
        }
        out += options.colour && n == 0 ? "\x1b[1m" + text + "\x1b[0m\n" : text + "\n";
    }
    if (table.rows.empty()) out += "No container.\n";
    std::vector<std::string> notes = unknowns(table);
    for (const std::string& note : table.notes) notes.push_back(printable(note));
    if (notes.size() > kMostNotes) {
        const std::size_t more = notes.size() - kMostNotes;
        notes.resize(kMostNotes);
        notes.push_back(fmt::format("and {} more reasons; --json has all", more));
    }
    for (const std::string& note : notes) out += note + "\n";
    return out;
}

std::string top_json(const TopTable& table) {
    Json out{{"live", table.live}, {"since", to_rfc3339(table.since)}, {"until", to_rfc3339(table.until)}};
    if (table.host) out["host"] = json_row(*table.host);
    out["containers"] = Json::array();
    for (const TopRow& row : table.rows) out["containers"].push_back(json_row(row));
    out["notes"] = table.notes;
    return out.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace plimsoll::report
