#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <map>
#include <set>

#include "base/text.h"
#include "posture/container_parts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FactStore;
using model::SubjectKind;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSocketWords = {
    {{"docker-socket", "docker"},
     {"containerd-socket", "containerd"},
     {"podman-socket", "podman"},
     {"crio-socket", "crio"}}};

/// One mount in the form that both `Mounts` and `HostConfig.Tmpfs` lead to.
struct MountReading {
    std::string type;
    std::string source;
    std::string destination;
    std::string propagation;
    std::string mode;
    std::string volume;
    std::string driver;
    bool writable = true;
    std::string tmpfs_options;
};

/// What all mounts of a container together reach.
struct ReachTotal {
    std::set<std::string> words;
    std::set<std::string> writable;
    std::set<std::string> sockets;
};

bool has_option(std::string_view options, std::string_view wanted) {
    for (const std::string_view option : split(options, ',')) {
        if (option == wanted ||
            (option.starts_with(wanted) && option.size() > wanted.size() && option[wanted.size()] == '='))
            return true;
    }
    return false;
}

void set_reach(const ContainerReading& in, const MountReading& mount, Facts& out, ReachTotal& total,
               const std::string& at) {
    const bool on_host =
        (mount.type == "bind" || (mount.type == "volume" && mount.driver == "device")) && mount.source.starts_with('/');
    if (!on_host) {
        out.set_list("mount.reaches", {}, at);
        out.set("mount.exact", false, at);
        out.set("mount.secret", false, at);
        out.absent("mount.exists", at);
        return;
    }
    std::string path = normalized(mount.source);
    SourceFacts source;
    if (in.engine.look_at) source = in.engine.look_at(path);
    const Reach reach = reach_of(path, source, in.engine.places);
    out.set_list("mount.reaches", reach.words, at + ", host paths and inodes");
    out.set("mount.exact", reach.exact, at);
    out.set("mount.secret", reach.secret, at);
    if (source.known)
        out.set("mount.exists", source.exists, "stat " + path);
    else
        out.unknown("mount.exists", "the host's files were not asked");
    for (const std::string& word : reach.words) {
        total.words.insert(word);
        if (mount.writable) total.writable.insert(word);
        for (const auto& [socket, engine] : kSocketWords) {
            if (word == socket) total.sockets.emplace(engine);
        }
    }
}

void add_mount(const ContainerReading& in, const MountReading& mount, FactStore& store, Facts& container,
               ReachTotal& total) {
    const std::string at = in.origin + " Mounts";
    Facts& out = store.add(SubjectKind::mount, mount.destination,
                           fmt::format("{} → {}", mount.source.empty() ? mount.type : mount.source, mount.destination),
                           &container);
    out.set("mount.type", mount.type, at);
    if (mount.source.empty())
        out.absent("mount.source", at);
    else
        out.set("mount.source", mount.source, at);
    out.set("mount.destination", mount.destination, at);
    out.set("mount.writable", mount.writable, at);
    if (mount.propagation.empty())
        out.absent("mount.propagation", at);
    else
        out.set("mount.propagation", mount.propagation, at);
    const auto optional = [&](model::FieldKey field, const std::string& text) {
        if (text.empty())
            out.absent(field, at);
        else
            out.set(field, text, at);
    };
    optional("mount.volume", mount.volume);
    optional("mount.driver", mount.driver == "device" ? "local" : mount.driver);
    if (mount.type == "tmpfs") {
        out.set("mount.exec", has_option(mount.tmpfs_options, "exec"), at);
        out.set("mount.suid", has_option(mount.tmpfs_options, "suid"), at);
        out.set("mount.unbounded", !has_option(mount.tmpfs_options, "size"), at);
    } else {
        for (const model::FieldKey field :
             {model::FieldKey("mount.exec"), model::FieldKey("mount.suid"), model::FieldKey("mount.unbounded")}) {
            out.absent(field, at);
        }
    }
    set_reach(in, mount, out, total, at);
}

