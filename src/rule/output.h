#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/reading.h"
#include "rule/field_ref.h"
#include "rule/position.h"

namespace plimsoll::rule {

/// Text with `%field`, `%field[arg]`, `%20field` (width) and `%toupper(field)` to be filled in; `%%` is a percent sign.
class Template {
public:
    Template() = default;

    [[nodiscard]] static Result<Template> parse(std::string_view text);

    /// The same, with the fault's place in `text`.
    [[nodiscard]] static Parsed<Template> read(std::string_view text, const PlaceMap& places);

    /// Fills in a record's values as they are: hostile bytes, to be escaped at the edge. Absent is `<NA>`, unknown
    /// `<unknown>`.
    [[nodiscard]] std::string render(const model::Fields& record) const;

    /// The text begins with `*`: print even when fields are absent. (Rendering is the same; a sink may ask.)
    [[nodiscard]] bool prints_always() const { return prints_always_; }

    /// Fields it names, each once, in order.
    [[nodiscard]] const std::vector<FieldUse>& fields() const { return fields_; }

private:
    struct Piece {
        std::string text;  ///< literal before the field
        bool is_field = false;
        FieldUse use;
        std::vector<std::string> transforms;  ///< innermost first
        std::size_t width = 0;
    };

    std::vector<Piece> pieces_;
    std::vector<FieldUse> fields_;
    bool prints_always_ = false;
};

}  // namespace plimsoll::rule
