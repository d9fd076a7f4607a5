#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "report/timeline.h"
#include "report/timeline_page.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& value, int indent) {
    return page::json_for_html(value.dump(indent, ' ', true, Json::error_handler_t::replace)) + "\n";
}

template <typename T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json time_json(Nanoseconds time) { return words::iso(time); }

Json moment_json(const Moment& moment) {
    return {{"time", time_json(moment.time)},
            {"until", moment.until ? time_json(*moment.until) : Json(nullptr)},
            {"kind", moment.telling.kind},
            {"tone", to_text(moment.telling.tone)},
            {"text", moment.telling.text},
            {"details", moment.telling.details},
            {"count", moment.count},
            {"exit_code", or_null(moment.outcome)},
            {"acknowledged", or_null(moment.acknowledged)},
            {"found_afterwards", moment.afterwards},
            {"records", moment.records}};
}

Json life_json(const Life& life) {
    Json moments = Json::array();
    for (const Moment& moment : life.moments) moments.push_back(moment_json(moment));
    return {{"id", life.id},
            {"name", life.name},
            {"image", life.image},
            {"compose_project", life.project},
            {"compose_service", life.service},
            {"state_before", life.before.empty() ? Json(nullptr) : Json(life.before)},
            {"entries", std::move(moments)},
            {"left_out", life.left_out}};
}

/// Timesketch shows the description beside the time; these are its own words where it has one.
std::string_view time_description(const Moment& moment) {
    if (moment.telling.kind == "created") return "Creation Time";
    if (moment.until || moment.telling.kind == "started") return "Start Time";
    if (moment.telling.kind == "died") return "Exit Time";
    return moment.telling.kind == "removed" ? "Deletion Time" : "Event Logged";
}

}  // namespace

std::string timeline_json(const Timeline& timeline) {
    Json lives = Json::array();
    for (const Life& life : timeline.lives) lives.push_back(life_json(life));
    const Json document = {{"schema_version", "1.0"},
                           {"plimsoll_version", timeline.version},
                           {"host", timeline.host},
                           {"container", timeline.asked},
                           {"since", time_json(timeline.since)},
                           {"until", time_json(timeline.until)},
                           {"around", timeline.around ? time_json(*timeline.around) : Json(nullptr)},
                           {"time_zone", words::zone(timeline.since)},
                           {"lives", std::move(lives)},
                           {"problems", timeline.problems}};
    return dumped(document, 2);
}

std::string timeline_timesketch(const Timeline& timeline) {
    std::string out;
    std::set<std::uint64_t> gaps;  // a gap stands in every life that it touches, and here once
    for (const Life& life : timeline.lives) {
        for (const Moment& moment : life.moments) {
            const bool gap = moment.telling.tone == Tone::gap && !moment.records.empty();
            if (gap && !gaps.insert(moment.records[0]).second) continue;
            auto message = fmt::format("{}: {}", life.name.empty() ? life.id : life.name, moment.telling.text);
            for (const auto& detail : moment.telling.details) message += "; " + detail;
            Json tags = Json::array({"plimsoll", moment.telling.kind});
            if (moment.telling.tone == Tone::severe || moment.telling.tone == Tone::warning)
                tags.push_back(to_text(moment.telling.tone));
            if (moment.afterwards) tags.push_back("found-afterwards");
            if (moment.acknowledged == true) tags.push_back("acknowledged");
            Json line = {{"message", message},
                         {"datetime", words::iso(moment.time)},
                         {"timestamp", moment.time / 1000},
                         {"timestamp_desc", time_description(moment)},
                         {"data_type", fmt::format("plimsoll:container:{}", moment.telling.kind)},
                         {"tag", std::move(tags)},
                         {"hostname", timeline.host},
                         {"container_id", life.id},
                         {"container_name", life.name},
                         {"container_image", life.image},
                         {"compose_project", life.project},
                         {"compose_service", life.service},
                         {"records", moment.records}};
            if (moment.until) line["end_datetime"] = words::iso(*moment.until);
            if (moment.outcome) line["exit_code"] = *moment.outcome;
            out += dumped(line, -1);
        }
    }
    return out;
}

}  // namespace plimsoll::report
