#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "posture/compose_file.h"

namespace plimsoll::posture {

namespace {

using rule::Position;

constexpr unsigned kMostPortsOfRange = 256;

/// `NAME=value` items as a map; a bare NAME has no value, or an empty one in labels and the like.
void to_map(ComposeNode& service, std::string_view key, bool bare_is_empty, ComposeLog& log) {
    ComposeNode* list = find_entry(service, key);
    if (list == nullptr || !list->is_sequence()) return;
    ComposeNode map = make_map(list->at);
    for (const ComposeNode& item : list->items) {
        if (!item.is_scalar()) {
            log.problem(item.at, fmt::format("{}: an item that is no text", key));
            continue;
        }
        const auto equals = item.text.find('=');
        ComposeNode value = make_scalar(equals == std::string::npos ? "" : item.text.substr(equals + 1), item.at);
        if (equals == std::string::npos && !bare_is_empty) value.kind = ComposeNode::Kind::null;
        map.entries.emplace_back(make_scalar(item.text.substr(0, equals), item.at), std::move(value));
    }
    *list = std::move(map);
}

void to_list(ComposeNode& service, std::string_view key) {
    ComposeNode* value = find_entry(service, key);
    if (value != nullptr && value->is_scalar() && value->tag != "!reset") wrap_in_list(*value);
}

ComposeNode with(std::string_view key, ComposeNode value) {
    ComposeNode map = make_map(value.at);
    put_entry(map, key, std::move(value));
    return map;
}

void long_volume(ComposeNode& item, std::string_view base, ComposeContext& context) {
    const std::string text = item.text;
    const Position at = item.at;
    auto parts = split(text, ':');
    if (parts.size() >= 2 && parts[0].size() == 1 && (parts[1].starts_with('\\') || parts[1].starts_with('/')) &&
        text.find('\\') != std::string::npos) {
        return context.log.problem(at, fmt::format("volumes: '{}' is a Windows path and is not judged", text));
    }
    if (parts.empty() || parts.size() > 3 || parts.back().empty())
        return context.log.problem(at, fmt::format("volumes: '{}' is not source:target:mode", text));
    ComposeNode volume = make_map(at);
    const auto put = [&](std::string_view key, std::string_view value) {
        put_entry(volume, key, make_scalar(value, at));
    };
    const std::string_view source = parts.size() == 1 ? std::string_view() : parts[0];
    const bool bind = source.starts_with('.') || source.starts_with('/') || source.starts_with('~');
    put("type", bind ? "bind" : "volume");
    if (!source.empty()) put("source", bind ? context.resolve(source, base) : std::string(source));
    put("target", parts.size() == 1 ? parts[0] : parts[1]);
    if (parts.size() == 3) {
        for (const std::string_view mode : split(parts[2], ',')) {
            static constexpr std::array<std::string_view, 6> kPropagation = {"rprivate", "private", "rshared",
                                                                             "shared",   "rslave",  "slave"};
            static constexpr std::array<std::string_view, 7> kOther = {"rw",     "z",         "Z",         "nocopy",
                                                                       "cached", "delegated", "consistent"};
            if (mode == "ro")
                put("read_only", "true");
            else if (std::ranges::find(kPropagation, mode) != kPropagation.end())
                put_entry(volume, "bind", with("propagation", make_scalar(mode, at)));
            else if (std::ranges::find(kOther, mode) == kOther.end())
                context.log.problem(at, fmt::format("volumes: unknown mode '{}' in '{}'", mode, text));
        }
    }
    item = std::move(volume);
}

void normalise_volumes(ComposeNode& service, std::string_view base, ComposeContext& context) {
    ComposeNode* volumes = find_entry(service, "volumes");
    if (volumes == nullptr) return;
    for (ComposeNode& item : volumes->items) {
        if (item.is_scalar()) {
            long_volume(item, base, context);
        } else if (ComposeNode* source = find_entry(item, "source")) {
            const ComposeNode* type = item.find("type");
            const std::string_view path = source->text;
            if (type != nullptr && type->text == "bind") source->text = context.resolve(path, base);
        }
    }
}

/// First and last port of "80" or "80-90"; nothing for anything else.
struct PortRange {
    unsigned first = 0;
    unsigned last = 0;
};

std::optional<PortRange> port_range(std::string_view text) {
    const auto number = [](std::string_view part) -> std::optional<unsigned> {
        unsigned value = 0;
        const auto [end, fault] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (part.empty() || fault != std::errc() || end != part.data() + part.size() || value > 65535)
            return std::nullopt;
        return value;
    };
    const auto dash = text.find('-');
    const auto first = number(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(text.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    return PortRange{*first, *last};
}

/// The parts of [address:][published:]target[/protocol].
struct PortText {
    std::string_view address;
    std::string_view published;
    std::string_view target;
    std::string_view protocol = "tcp";
};

PortText split_port(std::string_view text) {
    PortText port;
    if (const auto slash = text.rfind('/'); slash != std::string_view::npos) {
        port.protocol = text.substr(slash + 1);
        text = text.substr(0, slash);
    }
    const auto colon = text.rfind(':');
    port.target = colon == std::string_view::npos ? text : text.substr(colon + 1);
    if (colon == std::string_view::npos) return port;
    std::string_view rest = text.substr(0, colon);
    if (rest.starts_with('[') && rest.find(']') != std::string_view::npos) {
        const auto end = rest.find(']');
        port.address = rest.substr(1, end - 1);
        rest = rest.substr(end + 1);
        port.published = rest.starts_with(':') ? rest.substr(1) : std::string_view();
        return port;
    }
    const auto before = rest.rfind(':');
    port.published = before == std::string_view::npos ? rest : rest.substr(before + 1);
    if (before != std::string_view::npos) port.address = rest.substr(0, before);
    return port;
}

void long_ports(const ComposeNode& item, std::vector<ComposeNode>& out, ComposeContext& context) {
    const PortText text = split_port(item.text);
    const auto target = port_range(text.target);
    const auto published = text.published.empty() ? std::optional(PortRange{}) : port_range(text.published);
    if (!target || !published)
        return context.log.problem(
            item.at, fmt::format("ports: '{}' is not [address:][published:]target[/protocol]", item.text));
    const unsigned targets = target->last - target->first + 1;
    const unsigned hosts = published->last - published->first + 1;
    const bool random = text.published.empty();
    if (!random && targets > 1 && targets != hosts)
        return context.log.problem(item.at, fmt::format("ports: the ranges of '{}' differ in length", item.text));
    if (targets > kMostPortsOfRange)
        context.log.problem(
            item.at, fmt::format("ports: only the first {} ports of '{}' are listed", kMostPortsOfRange, item.text));
    for (unsigned i = 0; i < std::min(targets, kMostPortsOfRange); ++i) {
        ComposeNode port = make_map(item.at);
        const auto put = [&](std::string_view key, std::string_view value) {
            put_entry(port, key, make_scalar(value, item.at));
        };
        put("target", std::to_string(target->first + i));
        if (!random)
            put("published", targets == 1 ? std::string(text.published) : std::to_string(published->first + i));
        if (!text.address.empty()) put("host_ip", text.address);
        put("protocol", text.protocol);
        out.push_back(std::move(port));
        context.nodes += 5;
    }
}

void normalise_ports(ComposeNode& service, ComposeContext& context) {
    ComposeNode* ports = find_entry(service, "ports");
    if (ports == nullptr) return;
    std::vector<ComposeNode> out;
    for (ComposeNode& item : ports->items) {
        if (context.nodes > kMostComposeNodes) return context.log.problem(item.at, "ports: more than can be listed");
        if (item.is_scalar()) {
            long_ports(item, out, context);
        } else {
            if (find_entry(item, "protocol") == nullptr) put_entry(item, "protocol", make_scalar("tcp", item.at));
            out.push_back(std::move(item));
        }
    }
    ports->items = std::move(out);
}

void normalise_networks(ComposeNode& service) {
    ComposeNode* networks = find_entry(service, "networks");
    if (networks == nullptr || !networks->is_sequence()) return;
    ComposeNode map = make_map(networks->at);
    for (const ComposeNode& item : networks->items) {
        ComposeNode none;
        none.at = item.at;
        map.entries.emplace_back(make_scalar(item.text, item.at), std::move(none));
    }
    *networks = std::move(map);
}

void normalise_files(ComposeNode& service, std::string_view base, const ComposeContext& context) {
    for (const char* key : {"env_file", "label_file"}) {
        ComposeNode* files = find_entry(service, key);
        if (files == nullptr) continue;
        if (files->is_map()) wrap_in_list(*files);  // one file in the long form
        for (ComposeNode& item : files->items) {
            if (item.is_scalar()) item = with("path", std::move(item));
            if (ComposeNode* path = find_entry(item, "path")) path->text = context.resolve(path->text, base);
        }
    }
    if (ComposeNode* options = find_entry(service, "security_opt")) {
        for (ComposeNode& option : options->items) {
            if (!option.text.starts_with("seccomp=") && !option.text.starts_with("seccomp:")) continue;
            const std::string path = option.text.substr(8);
            if (path == "unconfined" || path == "builtin" || path == "default" || path.starts_with('{')) continue;
            option.text = "seccomp=" + context.resolve(path, base);
        }
    }
    if (ComposeNode* extends = find_entry(service, "extends"); extends != nullptr && extends->is_map()) {
        if (ComposeNode* file = find_entry(*extends, "file")) file->text = context.resolve(file->text, base);
    }
}

}  // namespace

void normalise_service(ComposeNode& service, std::string_view base, ComposeContext& context) {
    std::erase_if(service.entries, [](const auto& entry) { return entry.first.text.starts_with("x-"); });
    shape_service(service, context.log);
    to_map(service, "environment", false, context.log);
    for (const char* key : {"labels", "annotations", "sysctls"}) to_map(service, key, true, context.log);
    for (const char* key : {"tmpfs", "env_file", "label_file", "dns", "dns_search"}) to_list(service, key);
    if (ComposeNode* build = find_entry(service, "build"); build != nullptr && build->is_scalar())
        *build = with("context", std::move(*build));
    if (ComposeNode* build = find_entry(service, "build")) {
        ComposeNode* folder = find_entry(*build, "context");
        if (folder != nullptr && folder->text.find("://") == std::string::npos && !folder->text.starts_with("git@"))
            folder->text = context.resolve(folder->text, base);
    }
    for (const char* key : {"configs", "secrets"}) {
        ComposeNode* list = find_entry(service, key);
        if (list == nullptr) continue;
        for (ComposeNode& item : list->items) {
            if (item.is_scalar()) item = with("source", std::move(item));
        }
    }
    normalise_volumes(service, base, context);
    normalise_ports(service, context);
    normalise_networks(service);
    normalise_files(service, base, context);
}

}  // namespace plimsoll::posture
