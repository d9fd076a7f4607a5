#include "source/engine/engine_event.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace plimsoll::source {

namespace {

/// Podman's word for what Docker calls otherwise.
struct Word {
    std::string_view type;
    std::string_view theirs;
    std::string_view docker;
};

constexpr std::array kWords = {
    Word{"container", "died", "die"},           Word{"container", "exec", "exec_start"},
    Word{"container", "exec_died", "exec_die"}, Word{"container", "remove", "destroy"},
    Word{"image", "remove", "delete"},          Word{"volume", "remove", "destroy"},
    Word{"network", "remove", "destroy"},       Word{"image", "loadfromarchive", "load"},
};

/// What only Podman's events have beside Docker's: attributes that tell it apart.
void in_dockers_words(EngineEvent& event) {
    for (const Word& word : kWords) {
        if (event.type != word.type || event.action != word.theirs) continue;
        event.as_sent = std::exchange(event.action, word.docker);
        return;
    }
}

std::uint64_t mix(std::uint64_t hash, std::string_view text) {  // FNV-1a, a byte between the parts
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return (hash ^ 0xffU) * 0x100000001b3ULL;
}

}  // namespace

std::string_view EngineEvent::attribute(std::string_view name) const {
    const auto found = std::ranges::find(attributes, name, &std::pair<std::string, std::string>::first);
    return found == attributes.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view EngineEvent::container() const { return type == "container" ? id : attribute("container"); }

Result<EngineEvent> parse_engine_event(std::string_view line) {
    TRY(const JsonDocument document, JsonDocument::parse(line));
    const Json root = document.root();
    if (!root.is_object()) return Error{"an event must be a JSON object"};
    EngineEvent event;
    event.type = root["Type"].text_or("");
    event.action = root["Action"].text_or(root["status"].text_or(""));
    if (event.type.empty() && root["status"].text() && root["id"].text()) event.type = "container";  // before API 1.22
    if (event.type.empty() || event.action.empty()) return Error{"an event must name its type and action"};
    const auto nano = root["timeNano"].integer();
    const auto seconds = root["time"].integer();
    if (!nano && !seconds) return Error{"an event must have a time"};
    constexpr std::int64_t kMostSeconds = INT64_MAX / kSecond;
    event.time = nano.value_or(std::clamp<std::int64_t>(seconds.value_or(0), 0, kMostSeconds) * kSecond);
    if (event.time < 0) return Error{"an event's time must not be negative"};
    if (const auto colon = event.action.find(": "); colon != std::string::npos) {
        event.detail = event.action.substr(colon + 2);
        event.action.resize(colon);
    }
    event.id = root.at("Actor.ID").text_or(root["id"].text_or(""));
    event.scope = root["scope"].text_or("");
    root.at("Actor.Attributes").each_member([&event](std::string_view name, Json value) {
        if (event.attributes.size() == kMostAttributes)
            ++event.attributes_left_out;
        else
            event.attributes.emplace_back(name, value.text() ? std::string(*value.text()) : value.dump());
    });
    in_dockers_words(event);
    return event;
}

std::uint64_t fingerprint(Nanoseconds time, std::string_view type, std::string_view action, std::string_view id,
                          std::string_view container) {
    std::uint64_t hash = mix(0xcbf29ce484222325ULL, std::to_string(time));
    for (const std::string_view part : {type, action, id, container}) hash = mix(hash, part);
    return hash;
}

std::uint64_t fingerprint(const EngineEvent& event) {
    return fingerprint(event.time, event.type, event.action, event.id, event.container());
}

}  // namespace plimsoll::source
