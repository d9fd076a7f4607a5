#include <fmt/format.h>

#include <array>

#include "posture/compose_file.h"

namespace plimsoll::posture {

namespace {

/// What a key may hold beside nothing.
enum class Shape : std::uint8_t { list, text_or_list, map, map_or_list };

struct KeyShape {
    std::string_view key;
    Shape shape;
};

constexpr std::array<KeyShape, 34> kService = {{
    {"cap_add", Shape::list},
    {"cap_drop", Shape::list},
    {"configs", Shape::list},
    {"device_cgroup_rules", Shape::list},
    {"devices", Shape::list},
    {"expose", Shape::list},
    {"external_links", Shape::list},
    {"group_add", Shape::list},
    {"links", Shape::list},
    {"ports", Shape::list},
    {"profiles", Shape::list},
    {"secrets", Shape::list},
    {"security_opt", Shape::list},
    {"volumes", Shape::list},
    {"volumes_from", Shape::list},
    {"dns", Shape::text_or_list},
    {"dns_opt", Shape::text_or_list},
    {"dns_search", Shape::text_or_list},
    {"tmpfs", Shape::text_or_list},
    {"annotations", Shape::map_or_list},
    {"depends_on", Shape::map_or_list},
    {"environment", Shape::map_or_list},
    {"extra_hosts", Shape::map_or_list},
    {"labels", Shape::map_or_list},
    {"networks", Shape::map_or_list},
    {"sysctls", Shape::map_or_list},
    {"blkio_config", Shape::map},
    {"credential_spec", Shape::map},
    {"deploy", Shape::map},
    {"develop", Shape::map},
    {"healthcheck", Shape::map},
    {"logging", Shape::map},
    {"storage_opt", Shape::map},
    {"ulimits", Shape::map},
}};

std::string_view expected(Shape shape) {
    switch (shape) {
        case Shape::list: return "expected a list";
        case Shape::text_or_list: return "expected a text or a list";
        case Shape::map: return "expected a map";
        case Shape::map_or_list: return "expected a map or a list";
    }
    return "";
}

bool fits(const ComposeNode& node, Shape shape) {
    if (node.is_null() || node.tag == "!reset") return true;
    switch (shape) {
        case Shape::list: return node.is_sequence();
        case Shape::text_or_list: return node.is_sequence() || node.is_scalar();
        case Shape::map: return node.is_map();
        case Shape::map_or_list: return node.is_map() || node.is_sequence();
    }
    return false;
}

void clear(ComposeNode& node) {
    ComposeNode none;
    none.at = node.at;
    node = std::move(none);
}

/// A long form without its dash is still one item.
bool has_long_form(std::string_view key) {
    return key == "volumes" || key == "ports" || key == "devices" || key == "configs" || key == "secrets";
}

}  // namespace

void wrap_in_list(ComposeNode& node) {
    ComposeNode list;
    list.kind = ComposeNode::Kind::sequence;
    list.at = node.at;
    list.tag = node.tag;
    list.items.push_back(std::move(node));
    node = std::move(list);
}

void shape_service(ComposeNode& service, ComposeLog& log) {
    for (auto& [key, value] : service.entries) {
        for (const KeyShape& known : kService) {
            if (key.text != known.key || fits(value, known.shape)) continue;
            log.problem(value.at, fmt::format("{}: {}", key.text, expected(known.shape)));
            const bool lists = known.shape == Shape::list || known.shape == Shape::map_or_list;
            if (lists && (value.is_scalar() || has_long_form(key.text)))
                wrap_in_list(value);  // so that what it says is judged all the same
            else
                clear(value);
        }
    }
}

void shape_file(ComposeNode& file, ComposeLog& log) {
    for (const char* section : {"services", "networks", "volumes", "configs", "secrets"}) {
        ComposeNode* all = find_entry(file, section);
        if (all == nullptr || all->tag == "!reset") continue;
        if (!fits(*all, Shape::map)) {
            log.problem(all->at, fmt::format("{}: {}", section, expected(Shape::map)));
            ComposeNode map = make_map(all->at);
            for (const ComposeNode& item : all->items) {  // a list of names means as many definitions
                if (item.is_scalar()) map.entries.emplace_back(item, make_map(item.at));
            }
            *all = std::move(map);
        }
        if (std::string_view(section) == "services") continue;  // said where services are read
        for (auto& [name, definition] : all->entries) {
            if (fits(definition, Shape::map)) continue;
            log.problem(definition.at, fmt::format("{}.{}: {}", section, name.text, expected(Shape::map)));
            clear(definition);
        }
    }
}

}  // namespace plimsoll::posture
