#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "audit/rules/coverage.h"
#include "host/audit_rule.h"

namespace plimsoll::audit {

/// Something that a rule should record and that changes nothing: it asks for what is not there, or opens without
/// writing, or starts a program that is ended before its first instruction.
struct Act {
    enum class Kind : std::uint8_t {
        none,           ///< `text` says why there is no harmless one
        connect,        ///< to the socket, and closes it
        open_to_write,  ///< of a file that is no program; nothing is written
        open_to_read,
        remove_nothing,       ///< deletes a name that does not exist in the folder
        remove_no_attribute,  ///< removes an extended attribute that does not exist
        stat,
        execute,      ///< under ptrace, and kills it before it runs
        system_call,  ///< with arguments that the kernel refuses
        uring,        ///< an operation of io_uring that it refuses
    };
    Kind kind = Kind::none;
    std::string path;
    std::string text;     ///< for people: "connect to /run/docker.sock"
    long number = 0;      ///< of system_call or operation
    bool compat = false;  ///< system_call by the 32-bit entry
};

/// The act that proves a rule whose path is this file (null: it has none).
[[nodiscard]] Act choose_act(const host::AuditRule& rule, const FileIdentity* file);

/// Performs it in a process of its own and waits for its end, a few seconds at most. Returns that process's id, which
/// its records carry; an error when it could not be performed.
[[nodiscard]] Result<pid_t> perform(const Act& act);

}  // namespace plimsoll::audit
