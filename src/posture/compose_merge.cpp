#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "posture/compose_file.h"

namespace plimsoll::posture {

namespace {

/// Lists that a later file replaces whole.
constexpr std::array<std::string_view, 3> kReplaced = {"command", "entrypoint", "test"};

std::string_view text_at(const ComposeNode& map, std::string_view key) {
    const ComposeNode* node = map.find(key);
    return node == nullptr ? std::string_view() : std::string_view(node->text);
}

/// What makes two items of a list the same resource; empty when items have no such name.
std::string identity(const ComposeNode& item, std::string_view list) {
    if (item.is_scalar())
        return list == "configs" || list == "secrets" || list == "volumes" || list == "ports" ? std::string()
                                                                                              : item.text;
    if (list == "volumes") return std::string(text_at(item, "target"));
    if (list == "configs" || list == "secrets") {
        const std::string_view target = text_at(item, "target");
        return std::string(target.empty() ? text_at(item, "source") : target);
    }
    if (list == "ports") {
        return fmt::format("{}|{}|{}|{}", text_at(item, "host_ip"), text_at(item, "target"), text_at(item, "published"),
                           text_at(item, "protocol"));
    }
    return {};
}

void join_lists(ComposeNode& base, ComposeNode over, std::string_view key) {
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < base.items.size(); ++i) {
        if (std::string name = identity(base.items[i], key); !name.empty()) known.emplace(std::move(name), i);
    }
    for (ComposeNode& item : over.items) {
        const std::string name = identity(item, key);
        const auto [place, fresh] =
            name.empty() ? std::pair(known.end(), true) : known.emplace(name, base.items.size());
        if (fresh)
            base.items.push_back(std::move(item));
        else
            base.items[place->second] = std::move(item);
    }
}

std::size_t count(const ComposeNode& node) {
    std::size_t total = 1;
    for (const ComposeNode& item : node.items) total += count(item);
    for (const auto& entry : node.entries) total += 1 + count(entry.second);
    return total;
}

bool other_driver(const ComposeNode& base, const ComposeNode& over) {
    return over.find("driver") != nullptr && text_at(base, "driver") != text_at(over, "driver");
}

ComposeNode merged(ComposeNode base, ComposeNode over, std::string_view key) {
    if (over.tag == "!override") return over;
    if (over.is_null()) return key == "environment" ? over : base;
    if (base.is_sequence() && over.is_sequence() && std::ranges::find(kReplaced, key) == kReplaced.end()) {
        join_lists(base, std::move(over), key);
        return base;
    }
    if (!base.is_map() || !over.is_map() || (key == "logging" && other_driver(base, over))) return over;
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < base.entries.size(); ++i) known.emplace(base.entries[i].first.text, i);
    const bool named_values = key == "environment" || key == "labels" || key == "args";
    std::vector<bool> removed(base.entries.size(), false);
    for (auto& [name, value] : over.entries) {
        const auto found = known.find(name.text);
        const bool reset = value.tag == "!reset";
        if (found == known.end()) {
            if (!reset) base.entries.emplace_back(std::move(name), std::move(value));
            continue;
        }
        if (reset)
            removed[found->second] = true;
        else if (named_values)
            base.entries[found->second].second = std::move(value);
        else
            base.entries[found->second].second =
                merged(std::move(base.entries[found->second].second), std::move(value), name.text);
    }
    std::vector<std::pair<ComposeNode, ComposeNode>> left;
    for (std::size_t i = 0; i < base.entries.size(); ++i) {
        if (i >= removed.size() || !removed[i]) left.push_back(std::move(base.entries[i]));
    }
    base.entries = std::move(left);
    return base;
}

}  // namespace

Result<ComposeNode> merge_compose(ComposeNode base, ComposeNode over, std::string_view key, ComposeContext& context) {
    context.nodes += count(base) + count(over);
    if (context.nodes > kMostComposeNodes)
        return Error{fmt::format("more than {} values once services are merged", kMostComposeNodes)};
    return merged(std::move(base), std::move(over), key);
}

}  // namespace plimsoll::posture
