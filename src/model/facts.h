#pragma once

#include <deque>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "model/fields.h"
#include "model/reading.h"
#include "model/subject.h"

namespace plimsoll::model {

/// What is known about one subject: a value, its absence, or why it could not be found out, for each field, with where
/// it was read. A field that nobody set reads as unknown, so that a forgotten fact never looks like a good one. Fields
/// of the owner (a mount's container, its daemon, the host) are read through it. Made by FactStore, which must outlive
/// it.
class Facts final : public Fields {
public:
    Facts(SubjectKind kind, std::string_view id, std::string_view name, const Facts* owner,
          std::pmr::memory_resource& memory);

    [[nodiscard]] SubjectKind kind() const { return kind_; }
    [[nodiscard]] std::string_view id() const { return id_; }
    [[nodiscard]] std::string_view name() const { return name_; }
    [[nodiscard]] const Facts* owner() const { return owner_; }

    /// `origin` says where the value was read; both are copied.
    void set(FieldKey field, std::string_view text, std::string_view origin);
    void set(FieldKey field, const char* text, std::string_view origin) { set(field, std::string_view(text), origin); }
    void set(FieldKey field, bool value, std::string_view origin) { put(field.id(), {}, Value(value), origin); }
    void set_number(FieldKey field, std::int64_t value, std::string_view origin);  ///< for any number type
    void set_real(FieldKey field, double value, std::string_view origin) { put(field.id(), {}, Value(value), origin); }
    void set_list(FieldKey field, const std::vector<std::string>& items, std::string_view origin);
    void set_keyed(FieldKey field, std::string_view key, std::string_view text, std::string_view origin);
    void set_keyed(FieldKey field, std::string_view key, bool value, std::string_view origin);

    /// There is no such value, and that is known. For a keyed field: keys not set are absent.
    void absent(FieldKey field, std::string_view origin);
    void unknown(FieldKey field, std::string_view reason);

    /// Says why nothing more could be read about it: the reason of every field that nobody set.
    void unreadable(std::string_view reason) { gap_ = keep(reason); }
    [[nodiscard]] std::string_view gap() const { return gap_; }

    /// Any field by id, for readers of text (examples, recordings); `value` is borrowed and must outlive the facts.
    void put(FieldId field, std::string_view key, const Value& value, std::string_view origin);

    [[nodiscard]] Reading read(FieldId field, std::string_view arg) const override;

    /// Where the value was read; empty when nothing was.
    [[nodiscard]] std::string_view origin(FieldId field, std::string_view arg) const;

    /// The text of a plain field, or nothing.
    [[nodiscard]] std::string_view text(FieldKey field) const;
    [[nodiscard]] bool is_true(FieldKey field) const;

private:
    struct Slot {
        FieldId field = 0;
        Reading::State state = Reading::State::absent;
        std::uint32_t first = 0;
        std::uint32_t count = 0;
        std::string_view key;
        std::string_view origin;  ///< reason when unknown
    };

    std::string_view keep(std::string_view text);
    Slot& slot(FieldId field, std::string_view key);
    [[nodiscard]] const Slot* find(FieldId field, std::string_view key) const;
    [[nodiscard]] const Slot* find_here(FieldId field, std::string_view key) const;

    SubjectKind kind_;
    std::pmr::memory_resource* memory_;
    std::string_view id_;
    std::string_view name_;
    const Facts* owner_;
    std::string_view gap_;
    std::pmr::vector<Slot> slots_;  ///< ordered by field, then key
    std::pmr::vector<Value> values_;
};

/// Owns the facts of a whole audit; adding never moves what was added before.
class FactStore {
public:
    Facts& add(SubjectKind kind, std::string_view id, std::string_view name, const Facts* owner);

    [[nodiscard]] const std::deque<Facts>& all() const { return all_; }

private:
    std::unique_ptr<std::pmr::monotonic_buffer_resource> memory_ =
        std::make_unique<std::pmr::monotonic_buffer_resource>(64 * 1024);
    std::deque<Facts> all_;
};

}  // namespace plimsoll::model
