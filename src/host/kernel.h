#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

/// The running kernel's release ("6.1.0-18-amd64").
[[nodiscard]] Result<std::string> kernel_release(const Root& root);

/// The kernel's boot parameters, quotes removed.
[[nodiscard]] Result<std::vector<std::string>> kernel_command_line(const Root& root);

/// Value of a kernel setting without its line end; empty when this kernel has none of that name. As with sysctl(8) the
/// first separator decides: "net.ipv4.ip_forward", or "net/ipv4/conf/eth0.5/rp_filter" when a part holds a dot.
[[nodiscard]] Result<std::optional<std::string>> sysctl(const Root& root, std::string_view name);

/// Which security modules are at work.
struct SecurityModules {
    std::vector<std::string> active;  ///< in kernel order when `exact`
    bool exact = false;  ///< from /sys/kernel/security/lsm; otherwise inferred from traces, maybe incomplete
    bool apparmor = false;
    bool selinux = false;
    std::optional<bool> selinux_enforcing;  ///< unknown without selinuxfs
};

[[nodiscard]] Result<SecurityModules> security_modules(const Root& root);

/// One file of /sys/devices/system/cpu/vulnerabilities.
struct CpuVulnerability {
    std::string name;         ///< "spectre_v2"
    std::string text;         ///< the kernel's words ("Mitigation: Retpolines; …")
    bool vulnerable = false;  ///< the text says so for any part ("Vulnerable", "KVM: Vulnerable", "SMT vulnerable")
};

/// Empty list: a processor without known faults; empty optional: the kernel does not report them.
[[nodiscard]] Result<std::optional<std::vector<CpuVulnerability>>> cpu_vulnerabilities(const Root& root);

/// The kernel clock's discipline, adjtimex(2).
struct ClockState {
    bool synchronised = false;
    std::int64_t estimated_error_us = 0;
    std::int64_t maximum_error_us = 0;
};

/// Asks the running kernel; needs no privilege.
[[nodiscard]] Result<ClockState> clock_state();

/// What the package system left behind to say that a restart is due (Debian and its relatives).
struct RebootRequest {
    std::vector<std::string> packages;  ///< may be empty
};

/// Empty when nothing asks for a reboot; other distributions never do it this way, so see also installed_kernels.
[[nodiscard]] Result<std::optional<RebootRequest>> reboot_request(const Root& root);

/// Releases of the kernels whose modules are installed, sorted by name; empty when there are none.
[[nodiscard]] Result<std::vector<std::string>> installed_kernels(const Root& root);

}  // namespace plimsoll::host
