#pragma once

#include <array>

#include "model/field.h"

namespace plimsoll::model {

/// Fields of activity: events of the kernel, of processes, files, connections and users. Names, types and meaning are Falco's.
inline constexpr std::array kEventFields = {
    Field{"evt.type", Type::string, false, Arg::none, from_kernel | from_engine_event | from_audit_record, "Name of the event, for example openat."},
};

}  // namespace plimsoll::model
