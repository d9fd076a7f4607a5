#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/fields.h"
#include "model/reading.h"

namespace plimsoll::model {

/// Something that happened, as a source tells it and the ledger keeps it: a time, and values for some fields. A field
/// that nobody set is absent. Owns its text; moving it leaves borrowed readings valid. One thread.
class Event final : public Fields {
public:
    /// The values of one field, or of one key of a keyed field.
    struct Slot {
        FieldId field = 0;
        Reading::State state = Reading::State::present;
        std::uint32_t first = 0;
        std::uint32_t count = 0;
        std::string_view key;
        std::string_view reason;  ///< set when unknown
        /// Slots of one number have the same field, key and content, in whichever event: what was made of one of them
        /// stands for all. 0: no other is known to be the same.
        std::uint64_t same = 0;
    };

    Event() = default;
    explicit Event(Nanoseconds time) : time_(time) {}
    Event(Event&&) noexcept = default;
    Event& operator=(Event&&) noexcept = default;

    /// A copy with text of its own.
    [[nodiscard]] Event clone() const;

    [[nodiscard]] Nanoseconds time() const { return time_; }
    void set_time(Nanoseconds time) { time_ = time; }

    /// Forgets everything, keeps the memory.
    void clear(Nanoseconds time = 0);

    /// Memory for so much more, at once.
    void make_room(std::size_t fields, std::size_t values, std::size_t text_bytes);

    /// Takes over each field of `other` that this one has not; text is copied.
    void add(const Event& other);

    /// Takes over one slot of `other`; text is copied.
    void add(const Event& other, const Slot& slot);

    /// Numbers its slots, so that events that take them over can be seen to hold the same (Slot::same). Any thread.
    void share();

    [[nodiscard]] std::size_t text_bytes() const;

    // Setting a field again replaces what it had. Text is copied.
    void set(FieldKey field, std::string_view text);
    void set(FieldKey field, const char* text) { set(field, std::string_view(text)); }
    void set(FieldKey field, bool value) { put(field.id(), {}, Value(value)); }
    void set_number(FieldKey field, std::int64_t value);  ///< for any number type; below 0 is 0 in an unsigned field
    void set_unsigned(FieldKey field, std::uint64_t value) { put(field.id(), {}, Value(value)); }
    void set_real(FieldKey field, double value) { put(field.id(), {}, Value(value)); }
    void set_list(FieldKey field, std::span<const std::string> items);
    void set_keyed(FieldKey field, std::string_view key, std::string_view text);
    void unknown(FieldKey field, std::string_view reason);

    /// Any field by id; text inside `value` is copied.
    void put(FieldId field, std::string_view key, const Value& value);
    void put_list(FieldId field, std::string_view key, std::span<const Value> values);
    void put_unknown(FieldId field, std::string_view key, std::string_view reason);

    /// Bytes that it takes in memory, about.
    [[nodiscard]] std::size_t memory() const;

    /// Every field that is set, ordered by field, then key.
    [[nodiscard]] std::span<const Slot> slots() const { return slots_; }
    [[nodiscard]] std::span<const Value> values(const Slot& slot) const {
        return std::span(values_).subspan(slot.first, slot.count);
    }

    /// Also answers `evt.time`, `evt.rawtime` and the like, from the event's time.
    [[nodiscard]] Reading read(FieldId field, std::string_view arg) const override;

    /// The text of a field, or nothing.
    [[nodiscard]] std::string_view text(FieldKey field, std::string_view key = {}) const;
    [[nodiscard]] bool has(FieldKey field) const { return find(field.id(), {}) != nullptr; }
    [[nodiscard]] bool is_true(FieldKey field) const;
    [[nodiscard]] std::uint64_t number(FieldKey field) const;  ///< 0 when there is none
    [[nodiscard]] std::int64_t integer(FieldKey field) const;  ///< 0 when there is none

private:
    std::string_view keep(std::string_view text);
    [[nodiscard]] char* room(std::size_t size);
    [[nodiscard]] Value kept(const Value& value);
    Slot& slot(FieldId field, std::string_view key);
    Slot& put_values(FieldId field, std::string_view key, std::span<const Value> values);
    [[nodiscard]] const Slot* find(FieldId field, std::string_view key) const;
    [[nodiscard]] Reading derived(FieldId field) const;

    struct Chunk {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
        std::size_t used = 0;
    };

    Nanoseconds time_ = 0;
    std::vector<Slot> slots_;
    std::vector<Value> values_;
    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0;                           ///< the one being filled
    mutable std::unique_ptr<std::string> time_text_;  ///< of the derived field read last
    mutable Value time_value_;
};

/// Whether a record is an alert that tells of its act too (docs/decisions/0011): other alerts have no type of event.
[[nodiscard]] bool is_act_alert(const Event& record);

}  // namespace plimsoll::model
