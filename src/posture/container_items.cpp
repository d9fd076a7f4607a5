#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.h"
#include "posture/container_parts.h"
#include "posture/secrets.h"

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

bool is_wildcard(std::string_view address) {
    return address.empty() || address == "0.0.0.0" || address == "::" || address == "[::]";
}

std::uint64_t port_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string_view device_class(std::string_view path) {
    struct Class {
        std::string_view prefix;
        std::string_view name;
    };
    static constexpr std::array kClasses = {
        Class{"/dev/sd", "disk"},       Class{"/dev/hd", "disk"},      Class{"/dev/vd", "disk"},
        Class{"/dev/xvd", "disk"},      Class{"/dev/nvme", "disk"},    Class{"/dev/mmcblk", "disk"},
        Class{"/dev/md", "disk"},       Class{"/dev/disk", "disk"},    Class{"/dev/dm-", "mapper"},
        Class{"/dev/mapper", "mapper"}, Class{"/dev/loop", "loop"},    Class{"/dev/mem", "memory"},
        Class{"/dev/kmem", "memory"},   Class{"/dev/port", "memory"},  Class{"/dev/kmsg", "kmsg"},
        Class{"/dev/kvm", "kvm"},       Class{"/dev/net/tun", "tun"},  Class{"/dev/fuse", "fuse"},
        Class{"/dev/input", "input"},   Class{"/dev/uinput", "input"}, Class{"/dev/dri", "gpu"},
        Class{"/dev/nvidia", "gpu"},    Class{"/dev/kfd", "gpu"},      Class{"/dev/snd", "sound"},
        Class{"/dev/bus/usb", "usb"},   Class{"/dev/tty", "serial"},   Class{"/dev/hidraw", "usb"}};
    for (const Class& known : kClasses) {
        if (path.starts_with(known.prefix)) return known.name;
    }
    return "other";
}

/// `b|c|a MAJOR:MINOR rwm`: all devices, or a whole major that disks or memory devices have.
bool is_wildcard_rule(std::string_view rule) {
    const auto parts = split(trim(rule), ' ');
    if (parts.empty()) return false;
    if (parts[0] == "a") return true;
    if (parts.size() < 2) return false;
    const auto colon = parts[1].find(':');
    const std::string_view major = parts[1].substr(0, colon);
    const std::string_view minor = colon == std::string_view::npos ? std::string_view() : parts[1].substr(colon + 1);
    if (major == "*") return true;
    static constexpr std::array<std::string_view, 7> kDisks = {"8", "9", "65", "202", "253", "254", "259"};
    return minor == "*" &&
           ((parts[0] == "b" && std::ranges::find(kDisks, major) != kDisks.end()) || (parts[0] == "c" && major == "1"));
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
    std::set<std::string> seen;
    std::int64_t published = 0;
    bool wildcard = in.inspect.at("HostConfig.NetworkMode").text_or("") == "host";
    const auto add = [&](std::string_view inside, std::string_view address, std::string_view host) {
        const auto slash = inside.find('/');
        const std::string name =
            fmt::format("{}:{} → {}", address.empty() ? "*" : address, host.empty() ? "any" : host, inside);
        if (!seen.insert(name).second) return;
        ++published;
        wildcard = wildcard || is_wildcard(address);
        Facts& port = store.add(SubjectKind::port, name, name, &out);
        port.set_number("port.container", static_cast<std::int64_t>(port_number(inside.substr(0, slash))), at);
        port.set("port.protocol", slash == std::string_view::npos ? "tcp" : inside.substr(slash + 1), at);
        port.set_number("port.host", static_cast<std::int64_t>(port_number(host)), at);
        port.set("port.address", address, at);
        port.set("port.wildcard", is_wildcard(address), at);
        port.set("port.loopback", address.starts_with("127.") || address == "::1", at);
        port.set("port.v6", address.empty() || address.find(':') != std::string_view::npos, at);
        port.set("port.privileged", port_number(host) > 0 && port_number(host) < 1024, at);
    };
    const auto add_all = [&](Json ports) {
        ports.each_member([&](std::string_view inside, Json bindings) {
            bindings.each(
                [&](Json binding) { add(inside, binding["HostIp"].text_or(""), binding["HostPort"].text_or("")); });
        });
    };
    const Json live = in.inspect.at("NetworkSettings.Ports");
    bool bound = false;
    live.each_member([&](std::string_view, Json bindings) { bound = bound || bindings.size() > 0; });
    add_all(bound ? live : in.inspect.at("HostConfig.PortBindings"));
    out.set_number("container.ports.published", published, at);
    out.set("container.ports.exposed_wildcard", wildcard, at);
    out.set("container.ports.all", in.inspect.at("HostConfig.PublishAllPorts").truth_or(false),
            in.origin + " HostConfig.PublishAllPorts");
}

