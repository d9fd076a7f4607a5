#include "model/event.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <functional>

#include "base/result.h"

namespace plimsoll::model {

namespace {

constexpr std::size_t kFirstChunk = 512;

/// Where a slot stands among the others: by field, then by key.
struct Place {
    FieldId field;
    std::string_view key;
};
bool before(const Event::Slot& slot, const Place& place) {
    return slot.field != place.field ? slot.field < place.field : slot.key < place.key;
}

/// Most texts of an event are short: a call would take longer than the copying.
void copy_text(char* to, std::string_view text) {
    const char* const from = text.data();
    const std::size_t size = text.size();
    const auto ends = [&]<typename Word>(Word) {
        Word first;
        Word last;
        std::memcpy(&first, from, sizeof first);
        std::memcpy(&last, from + size - sizeof last, sizeof last);
        std::memcpy(to, &first, sizeof first);
        std::memcpy(to + size - sizeof last, &last, sizeof last);
    };
    if (size > 16) {
        std::memcpy(to, from, size);
    } else if (size >= 8) {
        ends(std::uint64_t{});
    } else if (size >= 4) {
        ends(std::uint32_t{});
    } else if (size >= 2) {
        ends(std::uint16_t{});
    } else {
        *to = *from;
    }
}

enum class TimeForm : std::uint8_t { none, ns, whole_seconds, rest, clock, clock_s, date, date_s, iso };

TimeForm form_of(FieldId id) {
    struct Row {
        FieldKey key;
        TimeForm form;
    };
    static constexpr std::array kRows = {
        Row{"evt.rawtime", TimeForm::ns},        Row{"evt.rawtime.s", TimeForm::whole_seconds},
        Row{"evt.rawtime.ns", TimeForm::rest},   Row{"evt.time", TimeForm::clock},
        Row{"evt.time.s", TimeForm::clock_s},    Row{"evt.datetime", TimeForm::date},
        Row{"evt.datetime.s", TimeForm::date_s}, Row{"evt.time.iso8601", TimeForm::iso},
    };
    for (const Row& row : kRows) {
        if (row.key.id() == id) return row.form;
    }
    return TimeForm::none;
}

std::string clock_text(Nanoseconds time, const char* form, bool utc, bool fraction) {
    const std::time_t seconds = (time - (((time % kSecond) + kSecond) % kSecond)) / kSecond;
    std::tm parts{};
    (utc ? gmtime_r : localtime_r)(&seconds, &parts);
    std::array<char, 64> text{};
    std::string out(text.data(), std::strftime(text.data(), text.size(), form, &parts));
    if (!fraction) return out;
    std::string digits = std::to_string(((time % kSecond) + kSecond) % kSecond);
    return out + "." + std::string(9 - digits.size(), '0') + digits;
}

}  // namespace

/// So many bytes in a row, to be filled.
char* Event::room(std::size_t size) {
    if (chunk_ == chunks_.size() || chunks_[chunk_].size - chunks_[chunk_].used < size) [[unlikely]] {
        while (chunk_ < chunks_.size() && chunks_[chunk_].size - chunks_[chunk_].used < size) ++chunk_;
        if (chunk_ == chunks_.size()) {
            const std::size_t grown = chunks_.empty() ? kFirstChunk : chunks_.back().size * 2;
            const std::size_t made = std::max(grown, size);
            chunks_.push_back({.bytes = std::make_unique_for_overwrite<char[]>(made), .size = made});
        }
    }
    Chunk& chunk = chunks_[chunk_];
    char* const place = chunk.bytes.get() + chunk.used;
    chunk.used += size;
    return place;
}

std::string_view Event::keep(std::string_view text) {
    if (text.empty()) return {};
    char* const place = room(text.size());
    copy_text(place, text);
    return {place, text.size()};
}

Value Event::kept(const Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) return keep(*text);
    return value;
}

void Event::clear(Nanoseconds time) {
    time_ = time;
    slots_.clear();
    values_.clear();
    chunk_ = 0;
    if (chunks_.size() > 1) {  // the next event is about as large: one piece holds its text, and is quick to copy
        const std::size_t used = text_bytes();
        const std::size_t size = used + used / 4;
        chunks_.resize(1);
        chunks_.front() = {.bytes = std::make_unique_for_overwrite<char[]>(size), .size = size};
    }
    for (Chunk& chunk : chunks_) chunk.used = 0;
}

std::size_t Event::memory() const {
    std::size_t bytes = sizeof(Event) + slots_.capacity() * sizeof(Slot) + values_.capacity() * sizeof(Value);
    for (const Chunk& chunk : chunks_) bytes += chunk.size;
    return bytes;
}

