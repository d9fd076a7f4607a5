#pragma once

#include "enrich/engine_access.h"
#include "enrich/enricher.h"

namespace plimsoll::enrich {

/// who.*: adds to what the engine did the person behind it, as far as audit records and the sensor
/// have told by then. The recorder's own questions to the engine are marked, so that nobody takes them for somebody's.
class Who final : public Enricher {
public:
    /// `own_pid`: the recorder's process.
    explicit Who(std::int64_t own_pid) : own_pid_(own_pid) {}

    void enrich(model::Event& event) override;

private:
    std::int64_t own_pid_;
    EngineAccess access_;
};

}  // namespace plimsoll::enrich
