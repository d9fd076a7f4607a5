#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "posture/container_parts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FactStore;
using model::SubjectKind;

/// By the usual names below /dev: what is left when the host was not asked, and for folders of devices.
std::string_view class_of_name(std::string_view path) {
    struct Class {
        std::string_view prefix;
        std::string_view name;
    };
    static constexpr std::array kClasses = {
        Class{"/dev/sd", "disk"},    Class{"/dev/hd", "disk"},       Class{"/dev/vd", "disk"},
        Class{"/dev/xvd", "disk"},   Class{"/dev/nvme", "disk"},     Class{"/dev/mmcblk", "disk"},
        Class{"/dev/md", "disk"},    Class{"/dev/disk", "disk"},     Class{"/dev/zram", "disk"},
        Class{"/dev/nbd", "disk"},   Class{"/dev/block", "disk"},    Class{"/dev/sg", "disk"},
        Class{"/dev/dm-", "mapper"}, Class{"/dev/mapper", "mapper"}, Class{"/dev/loop", "loop"},
        Class{"/dev/mem", "memory"}, Class{"/dev/kmem", "memory"},   Class{"/dev/port", "memory"},
        Class{"/dev/kmsg", "kmsg"},  Class{"/dev/kvm", "kvm"},       Class{"/dev/net/tun", "tun"},
        Class{"/dev/fuse", "fuse"},  Class{"/dev/input", "input"},   Class{"/dev/uinput", "input"},
        Class{"/dev/dri", "gpu"},    Class{"/dev/nvidia", "gpu"},    Class{"/dev/kfd", "gpu"},
        Class{"/dev/snd", "sound"},  Class{"/dev/bus/usb", "usb"},   Class{"/dev/tty", "serial"},
        Class{"/dev/hidraw", "usb"}};
    for (const Class& known : kClasses) {
        if (path.starts_with(known.prefix)) return known.name;
    }
    return "other";
}

/// By the kernel's fixed numbers of character devices; empty when the number says nothing. No minor: the whole major.
std::string_view class_of_character(std::uint32_t major, std::optional<std::uint32_t> minor) {
    struct Number {
        std::uint32_t major;
        std::optional<std::uint32_t> minor;
        std::string_view name;
    };
    static constexpr std::array kNumbers = {Number{1, 1, "memory"},
                                            Number{1, 2, "memory"},
                                            Number{1, 4, "memory"},
                                            Number{1, 11, "kmsg"},
                                            Number{10, 200, "tun"},
                                            Number{10, 223, "input"},
                                            Number{10, 229, "fuse"},
                                            Number{10, 232, "kvm"},
                                            Number{10, 236, "mapper"},
                                            Number{10, 237, "loop"},
                                            Number{4, std::nullopt, "serial"},
                                            Number{13, std::nullopt, "input"},
                                            Number{14, std::nullopt, "sound"},
                                            Number{21, std::nullopt, "disk"},
                                            Number{116, std::nullopt, "sound"},
                                            Number{180, std::nullopt, "usb"},
                                            Number{188, std::nullopt, "serial"},
                                            Number{189, std::nullopt, "usb"},
                                            Number{195, std::nullopt, "gpu"},
                                            Number{226, std::nullopt, "gpu"}};
    if (major == 1 && !minor) return "memory";
    for (const Number& known : kNumbers) {
        if (known.major == major && (!known.minor || known.minor == minor)) return known.name;
    }
    return {};
}

std::string_view class_of_block(std::uint32_t major) { return major == 7 ? "loop" : "disk"; }

/// What a device is: by its node's kind and numbers where the host was asked, since links and odd names hide it.
std::string_view device_class(const ContainerReading& in, const std::string& given) {
    std::string path = normalized(given);
    SourceFacts node;
    if (in.engine.look_at) node = in.engine.look_at(path);
    const std::string_view named = class_of_name(path);
    if (node.block_device) return named == "mapper" ? named : class_of_block(node.major);
    if (node.character_device) {
        const std::string_view numbered = class_of_character(node.major, node.minor);
        if (!numbered.empty()) return numbered;
        return node.major == 1 ? "other" : named;  // null, zero, random
    }
    return named == "other" ? class_of_name(given) : named;
}

/// `b|c|a MAJOR:MINOR rwm`, where * is every number.
struct DeviceRule {
    char type = 'a';
    std::optional<std::uint32_t> major;
    std::optional<std::uint32_t> minor;
    std::string permissions;
};

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

DeviceRule read_rule(std::string_view text) {
    std::vector<std::string_view> parts;
    for (const std::string_view part : split(trim(text), ' ')) {
        if (!part.empty()) parts.push_back(part);
    }
    DeviceRule rule;
    if (!parts.empty() && (parts[0] == "b" || parts[0] == "c")) rule.type = parts[0].front();
    if (parts.size() > 1) {
        const auto colon = parts[1].find(':');
        rule.major = number(parts[1].substr(0, colon));
        if (colon != std::string_view::npos) rule.minor = number(parts[1].substr(colon + 1));
    }
    rule.permissions = parts.size() > 2 ? parts[2] : "rwm";
    return rule;
}

/// With m alone nodes can be made but not opened; every container may do that.
bool opens(const DeviceRule& rule) { return rule.permissions.find_first_of("rw") != std::string::npos; }

std::string_view device_class(const DeviceRule& rule) {
    if (!opens(rule)) return "other";
    if (rule.type == 'b') return rule.major ? class_of_block(*rule.major) : "disk";
    if (rule.type == 'a') return "disk";
    if (!rule.major) return "memory";
    const std::string_view numbered = class_of_character(*rule.major, rule.minor);
    return numbered.empty() ? "other" : numbered;
}

/// Everything of a type, or a whole major of disks or memory devices.
bool is_wildcard(const DeviceRule& rule) {
    if (!opens(rule)) return false;
    if (rule.type == 'a' || !rule.major) return true;
    return !rule.minor && (rule.type == 'b' || rule.major == 1 || rule.major == 21);
}

}  // namespace

void gather_devices(const ContainerReading& in, FactStore& store, Facts& out) {
    const Json host = in.inspect["HostConfig"];
    std::vector<std::string> paths;
    const std::string at = in.origin + " HostConfig.Devices";
    host["Devices"].each([&](Json entry) {
        const std::string path(entry["PathOnHost"].text_or(""));
        paths.push_back(path);
        Facts& device = store.add(SubjectKind::device, path, path, &out);
        device.set("device.given", path, at);
        device.set("device.path", path, at);
        device.set("device.permissions", entry["CgroupPermissions"].text_or("rwm"), at);
        device.set("device.class", device_class(in, path), at + ", host's device nodes");
        device.absent("device.rule", at);
        device.absent("device.rule.wildcard", at);
    });
    out.set_list("container.devices", paths, at);
    for (const std::string& text : strings(host["DeviceCgroupRules"])) {
        const std::string where = in.origin + " HostConfig.DeviceCgroupRules";
        const DeviceRule rule = read_rule(text);
        Facts& device = store.add(SubjectKind::device, text, text, &out);
        device.set("device.given", text, where);
        device.absent("device.path", where);
        device.set("device.permissions", rule.permissions, where);
        device.set("device.class", device_class(rule), where);
        device.set("device.rule", text, where);
        device.set("device.rule.wildcard", is_wildcard(rule), where);
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
