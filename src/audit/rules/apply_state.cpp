#include "audit/rules/apply_state.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "host/folder.h"
#include "host/system_error.h"
#include "host/user_file.h"

namespace plimsoll::audit {

namespace {

std::string real_path(const host::Root& root) {
    return (root.path == "/" ? "" : root.path) + std::string(kApplyStateFile);
}

}  // namespace

Result<std::string> boot_id(const host::Root& root) {
    TRY(const auto text, host::read_file(root, "/proc/sys/kernel/random/boot_id"));
    return std::string(trim(text));
}

Result<std::optional<ApplyState>> read_apply_state(const host::Root& root) {
    TRY(const auto text, host::read_if_exists(root, kApplyStateFile));
    if (!text) return std::optional<ApplyState>{};
    auto document = JsonDocument::parse(*text);
    if (!document) return document.error().during(kApplyStateFile);
    const Json json = document->root();
    TRY(const auto boot, boot_id(root));
    if (json["boot"].text_or("") != boot) return std::optional<ApplyState>{};
    ApplyState out{.boot = boot};
    out.enabled_before = static_cast<std::uint32_t>(json["enabled_before"].integer().value_or(0));
    out.enabled_at = json["enabled_at"].integer();
    out.from_first = json["from_first"].truth_or(false);
    json["rules"].each([&](Json rule) { out.rules.emplace_back(rule.text_or("")); });
    return std::optional(std::move(out));
}

Result<void> write_apply_state(const host::Root& root, const ApplyState& state) {
    const std::string path = real_path(root);
    TRY_VOID(host::make_folder(path.substr(0, path.rfind('/')), 0700));
    nlohmann::ordered_json json = {
        {"boot", state.boot}, {"enabled_before", state.enabled_before}, {"from_first", state.from_first}};
    json["enabled_at"] = state.enabled_at ? nlohmann::ordered_json(*state.enabled_at) : nlohmann::ordered_json();
    json["rules"] = nlohmann::ordered_json::array();
    for (const std::string& rule : state.rules) json["rules"].push_back(valid_utf8(rule));
    TRY_VOID(host::write_user_file(path, json.dump(1) + "\n"));
    return {};
}

Result<void> remove_apply_state(const host::Root& root) {
    const std::string path = real_path(root);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return host::system_error("removing", path);
    return {};
}

}  // namespace plimsoll::audit
