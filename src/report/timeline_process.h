#pragma once

#include <string>

#include "model/event.h"
#include "report/timeline_sentence.h"

namespace plimsoll::report {

/// What a Linux audit event, or one of the kernel sensor, tells a person: a program that was run, a file that was
/// opened, a connection, a login, a request to an engine.
[[nodiscard]] Telling tell_process(const model::Event& event);

/// "alice from 192.0.2.7, on pts/3: docker exec … (inferred)": who asked for what the engine did; empty when nobody is
/// known.
[[nodiscard]] std::string asked_by(const model::Event& event);

}  // namespace plimsoll::report
