#include "enrich/who.h"

namespace plimsoll::enrich {

void Who::enrich(model::Event& event) {
    if (event.text("evt.source") == "audit") {
        if (event.integer("proc.pid") == own_pid_ && event.text("syscall.type") == "connect") {
            event.set("who.name", "plimsoll agent");
            event.set("who.strength", to_text(Strength::proved));
        }
        access_.observe(event);
        return;
    }
    if (event.text("evt.source") == "syscall") {  // the sensor knows its processes' people itself
        if (event.text("evt.type") == "request") access_.observe(event);
        return;
    }
    const bool session = event.text("record.kind") == "session";
    if (!session && (event.text("record.kind") != "event" || event.text("docker.action").empty())) return;
    if (const std::optional<AccessChain> chain = access_.chain(event)) chain->write(event);
}

}  // namespace plimsoll::enrich
