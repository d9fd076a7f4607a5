#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/row.h"
#include "model/event.h"

/// Any bytes as a row; a row that is well formed is written again as it was, field by field.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll::ledger;
    const std::string_view row(reinterpret_cast<const char*>(data), size);
    FieldNumbers fields;
    for (const auto* name : {"container.id", "proc.pid", "docker.attributes", "alert.tags", "fd.sip"}) {
        static_cast<void>(fields.add(fields.next(), name, "string"));
    }
    RowReader reader(row);
    std::string again(row.substr(0, row.size() < 8 ? row.size() : 8));
    RowField field;
    while (reader.next(field)) {
        append_field(again, field);
        if (!is_number(field.wire)) static_cast<void>(wire_text(field.wire, field.bytes));
    }
    if (reader.complete() && again != row) __builtin_trap();
    plimsoll::model::Event event;
    static_cast<void>(decode_row(row, fields, event));
    static_cast<void>(fields.learn(row));
    return 0;
}
