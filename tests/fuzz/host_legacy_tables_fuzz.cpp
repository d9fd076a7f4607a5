#include "host/firewall.h"
#include "host/netlink.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// The hooks and then the entries of a legacy packet filter table, and the same bytes as netlink attributes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto hooks = plimsoll::host::copy_at<plimsoll::host::LegacyHooks>(bytes);
    if (!hooks) return 0;
    const auto blob = bytes.subspan(sizeof *hooks);
    for (const std::string_view family : {"ip", "ip6"}) {
        static_cast<void>(plimsoll::host::decode_legacy_entries(family, *hooks, blob));
    }
    plimsoll::host::for_each_attribute(blob, 0, [](unsigned, plimsoll::host::Bytes content) {
        static_cast<void>(plimsoll::host::attribute_text(content));
    });
    return 0;
}
