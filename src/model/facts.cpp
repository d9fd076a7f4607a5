#include "model/facts.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/result.h"

namespace plimsoll::model {

namespace {

constexpr std::string_view kNobodySet = "no source of this audit supplied it";

}  // namespace

Facts::Facts(SubjectKind kind, std::string_view id, std::string_view name, const Facts* owner,
             std::pmr::memory_resource& memory)
    : kind_(kind), memory_(&memory), owner_(owner), slots_(&memory), values_(&memory) {
    id_ = keep(id);
    name_ = keep(name);
}

std::string_view Facts::keep(std::string_view text) {
    if (text.empty()) return {};
    auto* bytes = static_cast<char*>(memory_->allocate(text.size(), 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
}

Facts::Slot& Facts::slot(FieldId field, std::string_view key) {
    const auto place = std::ranges::lower_bound(slots_, std::tie(field, key), {},
                                                [](const Slot& slot) { return std::tie(slot.field, slot.key); });
    if (place != slots_.end() && place->field == field && place->key == key) return *place;
    return *slots_.insert(place, Slot{.field = field, .key = keep(key)});
}

void Facts::put(FieldId field, std::string_view key, const Value& value, std::string_view origin) {
    Slot& target = slot(field, key);
    target.state = Reading::State::present;
    target.first = static_cast<std::uint32_t>(values_.size());
    target.count = 1;
    target.origin = keep(origin);
    values_.push_back(value);
}

void Facts::set(FieldKey field, std::string_view text, std::string_view origin) {
    put(field.id(), {}, Value(keep(text)), origin);
}

void Facts::set_number(FieldKey key, std::int64_t value, std::string_view origin) {
    switch (field(key.id()).type) {
        case Type::int64: return put(key.id(), {}, Value(value), origin);
        case Type::f64: return put(key.id(), {}, Value(static_cast<double>(value)), origin);
        default: return put(key.id(), {}, Value(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0))), origin);
    }
}

void Facts::set_list(FieldKey field, const std::vector<std::string>& items, std::string_view origin) {
    Slot& target = slot(field.id(), {});
    target.state = Reading::State::present;
    target.first = static_cast<std::uint32_t>(values_.size());
    target.count = static_cast<std::uint32_t>(items.size());
    target.origin = keep(origin);
    for (const std::string& item : items) values_.emplace_back(keep(item));
}

void Facts::set_keyed(FieldKey field, std::string_view key, std::string_view text, std::string_view origin) {
    put(field.id(), key, Value(keep(text)), origin);
}

void Facts::set_keyed(FieldKey field, std::string_view key, bool value, std::string_view origin) {
    put(field.id(), key, Value(value), origin);
}

void Facts::absent(FieldKey field, std::string_view origin) {
    Slot& target = slot(field.id(), {});
    target.state = Reading::State::absent;
    target.origin = keep(origin);
}

void Facts::unknown(FieldKey field, std::string_view reason) {
    Slot& target = slot(field.id(), {});
    target.state = Reading::State::unknown;
    target.origin = keep(reason);
}

const Facts::Slot* Facts::find_here(FieldId field, std::string_view key) const {
    const auto place = std::ranges::lower_bound(slots_, std::tie(field, key), {},
                                                [](const Slot& slot) { return std::tie(slot.field, slot.key); });
    if (place == slots_.end() || place->field != field || place->key != key) return nullptr;
    return &*place;
}

const Facts::Slot* Facts::find(FieldId field, std::string_view key) const {
    for (const Facts* facts = this; facts != nullptr; facts = facts->owner_) {
        if (const Slot* found = facts->find_here(field, key)) return found;
        if (key.empty()) continue;
        if (const Slot* found = facts->find_here(field, {})) return found;
    }
    return nullptr;
}

Reading Facts::read(FieldId field, std::string_view arg) const {
    for (const Facts* facts = this; facts != nullptr; facts = facts->owner_) {
        const Slot* found = facts->find_here(field, arg);
        if (found == nullptr && !arg.empty()) found = facts->find_here(field, {});
        if (found == nullptr) continue;
        switch (found->state) {
            case Reading::State::absent: return Reading::missing();
            case Reading::State::unknown: return Reading::cannot_know(found->origin);
            case Reading::State::present:
                return Reading::of(std::span(facts->values_).subspan(found->first, found->count));
        }
    }
    for (const Facts* facts = this; facts != nullptr; facts = facts->owner_) {
        if (!facts->gap_.empty()) return Reading::cannot_know(facts->gap_);
    }
    return Reading::cannot_know(kNobodySet);
}

std::string_view Facts::origin(FieldId field, std::string_view arg) const {
    const Slot* found = find(field, arg);
    return found == nullptr ? std::string_view() : found->origin;
}

std::string_view Facts::text(FieldKey field) const {
    const Reading reading = read(field.id(), {});
    if (reading.values.empty()) return {};
    const auto* text = std::get_if<std::string_view>(&reading.values.front());
    return text == nullptr ? std::string_view() : *text;
}

bool Facts::is_true(FieldKey field) const {
    const Reading reading = read(field.id(), {});
    if (reading.values.empty()) return false;
    const auto* value = std::get_if<bool>(&reading.values.front());
    return value != nullptr && *value;
}

Facts& FactStore::add(SubjectKind kind, std::string_view id, std::string_view name, const Facts* owner) {
    return all_.emplace_back(kind, id, name, owner, *memory_);
}

}  // namespace plimsoll::model
