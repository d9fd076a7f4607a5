#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "model/value.h"
#include "sensor/process.h"
#include "sensor/raw_event.h"

namespace plimsoll::sensor {

/// What a message to or from a name server asks for.
struct DnsQuestion {
    std::string name;  ///< in small letters, a point between labels; bytes of labels as they stand there
    std::uint16_t type = 0;
};

/// The first question of a message of RFC 1035; nothing where it has none, or breaks off before its end.
[[nodiscard]] std::optional<DnsQuestion> dns_question(std::string_view message);

/// "A", "TXT"; "TYPE65280" (RFC 3597, section 5) for a type without a name here.
[[nodiscard]] std::string dns_type_name(std::uint16_t type);

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
