#include "report/html_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "report/digest.h"

namespace plimsoll::report {

namespace {

/// One wave after another from edge to edge, then down and back: the water's outline.
std::string water(double level) {
    std::string path = fmt::format("M0 {:.1f}", level);
    for (int wave = 0; wave < 10; ++wave) path += fmt::format(" q6 -4 12 0 t12 0");
    return path + " V180 H0 Z";
}

std::string ladder() {
    std::string out;
    for (int step = 0; step <= 4; ++step) {
        out += fmt::format(R"(<path d="M184 {0} h{1}"/>)", 30 + step * 30, step == 2 ? 34 : 20);
    }
    return out;
}

}  // namespace

std::string load_line_picture(std::optional<int> score) {
    std::string title = "Load line: nothing could be judged.";
    std::string sea;
    if (score) {
        const int points = std::clamp(*score, 0, 100);
        const auto* stands = points < 50   ? "above the mark"
                             : points < 80 ? "close below the mark"
                                           : "well below the mark";
        title = fmt::format("Load line: score {} of 100. The water stands {}.", points, stands);
        sea = fmt::format("<path class=\"water\" d=\"{}\"/>\n", water(150 - 1.2 * (100 - points)));
    }
    return fmt::format(
        R"svg(<svg class="mark" viewBox="0 0 240 180" role="img" aria-labelledby="mark-title">
<title id="mark-title">{}</title>
<clipPath id="hull"><rect width="240" height="180" rx="10"/></clipPath>
<g clip-path="url(#hull)">
<rect class="hull" width="240" height="180"/>
<g class="load" fill="none"><circle cx="96" cy="90" r="46" stroke-width="9"/><path d="M24 90 H168" stroke-width="9"/>
<g stroke-width="4"><path d="M184 28 V152"/>{}</g></g>
{}</g></svg>
)svg",
        title, ladder(), sea);
}

std::string severity_bar(const std::array<std::uint32_t, model::kSeverities>& failed, std::uint32_t longest) {
    constexpr double kWidth = 300;
    const auto total = std::accumulate(failed.begin(), failed.end(), std::uint32_t{0});
    if (total == 0 || longest == 0) return {};
    std::string out =
        fmt::format(R"(<svg class="bar" viewBox="0 0 {} 14" preserveAspectRatio="none" aria-hidden="true">)", kWidth);
    double at = 0;
    for (const auto severity : kWorstFirst) {
        const double width = kWidth * failed[rank(severity)] / longest;
        if (width == 0) continue;
        out += fmt::format(R"(<rect class="s-{}" x="{:.1f}" width="{:.1f}" height="14"/>)", to_text(severity), at,
                           std::max(width - 1, 0.5));
        at += width;
    }
    return out + "</svg>";
}

}  // namespace plimsoll::report
