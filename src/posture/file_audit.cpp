#include "posture/file_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "host/audit_netlink.h"

namespace plimsoll::posture {

namespace {

using audit::Access;

std::vector<Access> wanted(std::string_view role) {
    if (role.ends_with("-sock")) return {Access::connect};
    if (role.ends_with("-binary")) return {Access::write, Access::attribute, Access::execute};
    return {Access::write, Access::attribute};
}

/// The file that has to be covered: in a folder of settings any file below it, for data and state the folder itself (a
/// rule for the whole tree records less than it seems and floods).
audit::FileIdentity subject(const host::Root& root, const std::string& path, std::string_view role) {
    audit::FileIdentity file = audit::identify(root, path);
    if (role == "docker-etc") file = {.path = file.path + "/any", .parent_exists = file.exists};
    return file;
}

}  // namespace

LoadedAudit loaded_audit(const host::Root& root) {
    LoadedAudit out;
    auto rules = host::audit_rules();
    if (rules)
        out.rules.emplace(root, std::move(rules->rules));
    else
        out.problem = rules.error().message;
    return out;
}

void set_audited(const LoadedAudit& loaded, const host::Root& root, const std::string& path, std::string_view role,
                 model::Facts& out) {
    if (!loaded.rules) {
        out.unknown("file.audited", loaded.problem);
        out.unknown("file.audited.as", loaded.problem);
        return;
    }
    const audit::FileIdentity file = subject(root, path, role);
    std::vector<std::string> keys;
    std::vector<std::pair<std::string, std::string>> gaps;  // why, and of which kinds of access
    for (const Access access : wanted(role)) {
        const auto verdict = loaded.rules->verdict(file, access);
        if (!verdict.recorded) {
            const auto known = std::ranges::find(gaps, verdict.why_not, &std::pair<std::string, std::string>::first);
            if (known == gaps.end())
                gaps.emplace_back(verdict.why_not, audit::to_text(access));
            else
                known->second += fmt::format(", {}", audit::to_text(access));
            continue;
        }
        const auto& rule = loaded.rules->rules()[*verdict.by];
        const std::string key = rule.keys.empty() ? "no key" : fmt::format("key {}", fmt::join(rule.keys, ", "));
        if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
    std::string as = fmt::format("recorded, {}", fmt::join(keys, "; "));
    if (!gaps.empty()) as.clear();
    for (const auto& [why, accesses] : gaps) as += fmt::format("{}{}: {}", as.empty() ? "" : "; ", accesses, why);
    out.set("file.audited", gaps.empty(), "audit netlink");
    out.set("file.audited.as", as, "audit netlink");
}

}  // namespace plimsoll::posture
