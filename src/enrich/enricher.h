#pragma once

#include "model/event.h"

namespace plimsoll::enrich {

/// Adds to an event what can be known beside it. Runs on the recorder's thread, in a fixed order, before the rules;
/// keeps bounded state.
class Enricher {
public:
    virtual ~Enricher() = default;
    virtual void enrich(model::Event& event) = 0;
};

}  // namespace plimsoll::enrich
