#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "audit/text/value.h"

namespace plimsoll::audit {

/// An event as a sentence: who did what to what, by what means, and how it went. The words are those of ausearch
/// --format csv and text, so that what reads one can read the other.
struct Normalized {
    std::string_view type;  ///< of the first record
    std::string_view kind;  ///< audit-rule, user-login, configuration, …
    std::string session;    ///< "unset" without one
    std::string subject;    ///< person that logged in; "system" without a login
    std::string acting_as;  ///< user of the process
    std::string_view subject_kind;
    std::string subject_label;
    std::string action;
    std::string_view result;  ///< success, failed, or empty
    std::string object;
    std::string object_detail;  ///< inode
    std::string object2;
    std::string object_label;
    std::string_view object_kind;
    std::string how;
    std::string key;
};

/// Names of ids come from `values`.
[[nodiscard]] Normalized normalized(const LogEvent& event, ValueWriter& values);

/// What a record type means when there is no call: kind, action and kind of object; nothing for an unknown type.
struct TypeMeaning {
    std::uint32_t type;
    std::string_view kind;
    std::string_view action;
    std::string_view object_kind;
};
[[nodiscard]] const TypeMeaning* meaning_of_type(std::uint32_t type);

/// What a system call does, and where its object stands.
enum class ObjectOf : std::uint8_t { none, path, socket, process, self, key, rename, second_path };
struct CallMeaning {
    std::string_view call;
    std::string_view action;
    std::string_view object_kind;
    ObjectOf object;
};
[[nodiscard]] const CallMeaning* meaning_of_call(std::string_view call);

}  // namespace plimsoll::audit
