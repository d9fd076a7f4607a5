#include "sensor/kernel_event.h"

#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::FieldId;
using model::Reading;

constexpr std::size_t kPortraits = 128;            // a power of two
constexpr std::size_t kMostPortrait = 48U << 10U;  // bytes of one that is remembered

/// What is kept of a process, and all that it follows from.
struct Portrait {
    ProcessKey key;
    std::uint64_t change = 0;  ///< of the process and its ancestors; 0: none yet
    std::uint64_t accounts = 0;
    std::uint64_t host_accounts = 0;
    std::uint32_t euid = 0;
    std::string_view hostname;
    model::Event told;

    [[nodiscard]] bool is_of(const Portrait& other) const {
        return key == other.key && change == other.change && accounts == other.accounts &&
               host_accounts == other.host_accounts && euid == other.euid && hostname.data() == other.hostname.data() &&
               hostname.size() == other.hostname.size();
    }
};

/// Every family, in the order in which they were written down.
constexpr std::span<const FieldRow> (*const kFamilies[])() = {
    event_fields, argument_fields, process_fields, ancestor_fields,
    file_fields,  network_fields,  user_fields,    container_fields,
};

}  // namespace

struct KernelEvent::State {
    explicit State(const Surroundings& around)
        : surroundings(around), view(surroundings), cells(model::kFields.size()), portraits(kPortraits) {
        for (const auto& family : kFamilies)
            for (const FieldRow& row : family()) cells[row.field.id()].give = row.give;
    }

    /// How a field is answered, and the answer without brackets; of this event when the stamp says so.
    struct alignas(64) Cell {  // one line of the cache
        Give give = nullptr;
        std::uint64_t stamp = 0;
        Reading reading;
    };

    /// What the portrait of the event's process must follow from; nothing when the event tells something of the process
    /// itself.
    [[nodiscard]] std::optional<Portrait> wanted_portrait() {
        const Process* const process = view.process;
        if (process == nullptr || !(view.is_call() || view.is(WIRE_EXIT) || view.is(WIRE_EXEC))) return std::nullopt;
        if (view.raw.credentials != nullptr && !view.is(WIRE_EXEC)) return std::nullopt;
        Portrait out{.key = process->key,
                     .change = process_change(),
                     .euid = view.raw.head->euid,
                     .hostname = surroundings.hostname};
        if (surroundings.users == nullptr) return out;
        Users& users = *surroundings.users;
        if (process->container != nullptr) out.accounts = users.version(process->container->id, process->key.pid);
        out.host_accounts = users.version({}, 0);
        return out;
    }

    [[nodiscard]] std::uint64_t process_change() {
        if (change == 0 && view.process != nullptr) change = last_change(*view.process);
        return change;
    }

    const Surroundings& surroundings;
    EventView view;
    std::vector<Cell> cells;
    std::uint64_t stamp = 0;
    std::uint64_t change = 0;         ///< of the event's process; 0: not looked at
    std::vector<Portrait> portraits;  ///< by the lowest bits of the process's number
};

KernelEvent::KernelEvent(const Surroundings& surroundings) : state_(std::make_unique<State>(surroundings)) {}
KernelEvent::~KernelEvent() = default;

void KernelEvent::start(const RawEvent& raw, const Process* process, std::uint64_t number) {
    ++state_->stamp;
    state_->change = 0;
    state_->view.start(raw, process, number);
}

std::size_t KernelEvent::file_names() const { return state_->view.names().size(); }

void KernelEvent::use_file_name(std::size_t which) {
    ++state_->stamp;
    state_->view.choose_name(which);
}

Reading KernelEvent::read(FieldId field, std::string_view arg) const {
    State::Cell& cell = state_->cells[field];
    if (cell.give == nullptr) return Reading::missing();
    if (!arg.empty()) return cell.give(state_->view, arg);
    if (cell.stamp != state_->stamp) {
        new (&cell.reading) Reading(cell.give(state_->view, arg));  // written in its place: no copy waits for its parts
        cell.stamp = state_->stamp;
    }
    return cell.reading;
}

std::string_view KernelEvent::type() const { return state_->view.type(); }
const RawEvent& KernelEvent::raw() const { return state_->view.raw; }
const Process* KernelEvent::process() const { return state_->view.process; }
Nanoseconds KernelEvent::time() const { return state_->view.time(); }
std::uint64_t KernelEvent::process_change() const { return state_->process_change(); }

void KernelEvent::write(model::Event& out) const {
    constexpr std::size_t kMore = 16;    // values beyond one a field
    constexpr std::size_t kFields = 48;  // of what is not the process's, with a person and an alert
    constexpr std::size_t kText = 1536;  // … beside what the event's bytes hold
    auto wanted = state_->wanted_portrait();
    if (!wanted) {
        model::Event process;
        write_of_process(*this, process);
        write_of_event(*this, state_->view, out);
        return out.add(process);
    }
    Portrait& portrait = state_->portraits[wanted->key.pid % kPortraits];
    if (!portrait.is_of(*wanted)) {
        portrait = std::move(*wanted);
        write_of_process(*this, portrait.told);
        portrait.told.share();
    }
    const model::Event& told = portrait.told;
    out.make_room(told.slots().size() + kFields, told.slots().size() + kFields + kMore,
                  told.text_bytes() + raw().head->size + kText);
    write_of_event(*this, state_->view, out);
    out.add(told);
    if (told.memory() > kMostPortrait) portrait = {};
}

}  // namespace plimsoll::sensor
