#include "host/unit_files.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace plimsoll::host {

namespace {

// systemd.unit(5), "System Unit Search Path": an earlier directory wins.
constexpr std::array<std::string_view, 13> kDirectories{
    "/etc/systemd/system.control",   "/run/systemd/system.control",  "/run/systemd/transient",
    "/run/systemd/generator.early",  "/etc/systemd/system",          "/etc/systemd/system.attached",
    "/run/systemd/system",           "/run/systemd/system.attached", "/run/systemd/generator",
    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",      "/lib/systemd/system",
    "/run/systemd/generator.late"};

/// "getty@tty1.service" → "getty@.service"; empty when the name is no instance.
std::string template_of(std::string_view name) {
    const auto at = name.find('@');
    const auto dot = name.rfind('.');
    if (at == std::string_view::npos || dot == std::string_view::npos || dot <= at + 1) return {};
    return std::string(name.substr(0, at + 1)) + std::string(name.substr(dot));
}

/// Directories of drop-ins, most specific first: "a-b.service.d", "a-.service.d", "service.d".
std::vector<std::string> drop_in_names(std::string_view name) {
    std::vector<std::string> out{std::string(name) + ".d"};
    if (const std::string of_template = template_of(name); !of_template.empty()) out.push_back(of_template + ".d");
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return out;
    const std::string_view type = name.substr(dot);
    for (auto dash = name.substr(0, dot).rfind('-'); dash != std::string_view::npos && dash > 0;
         dash = name.substr(0, dash).rfind('-')) {
        if (dash + 1 < dot) out.push_back(std::string(name.substr(0, dash + 1)) + std::string(type) + ".d");
    }
    out.push_back(std::string(type.substr(1)) + ".d");
    return out;
}

/// The text of a unit file, or empty text when it is masked.
struct UnitText {
    std::string text;
    bool masked = false;
};

Result<std::optional<UnitText>> read_unit_text(const Root& root, const std::string& path) {
    TRY(const auto facts, file_facts(root, path, Links::keep));
    if (!facts) return std::optional<UnitText>{};
    if (facts->type == FileType::symlink) {
        TRY(const auto target, resolve(root, path));
        TRY(const auto written, read_link(root, path));
        if (written == "/dev/null" || target == "/dev/null") return std::optional<UnitText>(UnitText{{}, true});
        if (!target) return std::optional<UnitText>{};  // dangling
    }
    TRY(auto text, read_if_exists(root, path));
    if (!text) return std::optional<UnitText>{};
    const bool empty = text->empty();
    return std::optional<UnitText>(UnitText{std::move(*text), empty});
}

Result<bool> find_fragment(const Root& root, std::string_view file, UnitFile& unit) {
    for (const std::string_view directory : kDirectories) {
        const std::string path = std::string(directory) + "/" + std::string(file);
        TRY(const auto text, read_unit_text(root, path));
        if (!text) continue;
        unit.fragment = path;
        unit.masked = text->masked;
        unit.assignments = parse_unit_file(text->text, path);
        return true;
    }
    return false;
}

/// Drop-ins by file name: the first directory that has a name decides, and all apply in the order of their names.
Result<void> add_drop_ins(const Root& root, UnitFile& unit) {
    std::map<std::string, std::string> chosen;
    for (const std::string& drop_in_directory : drop_in_names(unit.name)) {
        for (const std::string_view directory : kDirectories) {
            const std::string path = std::string(directory) + "/" + drop_in_directory;
            TRY(const auto entries, list_directory(root, path, 4096));
            if (!entries) continue;
            for (const DirectoryEntry& entry : *entries) {
                if (entry.name.ends_with(".conf")) chosen.emplace(entry.name, path + "/" + entry.name);
            }
        }
    }
    for (const auto& [name, path] : chosen) {
        TRY(const auto text, read_unit_text(root, path));
        if (!text || text->masked) continue;
        unit.drop_ins.push_back(path);
        auto more = parse_unit_file(text->text, path);
        std::ranges::move(more, std::back_inserter(unit.assignments));
    }
    return {};
}

}  // namespace

std::vector<std::string> UnitFile::values(std::string_view section, std::string_view key) const {
    std::vector<std::string> out;
    for (const UnitAssignment& each : assignments) {
        if (each.section != section || each.key != key) continue;
        if (each.value.empty()) {
            out.clear();
        } else {
            out.push_back(each.value);
        }
    }
    return out;
}

std::optional<std::string> UnitFile::value(std::string_view section, std::string_view key) const {
    std::optional<std::string> out;
    for (const UnitAssignment& each : assignments) {
        if (each.section == section && each.key == key) out = each.value;
    }
    return out;
}

Result<std::optional<UnitFile>> find_unit(const Root& root, std::string_view name) {
    if (name.empty() || name.find('/') != std::string_view::npos)
        return Error{"malformed unit name: " + printable(name)};
    UnitFile unit;
    unit.name = name;
    TRY(auto found, find_fragment(root, name, unit));
    const std::string of_template = template_of(name);
    if (!found && !of_template.empty()) {
        TRY(found, find_fragment(root, of_template, unit));
    }
    TRY_VOID(add_drop_ins(root, unit));
    if (!found && unit.drop_ins.empty()) return std::optional<UnitFile>{};
    return std::optional<UnitFile>(std::move(unit));
}

std::vector<UnitAssignment> parse_unit_file(std::string_view text, std::string_view file) {
    std::vector<UnitAssignment> out;
    std::string section;
    std::string joined;
    const auto end_of_line = [&] {
        const std::string_view line = trim(joined);
        const auto equals = line.find('=');
        if (line.starts_with('[') && line.ends_with(']')) {
            section = line.substr(1, line.size() - 2);
        } else if (equals != std::string_view::npos && equals > 0) {
            out.push_back({section, std::string(trim(line.substr(0, equals))),
                           std::string(trim(line.substr(equals + 1))), std::string(file)});
        }
        joined.clear();
    };
    for (std::string_view line : split(text, '\n')) {
        const std::string_view start = trim(line);
        if (start.starts_with('#') || start.starts_with(';')) continue;  // also between continued lines
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.ends_with('\\')) {
            joined.append(line.substr(0, line.size() - 1)) += ' ';
            continue;
        }
        joined += line;
        end_of_line();
    }
    end_of_line();
    return out;
}

std::vector<std::string> unit_words(std::string_view value) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == '\\' && i + 1 < value.size()) {
            const char next = value[++i];
            word += next == 'n' ? '\n' : next == 't' ? '\t' : next == 's' ? ' ' : next;
            in_word = true;
        } else if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '"' || c == '\'') && !in_word) {
            quote = c;
            in_word = true;
        } else if (quote == 0 && (c == ' ' || c == '\t')) {
            if (in_word) words.push_back(std::exchange(word, {}));
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (in_word) words.push_back(std::move(word));
    return words;
}

}  // namespace plimsoll::host
