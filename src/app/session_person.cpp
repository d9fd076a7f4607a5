#include "app/session_person.h"

#include <algorithm>
#include <array>

#include "app/kernel_requests.h"

namespace plimsoll::app {

namespace {

constexpr auto kIsOurs = [] consteval {
    std::array<bool, model::kFields.size()> all{};
    for (std::size_t id = 0; id < all.size(); ++id) {
        const std::string_view name = model::kFields[id].name;
        all[id] = name == "exec.id" || name.starts_with("who.");
    }
    return all;
}
();

}  // namespace

const model::Event& SessionPerson::person() const {
    if (found_) return person_;
    found_ = true;
    const sensor::Process* process = event_.process();
    if (process == nullptr) {
        process_ = -1;
        person_.clear();
        return person_;
    }
    // A process does one thing after the other: its person stays the same, once known.
    if (process_ == process->key.pid && started_ == process->key.start && person_.has("who.name")) return person_;
    process_ = process->key.pid;
    started_ = process->key.start;
    person_.clear(event_.time());
    session_ = exec_session_of(*process);
    if (session_.empty()) return person_;
    person_.set("exec.id", session_);
    person_.set_number("proc.pid", process->key.pid);
    if (process->program != nullptr) person_.set("proc.exepath", process->program->exepath);
    if (const auto chain = access_.session_chain(session_, person_)) chain->write(person_);
    return person_;
}

model::Reading SessionPerson::read(model::FieldId field, std::string_view arg) const {
    return kIsOurs[field] ? person().read(field, arg) : event_.read(field, arg);
}

void SessionPerson::write(model::Event& out) const {
    const model::Event& known = person();
    for (const model::Event::Slot& slot : known.slots()) {
        if (kIsOurs[slot.field]) out.put_list(slot.field, slot.key, known.values(slot));
    }
}

}  // namespace plimsoll::app
