#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "posture/capabilities.h"
#include "posture/container_parts.h"
#include "posture/seccomp_profile.h"

namespace plimsoll::posture {

namespace {

using model::Facts;

/// Paths that the engine masks or makes read-only in every ordinary container, in all versions since 20.10.
constexpr std::array<std::string_view, 10> kProtectedPaths = {
    "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware",
    "/proc/scsi",  "/proc/bus",  "/proc/fs",         "/proc/irq",         "/proc/sys"};

/// Nothing means false, as in Go; anything but a boolean cannot be believed.
void set_truth(model::FieldKey field, Json value, const std::string& origin, Facts& out) {
    if (value.is_null())
        out.set(field, false, origin);
    else if (const auto truth = value.truth())
        out.set(field, *truth, origin);
    else
        out.unknown(field, "the engine's answer is not true or false");
}

std::optional<std::int64_t> as_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_root_group(std::string_view group) { return group == "root" || as_number(group) == 0; }

/// The option's value: `seccomp=unconfined` and the older `seccomp:unconfined`; "true" when nothing follows the name.
std::optional<std::string_view> security_option(const std::vector<std::string>& options, std::string_view name) {
    std::optional<std::string_view> value;
    for (const std::string_view option : options) {
        if (option == name)
            value = "true";
        else if (option.starts_with(name) && option.size() > name.size() &&
                 (option[name.size()] == '=' || option[name.size()] == ':')) {
            value = option.substr(name.size() + 1);
        }
    }
    return value;
}

void gather_seccomp(const ContainerReading& in, const std::vector<std::string>& options,
                    const std::vector<std::string>& capabilities, bool privileged, Facts& out) {
    const std::string at = in.origin + " HostConfig.SecurityOpt";
    std::string_view body;
    std::string kind = "default";
    const auto option = security_option(options, "seccomp");
    if (privileged || option == "unconfined")
        kind = "unconfined";
    else if (option && *option != "builtin" && *option != "default") {
        kind = "custom";
        body = *option;
    } else if (!option && in.engine.seccomp && *in.engine.seccomp == "unconfined") {
        kind = "unconfined";
    }
    out.set("container.seccomp", kind, at);
    out.absent("container.seccomp.permissive", at);
    out.absent("container.seccomp.dangerous", at);
    if (kind != "custom") return;
    const auto profile = JsonDocument::parse(body);
    if (!profile || !profile->root().is_object()) {
        const std::string reason =
            "the profile is named by a path that the engine read at creation, its body cannot be seen";
        out.unknown("container.seccomp.permissive", reason);
        out.unknown("container.seccomp.dangerous", reason);
        return;
    }
    const SeccompJudgement judgement = judge_seccomp(profile->root(), capabilities);
    out.set("container.seccomp.permissive", judgement.permissive, at);
    out.set_list("container.seccomp.dangerous", judgement.dangerous, at);
}

void gather_confinement(const ContainerReading& in, const std::vector<std::string>& options, bool privileged,
                        Facts& out) {
    const std::string at = in.origin + " HostConfig.SecurityOpt";
    const std::string_view profile = in.inspect["AppArmorProfile"].text_or("");
    const auto asked = security_option(options, "apparmor");
    if (!profile.empty())
        out.set("container.apparmor", profile, in.origin + " AppArmorProfile");
    else if (privileged || asked == "unconfined")
        out.set("container.apparmor", "unconfined", at);
    else if (asked)
        out.set("container.apparmor", *asked, at);
    else if (!in.engine.apparmor)
        out.unknown("container.apparmor", in.engine.defaults_reason);
    else
        out.set("container.apparmor", *in.engine.apparmor ? "docker-default" : "", "GET /info SecurityOptions");

    bool label_disabled = false;
    for (const std::string& option : options) {
        label_disabled = label_disabled || option == "label=disable" || option == "label:disable" ||
                         option.find("type:spc_t") != std::string::npos ||
                         option.find("type=spc_t") != std::string::npos;
    }
    out.set("container.selinux.disabled", label_disabled, at);

    const auto no_new = security_option(options, "no-new-privileges");
    if (no_new)
        out.set("container.no_new_privileges", *no_new != "false" && *no_new != "0", at);
    else if (in.engine.no_new_privileges)
        out.set("container.no_new_privileges", *in.engine.no_new_privileges, "daemon default");
    else
        out.unknown("container.no_new_privileges", in.engine.defaults_reason);
}

void gather_paths(const ContainerReading& in, bool privileged, const std::vector<std::string>& options, Facts& out) {
    const Json host = in.inspect["HostConfig"];
    const std::string at = in.origin + " HostConfig.MaskedPaths";
    const Json masked = host["MaskedPaths"];
    const Json readonly = host["ReadonlyPaths"];
    std::vector<std::string> missing;
    const bool listed = masked.is_array() || readonly.is_array();
    if (listed) {
        auto present = strings(masked);
        const auto more = strings(readonly);
        present.insert(present.end(), more.begin(), more.end());
        for (const std::string_view path : kProtectedPaths) {
            if (std::ranges::find(present, path) == present.end()) missing.emplace_back(path);
        }
    } else if (privileged || security_option(options, "systempaths") == "unconfined" ||
               security_option(options, "unmask") == "ALL") {
        missing.assign(kProtectedPaths.begin(), kProtectedPaths.end());
    } else if (const auto unmasked = security_option(options, "unmask")) {
        for (const std::string_view path : split(*unmasked, ':')) missing.emplace_back(path);
    }
    out.set_list("container.paths.missing", missing, at);
    out.set("container.paths.unmasked", !missing.empty(), at);
}

/// Groups of the host that numbers in the definition stand for; with remapped users no number does.
void set_host_groups(const ContainerReading& in, const std::vector<std::string>& groups, std::string_view group,
                     const std::string& origin, Facts& out) {
    std::vector<std::string> names;
    const auto add = [&](std::string_view text) {
        const auto number = as_number(text);
        if (!number || *number <= 0 || !in.engine.group_name) return;
        if (std::string name = in.engine.group_name(static_cast<std::uint32_t>(*number)); !name.empty())
            names.push_back(std::move(name));
    };
    const bool remapped =
        in.engine.userns_remap.value_or(false) && in.inspect.at("HostConfig.UsernsMode").text_or("") != "host";
    if (!remapped) {
        for (const std::string& each : groups) add(each);
        add(group);
    }
    out.set_list("container.groups.host", names, origin);
}

}  // namespace

void gather_user(const ContainerReading& in, Facts& out) {
    const std::string at = in.origin + " Config.User";
    const std::string_view configured = in.inspect.at("Config.User").text_or("");
    const auto colon = configured.find(':');
    const std::string_view user = configured.substr(0, colon);
    out.set("container.user", configured, at);

    std::optional<std::int64_t> uid = user.empty() || user == "root" ? std::optional<std::int64_t>(0) : as_number(user);
    std::string from = at;
    if (!uid && in.engine.uid_of) {
        uid = in.engine.uid_of(in.inspect, user);
        from = "the image's /etc/passwd";
    }
    const std::string reason = fmt::format(
        "user '{}' is a name, and neither a live process nor the image's files tell its uid", printable(user));
    if (uid) {
        out.set_number("container.user.uid", *uid, from);
        out.set("container.user.root", *uid == 0, from);
    } else {
        out.unknown("container.user.uid", reason);
        out.unknown("container.user.root", reason);
    }
    out.absent("container.user.host_uid", "no live process");

    if (uid)
        out.set("container.user.configured_root", *uid == 0, from);
    else
        out.unknown("container.user.configured_root", reason);

    const auto groups = strings(in.inspect.at("HostConfig.GroupAdd"));
    const std::string group_origin = in.origin + " HostConfig.GroupAdd, Config.User";
    out.set_list("container.groups", groups, in.origin + " HostConfig.GroupAdd");
    const std::string_view group = colon == std::string_view::npos ? std::string_view() : configured.substr(colon + 1);
    set_host_groups(in, groups, group, group_origin, out);
    const bool named_root = std::ranges::any_of(groups, is_root_group) || (!group.empty() && is_root_group(group));
    if (!uid) {
        out.unknown("container.group.root", reason);
    } else if (*uid == 0 || named_root || !group.empty()) {
        out.set("container.group.root", *uid != 0 && named_root, group_origin);
    } else if (const auto gid = in.engine.gid_of ? in.engine.gid_of(in.inspect, *uid) : std::nullopt) {
        out.set("container.group.root", *gid == 0,
                "a user without a group has the one of the image's /etc/passwd, else 0");
    } else {
        out.unknown("container.group.root",
                    "the user is given without a group, and the image's /etc/passwd, which decides it, cannot be read");
    }

    if (in.inspect.at("HostConfig.UsernsMode").text_or("") == "host") {
        out.set("container.userns.remapped", false, in.origin + " HostConfig.UsernsMode");
    } else if (in.engine.userns_remap) {
        out.set("container.userns.remapped", *in.engine.userns_remap, "daemon default");
    } else {
        out.unknown("container.userns.remapped", in.engine.defaults_reason);
    }
}

void gather_privileges(const ContainerReading& in, Facts& out) {
    const Json host = in.inspect["HostConfig"];
    const bool privileged = host["Privileged"].truth_or(false);
    set_truth("container.privileged", host["Privileged"], in.origin + " HostConfig.Privileged", out);

    const CapabilityChoice capabilities =
        choose_capabilities(in.engine.engine, privileged, strings(host["CapAdd"]), strings(host["CapDrop"]));
    const std::string at = in.origin + " HostConfig.CapAdd, CapDrop";
    out.set_list("container.caps", capabilities.held, at);
    out.set_list("container.caps.added", capabilities.added, at);
    out.set("container.caps.dropped_all", capabilities.dropped_all, at);
    out.absent("container.caps.live", "no live process");
    out.absent("container.seccomp.live", "no live process");
    out.absent("container.ns.host_live", "no live process");

    const auto options = strings(host["SecurityOpt"]);
    gather_seccomp(in, options, capabilities.held, privileged, out);
    gather_confinement(in, options, privileged, out);
    gather_paths(in, privileged, options, out);
    set_truth("container.rootfs.readonly", host["ReadonlyRootfs"], in.origin + " HostConfig.ReadonlyRootfs", out);

    std::vector<std::string> sysctls;
    host["Sysctls"].each_member(
        [&](std::string_view name, Json value) { sysctls.push_back(fmt::format("{}={}", name, value.text_or(""))); });
    out.set_list("container.sysctls", sysctls, in.origin + " HostConfig.Sysctls");
}

}  // namespace plimsoll::posture
