#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "sensor/kernel_event.h"
#include "sensor/names_dns.h"
#include "sensor/process_table.h"
#include "sensor/raw_event.h"

namespace {

using namespace plimsoll;

constexpr std::string_view kArguments[] = {"", "0", "1", "2", "name", "flags", "path", "uid", "dst", "*"};
constexpr std::size_t kMostEvents = 48;

class NoContainers final : public sensor::Containers {
public:
    [[nodiscard]] std::shared_ptr<const sensor::Container> find(std::string_view) const override { return nullptr; }
    [[nodiscard]] std::uint64_t generation() const override { return 1; }
};

/// Every field of the table, with every argument: something comes of it, and its text can be read.
std::size_t read_all(const sensor::KernelEvent& event) {
    std::size_t text = 0;
    for (std::size_t id = 0; id < model::kFields.size(); ++id) {
        for (const std::string_view argument : kArguments) {
            const auto reading = event.read(static_cast<model::FieldId>(id), argument);
            check((reading.state == model::Reading::State::unknown) == !reading.reason.empty());
            for (const auto& value : reading.values) text += model::to_text(value).size();
            if (model::kFields[id].arg == model::Arg::none) break;
        }
    }
    return text;
}

}  // namespace

/// Events one behind the other, as in a ring: parsed, taken into a table of processes, every field read under every
/// name, kept. Nothing breaks, and the table stays within its bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const NoContainers containers;
    sensor::ProcessTable table(
        containers,
        {.most = 16, .most_argument_bytes = 256, .most_text_bytes = 4096, .most_ancestors = 4, .environment = {"*"}});
    sensor::DnsNames names(8);
    const sensor::Surroundings surroundings{1'000'000'000, "host", nullptr, &names};
    sensor::KernelEvent event(surroundings);
    model::Event kept;
    std::vector<std::uint64_t> aligned((size + 7) / 8 + 1);
    std::uint64_t number = 0;
    for (std::size_t at = 0; at + sizeof(WireEvent) <= size && number < kMostEvents;) {
        std::memcpy(aligned.data(), data + at, size - at);
        sensor::RawEvent raw;
        if (!sensor::parse(std::as_bytes(std::span(aligned)).first(size - at), raw)) {
            at += 8;
            continue;
        }
        at += raw.head->size;
        names.take(raw);
        event.start(raw, table.take(raw), ++number);
        (void)read_all(event);
        for (std::size_t name = 1; name < event.file_names(); ++name) {
            event.use_file_name(name);
            (void)read_all(event);
        }
        kept.clear();
        event.write(kept);
        check(table.size() <= 16 && names.size() <= 8);
        check(table.objects() <= 64);
    }
    std::size_t told = 0;
    table.retell([&](std::span<const std::byte> bytes) {
        sensor::RawEvent raw;
        check(sensor::parse(bytes, raw));
        ++told;
    });
    check(told <= 2 * kMostEvents);
    return 0;
}
