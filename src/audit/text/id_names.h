#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/accounts.h"

namespace plimsoll::audit {

/// Names of user or group ids, found once and kept: a log repeats a few ids millions of times.
class IdNames {
public:
    enum class Kind : std::uint8_t { user, group };

    IdNames(Kind kind, const host::Accounts* accounts) : kind_(kind), accounts_(accounts) {}

    struct Name {
        std::string_view text;
        bool is_plain = false;  ///< printable ASCII; a name that a log resolved may be anything
    };

    /// "root", "unset" for 4294967295, "unknown(4321)" where the accounts have no such id. Valid until the next call.
    [[nodiscard]] Name name(std::uint32_t id);
    [[nodiscard]] std::string_view text(std::uint32_t id) { return name(id).text; }

private:
    struct Entry {
        std::uint32_t id = 0;
        bool used = false;
        bool is_plain = false;
        std::string text;
    };

    Kind kind_;
    const host::Accounts* accounts_;
    std::array<Entry, 256> entries_;  ///< by the low bits of the id; a newcomer takes the place
};

}  // namespace plimsoll::audit
