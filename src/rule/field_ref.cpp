#include "rule/field_ref.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace plimsoll::rule {

namespace {

using model::Arg;
using model::Type;

/// Parameters of system calls that are not text, by name. What is not here is text when read raw.
constexpr std::array<std::pair<std::string_view, Type>, 46> kRawTypes = {{
    {"res", Type::int64},
    {"fd", Type::int64},
    {"fd1", Type::int64},
    {"fd2", Type::int64},
    {"dirfd", Type::int64},
    {"olddir", Type::int64},
    {"newdir", Type::int64},
    {"linkdirfd", Type::int64},
    {"pid", Type::int64},
    {"tid", Type::int64},
    {"ptid", Type::int64},
    {"vpid", Type::int64},
    {"vtid", Type::int64},
    {"pgid", Type::int64},
    {"vpgid", Type::int64},
    {"sid", Type::int64},
    {"loginuid", Type::int64},
    {"fdlimit", Type::int64},
    {"uid", Type::uint64},
    {"gid", Type::uint64},
    {"ruid", Type::uint64},
    {"euid", Type::uint64},
    {"suid", Type::uint64},
    {"rgid", Type::uint64},
    {"egid", Type::uint64},
    {"sgid", Type::uint64},
    {"flags", Type::uint64},
    {"mode", Type::uint64},
    {"dev", Type::uint64},
    {"ino", Type::uint64},
    {"size", Type::uint64},
    {"length", Type::uint64},
    {"offset", Type::uint64},
    {"exe_ino", Type::uint64},
    {"exe_ino_ctime", Type::time},
    {"exe_ino_mtime", Type::time},
    {"cap_inheritable", Type::uint64},
    {"cap_permitted", Type::uint64},
    {"cap_effective", Type::uint64},
    {"tty", Type::uint64},
    {"sig", Type::uint64},
    {"clockid", Type::uint64},
    {"pgft_maj", Type::uint64},
    {"pgft_min", Type::uint64},
    {"addr", Type::bytes},
    {"data", Type::bytes},
}};

Type raw_type(std::string_view parameter) {
    const auto found = std::ranges::find(kRawTypes, parameter, &std::pair<std::string_view, Type>::first);
    return found == kRawTypes.end() ? Type::string : found->second;
}

/// The row for `name` whose further parts are the argument; the rest of the name goes to `suffix`.
std::optional<model::FieldId> find_with_suffix(std::string_view name, std::string_view& suffix) {
    for (auto dot = name.rfind('.'); dot != std::string_view::npos && dot > 0; dot = name.rfind('.', dot - 1)) {
        const auto id = model::find_field(name.substr(0, dot));
        if (!id || model::field(*id).arg != Arg::key_or_suffix) continue;
        suffix = name.substr(dot + 1);
        return id;
    }
    return std::nullopt;
}

Fault unknown_field(const Operand& operand) {
    const auto nearest = model::nearest_field(operand.name);
    return {nearest.empty() ? fmt::format("there is no field '{}'", operand.name)
                            : fmt::format("there is no field '{}'; the nearest is '{}'", operand.name, nearest),
            operand.at};
}

std::string argument_fault(const model::Field& field, const Operand& operand) {
    const bool given = operand.arg.has_value();
    if (!given &&
        (field.arg == Arg::index_required || field.arg == Arg::key_required || field.arg == Arg::key_or_suffix)) {
        return fmt::format("field '{}' needs an argument in brackets", field.name);
    }
    if (!given) return {};
    if (field.arg == Arg::none) return fmt::format("field '{}' takes no argument", field.name);
    if (field.arg == Arg::index_optional || field.arg == Arg::index_required) {
        std::uint32_t index = 0;
        const auto& arg = *operand.arg;
        const auto [end, fault] = std::from_chars(arg.data(), arg.data() + arg.size(), index);
        if (fault != std::errc() || end != arg.data() + arg.size()) {
            return fmt::format("field '{}' needs a number in brackets, not '{}'", field.name, arg);
        }
    }
    return {};
}

}  // namespace

Parsed<FieldRef> resolve_field(const Operand& operand) {
    std::string_view suffix;
    auto id = model::find_field(operand.name);
    if (!id && !operand.arg) id = find_with_suffix(operand.name, suffix);
    if (!id) return std::unexpected(unknown_field(operand));
    const model::Field& field = model::field(*id);
    if (suffix.empty()) {
        if (auto message = argument_fault(field, operand); !message.empty()) {
            return std::unexpected(Fault{std::move(message), operand.at});
        }
    }
    FieldRef ref;
    ref.use.field = *id;
    ref.use.arg = suffix.empty() ? operand.arg.value_or("") : std::string(suffix);
    ref.type = field.name == "evt.rawarg" ? raw_type(ref.use.arg) : field.type;
    ref.list = field.list;
    ref.several = operand.arg ? model::Several::no : field.several;
    return ref;
}

bool is_field(std::string_view name) {
    std::string_view suffix;
    return model::find_field(name).has_value() || find_with_suffix(name, suffix).has_value();
}

std::string to_text(const FieldUse& use) {
    const model::Field& field = model::field(use.field);
    if (use.arg.empty()) return std::string(field.name);
    if (field.name == "evt.arg" || field.name == "evt.rawarg") return fmt::format("{}.{}", field.name, use.arg);
    return fmt::format("{}[{}]", field.name, use.arg);
}

}  // namespace plimsoll::rule
