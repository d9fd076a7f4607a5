#include "audit/text/id_names.h"

#include "audit/text/escape.h"

namespace plimsoll::audit {

IdNames::Name IdNames::name(std::uint32_t id) {
    constexpr std::uint32_t kUnset = 4294967295U;
    if (id == kUnset) return {"unset", true};
    Entry& entry = entries_[id % entries_.size()];
    if (entry.used && entry.id == id) return {entry.text, entry.is_plain};
    entry.used = true;
    entry.id = id;
    const std::string* name = nullptr;
    if (accounts_ != nullptr) {
        if (kind_ == Kind::user) {
            if (const auto* user = accounts_->user(id)) name = &user->name;
        } else if (const auto* group = accounts_->group(id)) {
            name = &group->name;
        }
    }
    if (name != nullptr)
        entry.text = *name;
    else
        entry.text = "unknown(" + std::to_string(id) + ")";
    entry.is_plain = is_plain(entry.text);
    return {entry.text, entry.is_plain};
}

}  // namespace plimsoll::audit
