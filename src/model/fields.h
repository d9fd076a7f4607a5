#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/field.h"
#include "model/fields/audit.h"
#include "model/fields/container.h"
#include "model/fields/event.h"
#include "model/fields/finding.h"
#include "model/fields/posture.h"
#include "model/fields/record.h"

namespace plimsoll::model {

/// Index of a row of the field table; stable within one build only, so never stored.
using FieldId = std::uint16_t;

namespace detail {

template <std::size_t... N>
consteval auto concatenate(const std::array<Field, N>&... parts) {
    std::array<Field, (N + ...)> all{};
    std::size_t next = 0;
    const auto append = [&](const auto& part) {
        for (const Field& field : part) all[next++] = field;
    };
    (append(parts), ...);
    return all;
}

}  // namespace detail

/// The one table that names every field. Language, reports, ledger and reference pages walk it.
inline constexpr auto kFields =
    detail::concatenate(kContainerFields, kPostureFields, kFindingFields, kEventFields, kRecordFields, kAuditFields);

[[nodiscard]] constexpr const Field& field(FieldId id) { return kFields[id]; }

/// The row of that exact name.
[[nodiscard]] std::optional<FieldId> find_field(std::string_view name);

/// The name in the table that looks most like `name`, for error messages; empty when nothing is near.
[[nodiscard]] std::string_view nearest_field(std::string_view name);

/// A field named in C++ code; a name that the table does not hold fails the build.
class FieldKey {
public:
    template <std::size_t N>
    consteval FieldKey(const char (&name)[N]) : id_(lookup(std::string_view(name, N - 1))) {}

    [[nodiscard]] constexpr FieldId id() const { return id_; }

private:
    static consteval FieldId lookup(std::string_view name) {
        for (std::size_t i = 0; i < kFields.size(); ++i) {
            if (kFields[i].name == name) return static_cast<FieldId>(i);
        }
        throw "this name is not in the field table";
    }

    FieldId id_;
};

/// "string", "list of path", … as the reference pages name it.
[[nodiscard]] std::string type_name(const Field& field);

/// "audit, engine events, …": who supplies the field.
[[nodiscard]] std::string source_names(const Field& field);

}  // namespace plimsoll::model
