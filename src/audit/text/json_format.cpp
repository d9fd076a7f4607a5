#include "audit/text/clock.h"
#include "audit/text/json_formats.h"
#include "audit/text/json_text.h"
#include "audit/text/json_tree.h"

namespace plimsoll::audit {

namespace {

class JsonFormat final : public OutputFormat {
public:
    explicit JsonFormat(const FormatOptions& options) : options_(options) {}

    void write(const LogEvent& event, std::string& out) override {
        read_fields(event, options_.accounts, fields_);
        buffer_.clear();
        buffer_.put("{\"time\":\"");
        Clock::put_utc(buffer_, event.id.milliseconds);
        buffer_.put('"');
        const auto slots = fields_.slots();
        for (std::size_t i = 0; i < slots.size();) i = put_field(slots, i);
        if (options_.records) put_records(event);
        buffer_.put("}\n");
        out += buffer_.text();
    }

private:
    /// One field with all its keys, which stand side by side; returns where the next one begins.
    std::size_t put_field(std::span<const model::Event::Slot> slots, std::size_t i) {
        const model::FieldId field = slots[i].field;
        const std::string_view name = model::field(field).name;
        if (slots[i].key.empty()) {
            if (slots[i].state == model::Reading::State::present) {
                buffer_.put(',');
                put_json(buffer_, name);
                buffer_.put(':');
                put_values(slots[i]);
            }
            ++i;
        }
        bool open = false;
        for (; i < slots.size() && slots[i].field == field; ++i) {
            if (slots[i].state != model::Reading::State::present) continue;
            if (!open) {
                buffer_.put(',');
                put_json(buffer_, name);
                buffer_.put(":{");
            } else {
                buffer_.put(',');
            }
            open = true;
            put_json(buffer_, slots[i].key);
            buffer_.put(':');
            put_values(slots[i]);
        }
        if (open) buffer_.put('}');
        return i;
    }

    void put_values(const model::Event::Slot& slot) {
        const auto values = fields_.values(slot);
        if (values.size() == 1 && !model::field(slot.field).list) {
            put_value(buffer_, values[0]);
            return;
        }
        buffer_.put('[');
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) buffer_.put(',');
            put_value(buffer_, values[i]);
        }
        buffer_.put(']');
    }

    void put_records(const LogEvent& event) {
        buffer_.put(",\"records\":[");
        for (std::size_t i = 0; i < event.records.size(); ++i) {
            if (i > 0) buffer_.put(',');
            put_json(buffer_, event.records[i].line);
        }
        buffer_.put(']');
    }

    FormatOptions options_;
    model::Event fields_;
    Buffer buffer_;
};

}  // namespace

std::unique_ptr<OutputFormat> make_json_format(const FormatOptions& options) {
    return std::make_unique<JsonFormat>(options);
}

}  // namespace plimsoll::audit
