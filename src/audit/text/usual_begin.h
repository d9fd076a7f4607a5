#pragma once

#include <array>
#include <string_view>

#include "audit/text/arguments.h"

namespace plimsoll::audit {

/// The begin of a SYSCALL record in the kernel's order, up to the fields of the process's user:
/// `arch=… syscall=… success=… exit=… a0=… a1=… a2=… a3=… items=… ppid=… pid=… `. It differs from call to call; what
/// follows is the same for all calls of a process. All of it is printable ASCII.
struct CallBegin {
    Call call;
    std::string_view between;  ///< " success=yes exit="
    std::string_view exit;
    std::array<std::string_view, 4> arguments;
    std::string_view behind;  ///< " items=1 ppid=1 pid=2 "
    std::string_view rest;
};

/// False when the body begins otherwise, in any way at all.
[[nodiscard]] bool read_call_begin(std::string_view body, CallBegin& begin);

/// The begin of a PATH record, up to the fields of the file's mode and owner: `item=… name=… inode=… dev=… `, or
/// `item=… name=… `.
struct PathBegin {
    std::string_view before;  ///< "item=0 name="
    std::string_view name;    ///< without quotes
    bool quoted = false;
    std::string_view behind;  ///< " inode=1 dev=fe:00 ", or a blank
    std::string_view rest;
};

/// False when the body begins otherwise. All but the name is printable ASCII.
[[nodiscard]] bool read_path_begin(std::string_view body, PathBegin& begin);

}  // namespace plimsoll::audit
