#include <algorithm>
#include <cstring>

#include "app/audit_import.h"
#include "ledger/row.h"
#include "model/fields.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostEvents = 65536;

void append_framed(std::string& out, std::string_view row) {
    const auto size = static_cast<std::uint32_t>(row.size());
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(size >> shift & 0xFFU);
    out += row;
}

Result<std::string_view> take_framed(std::string_view& rest) {
    if (rest.size() < 4) return Error{"the body ends within a length"};
    std::uint32_t size = 0;
    for (unsigned i = 0; i < 4; ++i) size |= static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
    if (size > rest.size() - 4) return Error{"the body ends within a row"};
    const std::string_view row = rest.substr(4, size);
    rest.remove_prefix(4 + std::size_t{size});
    return row;
}

/// Whether it is what an import may add: nobody may write alerts or acknowledgements by this road.
bool is_imported(const model::Event& event) {
    const std::string_view kind = event.text("record.kind");
    return event.text("evt.source") == "audit" && event.has("audit.imported") && (kind == "event" || kind == "loss");
}

}  // namespace

struct ImportBody::Numbers {
    ledger::FieldNumbers fields;
};

ImportBody::ImportBody() : numbers_(std::make_unique<Numbers>()) {}
ImportBody::~ImportBody() = default;

Result<bool> ImportBody::add(const model::Event& event) {
    std::string fresh;
    for (const model::Event::Slot& slot : event.slots()) {
        if (numbers_->fields.number(slot.field)) continue;
        const model::Field& field = model::field(slot.field);
        const ledger::FieldNumbers::Entry entry{.number = numbers_->fields.next(),
                                                .name = std::string(field.name),
                                                .type = model::type_name(field),
                                                .id = slot.field};
        TRY_VOID(numbers_->fields.add(entry.number, entry.name, entry.type));
        append_framed(fresh, ledger::encode_field_row(event.time(), entry));
    }
    std::string row;
    TRY_VOID(ledger::encode_row(event, numbers_->fields, row));
    append_framed(fresh, row);
    if (fresh.size() > kMostBytes) return Error{"an event is too large"};
    // Assignments made above stay known although they were not sent: the body that does not take them is finished.
    if (text_.size() + fresh.size() > kMostBytes) return false;
    text_ += fresh;
    return true;
}

std::string ImportBody::take() {
    numbers_ = std::make_unique<Numbers>();
    return std::exchange(text_, {});
}

Result<std::uint64_t> record_import(std::string_view body, EventQueue& queue) {
    ledger::FieldNumbers fields;
    std::vector<model::Event> events;
    while (!body.empty()) {
        TRY(const std::string_view row, take_framed(body));
        TRY_VOID(fields.learn(row));
        model::Event event;
        TRY_VOID(ledger::decode_row(row, fields, event));
        if (event.text("record.kind") == "field") continue;
        if (!is_imported(event)) return Error{"only events of imported audit logs are taken"};
        if (events.size() >= kMostEvents) return Error{"too many events at once"};
        events.push_back(std::move(event));
    }
    std::uint64_t count = 0;
    for (model::Event& event : events) {
        if (!queue.put(std::move(event))) return Error{"the agent is stopping"};
        ++count;
    }
    if (count > 0 && !queue.settle()) return Error{"the ledger does not take records"};
    return count;
}

}  // namespace plimsoll::app
