#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sensor/kernel_programs.h"

namespace plimsoll::sensor {

namespace {

/// Bits of linux/capability.h; older kernels fold the newer two into the first.
constexpr unsigned kSysAdmin = 21, kSysResource = 24, kPerfmon = 38, kBpf = 39;

std::string content(const char* path) {
    std::string text;
    if (std::FILE* const file = std::fopen(path, "re")) {
        char block[4096];
        for (std::size_t n = 0; (n = std::fread(block, 1, sizeof(block), file)) > 0;) text.append(block, n);
        std::fclose(file);
    }
    return text;
}

unsigned long long effective_capabilities() {
    const std::string status = content("/proc/self/status");
    const std::size_t at = status.find("CapEff:");
    return at == std::string::npos ? 0 : std::strtoull(status.c_str() + at + 7, nullptr, 16);
}

std::string without(std::string_view why) { return fmt::format("{} {}", why, KernelPrograms::kInstead); }

}  // namespace

std::string KernelPrograms::obstacle() {
    utsname system{};
    ::uname(&system);
    unsigned major = 0, minor = 0;
    std::sscanf(system.release, "%u.%u", &major, &minor);
    const auto before = [&](unsigned wanted_major, unsigned wanted_minor) {
        return major < wanted_major || (major == wanted_major && minor < wanted_minor);
    };
    if (before(5, 8))
        return without(fmt::format("the kernel ({}) is older than 5.8, the first with ring buffers.", system.release));
    if (::access("/sys/kernel/btf/vmlinux", R_OK) != 0)
        return without(
            "the kernel does not describe its types (/sys/kernel/btf/vmlinux is missing; it is built with "
            "CONFIG_DEBUG_INFO_BTF=y).");
    const unsigned long long capabilities = effective_capabilities();
    const auto has = [&](unsigned bit) { return (capabilities >> bit & 1) != 0; };
    if (!has(kSysAdmin) && !(has(kBpf) && has(kPerfmon)))
        return without(fmt::format(
            "loading programs into the kernel needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), and this process "
            "lacks {}.",
            has(kBpf)       ? "CAP_PERFMON"
            : has(kPerfmon) ? "CAP_BPF"
                            : "both"));
    if (content("/sys/kernel/security/lockdown").find("[confidentiality]") != std::string::npos)
        return without("the kernel is locked down for confidentiality, so programs may not read its memory.");
    rlimit limit{};
    if (before(5, 11) && !has(kSysResource) && ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (64U << 20U))
        return without(
            "before Linux 5.11 the limit of locked memory (RLIMIT_MEMLOCK) counts for maps, it is below "
            "64 MiB, and raising it needs CAP_SYS_RESOURCE.");
    return {};
}

}  // namespace plimsoll::sensor
