#include <cstddef>
#include <cstdint>
#include <string_view>

#include "audit/record.h"
#include "base/result.h"

/// Any bytes as a line of an audit log and as a message of the kernel: what is read lies within the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll::audit;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto inside = [&](std::string_view part) {
        return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
    };
    for (const bool message : {false, true}) {
        Record record;
        const Damage damage = message ? parse_message(1300, text, record) : parse_line(text, record);
        if (damage != Damage::none) continue;
        plimsoll::check(inside(record.line) && inside(record.body) && inside(record.enriched) &&
                        inside(record.id.node));
        for (const std::string_view fields : {record.body, record.enriched}) {
            FieldCursor cursor(fields);
            bool claims = false;
            std::size_t count = 0;
            while (const auto field = cursor.next()) {
                plimsoll::check(inside(field->name) && inside(field->value) && !field->name.empty());
                plimsoll::check(field->claim || !claims);  // behind the first claim there are no facts
                claims = field->claim;
                plimsoll::check(++count <= fields.size());
            }
        }
        static_cast<void>(find(record, "uid"));
        static_cast<void>(find_claim(record, "acct"));
    }
    return 0;
}
