#include "host/capability.h"

#include <linux/capability.h>

#include <array>

#include "base/text.h"

namespace plimsoll::host {

namespace {

constexpr std::string_view kPrefix = "CAP_";

// In the order of linux/capability.h.
constexpr std::array<std::string_view, 41> kNames{"CAP_CHOWN",
                                                  "CAP_DAC_OVERRIDE",
                                                  "CAP_DAC_READ_SEARCH",
                                                  "CAP_FOWNER",
                                                  "CAP_FSETID",
                                                  "CAP_KILL",
                                                  "CAP_SETGID",
                                                  "CAP_SETUID",
                                                  "CAP_SETPCAP",
                                                  "CAP_LINUX_IMMUTABLE",
                                                  "CAP_NET_BIND_SERVICE",
                                                  "CAP_NET_BROADCAST",
                                                  "CAP_NET_ADMIN",
                                                  "CAP_NET_RAW",
                                                  "CAP_IPC_LOCK",
                                                  "CAP_IPC_OWNER",
                                                  "CAP_SYS_MODULE",
                                                  "CAP_SYS_RAWIO",
                                                  "CAP_SYS_CHROOT",
                                                  "CAP_SYS_PTRACE",
                                                  "CAP_SYS_PACCT",
                                                  "CAP_SYS_ADMIN",
                                                  "CAP_SYS_BOOT",
                                                  "CAP_SYS_NICE",
                                                  "CAP_SYS_RESOURCE",
                                                  "CAP_SYS_TIME",
                                                  "CAP_SYS_TTY_CONFIG",
                                                  "CAP_MKNOD",
                                                  "CAP_LEASE",
                                                  "CAP_AUDIT_WRITE",
                                                  "CAP_AUDIT_CONTROL",
                                                  "CAP_SETFCAP",
                                                  "CAP_MAC_OVERRIDE",
                                                  "CAP_MAC_ADMIN",
                                                  "CAP_SYSLOG",
                                                  "CAP_WAKE_ALARM",
                                                  "CAP_BLOCK_SUSPEND",
                                                  "CAP_AUDIT_READ",
                                                  "CAP_PERFMON",
                                                  "CAP_BPF",
                                                  "CAP_CHECKPOINT_RESTORE"};
static_assert(CAP_LAST_CAP + 1 <= kNames.size() && CAP_SYS_ADMIN == 21 && CAP_AUDIT_READ == 37);

}  // namespace

std::string_view capability_name(unsigned number) { return number < kNames.size() ? kNames[number] : ""; }

std::optional<unsigned> capability_number(std::string_view name) {
    const std::string wanted = lowered(name);
    for (unsigned i = 0; i < kNames.size(); ++i) {
        const std::string full = lowered(kNames[i]);
        if (wanted == full || wanted == std::string_view(full).substr(kPrefix.size())) return i;
    }
    return std::nullopt;
}

std::vector<std::string> capability_names(std::uint64_t mask) {
    std::vector<std::string> names;
    for (unsigned i = 0; i < 64; ++i) {
        if ((mask >> i & 1U) == 0) continue;
        const std::string_view name = capability_name(i);
        names.push_back(name.empty() ? "CAP_#" + std::to_string(i) : std::string(name));
    }
    return names;
}

}  // namespace plimsoll::host
