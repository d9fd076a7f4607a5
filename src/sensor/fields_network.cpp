// Descriptors of sockets: both ends, protocol, names.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "sensor/fields.h"
#include "sensor/names_dns.h"

namespace plimsoll::sensor {

namespace {

using model::Reading;

constexpr std::uint8_t kEstablished = 1;  // TCP_ESTABLISHED

enum class End : std::uint8_t { client, server, local, remote };

struct Which {
    const model::Ip* address = nullptr;
    std::uint16_t port = 0;
    bool known = false;
};

Which end_of(EventView& v, End end) {
    if (!v.is_call()) return {};
    const Ends& both = v.ends();
    if (!both.known()) return {};
    const bool local = end == End::local || (end == End::client && !both.server) || (end == End::server && both.server);
    return local ? Which{&both.local, both.local_port, both.has_local}
                 : Which{&both.remote, both.remote_port, both.has_remote};
}

template <End end>
Reading address(EventView& v, std::string_view) {
    const Which which = end_of(v, end);
    return which.known ? v.value(*which.address) : Reading::missing();
}

template <End end>
Reading port(EventView& v, std::string_view) {
    const Which which = end_of(v, end);
    return which.known ? v.number(which.port) : Reading::missing();
}

template <End end>
Reading domain(EventView& v, std::string_view) {
    const Which which = end_of(v, end);
    if (!which.known || v.around.names == nullptr) return Reading::missing();
    return v.text_if(v.around.names->find(v.raw.socket->net_namespace, *which.address));
}

/// The name that /etc/services has for the port, for what is met often; digits otherwise.
std::string_view service(std::uint16_t number) {
    struct Row {
        std::uint16_t port;
        std::string_view name;
    };
    static constexpr auto kRows = std::to_array<Row>(
        {{20, "ftp-data"},     {21, "ftp"},         {22, "ssh"},     {23, "telnet"},        {25, "smtp"},
         {53, "domain"},       {67, "bootps"},      {68, "bootpc"},  {69, "tftp"},          {80, "http"},
         {88, "kerberos"},     {110, "pop3"},       {111, "sunrpc"}, {123, "ntp"},          {143, "imap2"},
         {161, "snmp"},        {389, "ldap"},       {443, "https"},  {445, "microsoft-ds"}, {465, "submissions"},
         {514, "shell"},       {587, "submission"}, {636, "ldaps"},  {873, "rsync"},        {993, "imaps"},
         {995, "pop3s"},       {1433, "ms-sql-s"},  {2049, "nfs"},   {3306, "mysql"},       {3389, "ms-wbt-server"},
         {5432, "postgresql"}, {5671, "amqps"},     {5672, "amqp"},  {6379, "redis"},       {8080, "http-alt"}});
    for (const Row& row : kRows)
        if (row.port == number) return row.name;
    return {};
}

Reading service_reading(EventView& v, std::uint16_t number) {
    const std::string_view name = service(number);
    return name.empty() ? v.kept(std::to_string(number)) : v.text(name);
}

template <End end>
Reading protocol(EventView& v, std::string_view) {
    const Which which = end_of(v, end);
    return which.known ? service_reading(v, which.port) : Reading::missing();
}

/// Values of both ends that are known, the remote one first.
template <typename Tell>
Reading both(EventView& v, Tell tell) {
    const Which ends[] = {end_of(v, End::remote), end_of(v, End::local)};
    const auto all = v.scratch.values(2);
    std::size_t count = 0;
    for (const Which& which : ends)
        if (which.known) all[count++] = tell(which);
    return count == 0 ? Reading::missing() : Reading::of(all.first(count));
}

Reading transport(EventView& v, std::string_view) {
    if (!v.is_call() || v.raw.socket == nullptr || !v.ends().known()) return Reading::missing();
    if (!v.ends().has_local && !v.ends().has_remote)
        return Reading::missing();  // a socket without an end, as with Falco
    switch (v.raw.socket->protocol) {
        case IPPROTO_TCP: return v.text("tcp");
        case IPPROTO_UDP: return v.text("udp");
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6: return v.text("icmp");
        default: break;
    }
    switch (v.raw.socket->type) {
        case SOCK_STREAM: return v.text("tcp");
        case SOCK_DGRAM: return v.text("udp");
        case SOCK_RAW: return v.text("raw");
        default: return Reading::missing();
    }
}

Reading family(EventView& v, std::string_view) {
    if (!v.is_call() || v.raw.socket == nullptr) return Reading::missing();
    if (v.ends().known()) return v.text("ip");
    return v.raw.socket->family == AF_UNIX ? v.text("unix") : Reading::missing();
}

/// For anything but a socket that is false, as with Falco.
Reading connected(EventView& v, std::string_view) {
    if (!v.is_call() || v.descriptor().letter.empty()) return Reading::missing();
    if (v.call->fd == FdUse::made && v.result() < 0) return Reading::missing();
    if (v.raw.socket == nullptr) return v.truth(false);
    if ((v.call->flags & (connects | accepts)) != 0) return v.truth(v.result() >= 0);
    return v.truth(v.raw.socket->state == kEstablished && v.ends().known());
}

constexpr std::uint16_t kNameServer = 53;

/// The question of a message to a name server or from one; nothing for another event.
std::optional<DnsQuestion> question(EventView& v) {
    const WireSocket* const socket = v.raw.socket;
    if (socket == nullptr || !v.raw.has(WIRE_DATA) || !v.ends().known()) return std::nullopt;
    if (socket->remote_port != kNameServer && socket->local_port != kNameServer) return std::nullopt;
    return dns_question(v.raw.string(WIRE_DATA));
}

constexpr auto kRows = std::to_array<FieldRow>({
    {"dns.question.name",
     [](EventView& v, std::string_view) {
         const auto asked = question(v);
         return asked ? v.kept(asked->name) : Reading::missing();
     }},
    {"dns.question.type",
     [](EventView& v, std::string_view) {
         const auto asked = question(v);
         return asked ? v.kept(dns_type_name(asked->type)) : Reading::missing();
     }},
    {"fd.l4proto", transport},
    {"fd.sockfamily", family},
    {"fd.is_server",
     [](EventView& v, std::string_view) {
         return v.is_call() && v.ends().known() ? v.truth(v.ends().server) : Reading::missing();
     }},
    {"fd.connected", connected},
    {"fd.cproto", protocol<End::client>},
    {"fd.sproto", protocol<End::server>},
    {"fd.lproto", protocol<End::local>},
    {"fd.rproto", protocol<End::remote>},
    {"fd.ip",
     [](EventView& v, std::string_view) { return both(v, [](const Which& w) { return model::Value(*w.address); }); }},
    {"fd.net",
     [](EventView& v, std::string_view) { return both(v, [](const Which& w) { return model::Value(*w.address); }); }},
    {"fd.port",
     [](EventView& v, std::string_view) {
         return both(v, [](const Which& w) { return model::Value(std::uint64_t{w.port}); });
     }},
    {"fd.proto",
     [](EventView& v, std::string_view) {
         return both(v, [&](const Which& w) { return service_reading(v, w.port).values[0]; });
     }},
    {"fd.cip", address<End::client>},
    {"fd.cnet", address<End::client>},
    {"fd.cport", port<End::client>},
    {"fd.cip.name", domain<End::client>},
    {"fd.sip", address<End::server>},
    {"fd.snet", address<End::server>},
    {"fd.sport", port<End::server>},
    {"fd.sip.name", domain<End::server>},
    {"fd.lip", address<End::local>},
    {"fd.lnet", address<End::local>},
    {"fd.lport", port<End::local>},
    {"fd.lip.name", domain<End::local>},
    {"fd.rip", address<End::remote>},
    {"fd.rnet", address<End::remote>},
    {"fd.rport", port<End::remote>},
    {"fd.rip.name", domain<End::remote>},
});

}  // namespace

std::span<const FieldRow> network_fields() { return kRows; }

}  // namespace plimsoll::sensor