MountReading read_mount(Json entry, const EngineView& engine) {
    MountReading mount{.type = std::string(entry["Type"].text_or("bind")),
                       .source = std::string(entry["Source"].text_or("")),
                       .destination = std::string(entry["Destination"].text_or("")),
                       .propagation = std::string(entry["Propagation"].text_or("")),
                       .mode = std::string(entry["Mode"].text_or("")),
                       .volume = std::string(entry["Name"].text_or("")),
                       .driver = std::string(entry["Driver"].text_or("")),
                       .writable = entry["RW"].truth_or(true)};
    if (const auto device = engine.volume_devices.find(mount.volume); device != engine.volume_devices.end()) {
        mount.source = device->second;
        mount.driver = "device";
    }
    return mount;
}

/// Falco's container.mount* fields: by number, by source and by destination.
void set_falco_mount(const MountReading& mount, std::size_t number, Facts& out, const std::string& at) {
    const std::string rdwr = mount.writable ? "true" : "false";
    const std::string whole =
        fmt::format("{}:{}:{}:{}:{}", mount.source, mount.destination, mount.mode, rdwr, mount.propagation);
    const auto under = [&](std::string_view key) {
        out.set_keyed("container.mount", key, whole, at);
        out.set_keyed("container.mount.dest", key, mount.destination, at);
        out.set_keyed("container.mount.mode", key, mount.mode, at);
        out.set_keyed("container.mount.rdwr", key, rdwr, at);
        out.set_keyed("container.mount.propagation", key, mount.propagation, at);
    };
    under(std::to_string(number));
    if (!mount.source.empty()) under(mount.source);
    out.set_keyed("container.mount.source", std::to_string(number), mount.source, at);
    out.set_keyed("container.mount.source", mount.destination, mount.source, at);
}

constexpr std::string_view kBothFamilies = "0.0.0.0, ::";

bool is_wildcard(std::string_view address) {
    return address.empty() || address == "0.0.0.0" || address == "::" || address == "[::]" || address == kBothFamilies;
}

std::uint64_t port_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// A port inside (80/tcp) and its port on the host.
struct PublishedPort {
    std::string inside;
    std::string host;
    auto operator<=>(const PublishedPort&) const = default;
};

/// The addresses of one published port, where the wildcards of IPv4 and IPv6 are one.
std::vector<std::string> folded(const std::set<std::string>& addresses) {
    const bool both = addresses.contains("0.0.0.0") && (addresses.contains("::") || addresses.contains("[::]"));
    std::vector<std::string> all;
    if (both) all.emplace_back(kBothFamilies);
    for (const std::string& address : addresses) {
        if (!both || address.empty() || !is_wildcard(address)) all.push_back(address);
    }
    return all;
}

/// Where a port without an address will bind when the container starts: the setting of its network or, on the default
/// bridge, of the daemon. Empty when neither is set: every address.
std::string default_address(const ContainerReading& in) {
    const std::string mode(in.inspect.at("HostConfig.NetworkMode").text_or(""));
    const bool on_default = mode.empty() || mode == "default" || mode == "bridge";
    const auto network = in.engine.network_binds.find(on_default ? "bridge" : mode);
    if (network != in.engine.network_binds.end() && !network->second.empty()) return network->second;
    return on_default ? in.engine.default_bind : std::string();
}

void add_port(const PublishedPort& published, std::string_view address, const std::string& at, FactStore& store,
              const Facts& container) {
    const std::string_view inside = published.inside;
    const auto slash = inside.find('/');
    const std::uint64_t host = port_number(published.host);
    const std::string name = fmt::format("{}:{} → {}", address.empty() ? "*" : address,
                                         published.host.empty() ? "any" : published.host, inside);
    Facts& port = store.add(SubjectKind::port, name, name, &container);
    port.set_number("port.container", static_cast<std::int64_t>(port_number(inside.substr(0, slash))), at);
    port.set("port.protocol", slash == std::string_view::npos ? "tcp" : inside.substr(slash + 1), at);
    port.set_number("port.host", static_cast<std::int64_t>(host), at);
    port.set("port.address", address, at);
    port.set("port.wildcard", is_wildcard(address), at);
    port.set("port.loopback", address.starts_with("127.") || address == "::1", at);
    port.set("port.v6", address.empty() || address.find(':') != std::string_view::npos, at);
    port.set("port.privileged", host > 0 && host < 1024, at);
}

}  // namespace

