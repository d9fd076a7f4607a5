#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::model {

/// What a check judges. Objects stand in reports by themselves; the others are items of an object, judged one by one
/// and reported with it.
enum class SubjectKind : std::uint8_t {
    host,
    daemon,
    container,
    image,
    network,
    volume,
    swarm,
    service,  // objects
    component,
    file,
    listener,
    mount,
    port,
    env,
    device,
    process,
    log,
    layer,  // items
};

inline constexpr std::uint8_t kSubjectKinds = 18;

[[nodiscard]] constexpr bool is_object(SubjectKind kind) { return kind <= SubjectKind::service; }

/// "container", "mount", …: as rule files and reports write it.
[[nodiscard]] std::string_view to_text(SubjectKind kind);
[[nodiscard]] std::optional<SubjectKind> parse_subject_kind(std::string_view text);

/// Whether a condition about such a subject can read the field: its own, or one of an object it can belong to, or of
/// the host.
[[nodiscard]] bool can_read(SubjectKind kind, std::string_view field_name);

}  // namespace plimsoll::model
