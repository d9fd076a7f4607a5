#include "posture/capabilities.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

#include "host/capability.h"

namespace plimsoll::posture {

namespace {

constexpr std::array<std::string_view, 14> kDockerDefault = {
    "CAP_AUDIT_WRITE", "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
    "CAP_KILL",        "CAP_MKNOD",   "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",   "CAP_SETFCAP",
    "CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};

constexpr std::array<std::string_view, 11> kPodmanDefault = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",  "CAP_FSETID", "CAP_KILL",      "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP", "CAP_SETGID",       "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"};

/// CAP_CHOWN (0) to CAP_CHECKPOINT_RESTORE (40), linux/capability.h.
constexpr std::uint64_t kAllKnown = (std::uint64_t{1} << 41U) - 1;

std::string canonical(std::string_view name) {
    std::string upper(name);
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    if (upper == "ALL" || upper.starts_with("CAP_")) return upper == "CAP_ALL" ? "ALL" : upper;
    return "CAP_" + upper;
}

}  // namespace

CapabilityChoice choose_capabilities(std::string_view engine, bool privileged, std::span<const std::string> add,
                                     std::span<const std::string> drop) {
    std::set<std::string, std::less<>> added;
    std::set<std::string, std::less<>> dropped;
    for (const std::string& name : add) added.insert(canonical(name));
    for (const std::string& name : drop) dropped.insert(canonical(name));

    std::set<std::string, std::less<>> held;
    if (privileged || added.contains("ALL")) {
        for (const std::string& name : host::capability_names(kAllKnown)) held.insert(name);
    } else if (!dropped.contains("ALL")) {
        if (engine == "podman")
            held.insert(kPodmanDefault.begin(), kPodmanDefault.end());
        else
            held.insert(kDockerDefault.begin(), kDockerDefault.end());
    }
    if (!privileged) {
        for (const std::string& name : dropped) held.erase(name);
    }
    for (const std::string& name : added) {
        if (name != "ALL") held.insert(name);
    }
    return {.held = {held.begin(), held.end()},
            .added = added.contains("ALL") ? std::vector<std::string>{"ALL"}
                                           : std::vector<std::string>(added.begin(), added.end()),
            .dropped_all = dropped.contains("ALL")};
}

}  // namespace plimsoll::posture
