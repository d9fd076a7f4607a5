#include "sensor/names_dns.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

namespace plimsoll::sensor {

namespace {

constexpr std::uint16_t kPort = 53;
constexpr std::size_t kHeader = 12;  // RFC 1035, section 4.1.1
constexpr std::size_t kMostAnswers = 64;
constexpr std::size_t kMostName = 253;
constexpr std::uint16_t kA = 1, kAaaa = 28, kInternet = 1;

/// Reads a message of RFC 1035 front to back; everything past the end is nothing.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] std::optional<std::uint16_t> two() {
        if (at_ + 2 > bytes_.size()) return std::nullopt;
        const auto high = static_cast<std::uint8_t>(bytes_[at_]);
        const auto low = static_cast<std::uint8_t>(bytes_[at_ + 1]);
        at_ += 2;
        return static_cast<std::uint16_t>(high << 8U | low);
    }

    [[nodiscard]] bool skip(std::size_t count) {
        if (count > bytes_.size() - at_) return false;
        at_ += count;
        return true;
    }

    [[nodiscard]] std::string_view take(std::size_t count) {
        const std::string_view out = bytes_.substr(at_, count);
        return out.size() == count && skip(count) ? out : std::string_view();
    }

    /// Goes past a name, and writes it when `out` is given; pointers are not followed.
    [[nodiscard]] bool name(std::string* out) {
        while (at_ < bytes_.size()) {
            const auto size = static_cast<std::uint8_t>(bytes_[at_]);
            if (size == 0) return skip(1);
            if ((size & 0xc0U) == 0xc0U) return out == nullptr && skip(2);
            if ((size & 0xc0U) != 0 || !skip(1)) return false;
            const std::string_view label = take(size);
            if (label.empty()) return false;
            if (out == nullptr) continue;
            if (!out->empty()) *out += '.';
            *out += label;
            if (out->size() > kMostName) return false;
        }
        return false;
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

/// The questions that a message begins with, of which the first is read; the reader stands behind its types then.
std::optional<DnsQuestion> first_question(Reader& reader, std::uint16_t questions) {
    DnsQuestion found;
    if (questions == 0 || !reader.name(&found.name) || found.name.empty()) return std::nullopt;
    const auto type = reader.two();
    if (!type || !reader.skip(2)) return std::nullopt;
    found.type = *type;
    std::ranges::transform(found.name, found.name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return found;
}

struct Place {
    std::uint32_t space = 0;
    model::Ip address;
    friend bool operator==(const Place&, const Place&) = default;
};

struct PlaceHash {
    std::size_t operator()(const Place& place) const {
        std::uint64_t hash = place.space * 0x9e3779b97f4a7c15ULL;
        for (const std::uint8_t byte : place.address.bytes) hash = (hash ^ byte) * 0x100000001b3ULL;
        return hash;
    }
};

bool receives(std::uint16_t call) {
    return call == SYS_recvfrom || call == SYS_recvmsg || call == SYS_recvmmsg || call == SYS_read;
}

}  // namespace

struct DnsNames::State {
    std::size_t most = 0;
    std::unordered_map<Place, std::string, PlaceHash> names;
    std::deque<Place> order;

    void learn(const Place& place, const std::string& name) {
        const auto [known, fresh] = names.insert_or_assign(place, name);
        if (!fresh) return;
        order.push_back(place);
        if (order.size() <= most) return;
        names.erase(order.front());
        order.pop_front();
    }

    void answer(std::uint32_t space, std::string_view message) {
        Reader reader(message);
        if (!reader.skip(2)) return;
        const auto flags = reader.two();
        const auto questions = reader.two();
        const auto answers = reader.two();
        if (!flags || (*flags & 0x8000U) == 0 || !questions || *questions != 1 || !answers || !reader.skip(4)) return;
        const auto asked = first_question(reader, *questions);
        if (!asked) return;
        for (std::size_t n = 0; n < std::min<std::size_t>(*answers, kMostAnswers); ++n) {
            if (!reader.name(nullptr)) return;
            const auto type = reader.two();
            const auto kind = reader.two();
            if (!type || !kind || !reader.skip(4)) return;
            const auto size = reader.two();
            if (!size) return;
            const std::string_view data = reader.take(*size);
            if (data.size() != *size) return;
            const bool v4 = *type == kA && *size == 4;
            if (*kind != kInternet || (!v4 && !(*type == kAaaa && *size == 16))) continue;
            Place place{space, {}};
            place.address.v6 = !v4;
            std::ranges::transform(data, place.address.bytes.begin(),
                                   [](char c) { return static_cast<std::uint8_t>(c); });
            learn(place, asked->name);
        }
    }
};

std::optional<DnsQuestion> dns_question(std::string_view message) {
    Reader reader(message);
    if (!reader.skip(4)) return std::nullopt;
    const auto questions = reader.two();
    if (!questions || !reader.skip(6)) return std::nullopt;
    return first_question(reader, *questions);
}

std::string dns_type_name(std::uint16_t type) {
    static constexpr std::pair<std::uint16_t, const char*> kNames[] = {
        {1, "A"},      {2, "NS"},     {5, "CNAME"},  {6, "SOA"},     {10, "NULL"}, {12, "PTR"},
        {13, "HINFO"}, {15, "MX"},    {16, "TXT"},   {28, "AAAA"},   {33, "SRV"},  {35, "NAPTR"},
        {39, "DNAME"}, {43, "DS"},    {46, "RRSIG"}, {48, "DNSKEY"}, {52, "TLSA"}, {64, "SVCB"},
        {65, "HTTPS"}, {252, "AXFR"}, {255, "ANY"},  {257, "CAA"},
    };
    const auto* const known = std::ranges::find(kNames, type, &std::pair<std::uint16_t, const char*>::first);
    return known == std::ranges::end(kNames) ? "TYPE" + std::to_string(type) : known->second;
}

DnsNames::DnsNames(std::size_t most) : state_(std::make_unique<State>()) {
    state_->most = std::max<std::size_t>(most, 1);
}
DnsNames::~DnsNames() = default;

void DnsNames::take(const RawEvent& event) {
    if (event.head->kind != WIRE_CALL || event.socket == nullptr || event.socket->remote_port != kPort) return;
    if (event.head->result <= 0 || !receives(event.head->call)) return;
    if (event.socket->family != AF_INET && event.socket->family != AF_INET6) return;
    const std::string_view data = event.string(WIRE_DATA);
    if (data.size() > kHeader) state_->answer(event.socket->net_namespace, data);
}

std::string_view DnsNames::find(std::uint32_t net_namespace, const model::Ip& address) const {
    const auto known = state_->names.find({net_namespace, address});
    return known == state_->names.end() ? std::string_view() : std::string_view(known->second);
}

std::size_t DnsNames::size() const { return state_->names.size(); }

}  // namespace plimsoll::sensor
