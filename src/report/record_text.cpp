#include "report/record_text.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/timeline_sentence.h"

namespace plimsoll::report {

namespace {

using model::Event;
using model::Reading;
using model::Value;

constexpr std::size_t kLongestSentence = 600;

/// What a process did, in the words of the sensor's fields.
std::string activity(const Event& event) {
    std::string out(event.text("evt.type"));
    const auto add = [&](std::string_view text, std::string_view before = " ") {
        if (!text.empty()) out.append(before).append(text);
    };
    const auto process = event.text("proc.exepath").empty() ? event.text("proc.name") : event.text("proc.exepath");
    if (!event.text("proc.cmdline").empty()) {
        add(event.text("proc.cmdline"));
    } else {
        add(process);
        add(event.text("proc.args"));
    }
    add(event.text("fd.name"), ": ");
    if (const auto address = field_text(event, model::FieldKey("fd.sip").id()); !address.empty()) {
        add(address, " to ");
        add(field_text(event, model::FieldKey("fd.sport").id()), ":");
    }
    if (const auto user = event.text("user.name"); !user.empty()) add(user, " by ");
    if (const auto result = event.integer("evt.rawres"); result < 0) add(std::to_string(result), " = ");
    return out;
}

void append_value(std::string& out, const Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        append_json(out, *text);
    } else if (const auto* real = std::get_if<double>(&value); real != nullptr && !std::isfinite(*real)) {
        append_json(out, model::to_text(value));
    } else if (std::holds_alternative<model::Ip>(value) || std::holds_alternative<model::Net>(value)) {
        append_json(out, model::to_text(value));
    } else {
        out += model::to_text(value);
    }
}

void append_values(std::string& out, const Event& event, const Event::Slot& slot) {
    const auto values = event.values(slot);
    if (values.size() == 1 && !model::field(slot.field).list) return append_value(out, values[0]);
    out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ',';
        append_value(out, values[i]);
    }
    out += ']';
}

std::string slot_text(const Event& event, const Event::Slot& slot) {
    if (slot.state == Reading::State::unknown) return fmt::format("(unknown: {})", slot.reason);
    std::string out;
    for (const Value& value : event.values(slot)) out += (out.empty() ? "" : ",") + model::to_text(value);
    return out;
}

}  // namespace

std::string one_line(const Event& event) {
    std::string text(event.text("record.summary"));
    if (text.empty() && event.has("record.malformed"))
        text = fmt::format("unreadable ({}): {}", event.text("record.malformed"), event.text("record.raw"));
    const bool of_engine = event.has("docker.action") || event.has("record.kind");
    if (text.empty() && !of_engine && event.has("evt.type")) text = activity(event);
    if (text.empty()) text = sentence(event);
    if (text.empty()) return shortened(field_line(event), kLongestSentence);
    return shortened(printable(text), kLongestSentence);
}

std::string kind_text(const Event& event) {
    std::string out(event.text("record.kind"));
    const auto add = [&](std::string_view text, char before) {
        if (text.empty()) return;
        if (!out.empty()) out += before;
        out += text;
    };
    add(event.text("docker.type"), '/');
    const auto action = event.text("docker.action");
    add(action.empty() ? event.text("evt.type") : action, ' ');
    add(event.text("alert.priority"), ' ');
    return out.empty() ? "record" : printable(out);
}

std::string subject_text(const Event& event) {
    for (const model::FieldKey field : {model::FieldKey("container.name"), model::FieldKey("container.id"),
                                        model::FieldKey("docker.name"), model::FieldKey("docker.id")}) {
        if (const auto text = event.text(field); !text.empty()) return printable(text);
    }
    return "-";
}

std::string field_text(const Event& event, model::FieldId field, std::string_view key) {
    std::string out;
    bool found = false;
    for (const auto& slot : event.slots()) {
        if (slot.field != field || (!key.empty() && slot.key != key)) continue;
        if (found) out += ',';
        found = true;
        if (key.empty() && !slot.key.empty()) out.append(slot.key).append("=");
        out += slot_text(event, slot);
    }
    if (found) return out;
    const auto reading = event.read(field, key);  // what follows from the record's time
    return reading.values.empty() ? std::string() : model::to_text(reading.values.front());
}

std::string field_line(const Event& event) {
    std::string out;
    for (const auto& slot : event.slots()) {
        if (!out.empty()) out += ' ';
        out += model::field(slot.field).name;
        if (!slot.key.empty()) out.append("[").append(printable(slot.key)).append("]");
        out += '=';
        const auto text = printable(slot_text(event, slot));
        if (text.find_first_of(" \"=") == std::string::npos && !text.empty()) {
            out += text;
            continue;
        }
        out += '"';
        for (const char c : text) out += c == '"' ? std::string("\\\"") : std::string(1, c);
        out += '"';
    }
    return out;
}

void append_json(std::string& out, std::string_view bytes) {
    bool plain = true;
    for (const char c : bytes) plain = plain && c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    if (plain) {
        out.append("\"").append(bytes).append("\"");
        return;
    }
    const bool valid = valid_utf8(bytes) == bytes;
    out += nlohmann::json(valid ? std::string(bytes) : printable(bytes)).dump(-1, ' ', true);
}

std::string json_line(const Event& event) {
    const Nanoseconds part = ((event.time() % kSecond) + kSecond) % kSecond;
    std::string time = to_rfc3339(event.time());
    time.insert(time.size() - 1, fmt::format(".{:09}", part));
    std::string out = "{\"time\":";
    append_json(out, time);
    std::string unknown;
    const auto slots = event.slots();
    for (std::size_t i = 0; i < slots.size();) {  // slots of one field stand side by side, the one without a key first
        const model::FieldId field = slots[i].field;
        std::string members;
        for (; i < slots.size() && slots[i].field == field; ++i) {
            const auto& slot = slots[i];
            std::string name(model::field(field).name);
            if (slot.state == Reading::State::unknown) {
                if (!slot.key.empty()) name.append("[").append(slot.key).append("]");
                if (!unknown.empty()) unknown += ',';
                append_json(unknown, name);
                unknown += ':';
                append_json(unknown, slot.reason);
                continue;
            }
            std::string& target = slot.key.empty() ? out : members;
            if (slot.key.empty() || !members.empty()) target += ',';
            append_json(target, slot.key.empty() ? std::string_view(name) : slot.key);
            target += ':';
            append_values(target, event, slot);
        }
        if (members.empty()) continue;
        out += ',';
        // A field that has a value of its own as well: two members of one name would hide one of them.
        const bool both = event.read(field, {}).state == Reading::State::present;
        append_json(out, std::string(model::field(field).name) + (both ? "[]" : ""));
        out.append(":{").append(members).append("}");
    }
    if (!unknown.empty()) out += ",\"unknown\":{" + unknown + "}";
    return out + "}";
}

}  // namespace plimsoll::report
