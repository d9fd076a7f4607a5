#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::audit {

inline constexpr std::string_view kApplyStateFile = "/var/lib/plimsoll/auditd-rules.json";

/// What the first `apply` since boot found, so that undo can put it back.
struct ApplyState {
    std::string boot;  ///< the kernel's boot id; a state of another boot means nothing any more
    std::uint32_t enabled_before = 0;
    std::optional<std::int64_t> enabled_at;  ///< seconds since 1970; when apply switched auditing on, if it did
    bool from_first = false;                 ///< nothing had been audited in this boot before that
    std::vector<std::string> rules;          ///< what the last apply left loaded, as lines of a file
};

/// The running kernel's boot id.
[[nodiscard]] Result<std::string> boot_id(const host::Root& root);

/// The state of this boot; empty when there is none, or only one of an earlier boot.
[[nodiscard]] Result<std::optional<ApplyState>> read_apply_state(const host::Root& root);
[[nodiscard]] Result<void> write_apply_state(const host::Root& root, const ApplyState& state);

/// Forgets it.
[[nodiscard]] Result<void> remove_apply_state(const host::Root& root);

}  // namespace plimsoll::audit
