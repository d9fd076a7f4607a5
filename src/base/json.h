#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plimsoll {

/// A JSON value that somebody else wrote: reading never fails, a missing member or another type than asked for reads as
/// nothing. Borrows from its JsonDocument.
class Json {
public:
    enum class Kind : std::uint8_t { nothing, null, boolean, number, text, array, object };

    Json() = default;

    [[nodiscard]] Kind kind() const;
    [[nodiscard]] bool is_null() const { return kind() == Kind::nothing || kind() == Kind::null; }
    [[nodiscard]] bool is_object() const { return kind() == Kind::object; }
    [[nodiscard]] bool is_array() const { return kind() == Kind::array; }

    /// The member of that exact name.
    [[nodiscard]] Json operator[](std::string_view name) const;

    /// Members one inside the other, names parted by dots: `at("HostConfig.LogConfig.Type")`.
    [[nodiscard]] Json at(std::string_view path) const;

    [[nodiscard]] std::optional<std::string_view> text() const;
    [[nodiscard]] std::string_view text_or(std::string_view otherwise) const { return text().value_or(otherwise); }
    [[nodiscard]] std::optional<std::int64_t> integer() const;  ///< also from a number with a fraction of zero
    [[nodiscard]] std::optional<double> number() const;
    [[nodiscard]] std::optional<bool> truth() const;
    [[nodiscard]] bool truth_or(bool otherwise) const { return truth().value_or(otherwise); }

    [[nodiscard]] std::size_t size() const;  ///< of an array or object, else 0

    /// Calls for each element of an array; for anything else never.
    void each(const std::function<void(Json)>& visit) const;
    /// Calls for each member of an object; for anything else never.
    void each_member(const std::function<void(std::string_view, Json)>& visit) const;

    /// The value as compact JSON text.
    [[nodiscard]] std::string dump() const;

private:
    friend class JsonDocument;
    struct Place {  ///< storage for simdjson's element, kept out of this header
        const void* document = nullptr;
        std::size_t index = 0;
    };
    explicit Json(Place place) : place_(place) {}
    Place place_;
};

/// Owns a parsed JSON text.
class JsonDocument {
public:
    /// Parses the whole text; anything behind the first value is an error.
    static Result<JsonDocument> parse(std::string_view text);

    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;
    ~JsonDocument();

    [[nodiscard]] Json root() const;

private:
    struct Parsed;
    explicit JsonDocument(std::unique_ptr<Parsed> parsed);
    std::unique_ptr<Parsed> parsed_;
};

}  // namespace plimsoll
