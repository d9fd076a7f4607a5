#include "sink/alert_json.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "sink/alert_event.h"

namespace plimsoll::sink {

namespace {

using Object = nlohmann::ordered_json;

constexpr std::size_t kMostColumns = 3000;  ///< of a text in a chat message

Object value_json(const model::Value& value) {
    return std::visit(
        [&](const auto& held) -> Object {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::string_view>) return valid_utf8(held);
            if constexpr (std::is_arithmetic_v<Held>) return held;
            return model::to_text(value);
        },
        value);
}

Object slot_json(const model::Event& event, const model::Event::Slot& slot) {
    if (slot.state == model::Reading::State::unknown) return {{"unknown", valid_utf8(slot.reason)}};
    const auto values = event.values(slot);
    if (!model::field(slot.field).list && values.size() == 1) return value_json(values.front());
    Object list = Object::array();
    for (const model::Value& value : values) list.push_back(value_json(value));
    return list;
}

Object fields_json(const model::Event& event) {
    Object out = Object::object();
    for (const model::Event::Slot& slot : event.slots()) {
        const std::string name(model::field(slot.field).name);
        Object& place = out[name];
        if (slot.key.empty()) {
            place = slot_json(event, slot);
            continue;
        }
        if (!place.is_object()) place = Object::object();
        place[valid_utf8(slot.key)] = slot_json(event, slot);
    }
    return out;
}

std::string time_text(Nanoseconds time) {
    std::string text = to_rfc3339(time);  // whole seconds
    const Nanoseconds rest = ((time % kSecond) + kSecond) % kSecond;
    return text.insert(text.size() - 1, fmt::format(".{:09}", rest));
}

std::string dump(const Object& object) { return object.dump(-1, ' ', false, Object::error_handler_t::replace); }

/// Names and values beside the output, for chat messages.
std::vector<std::pair<std::string, std::string>> facts(const Delivery& delivery) {
    const model::Event& alert = delivery.alert;
    std::vector<std::pair<std::string, std::string>> out = {{"Host", delivery.host}, {"Time", time_text(alert.time())}};
    const auto add = [&](const char* name, std::string_view value) {
        if (!value.empty()) out.emplace_back(name, shortened(printable(value), 200));
    };
    add("Container", alert.text("container.name"));
    add("Image", alert.text("container.image"));
    add("Record", std::to_string(delivery.number));
    return out;
}

std::string headline(const Delivery& delivery) {
    const model::Event& alert = delivery.alert;
    std::string text = printable(fmt::format("{}: {}", alert.text("alert.priority"), alert.text("alert.rule")));
    if (const auto folded = alert.number("alert.folded"); folded > 0) text += fmt::format(" ({} times)", folded);
    return text;
}

std::string shown_output(const Delivery& delivery) {
    return shortened(printable(delivery.alert.text("alert.output")), kMostColumns);
}

/// Slack reads nothing in a text whose &, < and > are escaped as mention, link or channel.
std::string slack_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

std::string slack_body(const Delivery& delivery) {
    const auto priority = priority_of(delivery.alert);
    Object fields = Object::array();
    for (const auto& [name, value] : facts(delivery))
        fields.push_back({{"title", name}, {"value", slack_text(value)}, {"short", true}});
    const char* color = priority <= rule::Priority::error     ? "danger"
                        : priority <= rule::Priority::warning ? "warning"
                                                              : "good";
    const std::string head = slack_text(headline(delivery));
    const std::string output = slack_text(shown_output(delivery));
    const Object attachment = {{"color", color},
                               {"fallback", head + " – " + output},
                               {"text", output},
                               {"mrkdwn_in", Object::array()},
                               {"fields", fields}};
    return dump({{"text", head}, {"mrkdwn", false}, {"attachments", Object::array({attachment})}});
}

/// Runs of text are shown as they are; other parts of a card read Markdown.
Object teams_text(const std::string& text, const char* weight, const char* color) {
    return {{"type", "RichTextBlock"},
            {"inlines", Object::array({{{"type", "TextRun"}, {"text", text}, {"weight", weight}, {"color", color}}})}};
}

std::string teams_body(const Delivery& delivery) {
    const auto priority = priority_of(delivery.alert);
    const char* color = priority <= rule::Priority::error     ? "Attention"
                        : priority <= rule::Priority::warning ? "Warning"
                                                              : "Default";
    Object body = Object::array(
        {teams_text(headline(delivery), "Bolder", color), teams_text(shown_output(delivery), "Default", "Default")});
    for (const auto& [name, value] : facts(delivery))
        body.push_back(teams_text(name + ": " + value, "Lighter", "Default"));
    const Object card = {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                         {"type", "AdaptiveCard"},
                         {"version", "1.4"},
                         {"body", body}};
    const Object attachment = {{"contentType", "application/vnd.microsoft.card.adaptive"}, {"content", card}};
    return dump({{"type", "message"}, {"attachments", Object::array({attachment})}});
}

}  // namespace

std::string alert_json(const Delivery& delivery) {
    const model::Event& alert = delivery.alert;
    Object fields = fields_json(alert);
    Object tags = fields.contains("alert.tags") ? fields["alert.tags"] : Object::array();
    Object out = {{"type", "alert"},
                  {"version", 1},
                  {"number", delivery.number},
                  {"time", time_text(alert.time())},
                  {"host", valid_utf8(delivery.host)},
                  {"rule", valid_utf8(alert.text("alert.rule"))},
                  {"priority", valid_utf8(alert.text("alert.priority"))},
                  {"output", valid_utf8(alert.text("alert.output"))},
                  {"tags", std::move(tags)},
                  {"record", alert.number("alert.record")},
                  {"folded", alert.number("alert.folded")}};
    out["fields"] = std::move(fields);
    return dump(out);
}

std::string webhook_body(const Delivery& delivery, BodyForm form) {
    switch (form) {
        case BodyForm::slack: return slack_body(delivery);
        case BodyForm::teams: return teams_body(delivery);
        case BodyForm::json: break;
    }
    return alert_json(delivery);
}

std::string alert_line(const Delivery& delivery) {
    return fmt::format("{} {} {} – {}", time_text(delivery.alert.time()), delivery.number, headline(delivery),
                       printable(delivery.alert.text("alert.output")));
}

}  // namespace plimsoll::sink
