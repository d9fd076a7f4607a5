#include "app/setting_checks.h"

#include <fmt/format.h>

#include "base/text.h"
#include "host/endpoint.h"
#include "host/http_listen.h"
#include "host/http_post.h"
#include "host/stream.h"
#include "ledger/note.h"
#include "rule/condition.h"
#include "sink/sinks.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostPath = 4095;
constexpr std::size_t kMostSocketPath = 107;

}  // namespace

Result<void> check_path(std::string_view text) {
    if (!text.starts_with('/'))
        return Error{fmt::format("expected an absolute path, one that begins with /, not '{}'", printable(text))};
    if (text.size() > kMostPath || text.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos)
        return Error{"expected a path of at most 4095 bytes without line ends"};
    return {};
}

Result<void> check_socket_path(std::string_view text) {
    TRY_VOID(check_path(text));
    if (text.size() > kMostSocketPath)
        return Error{
            fmt::format("expected a path of at most {} bytes: a socket's address holds no more", kMostSocketPath)};
    return {};
}

Result<void> check_listen(std::string_view text) {
    auto good = host::check_listen_address(text);
    if (!good) return good.error().during("expected ADDRESS:PORT, for example 127.0.0.1:9464");
    return {};
}

Result<void> check_engine(std::string_view text) {
    constexpr std::string_view kExpected = "expected unix:///PATH or tcp://HOST:PORT";
    const auto endpoint = host::parse_endpoint(text);
    if (!endpoint) return endpoint.error().during(std::string(kExpected));
    if (endpoint->tcp ? !host::is_host_name(endpoint->name) : !endpoint->path.starts_with('/'))
        return Error{fmt::format("{}, not '{}'", kExpected, printable(text))};
    return {};
}

Result<void> check_url(std::string_view text) {
    const auto url = host::parse_post_url(text);
    if (!url) return url.error().during("expected https://HOST/PATH or http://HOST/PATH");
    return {};
}

Result<void> check_witness_key(std::string_view text) {
    const auto key = ledger::parse_verifier_key(text);
    if (!key) return key.error().during("expected the verifier key that `plimsoll witness` prints");
    if (key->type != ledger::SignatureType::cosignature)
        return Error{"expected the verifier key that `plimsoll witness` prints: this is the key of a ledger"};
    return {};
}

Result<void> check_condition(std::string_view text) {
    if (auto compiled = rule::compile(text); !compiled) return compiled.error().during("expected a condition");
    return {};
}

Result<void> check_syslog_address(std::string_view text) {
    return sink::check_sink({.name = "syslog", .kind = sink::SyslogConfig{.address = std::string(text)}});
}

}  // namespace plimsoll::app
