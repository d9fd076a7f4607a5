#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "model/value.h"

namespace plimsoll::audit {

/// Keeps text at one place until it is cleared.
class TextStore {
public:
    [[nodiscard]] std::string_view keep(std::string_view text);
    [[nodiscard]] char* room(std::size_t size);  ///< for text to be written; `size` is not 0
    void clear();                                ///< forgets the text, keeps the memory

private:
    struct Chunk {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
        std::size_t used = 0;
    };
    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0;
};

/// A text by its name.
struct NamedText {
    std::string_view name;
    std::string_view text;
};

/// Takes the values that an event has for one field.
class FieldValues {
public:
    void text(std::string_view value) { values_.emplace_back(value); }  ///< borrowed from the event
    void own(std::string_view value) { values_.emplace_back(store_.keep(value)); }
    void number(std::int64_t value) { values_.emplace_back(value); }
    void count(std::uint64_t value) { values_.emplace_back(value); }
    void truth(bool value) { values_.emplace_back(value); }
    void ip(const model::Ip& value) { values_.emplace_back(value); }

    [[nodiscard]] const std::vector<model::Value>& all() const { return values_; }
    void clear() { values_.clear(); }  ///< for the next field; what was kept stays

    [[nodiscard]] TextStore& store() { return store_; }
    [[nodiscard]] std::vector<NamedText>& named() { return named_; }  ///< for whoever collects some

private:
    std::vector<model::Value> values_;
    std::vector<NamedText> named_;
    TextStore store_;
};

}  // namespace plimsoll::audit
