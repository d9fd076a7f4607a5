#include "sensor/kernel_event.h"

#include <new>
#include <vector>

#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::FieldId;
using model::Reading;

/// Every family, in the order in which they were written down.
constexpr std::span<const FieldRow> (*const kFamilies[])() = {
    event_fields, argument_fields, process_fields, ancestor_fields,
    file_fields,  network_fields,  user_fields,    container_fields,
};

}  // namespace

struct KernelEvent::State {
    explicit State(const Surroundings& around)
        : surroundings(around), view(surroundings), cells(model::kFields.size()) {
        for (const auto& family : kFamilies)
            for (const FieldRow& row : family()) cells[row.field.id()].give = row.give;
    }

    /// How a field is answered, and the answer without brackets; of this event when the stamp says so.
    struct Cell {
        Give give = nullptr;
        std::uint64_t stamp = 0;
        Reading reading;
    };

    const Surroundings& surroundings;
    EventView view;
    std::vector<Cell> cells;
    std::uint64_t stamp = 0;
};

KernelEvent::KernelEvent(const Surroundings& surroundings) : state_(std::make_unique<State>(surroundings)) {}
KernelEvent::~KernelEvent() = default;

void KernelEvent::start(const RawEvent& raw, const Process* process, std::uint64_t number) {
    ++state_->stamp;
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
void KernelEvent::write(model::Event& out) const { write_kept(*this, state_->view, out); }

}  // namespace plimsoll::sensor
