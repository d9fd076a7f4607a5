#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/value.h"
#include "sensor/process.h"
#include "sensor/raw_event.h"

namespace plimsoll::sensor {

/// Which names addresses had, by the answers of name servers that processes received. Kept for each network namespace,
/// bounded, the oldest forgotten first. One thread.
class DnsNames {
public:
    explicit DnsNames(std::size_t most = 16384);
    ~DnsNames();
    DnsNames(const DnsNames&) = delete;
    DnsNames& operator=(const DnsNames&) = delete;

    /// Learns from the event when it is what a name server answered (data received from port 53).
    void take(const RawEvent& event);

    /// The name that was asked for when that address was the answer; empty when none was seen. Until the next take().
    [[nodiscard]] std::string_view find(std::uint32_t net_namespace, const model::Ip& address) const;

    [[nodiscard]] std::size_t size() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll::sensor
