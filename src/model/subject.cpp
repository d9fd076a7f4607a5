#include "model/subject.h"

#include <algorithm>
#include <array>

namespace plimsoll::model {

namespace {

constexpr std::array<std::string_view, kSubjectKinds> kNames = {
    "host", "daemon",   "container", "image", "network", "volume", "swarm",   "service", "component",
    "file", "listener", "mount",     "port",  "env",     "device", "process", "log",     "layer"};

/// The objects that an item of this kind can belong to, besides the host.
constexpr std::string_view owners(SubjectKind kind) {
    switch (kind) {
        case SubjectKind::mount:
        case SubjectKind::port:
        case SubjectKind::device:
        case SubjectKind::process:
        case SubjectKind::log: return "container daemon";
        case SubjectKind::env: return "container image daemon";
        case SubjectKind::layer: return "image daemon";
        case SubjectKind::listener:
        case SubjectKind::container:
        case SubjectKind::image:
        case SubjectKind::network:
        case SubjectKind::volume:
        case SubjectKind::swarm: return "daemon";
        case SubjectKind::service: return "swarm daemon";
        default: return "";
    }
}

}  // namespace

std::string_view to_text(SubjectKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<SubjectKind> parse_subject_kind(std::string_view text) {
    const auto found = std::ranges::find(kNames, text);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<SubjectKind>(found - kNames.begin());
}

bool can_read(SubjectKind kind, std::string_view field_name) {
    const auto family = field_name.substr(0, field_name.find('.'));
    if (family == to_text(kind) || family == "host" || family == "finding" || family == "check") return true;
    const auto owner = owners(kind);
    const auto at = owner.find(family);
    return at != std::string_view::npos && (at == 0 || owner[at - 1] == ' ') &&
           (at + family.size() == owner.size() || owner[at + family.size()] == ' ');
}

}  // namespace plimsoll::model
