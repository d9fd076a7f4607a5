#include <algorithm>

#include "base/text.h"
#include "host/number.h"
#include "host/process.h"

namespace plimsoll::host {

namespace {

/// Whole numbers between blanks; nothing when one of the words is none.
template <typename T>
std::optional<std::vector<T>> numbers(std::string_view text) {
    std::vector<T> out;
    for (text = trim(text); !text.empty(); text = trim(text)) {
        const auto end = std::min(text.find_first_of(" \t"), text.size());
        const auto value = number<T>(text.substr(0, end));
        if (!value) return std::nullopt;
        out.push_back(*value);
        text.remove_prefix(end);
    }
    return out;
}

/// The kernel writes a line feed in a name as \n and a backslash as \\.
std::string unescaped_name(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == '\\')) {
            out += text[++i] == 'n' ? '\n' : '\\';
        } else {
            out += text[i];
        }
    }
    return out;
}

template <typename T>
bool set_number(std::string_view text, T& out, int base = 10) {
    const auto value = number<T>(trim(text), base);
    if (value) out = *value;
    return value.has_value();
}

template <typename T>
bool set_list(std::string_view text, std::vector<T>& out) {
    auto values = numbers<T>(text);
    if (values) out = std::move(*values);
    return values.has_value();
}

bool set_ids(std::string_view text, std::array<std::uint32_t, 4>& out) {
    const auto values = numbers<std::uint32_t>(text);
    if (!values || values->size() != out.size()) return false;
    std::ranges::copy(*values, out.begin());
    return true;
}

template <typename T>
bool set_optional(std::string_view text, std::optional<T>& out) {
    const auto value = number<unsigned>(trim(text));
    if (value) out = static_cast<T>(*value);
    return value.has_value();
}

using SetLine = bool (*)(std::string_view, ProcessStatus&);

struct Line {
    std::string_view key;
    bool required;
    SetLine set;
};

constexpr Line kLines[] = {
    {"Name", true,
     [](std::string_view v, ProcessStatus& s) {
         s.name = unescaped_name(v);
         return true;
     }},
    {"State", true, [](std::string_view v, ProcessStatus& s) { return !v.empty() && (s.state = v[0], true); }},
    {"Tgid", true, [](std::string_view v, ProcessStatus& s) { return set_number(v, s.thread_group); }},
    {"PPid", true, [](std::string_view v, ProcessStatus& s) { return set_number(v, s.parent); }},
    {"Uid", true, [](std::string_view v, ProcessStatus& s) { return set_ids(v, s.uids); }},
    {"Gid", true, [](std::string_view v, ProcessStatus& s) { return set_ids(v, s.gids); }},
    {"Groups", true, [](std::string_view v, ProcessStatus& s) { return set_list(v, s.groups); }},
    {"NStgid", false, [](std::string_view v, ProcessStatus& s) { return set_list(v, s.namespace_thread_groups); }},
    {"NSpid", false, [](std::string_view v, ProcessStatus& s) { return set_list(v, s.namespace_pids); }},
    {"CapInh", true, [](std::string_view v, ProcessStatus& s) { return set_number(v, s.inheritable, 16); }},
    {"CapPrm", true, [](std::string_view v, ProcessStatus& s) { return set_number(v, s.permitted, 16); }},
    {"CapEff", true, [](std::string_view v, ProcessStatus& s) { return set_number(v, s.effective, 16); }},
    {"CapBnd", true, [](std::string_view v, ProcessStatus& s) { return set_number(v, s.bounding, 16); }},
    {"CapAmb", false, [](std::string_view v, ProcessStatus& s) { return set_number(v, s.ambient, 16); }},
    {"NoNewPrivs", false, [](std::string_view v, ProcessStatus& s) { return set_optional(v, s.no_new_privileges); }},
    {"Seccomp", false, [](std::string_view v, ProcessStatus& s) { return set_optional(v, s.seccomp); }},
    {"Seccomp_filters", false, [](std::string_view v, ProcessStatus& s) { return set_optional(v, s.seccomp_filters); }},
};

}  // namespace

Result<ProcessStatus> parse_process_status(std::string_view text) {
    ProcessStatus status;
    std::array<bool, std::size(kLines)> seen{};
    std::size_t next = 0;  // the kernel's order is the table's, so the search is one step as a rule
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        begin = end + 1;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, colon);
        for (std::size_t step = 0; step < std::size(kLines); ++step) {
            const std::size_t i = (next + step) % std::size(kLines);
            if (kLines[i].key != key) continue;
            std::string_view value = line.substr(colon + 1);
            if (value.starts_with('\t')) value.remove_prefix(1);
            if (!kLines[i].set(value, status)) return Error{"malformed line: " + printable(line)};
            seen[i] = true;
            next = i + 1;
            break;
        }
    }
    for (std::size_t i = 0; i < std::size(kLines); ++i) {
        if (kLines[i].required && !seen[i]) return Error{"no line " + std::string(kLines[i].key)};
    }
    return status;
}

Result<std::vector<IdRange>> parse_id_map(std::string_view text) {
    std::vector<IdRange> ranges;
    for (const std::string_view line : split(text, '\n')) {
        if (trim(line).empty()) continue;
        const auto values = numbers<std::uint32_t>(line);
        if (!values || values->size() != 3) return Error{"malformed line: " + printable(line)};
        ranges.push_back({(*values)[0], (*values)[1], (*values)[2]});
    }
    return ranges;
}

std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) {
    const auto name_end = stat.rfind(')');  // the name may hold blanks and brackets; no later field does
    if (name_end == std::string_view::npos) return std::nullopt;
    const auto fields = split(trim(stat.substr(name_end + 1)), ' ');
    constexpr std::size_t kStartTimeField = 22 - 3;  // fields are counted from 1; the first one here is number 3
    if (fields.size() <= kStartTimeField) return std::nullopt;
    return number<std::uint64_t>(fields[kStartTimeField]);
}

}  // namespace plimsoll::host
