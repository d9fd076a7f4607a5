#include "host/kernel.h"

#include <sys/timex.h>

#include <algorithm>

#include "base/text.h"
#include "host/number.h"
#include "host/system_error.h"

namespace plimsoll::host {

namespace {

/// Trimmed content of a one-line file; empty when it is not there.
Result<std::optional<std::string>> read_line(const Root& root, std::string_view path) {
    constexpr std::size_t kLineLimit = 65536;
    TRY(const auto text, read_if_exists(root, path, kLineLimit));
    if (!text) return std::optional<std::string>{};
    return std::optional<std::string>(std::string(trim(*text)));
}

Result<bool> exists(const Root& root, std::string_view path) {
    TRY(const auto facts, file_facts(root, path));
    return facts.has_value();
}

/// Without securityfs: modules betray themselves by the files they make.
Result<std::vector<std::string>> inferred_modules(const Root& root) {
    struct Trace {
        std::string_view module;
        std::string_view path;
    };
    static constexpr Trace kTraces[] = {
        {"apparmor", "/proc/self/attr/apparmor/current"}, {"smack", "/proc/self/attr/smack/current"},
        {"selinux", "/sys/fs/selinux/enforce"},           {"yama", "/proc/sys/kernel/yama/ptrace_scope"},
        {"loadpin", "/proc/sys/kernel/loadpin/enforce"},
    };
    std::vector<std::string> modules;
    for (const Trace& trace : kTraces) {
        TRY(const auto there, exists(root, trace.path));
        // The kernel makes AppArmor's and Smack's files when they are compiled in; only an active one can be read.
        bool active = there;
        if (there && trace.path.starts_with("/proc/self/attr")) {
            const auto content = read_if_exists(root, trace.path, 4096);
            active = content.has_value() && content->has_value() && !trim(**content).empty();
        }
        if (active) modules.emplace_back(trace.module);
    }
    return modules;
}

}  // namespace

Result<std::string> kernel_release(const Root& root) {
    TRY(const auto text, read_file(root, "/proc/sys/kernel/osrelease"));
    return std::string(trim(text));
}

Result<std::vector<std::string>> kernel_command_line(const Root& root) {
    TRY(const auto text, read_file(root, "/proc/cmdline"));
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == ' ' || c == '\t' || c == '\n')) {
            if (!word.empty()) words.push_back(std::exchange(word, {}));
        } else {
            word += c;
        }
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

Result<std::optional<std::string>> sysctl(const Root& root, std::string_view name) {
    std::string path(name);
    const auto separator = path.find_first_of("./");
    if (separator != std::string::npos && path[separator] == '.') {
        for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
    }
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == "..") return Error{"reading sysctl " + printable(name) + ": malformed name"};
    }
    return read_line(root, "/proc/sys/" + path);
}

Result<SecurityModules> security_modules(const Root& root) {
    SecurityModules out;
    TRY(const auto list, read_line(root, "/sys/kernel/security/lsm"));
    out.exact = list.has_value();
    if (list) {
        for (const std::string_view module : split(*list, ',')) {
            if (!module.empty()) out.active.emplace_back(module);
        }
    } else {
        TRY(out.active, inferred_modules(root));
    }
    const auto has = [&](std::string_view module) { return std::ranges::find(out.active, module) != out.active.end(); };
    TRY(const auto apparmor, read_line(root, "/sys/module/apparmor/parameters/enabled"));
    out.apparmor = has("apparmor") && (!apparmor || *apparmor == "Y");
    out.selinux = has("selinux");
    TRY(const auto enforce, read_line(root, "/sys/fs/selinux/enforce"));
    if (enforce) {
        out.selinux = true;
        if (*enforce == "0" || *enforce == "1") out.selinux_enforcing = *enforce == "1";
    }
    return out;
}

Result<std::optional<std::vector<CpuVulnerability>>> cpu_vulnerabilities(const Root& root) {
    const std::string directory = "/sys/devices/system/cpu/vulnerabilities";
    TRY(const auto entries, list_directory(root, directory));
    if (!entries) return std::optional<std::vector<CpuVulnerability>>{};
    std::vector<CpuVulnerability> out;
    for (const DirectoryEntry& entry : *entries) {
        TRY(auto text, read_line(root, directory + "/" + entry.name));
        if (!text) continue;
        const bool vulnerable = icontains(*text, "vulnerable");
        out.push_back({entry.name, std::move(*text), vulnerable});
    }
    return std::optional<std::vector<CpuVulnerability>>(std::move(out));
}

Result<ClockState> clock_state() {
    timex state{};
    const int outcome = ::adjtimex(&state);
    if (outcome < 0) return system_error("asking adjtimex", "");
    return ClockState{outcome != TIME_ERROR && (state.status & STA_UNSYNC) == 0, state.esterror, state.maxerror};
}

Result<std::optional<RebootRequest>> reboot_request(const Root& root) {
    for (const std::string directory : {"/run", "/var/run"}) {
        TRY(const auto there, exists(root, directory + "/reboot-required"));
        if (!there) continue;
        RebootRequest request;
        TRY(const auto packages, read_if_exists(root, directory + "/reboot-required.pkgs"));
        for (const std::string_view line : split(packages ? std::string_view(*packages) : std::string_view{}, '\n')) {
            if (!trim(line).empty()) request.packages.emplace_back(trim(line));
        }
        std::ranges::sort(request.packages);
        request.packages.erase(std::ranges::unique(request.packages).begin(), request.packages.end());
        return std::optional<RebootRequest>(std::move(request));
    }
    return std::optional<RebootRequest>{};
}

Result<std::vector<std::string>> installed_kernels(const Root& root) {
    std::vector<std::string> out;
    for (const std::string_view path : {"/lib/modules", "/usr/lib/modules"}) {
        TRY(const auto entries, list_directory(root, path));
        if (!entries) continue;
        for (const DirectoryEntry& entry : *entries) out.push_back(entry.name);
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

}  // namespace plimsoll::host
