#include "host/mountinfo.h"

#include <algorithm>

#include "base/text.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

/// Undoes the kernel's \NNN for blank, tab, line feed and backslash.
std::string unescaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code =
            text[i] == '\\' && i + 3 < text.size() ? number<std::uint8_t>(text.substr(i + 1, 3), 8) : std::nullopt;
        out += code ? static_cast<char>(*code) : text[i];
        if (code) i += 3;
    }
    return out;
}

std::vector<std::string> unescaped_options(std::string_view text) {
    std::vector<std::string> out;
    for (const std::string_view option : split(text, ',')) {
        if (!option.empty()) out.push_back(unescaped(option));
    }
    return out;
}

/// Sets the field if the tag has this name; false only for the right name with a bad number.
bool read_tag(std::string_view tag, std::string_view name, std::optional<std::uint64_t>& field) {
    if (!tag.starts_with(name)) return true;
    field = number<std::uint64_t>(tag.substr(name.size()));
    return field.has_value();
}

std::optional<Mount> parse_line(std::string_view line) {
    const auto words = split(line, ' ');
    const auto separator = std::find(words.begin(), words.end(), "-");
    if (separator - words.begin() < 6 || words.end() - separator < 4) return std::nullopt;
    Mount mount;
    const auto id = number<std::uint64_t>(words[0]);
    const auto parent = number<std::uint64_t>(words[1]);
    const auto colon = words[2].find(':');
    if (!id || !parent || colon == std::string_view::npos) return std::nullopt;
    const auto major = number<std::uint32_t>(words[2].substr(0, colon));
    const auto minor = number<std::uint32_t>(words[2].substr(colon + 1));
    if (!major || !minor) return std::nullopt;
    mount.id = *id;
    mount.parent = *parent;
    mount.device_major = *major;
    mount.device_minor = *minor;
    mount.root = unescaped(words[3]);
    mount.point = unescaped(words[4]);
    mount.options = unescaped_options(words[5]);
    for (auto tag = words.begin() + 6; tag != separator; ++tag) {
        if (*tag == "unbindable") mount.unbindable = true;
        if (!read_tag(*tag, "shared:", mount.shared) || !read_tag(*tag, "master:", mount.master) ||
            !read_tag(*tag, "propagate_from:", mount.propagate_from)) {
            return std::nullopt;
        }
    }
    mount.type = unescaped(separator[1]);
    mount.source = unescaped(separator[2]);
    mount.super_options = unescaped_options(separator[3]);
    return mount;
}

bool lies_below(std::string_view path, std::string_view point) {
    if (point == "/") return path.starts_with('/');
    return path.starts_with(point) && (path.size() == point.size() || path[point.size()] == '/');
}

}  // namespace

bool Mount::has_option(std::string_view option) const { return std::ranges::find(options, option) != options.end(); }

std::optional<std::string_view> Mount::super_option(std::string_view name) const {
    for (const std::string_view option : super_options) {
        if (option == name) return std::string_view{};
        if (option.starts_with(name) && option[name.size()] == '=') return option.substr(name.size() + 1);
    }
    return std::nullopt;
}

const Mount* MountTable::holding(std::string_view path) const {
    const Mount* best = nullptr;
    for (const Mount& mount : mounts) {
        if (lies_below(path, mount.point) && (best == nullptr || mount.point.size() >= best->point.size()))
            best = &mount;
    }
    return best;
}

const Mount* MountTable::by_id(std::uint64_t id) const {
    const auto found = std::ranges::find(mounts, id, &Mount::id);
    return found == mounts.end() ? nullptr : &*found;
}

MountTable parse_mountinfo(std::string_view text) {
    MountTable table;
    for (const std::string_view line : split(text, '\n')) {
        if (line.empty()) continue;
        if (auto mount = parse_line(line)) {
            table.mounts.push_back(std::move(*mount));
        } else {
            ++table.malformed_lines;
        }
    }
    return table;
}

Result<std::optional<MountTable>> read_mounts(const Root& root, pid_t pid) {
    const std::string process = pid == 0 ? "self" : std::to_string(pid);
    TRY(const auto text, read_if_exists(root, "/proc/" + process + "/mountinfo", kMountinfoLimit));
    if (!text) return std::optional<MountTable>{};
    return std::optional<MountTable>(parse_mountinfo(*text));
}

}  // namespace plimsoll::host
