#include "app/session_person.h"

#include <fmt/format.h>

#include <array>

#include "app/kernel_requests.h"

namespace plimsoll::app {

namespace {

constexpr std::string_view kPodman = "podman";
constexpr std::uint32_t kNoLogin = 0xffffffffU;

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
    if (found_ != nullptr) return *found_;
    const sensor::Process* process = event_.process();
    if (process == nullptr) return *(found_ = &nobody_);
    Known& known = known_[process->key.pid % kKnown];
    look(*process, known);
    return *(found_ = &known.person);
}

/// Podman is no daemon: what it starts has the login of whoever called it, in the kernel's keeping. A daemon's
/// containers have that of whoever started the daemon, which says nothing.
std::optional<enrich::AccessChain> SessionPerson::login_chain(const sensor::Process& process) const {
    const std::uint32_t login = process.credentials.loginuid;
    if (process.container == nullptr || process.container->engine != kPodman) return std::nullopt;
    if (!process.credentials_known || login == kNoLogin) return std::nullopt;
    enrich::AccessChain chain;
    const model::Reading name = event_.read(model::FieldKey("user.loginname").id(), {});
    const auto* const text = name.values.empty() ? nullptr : std::get_if<std::string_view>(&name.values[0]);
    chain.person = text != nullptr ? std::string(*text) : fmt::format("user {}", login);
    chain.uid = login;
    chain.loginuid = login;
    if (process.task.login_session != kNoLogin) chain.session = process.task.login_session;
    chain.links.push_back({fmt::format("{} logged in (login uid {}, session {}): set at login, kept by the kernel",
                                       chain.person, chain.loginuid, chain.session),
                           enrich::Strength::proved});
    chain.links.push_back(
        {fmt::format("process {} {} descends from that login: podman starts containers by itself", process.key.pid,
                     process.program == nullptr ? std::string_view() : process.program->exepath),
         enrich::Strength::proved});
    chain.strength = enrich::Strength::proved;
    return chain;
}

/// A process does one thing after the other: its person stays the same, once known.
void SessionPerson::look(const sensor::Process& process, Known& known) const {
    const bool same = known.process == process.key;
    if (same && known.person.has("who.name")) return;
    if (!same || known.change != event_.process_change()) {
        known.process = process.key;
        known.change = event_.process_change();
        known.session = exec_session_of(process);
        known.person.clear();
    }
    if (known.session.empty()) {
        if (const auto chain = login_chain(process)) chain->write(known.person);
        return known.person.share();
    }
    model::Event asked(event_.time());
    asked.set("exec.id", known.session);
    asked.set_number("proc.pid", process.key.pid);
    if (process.program != nullptr) asked.set("proc.exepath", process.program->exepath);
    if (const auto chain = access_.session_chain(known.session, asked)) chain->write(asked);
    known.person.clear();
    for (const model::Event::Slot& slot : asked.slots()) {
        if (kIsOurs[slot.field]) known.person.put_list(slot.field, slot.key, asked.values(slot));
    }
    known.person.share();
}

model::Reading SessionPerson::read(model::FieldId field, std::string_view arg) const {
    return kIsOurs[field] ? person().read(field, arg) : event_.read(field, arg);
}

void SessionPerson::write(model::Event& out) const { out.add(person()); }

}  // namespace plimsoll::app
