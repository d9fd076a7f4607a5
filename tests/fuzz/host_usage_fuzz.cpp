#include <cstddef>
#include <cstdint>
#include <string_view>

#include "host/container_cgroups.h"
#include "host/usage_parse.h"

/// Any text as each of the kernel's files; a share is always between 0 and 100, an id always 64 digits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll::host;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto share = pressure_some(text); share && !(*share >= 0 && *share <= 100)) __builtin_trap();
    static_cast<void>(keyed_number(text, "oom_kill"));
    static_cast<void>(parse_io_stat(text));
    static_cast<void>(parse_blkio_bytes(text));
    static_cast<void>(busy_ticks(text));
    each_network_device(text, [](std::string_view, TwoWay) {});
    each_disk(text, [](std::string_view, TwoWay) {});
    const ContainerCgroup found = container_of_cgroup(text);
    if (!found.id.empty() && found.id.size() != 64) __builtin_trap();
    return 0;
}
