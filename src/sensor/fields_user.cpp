// Who the thread acts as: user, group.

#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::Reading;

constexpr std::string_view kNoAccounts = "the account files of its container could not be read";

/// Absent when there is no such account, unknown when that could not be looked up.
Reading named(EventView& v, std::string_view Users::Names::*member) {
    if (v.process == nullptr) return Reading::missing();
    const Users::Names& names = v.user();
    if (!names.known) return Reading::cannot_know(kNoAccounts);
    return v.text_if(names.*member);
}

constexpr auto kRows = std::to_array<FieldRow>({
    {"user.uid",
     [](EventView& v, std::string_view) {
         return v.process == nullptr ? Reading::missing() : v.number(v.raw.head->euid);
     }},
    {"user.name", [](EventView& v, std::string_view) { return named(v, &Users::Names::user); }},
    {"user.homedir", [](EventView& v, std::string_view) { return named(v, &Users::Names::home); }},
    {"user.shell", [](EventView& v, std::string_view) { return named(v, &Users::Names::shell); }},
    {"user.loginuid",
     [](EventView& v, std::string_view) {
         const WireCredentials* const who = v.credentials();
         if (who != nullptr) return v.integer(static_cast<std::int32_t>(who->loginuid));
         return v.process == nullptr ? Reading::missing() : Reading::cannot_know(kUnseen);
     }},
    {"user.loginname", [](EventView& v, std::string_view) { return v.text_if(v.login_name()); }},
    {"audit.session",
     [](EventView& v, std::string_view) {
         if (v.process == nullptr) return Reading::missing();
         return v.knows_task() ? v.integer(static_cast<std::int32_t>(v.process->task.login_session))
                               : Reading::cannot_know(kUnseen);
     }},
    {"group.gid",
     [](EventView& v, std::string_view) {
         const WireCredentials* const who = v.credentials();
         if (who != nullptr) return v.number(who->egid);
         return v.process == nullptr ? Reading::missing() : Reading::cannot_know(kUnseen);
     }},
    {"group.name", [](EventView& v, std::string_view) { return named(v, &Users::Names::group); }},
});

}  // namespace

std::span<const FieldRow> user_fields() { return kRows; }

}  // namespace plimsoll::sensor
