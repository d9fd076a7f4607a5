#include "audit/rules/apply_state.h"

#include <fmt/format.h>
#include <unistd.h>

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
    return std::optional(std::move(out));
}

Result<void> write_apply_state(const host::Root& root, const ApplyState& state) {
    const std::string path = real_path(root);
    TRY_VOID(host::make_folder(path.substr(0, path.rfind('/')), 0700));
    const std::string text = fmt::format(
        "{{\"boot\": \"{}\", \"enabled_before\": {}, \"enabled_at\": {}, \"from_first\": {}}}\n", state.boot,
        state.enabled_before, state.enabled_at ? std::to_string(*state.enabled_at) : "null", state.from_first);
    TRY_VOID(host::write_user_file(path, text));
    return {};
}

Result<void> remove_apply_state(const host::Root& root) {
    const std::string path = real_path(root);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return host::system_error("removing", path);
    return {};
}

}  // namespace plimsoll::audit
