#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "posture/prune.h"

namespace plimsoll::posture {

namespace {

using json = nlohmann::ordered_json;

json item_json(const PruneItem& item) {
    json out = {{"kind", to_text(item.kind)},
                {"id", valid_utf8(item.id)},
                {"name", valid_utf8(item.name)},
                {"created", valid_utf8(item.created)},
                {"why", valid_utf8(item.why)}};
    if (!item.state.empty()) out["state"] = valid_utf8(item.state);
    if (item.size) out["size_bytes"] = *item.size;
    if (item.since) out["unused_since"] = to_rfc3339(*item.since);
    for (const std::string& reference : item.references) out["references"].push_back(valid_utf8(reference));
    if (item.entries) out["entries"] = *item.entries;
    for (const std::string& name : item.holds) out["holds"].push_back(valid_utf8(name));
    return out;
}

void add_outcome(const PruneOutcome& outcome, json& out) {
    out["outcome"] = to_text(outcome.state);
    if (!outcome.reason.empty()) out["reason"] = valid_utf8(outcome.reason);
}

std::string holds_text(const PruneItem& item) {
    if (!item.entries) return {};
    if (*item.entries == 0) return "; empty";
    std::string names;
    for (const std::string& name : item.holds) names += (names.empty() ? "" : ", ") + printable(name);
    return fmt::format("; holds {} {}: {}{}", *item.entries, *item.entries == 1 ? "entry" : "entries", names,
                       *item.entries > item.holds.size() ? ", …" : "");
}

void add_lines(std::string_view heading, const std::vector<std::string>& lines, std::string& out) {
    if (lines.empty()) return;
    out += fmt::format("\n{}\n", heading);
    for (const std::string& line : lines) out += "  " + printable(line) + "\n";
}

}  // namespace

std::string_view to_text(PruneKind kind) {
    static constexpr std::array<std::string_view, 4> kNames = {"container", "volume", "network", "image"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_text(PruneOutcome::State state) {
    static constexpr std::array<std::string_view, 3> kNames = {"removed", "skipped", "failed"};
    return kNames[static_cast<std::size_t>(state)];
}

std::string size_text(std::int64_t bytes) {
    static constexpr std::array<std::string_view, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

std::string to_text(const PrunePlan& plan, const PruneReport* report) {
    std::string out =
        fmt::format("Unused on {}, for {} days or longer\n", printable(plan.engine), plan.older_than / kDay);
    std::int64_t total = 0;
    std::size_t unmeasured = 0;
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const PruneItem& item = plan.items[i];
        if (item.size)
            total += *item.size;
        else
            ++unmeasured;
        out += fmt::format(
            "  {:<9}  {:>8}  {}  {}  {}; {}{}\n", to_text(item.kind), item.size ? size_text(*item.size) : "?",
            item.since ? to_date(*item.since) : "?         ",
            printable(item.kind == PruneKind::volume ? shortened(item.id, 12)
                                                     : item.id.substr(item.id.starts_with("sha256:") ? 7 : 0, 12)),
            printable(item.name), printable(item.why), holds_text(item));
        if (report != nullptr && i < report->outcomes.size()) {
            const PruneOutcome& outcome = report->outcomes[i];
            out += fmt::format("             {}{}{}\n", to_text(outcome.state), outcome.reason.empty() ? "" : ": ",
                               printable(outcome.reason));
        }
    }
    out += fmt::format("\n{} to remove, {}{}\n", plan.items.size(), size_text(total),
                       unmeasured == 0 ? "" : fmt::format(" and {} of unknown size", unmeasured));
    if (plan.build_cache && *plan.build_cache > 0)
        out += fmt::format(
            "The build cache holds {} that no build uses; it is not part of this plan (docker builder prune).\n",
            size_text(*plan.build_cache));
    add_lines("Unused, and stays", plan.kept, out);
    add_lines("Could not be found out", plan.problems, out);
    if (report != nullptr) out += fmt::format("\nRecorded in {}\n", printable(report->record));
    return out;
}

std::string to_json(const PruneItem& item) {
    return item_json(item).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_json(const PruneItem& item, const PruneOutcome& outcome) {
    json out = {{"kind", to_text(item.kind)}, {"id", valid_utf8(item.id)}};
    add_outcome(outcome, out);
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_json(const PrunePlan& plan, const PruneReport* report) {
    json out = {{"engine", valid_utf8(plan.engine)},
                {"made", to_rfc3339(plan.made)},
                {"older_than_days", plan.older_than / kDay},
                {"only_label", valid_utf8(plan.only_label)},
                {"items", json::array()}};
    std::int64_t total = 0;
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        json item = item_json(plan.items[i]);
        total += plan.items[i].size.value_or(0);
        if (report != nullptr && i < report->outcomes.size()) add_outcome(report->outcomes[i], item);
        out["items"].push_back(std::move(item));
    }
    out["total_bytes"] = total;
    if (plan.build_cache) out["build_cache_bytes"] = *plan.build_cache;
    for (const auto& [key, lines] : {std::pair{"kept", &plan.kept}, {"problems", &plan.problems}}) {
        out[key] = json::array();
        for (const std::string& line : *lines) out[key].push_back(valid_utf8(line));
    }
    if (report != nullptr) out["record"] = valid_utf8(report->record);
    return out.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace plimsoll::posture
