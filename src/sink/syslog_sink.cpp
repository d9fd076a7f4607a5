// Syslog: RFC 5424 (messages), RFC 6587 section 3.4.1 (octet counting), RFC 5425 (TLS).
#include "sink/syslog_sink.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/time.h"
#include "sink/alert_event.h"

namespace plimsoll::sink {

namespace {

constexpr std::size_t kMostMessage = 6000;  ///< columns of the output; receivers take 8 KiB by default
constexpr std::size_t kMostParam = 250;

/// HOSTNAME, APP-NAME and the like: visible ASCII.
std::string header_part(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text.substr(0, most)) out += c > ' ' && c < 0x7f ? c : '_';
    return out.empty() ? "-" : out;
}

/// PARAM-VALUE: UTF-8 with `"`, `\` and `]` escaped.
std::string param_value(std::string_view text) {
    std::string out;
    for (const char c : shortened(printable(text), kMostParam)) {
        if (c == '"' || c == '\\' || c == ']') out += '\\';
        out += c;
    }
    return out;
}

/// RFC 3339 with the six digits after the second that the format allows at most.
std::string timestamp(Nanoseconds time) {
    std::string text = to_rfc3339(time);
    return text.insert(text.size() - 1, fmt::format(".{:06}", ((time % kSecond) + kSecond) % kSecond / 1000));
}

std::string joined_tags(const model::Event& alert) {
    std::string out;
    for (const model::Value& value : alert.read(model::FieldKey("alert.tags").id(), {}).values)
        out += (out.empty() ? "" : ",") + model::to_text(value);
    return out;
}

Result<host::StreamTarget> parse_address(const SyslogConfig& config) {
    host::StreamTarget target;
    std::string_view text = config.address;
    if (text.starts_with("unix://")) {
        target.unix_path = text.substr(7);
        if (!target.unix_path.starts_with('/')) return Error{"a socket's path is absolute: unix:///dev/log"};
        return target;
    }
    target.tls = text.starts_with("tls://");
    if (!target.tls && !text.starts_with("tcp://"))
        return Error{fmt::format("'{}' is no syslog address; expected tcp://HOST:PORT, tls://HOST:PORT or unix:///PATH",
                                 printable(text))};
    text.remove_prefix(6);
    target.port = target.tls ? 6514 : 601;
    const auto bracket = text.rfind(']');
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        const auto digits = text.substr(colon + 1);
        const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), target.port);
        if (fault != std::errc() || end != digits.data() + digits.size() || target.port == 0)
            return Error{fmt::format("the port of '{}' is no number from 1 to 65535", printable(config.address))};
        text = text.substr(0, colon);
    }
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (!host::is_host_name(text))
        return Error{fmt::format("the syslog address '{}' names no host", printable(config.address))};
    target.host = text;
    target.ca_file = config.ca_file;
    target.cert_file = config.cert_file;
    target.key_file = config.key_file;
    return target;
}

}  // namespace

std::string syslog_message(const Delivery& delivery, const SyslogConfig& config) {
    const model::Event& alert = delivery.alert;
    const int priority = config.facility * 8 + static_cast<int>(priority_of(alert));  // the same eight levels
    std::string data = fmt::format("[plimsoll@32473 number=\"{}\" record=\"{}\"", delivery.number, cause_of(delivery));
    const auto add = [&](const char* name, std::string_view value) {
        if (!value.empty()) data += fmt::format(" {}=\"{}\"", name, param_value(value));
    };
    add("rule", alert.text("alert.rule"));
    add("priority", alert.text("alert.priority"));
    add("tags", joined_tags(alert));
    add("containerId", alert.text("container.id"));
    add("container", alert.text("container.name"));
    add("image", alert.text("container.image"));
    add("type", alert.text("docker.type"));
    add("action", alert.text("docker.action"));
    add("command", alert.text("exec.command"));
    add("user", alert.text("user.name"));
    if (const auto folded = alert.number("alert.folded"); folded > 0) data += fmt::format(" folded=\"{}\"", folded);
    return fmt::format("<{}>1 {} {} {} {} alert {}] {}", priority, timestamp(alert.time()),
                       header_part(delivery.host, 255), header_part(config.app_name, 48), ::getpid(), data,
                       shortened(printable(alert.text("alert.output")), kMostMessage));
}

Result<std::unique_ptr<Sink>> SyslogSink::make(SyslogConfig config) {
    if (config.facility > 23) return Error{"a syslog facility is a number from 0 to 23"};
    TRY(host::StreamTarget target, parse_address(config));
    return std::unique_ptr<Sink>(new SyslogSink(std::move(config), std::move(target)));
}

Result<void> SyslogSink::send(const std::string& message, const host::Patience& patience) {
    // A receiver that went away shows it by the end of its stream; what is written then would be lost.
    if (stream_ && !stream_->idle()) stream_.reset();
    if (!stream_) {
        TRY(stream_, host::Stream::open(target_, patience));
    }
    TRY_VOID(stream_->write(fmt::format("{} {}", message.size(), message), patience));
    if (target_.unix_path.empty()) TRY_VOID(stream_->acknowledged(patience));
    return {};
}

Outcome SyslogSink::deliver(const Delivery& delivery, const std::stop_token& stop) {
    const auto sent = send(syslog_message(delivery, config_), host::Patience::of(config_.timeout, stop));
    if (sent) return {};
    stream_.reset();
    return {Verdict::again, sent.error().message, std::nullopt};
}

std::string SyslogSink::description() const { return "syslog " + config_.address; }

}  // namespace plimsoll::sink
