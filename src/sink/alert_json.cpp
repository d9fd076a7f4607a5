#include "sink/alert_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "sink/alert_event.h"
#include "sink/json_text.h"

namespace plimsoll::sink {

namespace {

using Object = nlohmann::ordered_json;

constexpr std::size_t kUsualLine = 4096;
constexpr std::size_t kMostColumns = 3000;  ///< of a text in a chat message

using Slots = std::span<const model::Event::Slot>;

void append_slot(std::string& out, const model::Event& event, const model::Event::Slot& slot) {
    if (slot.state == model::Reading::State::unknown) {
        out += R"({"unknown":)";
        append_json_text(out, slot.reason);
        out += '}';
        return;
    }
    const auto values = event.values(slot);
    if (!model::field(slot.field).list && values.size() == 1) return append_json_value(out, values.front());
    char before = '[';
    if (values.empty()) out += before;
    for (const model::Value& value : values) {
        out += std::exchange(before, ',');
        append_json_value(out, value);
    }
    out += ']';
}

/// A field with keys: an object. Keys that are the same once they are valid text show the last value.
void append_keys(std::string& out, const model::Event& event, Slots slots) {
    std::vector<std::pair<std::string, std::string>> members;
    const auto put = [&](std::string_view key, std::string value) {
        std::string name;
        append_json_text(name, key);
        const auto known = std::ranges::find(members, name, &std::pair<std::string, std::string>::first);
        if (known != members.end())
            known->second = std::move(value);
        else
            members.emplace_back(std::move(name), std::move(value));
    };
    for (const model::Event::Slot& slot : slots) {
        std::string value;
        if (!slot.key.empty()) {
            append_slot(value, event, slot);
            put(slot.key, std::move(value));
        } else if (slot.state == model::Reading::State::unknown) {  // of the field as a whole
            append_json_text(value, slot.reason);
            put("unknown", std::move(value));
        }
    }
    char before = '{';
    for (const auto& [name, value] : members) {
        out += std::exchange(before, ',');
        out.append(name).append(1, ':').append(value);
    }
    out += '}';
}

void append_field(std::string& out, const model::Event& event, Slots slots) {
    if (slots.size() == 1 && slots.front().key.empty())
        append_slot(out, event, slots.front());
    else
        append_keys(out, event, slots);
}

/// Calls `visit` with each field and its slots.
template <typename Visit>
void for_each_field(const model::Event& event, Visit visit) {
    const Slots slots = event.slots();
    for (std::size_t i = 0; i < slots.size();) {
        std::size_t end = i + 1;
        while (end < slots.size() && slots[end].field == slots[i].field) ++end;
        visit(slots[i].field, slots.subspan(i, end - i));
        i = end;
    }
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
    std::vector<std::pair<std::string, std::string>> out = {{"Host", std::string(delivery.host)},
                                                            {"Time", time_text(alert.time())}};
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

void append_named(std::string& out, const model::Event& event, model::FieldId field, Slots slots) {
    out.append(1, '"').append(model::field(field).name).append("\":");
    append_field(out, event, slots);
}

/// `append_one` appends one field with its name.
template <typename AppendOne>
void append_alert(std::string& out, const Delivery& delivery, AppendOne append_one) {
    static constexpr model::FieldId kTags = model::FieldKey("alert.tags").id();
    const model::Event& alert = delivery.alert;
    const auto text = [&](std::string_view name, std::string_view value) {
        out += name;
        append_json_text(out, value);
    };
    const auto number = [&](std::string_view name, std::uint64_t value) {
        out += name;
        append_json_value(out, value);
    };
    text(R"({"type":"alert","version":1,"id":)", alert_id(delivery));
    number(R"(,"number":)", delivery.number);
    text(R"(,"time":)", time_text(alert.time()));
    text(R"(,"host":)", delivery.host);
    text(R"(,"rule":)", alert.text("alert.rule"));
    text(R"(,"priority":)", alert.text("alert.priority"));
    text(R"(,"output":)", alert.text("alert.output"));
    out += R"(,"tags":)";
    bool tagged = false;
    for_each_field(alert, [&](model::FieldId field, Slots slots) {
        if (field != kTags) return;
        append_field(out, alert, slots);
        tagged = true;
    });
    if (!tagged) out += "[]";
    number(R"(,"record":)", cause_of(delivery));
    number(R"(,"folded":)", alert.number("alert.folded"));
    out += R"(,"fields":{)";
    bool first = true;
    for_each_field(alert, [&](model::FieldId field, Slots slots) {
        if (!std::exchange(first, false)) out += ',';
        append_one(field, slots);
    });
    out += "}}";
}

}  // namespace

void AlertJson::append(std::string& out, const Delivery& delivery) {
    append_alert(out, delivery, [&](model::FieldId field, Slots slots) {
        const model::Event::Slot& slot = slots.front();
        if (const std::string* const known = slots.size() == 1 ? kept_.find(slot) : nullptr) {
            out += *known;
            return;
        }
        const std::size_t begin = out.size();
        append_named(out, delivery.alert, field, slots);
        if (slots.size() > 1 || out.size() - begin > kMostKept) return;
        if (std::string* const place = kept_.place(slot)) place->assign(out, begin);
    });
}

std::string alert_id(const Delivery& delivery) {
    if (delivery.number != kNotRecorded) return fmt::format("{}-{}", delivery.number, delivery.alert.time());
    return fmt::format("0-{}-{}", delivery.alert.time(), delivery.alert.text("alert.key"));
}

std::string alert_json(const Delivery& delivery) {
    std::string out;
    out.reserve(kUsualLine);
    append_alert(out, delivery,
                 [&](model::FieldId field, Slots slots) { append_named(out, delivery.alert, field, slots); });
    return out;
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
