#include "posture/host_sources.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "posture/image_facts.h"

namespace plimsoll::posture {

namespace {

constexpr std::size_t kMostPasswd = 1024 * 1024;
constexpr std::size_t kMostOtherPaths = 64;

bool is_at_or_below(std::string_view path, std::string_view folder) {
    if (folder == "/" || path == folder) return true;
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

/// `path` below `folder`, with a slash in front; empty when they are the same.
std::string_view rest_of(std::string_view path, std::string_view folder) {
    return folder == "/" ? (path == "/" ? std::string_view() : path) : path.substr(folder.size());
}

std::string joined(std::string_view folder, std::string_view rest) {
    if (rest.empty()) return std::string(folder);
    return folder == "/" ? std::string(rest) : std::string(folder) + std::string(rest);
}

/// The first mount, in the kernel's order, that shows the place `inner` of a file system: where a person would look for
/// it.
std::optional<std::string> usual_path(const host::MountTable& mounts, const host::Mount& mount,
                                      std::string_view inner) {
    for (const host::Mount& candidate : mounts.mounts) {
        if (candidate.device_major != mount.device_major || candidate.device_minor != mount.device_minor) continue;
        if (is_at_or_below(inner, candidate.root)) return joined(candidate.point, rest_of(inner, candidate.root));
    }
    return std::nullopt;
}

}  // namespace

HostSources::HostSources(const host::Root& root) : root_(root) {
    if (auto mounts = host::read_mounts(root); mounts && *mounts) mounts_ = std::move(**mounts);
    if (const auto accounts = host::read_accounts(root)) {
        for (const host::Group& group : accounts->groups) groups_.emplace(group.gid, group.name);
    }
}

SourceFacts HostSources::look_at(std::string& path) const {
    SourceFacts facts;
    const auto resolved = host::resolve(root_, path);
    if (!resolved) return facts;
    facts.known = true;
    if (!*resolved) return facts;
    path = **resolved;
    const auto file = host::file_facts(root_, path);
    if (!file || !*file) return facts;
    facts.exists = true;
    facts.socket = (*file)->type == host::FileType::socket;
    facts.block_device = (*file)->type == host::FileType::block;
    facts.character_device = (*file)->type == host::FileType::character;
    facts.inode = (*file)->inode;
    facts.device = (std::uint64_t{(*file)->device_major} << 20U) | (*file)->device_minor;
    facts.major = (*file)->node_major;
    facts.minor = (*file)->node_minor;
    facts.also = other_paths(path);
    return facts;
}

std::vector<std::string> HostSources::other_paths(std::string_view path) const {
    std::vector<std::string> others;
    const auto add = [&](const host::Mount& mount, std::string_view inner, std::string_view seen_at) {
        const auto usual = usual_path(mounts_, mount, inner);
        if (usual && *usual != seen_at && others.size() < kMostOtherPaths) others.push_back(*usual);
    };
    if (path == "/") return others;  // the root holds every mount by its own name
    if (const host::Mount* holding = mounts_.holding(path))
        add(*holding, joined(holding->root, rest_of(path, holding->point)), path);
    for (const host::Mount& mount : mounts_.mounts) {
        if (mount.point != path && is_at_or_below(mount.point, path)) add(mount, mount.root, mount.point);
    }
    return others;
}

std::string HostSources::group_name(std::uint32_t gid) const {
    const auto found = groups_.find(gid);
    return found == groups_.end() ? std::string() : found->second;
}

Result<std::optional<ImageUser>> image_user(const Json& inspect, std::string_view name_or_number) {
    TRY(const auto passwd, read_from_layers(inspect["GraphDriver"], "/etc/passwd", kMostPasswd));
    if (!passwd) return std::optional<ImageUser>();
    const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
        std::int64_t value = 0;
        const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
        return value;
    };
    for (const std::string_view line : split(*passwd, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() < 4) continue;
        const auto uid = number(fields[2]);
        const auto gid = number(fields[3]);
        if (uid && gid && (fields[0] == name_or_number || number(name_or_number) == uid))
            return std::optional(ImageUser{*uid, *gid});
    }
    return std::optional<ImageUser>();
}

}  // namespace plimsoll::posture