void gather_environment(const ContainerReading& in, FactStore& store, Facts& out) {
    const auto image = in.engine.images.by_id.find(in.inspect["Image"].text_or(""));
    const std::vector<std::string> none;
    const auto& of_image = image == in.engine.images.by_id.end() ? none : image->second.environment;
    gather_variables(strings(in.inspect.at("Config.Env")), of_image, in.origin + " Config.Env", store, out);
}

void gather_variables(const std::vector<std::string>& variables, const std::vector<std::string>& of_image,
                      const std::string& origin, FactStore& store, const Facts& owner) {
    for (const std::string& variable : variables) {
        const auto equals = variable.find('=');
        const std::string_view name = std::string_view(variable).substr(0, equals);
        const std::string_view value =
            equals == std::string::npos ? std::string_view() : std::string_view(variable).substr(equals + 1);
        Facts& env = store.add(SubjectKind::env, name, name, &owner);
        env.set("env.name", name, origin);
        const auto sign = secret_in_variable(name, value);
        env.set("env.secret", sign && !sign->reference, origin);
        if (sign)
            env.set("env.secret.kind", sign->kind, origin);
        else
            env.absent("env.secret.kind", origin);
        env.set("env.reference", sign && sign->reference, origin);
        env.set("env.from_image", std::ranges::find(of_image, variable) != of_image.end(), origin);
    }
}

void gather_devices(const ContainerReading& in, FactStore& store, Facts& out) {
    const Json host = in.inspect["HostConfig"];
    std::vector<std::string> paths;
    const std::string at = in.origin + " HostConfig.Devices";
    host["Devices"].each([&](Json entry) {
        const std::string path(entry["PathOnHost"].text_or(""));
        paths.push_back(path);
        Facts& device = store.add(SubjectKind::device, path, path, &out);
        device.set("device.path", path, at);
        device.set("device.permissions", entry["CgroupPermissions"].text_or("rwm"), at);
        device.set("device.class", device_class(path), at);
        device.absent("device.rule", at);
        device.absent("device.rule.wildcard", at);
    });
    out.set_list("container.devices", paths, at);
    for (const std::string& rule : strings(host["DeviceCgroupRules"])) {
        const std::string where = in.origin + " HostConfig.DeviceCgroupRules";
        Facts& device = store.add(SubjectKind::device, rule, rule, &out);
        device.absent("device.path", where);
        device.set("device.permissions", rule.substr(rule.rfind(' ') + 1), where);
        device.set("device.class", "other", where);
        device.set("device.rule", rule, where);
        device.set("device.rule.wildcard", is_wildcard_rule(rule), where);
    }
    std::vector<std::string> requests;
    host["DeviceRequests"].each([&](Json request) {
        std::string capabilities;
        request["Capabilities"].each([&](Json set) {
            for (const std::string& name : strings(set)) capabilities += (capabilities.empty() ? "" : ",") + name;
        });
        requests.push_back(fmt::format("{}:{}", request["Driver"].text_or(""), capabilities));
    });
    out.set_list("container.device_requests", requests, in.origin + " HostConfig.DeviceRequests");
}

}  // namespace plimsoll::posture
