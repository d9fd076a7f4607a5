// Audit records, as lines of a log and as the kernel's messages, through all that the recorder makes of them: fields,
// masking, forgeries, attribution.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "audit/assembler.h"
#include "audit/fields.h"
#include "base/result.h"
#include "model/fields.h"
#include "source/audit/audit_decoder.h"

namespace {

using namespace plimsoll;

/// Asks for every field of every event.
struct Reader final : audit::EventHandler {
    explicit Reader(source::AuditDecoder& to) : decoder(to) {}
    void event(const audit::LogEvent& event) override {
        const audit::EventFields fields(event);
        for (std::size_t id = 0; id < model::kFields.size(); ++id) {
            const auto read = fields.read(static_cast<model::FieldId>(id), "exe");
            if (!model::kFields[id].list) check(read.values.size() <= 1);
        }
        decoder.log_event(event);
    }
    source::AuditDecoder& decoder;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    source::AuditDecoder decoder({.attribution = {.live = false}, .imported = "fuzz"},
                                 [](const model::Event& event) { check(event.memory() < (std::size_t{8} << 20U)); });
    Reader reader(decoder);
    audit::Assembler assembler(reader);
    std::size_t at = 0;
    while (at <= text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        audit::Record record;
        if (audit::parse_line(line, record) == audit::Damage::none) {
            assembler.add(record);
            const auto head = line.find("audit(");
            if (head != std::string_view::npos) decoder.message(record.type, line.substr(head));
        } else if (!line.empty()) {
            decoder.message(1300U + static_cast<std::uint8_t>(line.front()), line.substr(1));
        }
        at = end + 1;
    }
    assembler.flush();
    decoder.flush();
    return 0;
}
