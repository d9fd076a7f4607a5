#include "audit/text/json_tree.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/fields.h"
#include "audit/text/json_text.h"

namespace plimsoll::audit {

Buffer& JsonTree::member(std::string_view path) {
    std::size_t depth = 0;
    std::string_view rest = path;
    // The objects that path and the open ones share stay open
    for (; depth < open_.size(); ++depth) {
        const std::size_t dot = rest.find('.');
        if (dot == std::string_view::npos || rest.substr(0, dot) != open_[depth]) break;
        rest.remove_prefix(dot + 1);
    }
    for (; open_.size() > depth; open_.pop_back()) {
        out_.put('}');
        empty_ = false;
    }
    for (;;) {
        if (!empty_) out_.put(',');
        const std::size_t dot = rest.find('.');
        put_json(out_, rest.substr(0, dot));
        out_.put(':');
        empty_ = false;
        if (dot == std::string_view::npos) return out_;
        out_.put('{');
        empty_ = true;
        open_.push_back(rest.substr(0, dot));
        rest.remove_prefix(dot + 1);
    }
}

void JsonTree::end() {
    for (; !open_.empty(); open_.pop_back()) out_.put('}');
    out_.put('}');
}

void put_value(Buffer& out, const model::Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        put_json(out, *text);
    } else if (const auto* number = std::get_if<std::uint64_t>(&value)) {
        out.put_number(*number);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        out.put_signed(*integer);
    } else if (const auto* truth = std::get_if<bool>(&value)) {
        out.put(*truth ? "true" : "false");
    } else if (const auto* real = std::get_if<double>(&value); real != nullptr && std::isfinite(*real)) {
        out.put(model::to_text(value));
    } else {
        put_json(out, model::to_text(value));
    }
}

void read_fields(const LogEvent& event, const host::Accounts* names, model::Event& out) {
    constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    LogEvent dated = event;
    dated.id.milliseconds = std::min(event.id.milliseconds, kLast);
    out.clear();
    to_event(dated, names, out);
}

void put_rows(JsonTree& tree, const model::Event& event, std::span<const JsonRow> rows) {
    for (const JsonRow& row : rows) {
        const model::Reading reading = event.read(row.field.id(), {});
        if (reading.state != model::Reading::State::present || reading.values.empty()) continue;
        const model::Value& first = reading.values.front();
        if (row.unsigned_only) {
            const auto* integer = std::get_if<std::int64_t>(&first);
            if (integer != nullptr && *integer < 0) continue;
        }
        Buffer& out = tree.member(row.path);
        switch (row.as) {
            case JsonAs::value: put_value(out, first); break;
            case JsonAs::text: put_json(out, model::to_text(first)); break;
            case JsonAs::name: {
                const std::string text = model::to_text(first);
                const auto last = std::string_view(text).substr(text.rfind('/') + 1);
                put_json(out, last.empty() ? std::string_view(text) : last);  // "/" is its own
                break;
            }
            case JsonAs::list:
                out.put('[');
                for (std::size_t i = 0; i < reading.values.size(); ++i) {
                    if (i > 0) out.put(',');
                    put_value(out, reading.values[i]);
                }
                out.put(']');
        }
    }
}

}  // namespace plimsoll::audit