std::size_t Event::text_bytes() const {
    std::size_t size = 0;
    for (const Chunk& chunk : chunks_) size += chunk.used;
    return size;
}

void Event::make_room(std::size_t fields, std::size_t values, std::size_t text_bytes) {
    slots_.reserve(slots_.size() + fields);
    values_.reserve(values_.size() + values);
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - chunks_[chunk_].used < text_bytes) ++chunk_;
    if (text_bytes > 0 && chunk_ == chunks_.size())
        chunks_.push_back({.bytes = std::make_unique_for_overwrite<char[]>(text_bytes), .size = text_bytes});
}

void Event::add(const Event& other) {
    // All its text in one piece, and then every text moved to where it stands there.
    const std::size_t text_size = other.text_bytes();
    char* const text = text_size == 0 ? nullptr : room(text_size);
    char* at = text;
    for (const Chunk& chunk : other.chunks_) {
        if (chunk.used == 0) continue;
        std::memcpy(at, chunk.bytes.get(), chunk.used);
        at += chunk.used;
    }
    const auto moved = [&](std::string_view from) -> std::string_view {
        if (from.empty()) return {};
        std::size_t skipped = 0;
        for (const Chunk& chunk : other.chunks_) {
            const std::less<> less;
            const char* const begin = chunk.bytes.get();
            if (!less(from.data(), begin) && less(from.data(), begin + chunk.used))
                return {text + skipped + (from.data() - begin), from.size()};
            skipped += chunk.used;
        }
        return from;  // text that no event owns
    };
    const auto first = static_cast<std::uint32_t>(values_.size());
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
    for (std::size_t i = first; i < values_.size(); ++i)
        if (auto* const one = std::get_if<std::string_view>(&values_[i])) *one = moved(*one);
    // Both rows of slots are in order: merged from their ends, so that none is overwritten.
    std::size_t mine = slots_.size();
    std::size_t its = other.slots_.size();
    slots_.resize(mine + its);
    std::size_t to = slots_.size();
    while (its > 0) {
        const Slot& from = other.slots_[its - 1];
        const Place place{from.field, from.key};
        if (mine > 0 && !before(slots_[mine - 1], place)) {
            const bool both = slots_[mine - 1].field == from.field && slots_[mine - 1].key == from.key;
            slots_[--to] = slots_[--mine];
            if (both) --its;
            continue;
        }
        Slot& made = slots_[--to];
        made = from;
        made.first += first;
        made.key = moved(from.key);
        made.reason = moved(from.reason);
        --its;
    }
    const auto begin = slots_.begin();  // what lies between was both's
    slots_.erase(begin + static_cast<std::ptrdiff_t>(mine), begin + static_cast<std::ptrdiff_t>(to));
}

void Event::add(const Event& other, const Slot& slot) {
    if (slot.state == Reading::State::unknown)
        put_unknown(slot.field, slot.key, slot.reason);
    else
        put_values(slot.field, slot.key, other.values(slot)).same = slot.same;
}

void Event::share() {
    static std::atomic<std::uint64_t> given = 0;
    std::uint64_t number = given.fetch_add(slots_.size(), std::memory_order_relaxed);
    for (Slot& slot : slots_) slot.same = ++number;
}

Event Event::clone() const {
    Event copy(time_);
    copy.make_room(slots_.size(), values_.size(), text_bytes());
    copy.add(*this);
    return copy;
}

Event::Slot& Event::slot(FieldId field, std::string_view key) {
    const Place wanted{field, key};
    if (slots_.empty() || before(slots_.back(), wanted)) {  // most sources set fields in the table's order
        Slot& last = slots_.emplace_back();
        last.field = field;
        if (!key.empty()) last.key = keep(key);
        return last;
    }
    const auto place = std::lower_bound(slots_.begin(), slots_.end(), wanted, before);
    if (place != slots_.end() && place->field == field && place->key == key) {
        place->same = 0;
        return *place;
    }
    return *slots_.insert(place, Slot{.field = field, .key = keep(key)});
}

void Event::put(FieldId field, std::string_view key, const Value& value) { put_list(field, key, {&value, 1}); }

void Event::put_list(FieldId field, std::string_view key, std::span<const Value> values) {
    put_values(field, key, values);
}

Event::Slot& Event::put_values(FieldId field, std::string_view key, std::span<const Value> values) {
    const bool last = slots_.empty() || slots_.back().field < field;  // as in slot(): most of its time would go there
    Slot& target = last ? slots_.emplace_back() : slot(field, key);
    if (last) {
        target.field = field;
        if (!key.empty()) target.key = keep(key);
    }
    target.state = Reading::State::present;
    target.first = static_cast<std::uint32_t>(values_.size());
    target.count = static_cast<std::uint32_t>(values.size());
    for (const Value& value : values) {
        if (const auto* const text = std::get_if<std::string_view>(&value))
            values_.emplace_back(std::in_place_type<std::string_view>, keep(*text));
        else
            values_.push_back(value);
    }
    return target;
}

