#pragma once

#include <cstdint>
#include <string>

#include "enrich/engine_access.h"
#include "model/event.h"
#include "sensor/kernel_event.h"

namespace plimsoll::app {

/// An event of the kernel with the exec session that its process belongs to, and the person who began that session:
/// what rules and outputs read as exec.id and who.*. Looked for when somebody reads it. Borrows all three.
class SessionPerson final : public model::Fields {
public:
    SessionPerson(const sensor::KernelEvent& event, const enrich::EngineAccess& access)
        : event_(event), access_(access) {}

    /// The event became another one.
    void start() { found_ = false; }

    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

    /// Adds what is known to a record of the event.
    void write(model::Event& out) const;

private:
    const model::Event& person() const;

    const sensor::KernelEvent& event_;
    const enrich::EngineAccess& access_;
    mutable model::Event person_;
    mutable std::string session_;        ///< whose person `person_` holds, but for the process
    mutable std::int64_t process_ = -1;  ///< … and of which process
    mutable std::uint64_t started_ = 0;  ///< … which began then
    mutable bool found_ = false;
};

}  // namespace plimsoll::app
