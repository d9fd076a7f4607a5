#include "host/accounts.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

constexpr std::size_t kAccountFileLimit = std::size_t{16} << 20U;

void parse_users(std::string_view text, Accounts& out) {
    for (const std::string_view line : split(text, '\n')) {
        if (trim(line).empty() || line.starts_with('#')) continue;
        if (line.starts_with('+') || line.starts_with('-')) {
            out.other_sources.emplace_back("compat");
            continue;
        }
        const auto fields = split(line, ':');
        const auto uid = fields.size() >= 7 ? number<std::uint32_t>(fields[2]) : std::nullopt;
        const auto gid = fields.size() >= 7 ? number<std::uint32_t>(fields[3]) : std::nullopt;
        if (!uid || !gid || fields[0].empty()) {
            ++out.malformed_lines;
            continue;
        }
        out.users.push_back({std::string(fields[0]), *uid, *gid, std::string(fields[5]), std::string(fields[6])});
    }
}

void parse_groups(std::string_view text, Accounts& out) {
    for (const std::string_view line : split(text, '\n')) {
        if (trim(line).empty() || line.starts_with('#')) continue;
        if (line.starts_with('+') || line.starts_with('-')) {
            out.other_sources.emplace_back("compat");
            continue;
        }
        const auto fields = split(line, ':');
        const auto gid = fields.size() >= 4 ? number<std::uint32_t>(fields[2]) : std::nullopt;
        if (!gid || fields[0].empty()) {
            ++out.malformed_lines;
            continue;
        }
        Group group{std::string(fields[0]), *gid, {}};
        for (const std::string_view member : split(fields[3], ',')) {
            if (!trim(member).empty()) group.members.emplace_back(trim(member));
        }
        out.groups.push_back(std::move(group));
    }
}

/// Services that answer from this machine's own files, or synthesise what those files already say.
bool is_local(std::string_view service) {
    static constexpr std::array<std::string_view, 4> kLocal{"files", "compat", "systemd", "myhostname"};
    return std::ranges::find(kLocal, service) != kLocal.end();
}

void parse_sources(std::string_view text, Accounts& out) {
    for (std::string_view line : split(text, '\n')) {
        line = trim(line.substr(0, line.find('#')));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view database = trim(line.substr(0, colon));
        if (database != "passwd" && database != "group") continue;
        bool in_brackets = false;  // actions such as [NOTFOUND=return]
        for (std::string_view rest = line.substr(colon + 1); !(rest = trim(rest)).empty();) {
            const auto end = rest.find_first_of(" \t");
            const std::string_view word = rest.substr(0, end);
            if (word.starts_with('[')) in_brackets = true;
            if (!in_brackets && !is_local(word)) out.other_sources.emplace_back(word);
            if (word.ends_with(']')) in_brackets = false;
            if (end == std::string_view::npos) break;
            rest = rest.substr(end);
        }
    }
}

}  // namespace

const User* Accounts::user(std::uint32_t uid) const {
    const auto found = std::ranges::find(users, uid, &User::uid);
    return found == users.end() ? nullptr : &*found;
}

const User* Accounts::user(std::string_view name) const {
    const auto found = std::ranges::find(users, name, &User::name);
    return found == users.end() ? nullptr : &*found;
}

const Group* Accounts::group(std::uint32_t gid) const {
    const auto found = std::ranges::find(groups, gid, &Group::gid);
    return found == groups.end() ? nullptr : &*found;
}

const Group* Accounts::group(std::string_view name) const {
    const auto found = std::ranges::find(groups, name, &Group::name);
    return found == groups.end() ? nullptr : &*found;
}

std::vector<std::string> Accounts::members_of(std::uint32_t gid) const {
    std::vector<std::string> members;
    for (const Group& each : groups) {
        if (each.gid == gid) members.insert(members.end(), each.members.begin(), each.members.end());
    }
    for (const User& each : users) {
        if (each.gid == gid) members.push_back(each.name);
    }
    std::ranges::sort(members);
    members.erase(std::ranges::unique(members).begin(), members.end());
    return members;
}

Result<Accounts> read_accounts(const Root& root) {
    Accounts accounts;
    TRY(const auto passwd, read_file(root, "/etc/passwd", kAccountFileLimit));
    parse_users(passwd, accounts);
    TRY(const auto group, read_file(root, "/etc/group", kAccountFileLimit));
    parse_groups(group, accounts);
    TRY(const auto sources, read_if_exists(root, "/etc/nsswitch.conf"));
    if (sources) parse_sources(*sources, accounts);
    std::ranges::sort(accounts.other_sources);
    accounts.other_sources.erase(std::ranges::unique(accounts.other_sources).begin(), accounts.other_sources.end());
    return accounts;
}

}  // namespace plimsoll::host
