#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
    void start() { found_ = nullptr; }

    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

    /// Adds what is known to a record of the event.
    void write(model::Event& out) const;

private:
    /// What is known of a process.
    struct Known {
        sensor::ProcessKey process;
        std::uint64_t change = 0;  ///< of the process and its ancestors, when its session was looked for
        std::string session;
        model::Event person;  ///< exec.id and who.*
    };
    static constexpr std::size_t kKnown = 128;

    const model::Event& person() const;
    void look(const sensor::Process& process, Known& known) const;
    [[nodiscard]] std::optional<enrich::AccessChain> login_chain(const sensor::Process& process) const;

    const sensor::KernelEvent& event_;
    const enrich::EngineAccess& access_;
    mutable std::vector<Known> known_ = std::vector<Known>(kKnown);  ///< by the lowest bits of the process's number
    mutable const model::Event* found_ = nullptr;                    ///< of the event at hand
    const model::Event nobody_;
};

}  // namespace plimsoll::app
