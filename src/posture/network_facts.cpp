#include "posture/network_facts.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "posture/container_facts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

void set_age(const Json& created, Nanoseconds now, FieldKey field, std::string_view at, Facts& out) {
    if (const auto time = parse_rfc3339(created.text_or("")))
        out.set_number(field, std::max<Nanoseconds>(now - *time, 0) / kDay, at);
    else
        out.unknown(field, "the engine gives no date");
}

bool holds_password(std::string_view options) {
    for (const std::string_view option : split(options, ',')) {
        const auto equals = option.find('=');
        const std::string name = lowered(option.substr(0, equals));
        if (equals != std::string_view::npos && equals + 1 < option.size() &&
            (name == "password" || name == "pass" || name == "secret" || name == "passwd"))
            return true;
    }
    return false;
}

}  // namespace

void gather_network(const Json& network, const Usage& usage, Nanoseconds now, Facts& out, const std::string& at) {
    const std::string_view name = network["Name"].text_or("");
    const std::string_view driver = network["Driver"].text_or("");
    const Json options = network["Options"];
    static constexpr std::array<std::string_view, 6> kBuiltin = {"bridge",          "host",  "none", "ingress",
                                                                 "docker_gwbridge", "podman"};
    const bool builtin = std::ranges::find(kBuiltin, name) != kBuiltin.end();
    out.set("network.id", network["Id"].text_or("").substr(0, 12), at);
    out.set("network.name", name, at);
    out.set("network.driver", driver, at);
    out.set("network.scope", network["Scope"].text_or("local"), at);
    out.set("network.default_bridge",
            options["com.docker.network.bridge.default_bridge"].text_or("false") == "true" || name == "podman", at);
    out.set("network.builtin", builtin, at);
    out.set("network.internal", network["Internal"].truth_or(false), at);
    if (driver == "bridge") {
        out.set("network.icc", options["com.docker.network.bridge.enable_icc"].text_or("true") != "false",
                at + " Options");
        out.set("network.masquerade",
                options["com.docker.network.bridge.enable_ip_masquerade"].text_or("true") != "false", at + " Options");
        const std::string_view bind = options["com.docker.network.bridge.host_binding_ipv4"].text_or("");
        if (bind.empty())
            out.absent("network.default_bind", at + " Options");
        else
            out.set("network.default_bind", bind, at + " Options");
    } else {
        for (const FieldKey field :
             {FieldKey("network.icc"), FieldKey("network.masquerade"), FieldKey("network.default_bind")})
            out.absent(field, at);
    }
    if (driver == "overlay")
        out.set("network.encrypted", !options["encrypted"].is_null() && options["encrypted"].text_or("true") != "false",
                at + " Options");
    else
        out.absent("network.encrypted", at);
    out.set("network.attachable", network["Attachable"].truth_or(false), at);
    out.set("network.ingress", network["Ingress"].truth_or(false), at);
    out.set("network.ipv6", network["EnableIPv6"].truth_or(false), at);
    if (driver == "macvlan" || driver == "ipvlan")
        out.set("network.parent", options["parent"].text_or(""), at + " Options");
    else
        out.absent("network.parent", at);
    const auto users = usage.networks.find(name);
    std::vector<std::string> names;
    if (users != usage.networks.end()) names.assign(users->second.begin(), users->second.end());
    out.set_number("network.containers", static_cast<std::int64_t>(names.size()), "containers' inspect data");
    out.set_list("network.containers.names", names, "containers' inspect data");
    out.set("network.used", !names.empty() || network["Containers"].size() > 0 || network["Services"].size() > 0,
            "containers' inspect data");
    set_age(network["Created"], now, "network.age_days", at, out);
}

bool is_anonymous(const Json& volume) {
    const std::string_view name = volume["Name"].text_or("");
    return volume["Labels"]["com.docker.volume.anonymous"].kind() != Json::Kind::nothing ||
           volume["Anonymous"].truth_or(false) ||
           (name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos);
}

std::vector<std::string> volume_paths(const Json& volume) {
    if (volume["Driver"].text_or("local") != "local") return {};
    std::vector<std::string> paths;
    const auto add = [&](std::string_view path) {
        if (path.starts_with('/')) paths.emplace_back(path);
    };
    const Json options = volume["Options"];
    add(options["device"].text_or(""));
    for (const std::string_view option : split(options["o"].text_or(""), ',')) {
        for (const std::string_view layer : {std::string_view("lowerdir="), std::string_view("upperdir=")}) {
            if (!option.starts_with(layer)) continue;
            for (const std::string_view path : split(option.substr(layer.size()), ':')) add(path);
        }
    }
    return paths;
}

std::string volume_device(const Json& volume) {
    const auto paths = volume_paths(volume);
    return paths.empty() ? std::string() : paths.front();
}

void gather_volume(const Json& volume, const Usage& usage, const HostPlaces& places, const host::Root& root, bool local,
                   Nanoseconds now, Facts& out, const std::string& at) {
    const std::string name(volume["Name"].text_or(""));
    const std::string mountpoint(volume["Mountpoint"].text_or(""));
    out.set("volume.name", name, at);
    out.set("volume.driver", volume["Driver"].text_or(""), at);
    out.set("volume.mountpoint", mountpoint, at);
    out.set("volume.anonymous", is_anonymous(volume), at);
    out.set("volume.used", usage.volumes.contains(name), "containers' inspect data");
    set_age(volume["CreatedAt"], now, "volume.age_days", at, out);
    const std::string device = volume_device(volume);
    if (device.empty()) {
        out.absent("volume.device", at + " Options");
        out.set_list("volume.reaches", {}, at + " Options");
    } else {
        out.set("volume.device", device, at + " Options");
        std::set<std::string> words;
        for (const std::string& path : volume_paths(volume)) {
            const auto resolved =
                local ? host::resolve(root, path) : Result<std::optional<std::string>>(std::optional<std::string>());
            const auto reach = reach_of(resolved && *resolved ? **resolved : normalized(path), {}, places);
            words.insert(reach.words.begin(), reach.words.end());
        }
        out.set_list("volume.reaches", {words.begin(), words.end()}, at + " Options, links resolved");
    }
    if (const auto size = volume.at("UsageData.Size").integer(); size && *size >= 0)
        out.set_number("volume.size", *size, at + " UsageData");
    else
        out.unknown("volume.size", "the engine only measures it for `docker system df`");
    bool password = false;
    volume["Options"].each_member(
        [&](std::string_view, Json value) { password = password || holds_password(value.text_or("")); });
    out.set("volume.credentials_in_options", password, at + " Options");
    if (!local) return out.unknown("volume.entries", "its files are on another host");
    const auto entries = host::list_directory(root, mountpoint);
    if (!entries)
        out.unknown("volume.entries", entries.error().message);
    else if (!*entries)
        out.unknown("volume.entries", "its directory is not there");
    else
        out.set_number("volume.entries", static_cast<std::int64_t>((*entries)->size()), mountpoint);
}

}  // namespace plimsoll::posture
