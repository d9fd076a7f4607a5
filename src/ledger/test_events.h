#pragma once

#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/row.h"
#include "model/event.h"

namespace plimsoll::ledger {

/// For tests: the row of an event, numbering fields as needed.
inline std::string encoded(const model::Event& event, FieldNumbers& fields) {
    for (const auto& slot : event.slots()) {
        if (fields.number(slot.field)) continue;
        const model::Field& field = model::field(slot.field);
        check(fields.add(fields.next(), field.name, model::type_name(field)).has_value());
    }
    std::string row;
    check(encode_row(event, fields, row).has_value());
    return row;
}

/// For tests: everything that an event holds, the kinds of its values too.
inline std::string described(const model::Event& event) {
    std::string out = std::to_string(event.time());
    for (const auto& slot : event.slots()) {
        out += "\n" + std::string(model::field(slot.field).name) + "[" + std::string(slot.key) + "]";
        if (slot.state == model::Reading::State::unknown) out += " unknown: " + std::string(slot.reason);
        for (const auto& value : event.values(slot)) {
            out += " " + std::to_string(value.index()) + ":" + model::to_text(value);
        }
    }
    return out;
}

/// For tests: events of any shape, the same for the same seed. `narrow` makes values repeat, as those of a host do.
class RandomEvents {
public:
    explicit RandomEvents(unsigned seed, bool narrow = false) : random_(seed), narrow_(narrow) {}

    model::Event next() {
        time_ += static_cast<Nanoseconds>(below(1'000'000'000)) - (below(50) == 0 ? 2'000'000'000 : 0);
        model::Event event(time_);
        for (std::uint64_t n = below(12); n > 0; --n) {
            const auto id = static_cast<model::FieldId>(narrow_ ? below(25) * 7 : below(model::kFields.size()));
            if (model::field(id).name == "record.number" || model::field(id).name == "ledger.field.number") continue;
            const model::Field& field = model::field(id);
            const bool keyed = field.arg != model::Arg::none && below(2) == 0;
            std::string key;
            if (keyed) key = "key" + std::to_string(below(4));
            if (below(20) == 0) {
                event.put_unknown(id, key, text());
                continue;
            }
            texts_.clear();
            texts_.reserve(8);
            std::vector<model::Value> values;
            const std::uint64_t count = field.list ? below(4) : 1;
            for (std::uint64_t i = 0; i < count; ++i) values.push_back(value(field.type));
            event.put_list(id, key, values);
        }
        return event;
    }

private:
    std::uint64_t below(std::uint64_t count) { return random_() % count; }

    std::string text() {
        if (narrow_ && below(4) != 0) return "value " + std::to_string(below(30));
        std::string text;
        switch (below(4)) {
            case 0:
                for (std::uint64_t n = 2 * below(40); n > 0; --n) text += "0123456789abcdef"[below(16)];
                break;
            case 1:
                for (std::uint64_t n = below(60); n > 0; --n) text += static_cast<char>(below(256));
                break;
            default: text = "/usr/lib/" + std::to_string(below(1000));
        }
        return text;
    }

    model::Value value(model::Type type) {
        using enum model::Type;
        switch (type) {
            case uint64:
            case duration:
            case time: return narrow_ ? below(5) : std::uint64_t{random_()} >> below(64);
            case int64: return narrow_ ? std::int64_t{-3} : static_cast<std::int64_t>(random_()) >> below(64);
            case f64: return static_cast<double>(below(1000)) / 8;
            case boolean: return below(2) == 0;
            case ip: return address();
            case net: return model::Net{.address = address(), .bits = static_cast<std::uint8_t>(below(33))};
            default: return std::string_view(texts_.emplace_back(text()));
        }
    }

    model::Ip address() {
        model::Ip ip{.v6 = below(2) == 0};
        for (std::size_t i = 0; i < (ip.v6 ? 16U : 4U); ++i)
            ip.bytes[i] = static_cast<std::uint8_t>(below(narrow_ ? 3 : 256));
        return ip;
    }

    std::mt19937_64 random_;
    bool narrow_;
    Nanoseconds time_ = 1'763'000'000'000'000'000;
    std::vector<std::string> texts_;  ///< behind the values of one slot
};

}  // namespace plimsoll::ledger
