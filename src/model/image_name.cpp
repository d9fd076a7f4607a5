#include "model/image_name.h"

#include <algorithm>

namespace plimsoll::model {

namespace {

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

ImageName parse_image_name(std::string_view reference) {
    ImageName name;
    if (reference.starts_with("sha256:") || (reference.size() == 64 && is_hex(reference))) {
        name.by_id = true;
        name.digest = reference.starts_with("sha256:") ? std::string(reference) : "sha256:" + std::string(reference);
        return name;
    }
    if (const auto at = reference.find('@'); at != std::string_view::npos) {
        name.digest = reference.substr(at + 1);
        reference = reference.substr(0, at);
    }
    const auto slash = reference.rfind('/');
    const auto colon = reference.rfind(':');
    if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
        name.tag = reference.substr(colon + 1);
        reference = reference.substr(0, colon);
    }
    name.repository = reference;
    const auto first = reference.substr(0, reference.find('/'));
    const bool has_registry = first.size() < reference.size() &&
                              (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
    name.registry = has_registry ? std::string(first) : "docker.io";
    return name;
}

std::string short_image_name(std::string_view repository) {
    for (const std::string_view host : {"index.docker.io/", "docker.io/"}) {
        if (repository.starts_with(host)) repository.remove_prefix(host.size());
    }
    constexpr std::string_view kOfficial = "library/";
    if (repository.starts_with(kOfficial)) repository.remove_prefix(kOfficial.size());
    return std::string(repository);
}

bool is_short_image_id(std::string_view reference, std::string_view id) {
    if (id.starts_with("sha256:")) id.remove_prefix(7);
    return !reference.empty() && is_hex(reference) && id.starts_with(reference);
}

}  // namespace plimsoll::model
