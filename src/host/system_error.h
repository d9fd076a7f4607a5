#pragma once

#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/result.h"
#include "base/text.h"

namespace plimsoll::host {

/// "DOING SUBJECT: Permission denied" for an errno value; the subject may be hostile and is made printable.
[[nodiscard]] inline Error system_error(std::string_view doing, std::string_view subject, int number = errno) {
    std::string message(doing);
    if (!subject.empty()) message += ' ' + printable(subject);
    return {message + ": " + std::generic_category().message(number)};
}

/// Whether an errno value says that the thing is not there, which is knowledge and not a failure.
[[nodiscard]] inline bool means_absent(int number) { return number == ENOENT || number == ENOTDIR; }

}  // namespace plimsoll::host
