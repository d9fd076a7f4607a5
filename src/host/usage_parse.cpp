#include "host/usage_parse.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

/// Takes the next word of a line; empty at its end.
std::string_view word(std::string_view& line) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return line = {};
    const auto end = std::min(line.find_first_of(" \t", begin), line.size());
    const std::string_view out = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return out;
}

/// Takes the next line.
std::string_view line_of(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view out = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return out;
}

std::optional<std::uint64_t> next_number(std::string_view& line) { return number<std::uint64_t>(word(line)); }

}  // namespace

std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        std::string_view line = line_of(text);
        if (!line.starts_with(key)) continue;
        line.remove_prefix(key.size());
        if (line.starts_with(' ')) return next_number(line);
    }
    return std::nullopt;
}

std::optional<double> pressure_some(std::string_view text) {
    constexpr std::string_view kBegin = "some avg10=";
    if (!text.starts_with(kBegin)) return std::nullopt;
    text.remove_prefix(kBegin.size());
    double share = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share, std::chars_format::fixed);
    return error == std::errc{} && share >= 0 && share <= 100 ? std::optional(share) : std::nullopt;
}

std::optional<TwoWay> parse_io_stat(std::string_view text) {
    TwoWay sum;
    while (!text.empty()) {
        std::string_view line = line_of(text);
        word(line);  // the device
        for (std::string_view part = word(line); !part.empty(); part = word(line)) {
            const bool reads = part.starts_with("rbytes=");
            if (!reads && !part.starts_with("wbytes=")) continue;
            const auto bytes = number<std::uint64_t>(part.substr(part.find('=') + 1));
            if (!bytes) return std::nullopt;
            (reads ? sum.in : sum.out) += *bytes;
        }
    }
    return sum;
}

std::optional<TwoWay> parse_blkio_bytes(std::string_view text) {
    TwoWay sum;
    while (!text.empty()) {
        std::string_view line = line_of(text);
        if (word(line) == "Total") continue;
        const std::string_view kind = word(line);
        if (kind != "Read" && kind != "Write") continue;
        const auto bytes = next_number(line);
        if (!bytes) return std::nullopt;
        (kind == "Read" ? sum.in : sum.out) += *bytes;
    }
    return sum;
}

bool each_network_device(std::string_view text, const std::function<void(std::string_view, TwoWay)>& visit) {
    line_of(text);  // two lines of headings
    line_of(text);
    while (!text.empty()) {
        std::string_view line = line_of(text);
        const auto colon = line.rfind(':');  // names hold no colon but those of old aliases
        if (colon == std::string_view::npos) return false;
        const std::string_view name = trim(line.substr(0, colon));
        line.remove_prefix(colon + 1);
        const auto received = next_number(line);
        for (int skipped = 0; skipped < 7; ++skipped) word(line);
        const auto sent = next_number(line);
        if (!received || !sent) return false;
        visit(name, {*received, *sent});
    }
    return true;
}

bool each_disk(std::string_view text, const std::function<void(std::string_view, TwoWay)>& visit) {
    constexpr std::uint64_t kSector = 512;  // whatever the disk's own is, Documentation/admin-guide/iostats.rst
    while (!text.empty()) {
        std::string_view line = line_of(text);
        word(line);  // major and minor
        word(line);
        const std::string_view name = word(line);
        std::array<std::optional<std::uint64_t>, 7> figures;
        for (auto& figure : figures) figure = next_number(line);
        if (!figures[2] || !figures[6]) return false;
        visit(name, {*figures[2] * kSector, *figures[6] * kSector});
    }
    return true;
}

std::optional<std::uint64_t> busy_ticks(std::string_view stat) {
    std::string_view line = line_of(stat);
    if (word(line) != "cpu") return std::nullopt;
    std::array<std::optional<std::uint64_t>, 7> ticks;  // user nice system idle iowait irq softirq
    for (auto& each : ticks) {
        each = next_number(line);
        if (!each) return std::nullopt;
    }
    return *ticks[0] + *ticks[1] + *ticks[2] + *ticks[5] + *ticks[6];
}

}  // namespace plimsoll::host
