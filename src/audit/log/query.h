#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/log/literals.h"

namespace plimsoll::audit {

/// Whose ids a search looks at.
enum class IdOf : std::uint8_t { any, real, effective, login };

/// Which events are asked for. Everything that is set must hold of the event: of some record of it, not necessarily of
/// one and the same. The words are those of ausearch; docs/auditd.md tells where the meaning differs.
struct Query {
    std::optional<std::int64_t> since_ms;  ///< milliseconds since 1970, this one included
    std::optional<std::int64_t> until_ms;  ///< likewise included
    std::optional<std::uint64_t> serial;
    std::vector<std::string> nodes;    ///< one of them
    std::vector<std::uint32_t> types;  ///< one of them
    std::optional<std::int64_t> pid;
    std::optional<std::int64_t> ppid;
    std::optional<std::uint32_t> session;
    std::optional<std::int64_t> exit;
    std::optional<bool> success;
    std::optional<std::uint32_t> arch;  ///< AUDIT_ARCH_*
    std::optional<unsigned> syscall;
    std::optional<unsigned> uring;  ///< with `syscall`: or io_uring did this operation, which has that call's name

    struct Id {
        IdOf of = IdOf::any;
        std::uint32_t id = 0;
    };
    std::vector<Id> users;   ///< each of them
    std::vector<Id> groups;  ///< each of them

    // Parts of text, or the whole of it with `whole_words` (comm and executable: see Matcher).
    std::optional<std::string> comm;
    std::optional<std::string> executable;
    std::optional<std::string> file;
    std::optional<std::string> host;
    std::optional<std::string> key;
    std::optional<std::string> terminal;
    std::optional<std::string> subject;
    std::optional<std::string> object;
    std::optional<std::string> context;  ///< subject or object
    std::optional<std::string> uuid;
    std::optional<std::string> guest;
    bool whole_words = false;

    std::string condition;  ///< in the rule language, over EventFields; empty: none

    /// Nothing but times is asked: every event in them is an answer.
    [[nodiscard]] bool takes_all() const;
};

/// Text of which some must stand in a record of every event that the query asks for; empty when nothing such follows
/// from it, so that all records must be read.
[[nodiscard]] Literals literals_of(const Query& query);

}  // namespace plimsoll::audit