void gather_mounts(const ContainerReading& in, FactStore& store, Facts& out) {
    const std::string at = in.origin + " Mounts";
    for (const model::FieldKey field :
         {model::FieldKey("container.mount"), model::FieldKey("container.mount.source"),
          model::FieldKey("container.mount.dest"), model::FieldKey("container.mount.mode"),
          model::FieldKey("container.mount.rdwr"), model::FieldKey("container.mount.propagation")}) {
        out.absent(field, at);
    }
    ReachTotal total;
    std::string all;
    std::size_t number = 0;
    std::set<std::string> tmpfs_seen;
    const Json tmpfs = in.inspect.at("HostConfig.Tmpfs");
    in.inspect["Mounts"].each([&](Json entry) {
        MountReading mount = read_mount(entry, in.engine);
        if (mount.type == "tmpfs") {
            mount.tmpfs_options = tmpfs[mount.destination].text_or("");
            tmpfs_seen.insert(mount.destination);
            in.inspect.at("HostConfig.Mounts").each([&](Json asked) {
                if (asked["Target"].text() == mount.destination &&
                    asked.at("TmpfsOptions.SizeBytes").integer().value_or(0) > 0)
                    mount.tmpfs_options += ",size=set";
            });
        }
        if (!all.empty()) all += ' ';
        all += fmt::format("{}:{}:{}:{}:{}", mount.source, mount.destination, mount.mode, mount.writable,
                           mount.propagation);
        set_falco_mount(mount, number++, out, at);
        add_mount(in, mount, store, out, total);
    });
    tmpfs.each_member([&](std::string_view destination, Json options) {
        if (tmpfs_seen.contains(std::string(destination))) return;
        add_mount(in,
                  {.type = "tmpfs",
                   .destination = std::string(destination),
                   .tmpfs_options = std::string(options.text_or(""))},
                  store, out, total);
    });
    out.set("container.mounts", all, at);
    out.set_list("container.mounts.sockets", {total.sockets.begin(), total.sockets.end()}, at);
    out.set_list("container.mounts.reach", {total.words.begin(), total.words.end()}, at);
    out.set_list("container.mounts.reach_writable", {total.writable.begin(), total.writable.end()}, at);
}

void gather_ports(const ContainerReading& in, FactStore& store, Facts& out) {
    const std::string at = in.origin + " HostConfig.PortBindings, NetworkSettings.Ports";
    const Json live = in.inspect.at("NetworkSettings.Ports");
    bool bound = false;
    live.each_member([&](std::string_view, Json bindings) { bound = bound || bindings.size() > 0; });
    const std::string unnamed = bound ? std::string() : default_address(in);
    std::map<PublishedPort, std::set<std::string>> addresses;
    (bound ? live : in.inspect.at("HostConfig.PortBindings")).each_member([&](std::string_view inside, Json bindings) {
        bindings.each([&](Json binding) {
            const std::string_view address = binding["HostIp"].text_or("");
            addresses[{std::string(inside), std::string(binding["HostPort"].text_or(""))}].insert(
                address.empty() ? unnamed : std::string(address));
        });
    });
    bool wildcard = in.inspect.at("HostConfig.NetworkMode").text_or("") == "host";
    for (const auto& [port, all] : addresses) {
        for (const std::string& address : folded(all)) {
            wildcard = wildcard || is_wildcard(address);
            add_port(port, address, at, store, out);
        }
    }
    out.set_number("container.ports.published", static_cast<std::int64_t>(addresses.size()), at);
    out.set("container.ports.exposed_wildcard", wildcard, at);
    out.set("container.ports.all", in.inspect.at("HostConfig.PublishAllPorts").truth_or(false),
            in.origin + " HostConfig.PublishAllPorts");
}

}  // namespace plimsoll::posture