void Event::put_unknown(FieldId field, std::string_view key, std::string_view reason) {
    Slot& target = slot(field, key);
    target.state = Reading::State::unknown;
    target.first = target.count = 0;
    target.reason = keep(reason);
}

void Event::set(FieldKey field, std::string_view text) { put(field.id(), {}, Value(text)); }

void Event::set_number(FieldKey key, std::int64_t value) {
    switch (field(key.id()).type) {
        case Type::int64: return put(key.id(), {}, Value(value));
        case Type::f64: return put(key.id(), {}, Value(static_cast<double>(value)));
        default: return put(key.id(), {}, Value(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0))));
    }
}

void Event::set_list(FieldKey field, std::span<const std::string> items) {
    Slot& target = slot(field.id(), {});
    target.state = Reading::State::present;
    target.first = static_cast<std::uint32_t>(values_.size());
    target.count = static_cast<std::uint32_t>(items.size());
    for (const std::string& item : items) values_.emplace_back(keep(item));
}

void Event::set_keyed(FieldKey field, std::string_view key, std::string_view text) {
    put(field.id(), key, Value(text));
}

void Event::unknown(FieldKey field, std::string_view reason) { put_unknown(field.id(), {}, reason); }

const Event::Slot* Event::find(FieldId field, std::string_view key) const {
    const auto place = std::lower_bound(slots_.begin(), slots_.end(), Place{field, key}, before);
    if (place == slots_.end() || place->field != field || place->key != key) return nullptr;
    return &*place;
}

Reading Event::derived(FieldId field) const {
    const TimeForm form = form_of(field);
    const auto text = [this](std::string made) {
        time_text_ = std::make_unique<std::string>(std::move(made));
        time_value_ = std::string_view(*time_text_);
    };
    switch (form) {
        case TimeForm::none: return Reading::missing();
        case TimeForm::ns: time_value_ = static_cast<std::uint64_t>(time_); break;
        case TimeForm::whole_seconds: time_value_ = static_cast<std::uint64_t>(time_ / kSecond); break;
        case TimeForm::rest: time_value_ = static_cast<std::uint64_t>(time_ % kSecond); break;
        case TimeForm::clock: text(clock_text(time_, "%H:%M:%S", false, true)); break;
        case TimeForm::clock_s: text(clock_text(time_, "%H:%M:%S", false, false)); break;
        case TimeForm::date: text(clock_text(time_, "%F %H:%M:%S", false, true)); break;
        case TimeForm::date_s: text(clock_text(time_, "%F %H:%M:%S", false, false)); break;
        case TimeForm::iso: text(clock_text(time_, "%FT%H:%M:%S", true, true) + "+0000"); break;
    }
    return Reading::of({&time_value_, 1});
}

Reading Event::read(FieldId field, std::string_view arg) const {
    const Slot* found = find(field, arg);
    if (found == nullptr) return arg.empty() ? derived(field) : Reading::missing();
    if (found->state == Reading::State::unknown) return Reading::cannot_know(found->reason);
    return Reading::of(values(*found));
}

std::string_view Event::text(FieldKey field, std::string_view key) const {
    const Slot* found = find(field.id(), key);
    if (found == nullptr || found->count == 0) return {};
    const auto* text = std::get_if<std::string_view>(&values_[found->first]);
    return text == nullptr ? std::string_view() : *text;
}

bool Event::is_true(FieldKey field) const {
    const Slot* found = find(field.id(), {});
    if (found == nullptr || found->count == 0) return false;
    const auto* value = std::get_if<bool>(&values_[found->first]);
    return value != nullptr && *value;
}

std::uint64_t Event::number(FieldKey field) const {
    const Slot* found = find(field.id(), {});
    if (found == nullptr || found->count == 0) return 0;
    const auto* value = std::get_if<std::uint64_t>(&values_[found->first]);
    return value == nullptr ? 0 : *value;
}

std::int64_t Event::integer(FieldKey field) const {
    const Slot* found = find(field.id(), {});
    if (found == nullptr || found->count == 0) return 0;
    const auto* value = std::get_if<std::int64_t>(&values_[found->first]);
    return value == nullptr ? 0 : *value;
}

bool is_act_alert(const Event& record) { return record.text("record.kind") == "alert" && record.has("evt.type"); }

}  // namespace plimsoll::model
