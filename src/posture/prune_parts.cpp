#include "posture/prune_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "posture/container_facts.h"

namespace plimsoll::posture {

bool may_be_removed(std::string_view status) { return status == "created" || status == "exited" || status == "dead"; }

bool is_kept(const Json& labels) {
    const Json keep = labels["plimsoll.keep"];
    return keep.kind() != Json::Kind::nothing && keep.text_or("") != "false";
}

bool has_label(const Json& labels, std::string_view wanted) {
    if (wanted.empty()) return true;
    const auto equals = wanted.find('=');
    const Json value = labels[wanted.substr(0, equals)];
    if (value.kind() == Json::Kind::nothing) return false;
    return equals == std::string_view::npos || value.text_or("") == wanted.substr(equals + 1);
}

std::string container_state(const Json& inspect) {
    return fmt::format("{} {}", inspect.at("State.Status").text_or(""), inspect.at("State.FinishedAt").text_or(""));
}

std::string container_name(const Json& inspect) {
    const std::string_view name = inspect["Name"].text_or("");
    return std::string(name.substr(name.starts_with('/') ? 1 : 0));
}

std::string image_id(std::string_view id) {
    return id.empty() || id.starts_with("sha256:") ? std::string(id) : "sha256:" + std::string(id);
}

std::vector<std::string> image_references(const Json& inspect) {
    std::vector<std::string> all = strings(inspect["RepoTags"]);
    if (all.empty()) all = strings(inspect["RepoDigests"]);
    std::erase_if(all, [](const std::string& name) { return name.empty() || name.starts_with("<none>"); });
    std::ranges::sort(all);
    return all;
}

bool is_joined(const Json& network) { return network["Containers"].size() > 0 || network["Services"].size() > 0; }

}  // namespace plimsoll::posture
