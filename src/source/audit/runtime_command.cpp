#include "source/audit/runtime_command.h"

#include <algorithm>
#include <array>

namespace plimsoll::source {

namespace {

constexpr std::size_t kIdSize = 64;
constexpr auto kRuntimes = std::to_array<std::string_view>({"runc", "crun", "youki", "runsc", "kata-runtime"});

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_id(std::string_view text) { return text.size() == kIdSize && std::ranges::all_of(text, is_hex); }

/// The value of an option, in the next argument or after `=`.
std::string_view option(const std::vector<std::string>& arguments, std::string_view name) {
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == name) return i + 1 < arguments.size() ? std::string_view(arguments[i + 1]) : std::string_view();
        if (argument.starts_with(name) && argument.size() > name.size() && argument[name.size()] == '=')
            return argument.substr(name.size() + 1);
    }
    return {};
}

}  // namespace

std::string_view container_id_in(std::string_view text) {
    std::size_t run = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && is_hex(text[i])) {
            ++run;
            continue;
        }
        if (run == kIdSize) return text.substr(i - kIdSize, kIdSize);
        run = 0;
    }
    return {};
}

RuntimeCommand runtime_command(std::string_view exe, const std::vector<std::string>& arguments) {
    const std::string_view name = exe.substr(exe.rfind('/') + 1);
    if (name.starts_with("containerd-shim")) {
        const std::string_view id = option(arguments, "-id");
        if (!is_id(id)) return {};
        return {RuntimeCommand::Kind::shim, id, option(arguments, "-namespace") == "k8s.io"};
    }
    if (name == "conmon") {
        std::string_view id = option(arguments, "-c");
        if (!is_id(id)) id = option(arguments, "--cid");
        return is_id(id) ? RuntimeCommand{RuntimeCommand::Kind::shim, id} : RuntimeCommand{};
    }
    if (std::ranges::find(kRuntimes, name) == kRuntimes.end()) return {};
    // The first argument that is an id: what follows it is the command of an exec, which may hold anything.
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (is_id(arguments[i])) return {RuntimeCommand::Kind::runtime, arguments[i]};
    }
    for (const std::string& argument : arguments) {
        if (const auto id = container_id_in(argument); !id.empty()) return {RuntimeCommand::Kind::runtime, id};
    }
    return {};
}

}  // namespace plimsoll::source
