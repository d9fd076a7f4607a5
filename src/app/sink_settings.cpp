#include "app/sink_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/setting_checks.h"
#include "app/setting_values.h"
#include "base/text.h"
#include "host/user_file.h"
#include "rule/condition.h"
#include "sink/sinks.h"

namespace plimsoll::app {

namespace {

using rule::YamlNode;

constexpr std::size_t kMostSecret = 4096;

template <auto... Members>
Result<void> text(SinkDraft& draft, const YamlNode& value) {
    TRY((draft.*....*Members), text_of(value));
    return {};
}

Result<void> name(SinkDraft& draft, const YamlNode& value) {
    TRY(std::string text, text_of(value));
    const bool plain = !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!plain) return Error{"expected a name of a-z, 0-9, - and _"};  // a file of the sink's cursor is called after it
    draft.common.name = std::move(text);
    return {};
}

Result<void> type(SinkDraft& draft, const YamlNode& value) {
    static constexpr std::array<std::string_view, 5> kTypes = {"webhook", "syslog", "file", "stdout", "command"};
    TRY(draft.type, text_of(value));
    if (std::ranges::find(kTypes, draft.type) == kTypes.end())
        return Error{"expected webhook, syslog, file, stdout or command"};
    return {};
}

Result<void> condition(SinkDraft& draft, const YamlNode& value) {
    TRY(draft.common.condition, text_of(value));
    if (auto compiled = rule::compile(draft.common.condition); !compiled) return Error(compiled.error());
    return {};
}

Result<void> least(SinkDraft& draft, const YamlNode& value) {
    TRY(const std::string wanted, text_of(value));
    for (int i = 0; i <= static_cast<int>(rule::Priority::debug); ++i) {
        const auto priority = static_cast<rule::Priority>(i);
        if (lowered(rule::to_text(priority)) != lowered(wanted)) continue;
        draft.common.least = priority;
        return {};
    }
    return Error{"expected emergency, alert, critical, error, warning, notice, informational or debug"};
}

Result<void> fold_for(SinkDraft& draft, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY(const auto parsed, parse_duration(text));
    if (parsed > std::chrono::hours(24)) return Error{"expected a duration of at most 1d"};
    draft.common.fold_for = std::chrono::ceil<std::chrono::seconds>(parsed);
    return {};
}

Result<void> per_minute(SinkDraft& draft, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY(const auto number, parse_count(text, 0, 1'000'000));
    draft.common.rate = sink::RateLimit{.per_minute = static_cast<std::uint32_t>(number)};
    return {};
}

Result<void> timeout(SinkDraft& draft, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY(const auto parsed, parse_duration(text));
    if (parsed < std::chrono::milliseconds(100) || parsed > std::chrono::minutes(10))
        return Error{"expected a duration from 100ms to 10m"};
    draft.timeout = parsed;
    return {};
}

Result<void> body(SinkDraft& draft, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    if (text == "json")
        draft.webhook.body = sink::BodyForm::json;
    else if (text == "slack")
        draft.webhook.body = sink::BodyForm::slack;
    else if (text == "teams")
        draft.webhook.body = sink::BodyForm::teams;
    else
        return Error{"expected json, slack or teams"};
    return {};
}

template <auto... Members>
Result<void> pairs(SinkDraft& draft, const YamlNode& value) {
    if (!value.is_map()) return Error{"expected NAME: VALUE pairs"};
    for (const auto& [key, item] : value.entries) {
        TRY(std::string text, text_of(item));
        if (key.text.find_first_of("\r\n:=") != std::string::npos || text.find_first_of("\r\n") != std::string::npos)
            return Error{"a name or value holds a line end or a separator"};
        (draft.*....*Members).emplace_back(key.text, std::move(text));
    }
    return {};
}

Result<void> facility(SinkDraft& draft, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY(const auto number, parse_count(text, 0, 23));
    draft.syslog.facility = static_cast<std::uint8_t>(number);
    return {};
}

Result<void> form(SinkDraft& draft, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    if (text != "json" && text != "text") return Error{"expected json or text"};
    draft.stdout_.json = text == "json";
    return {};
}

Result<void> arguments(SinkDraft& draft, const YamlNode& value) {
    if (!value.is_sequence()) return Error{"expected a list: the program's path, then its arguments"};
    TRY(draft.command.arguments, texts_of(value));
    if (draft.command.arguments.empty() || !draft.command.arguments.front().starts_with('/'))
        return Error{"expected an absolute path of a program first"};
    return {};
}

constexpr auto kSettings = std::to_array<SinkSetting>({
    {"name", "text", "", "What `plimsoll status` calls it; its place in the alerts is kept under this name.", "", name},
    {"type", "webhook, syslog, file, stdout or command", "", "Kind of receiver.", "", type},
    {"condition", "condition", "",
     "Only alerts for which it holds; over the alert's fields, for example alert.tags "
     "intersects (T1611).",
     "", condition},
    {"least", "priority", "debug", "Alerts below this priority are not sent.", "", least},
    {"fold_for", "duration", "",
     "Equal alerts within this time are sent once, then as a count; 60s for webhooks and "
     "commands, else 0s: never.",
     "", fold_for},
    {"per_minute", "number", "",
     "Most deliveries a minute, the rest is counted in one; 120 for webhooks and commands, "
     "else 0: no limit.",
     "", per_minute},
    {"timeout", "duration", "10s", "Most that one delivery may take.", "webhook syslog command", timeout},
    {"url", "address", "", "https:// or http:// address that gets one POST for each alert.", "webhook",
     text<&SinkDraft::webhook, &sink::WebhookConfig::url>, check_url},
    {"body", "json, slack or teams", "json", "Form of the body.", "webhook", body},
    {"secret_file", "path", "", "File with the key of the HMAC-SHA256 signature header; empty: no signature.",
     "webhook", text<&SinkDraft::secret_file>, check_path},
    {"headers", "NAME: VALUE pairs", "", "Further headers.", "webhook",
     pairs<&SinkDraft::webhook, &sink::WebhookConfig::headers>},
    {"ca_file", "path", "", "Authorities that are trusted, PEM; empty: the system's.", "webhook syslog",
     text<&SinkDraft::ca_file>, check_path},
    {"cert_file", "path", "", "Certificate that is shown to the receiver.", "webhook syslog",
     text<&SinkDraft::cert_file>, check_path},
    {"key_file", "path", "", "Key of that certificate.", "webhook syslog", text<&SinkDraft::key_file>, check_path},
    {"address", "address", "", "tcp://HOST:601, tls://HOST:6514, or unix:///PATH of a stream socket.", "syslog",
     text<&SinkDraft::syslog, &sink::SyslogConfig::address>, check_syslog_address},
    {"facility", "number", "16", "Syslog facility; 16 is local0.", "syslog", facility},
    {"app_name", "text", "plimsoll", "APP-NAME of the messages.", "syslog",
     text<&SinkDraft::syslog, &sink::SyslogConfig::app_name>},
    {"path", "path", "", "File that gets one JSON line for each alert.", "file",
     text<&SinkDraft::file, &sink::FileConfig::path>, check_path},
    {"format", "json or text", "json", "What is written.", "stdout", form},
    {"command", "list of text", "", "Program and arguments; it reads one alert as JSON on standard input.", "command",
     arguments},
    {"environment", "NAME: VALUE pairs", "", "Its environment besides PATH and LANG.", "command",
     pairs<&SinkDraft::command, &sink::CommandConfig::environment>},
});

bool has(std::string_view types, std::string_view type) {
    const auto all = split(types, ' ');
    return types.empty() || std::ranges::find(all, type) != all.end();
}

Result<sink::SinkConfig> finished(SinkDraft draft) {
    const auto missing = [&](std::string_view setting) {
        return Error{fmt::format("a {} sink needs '{}'", draft.type, setting)};
    };
    if (draft.cert_file.empty() != draft.key_file.empty())
        return missing(draft.cert_file.empty() ? "cert_file" : "key_file");
    if (draft.type == "webhook") {
        if (draft.webhook.url.empty()) return missing("url");
        if (!draft.secret_file.empty()) {
            TRY(const std::string secret, host::read_user_file(draft.secret_file, kMostSecret));
            draft.webhook.secret = trim(secret);
            if (draft.webhook.secret.empty()) return Error{"'secret_file' is empty"};
        }
        draft.webhook.ca_file = draft.ca_file;
        draft.webhook.cert_file = draft.cert_file;
        draft.webhook.key_file = draft.key_file;
        draft.webhook.timeout = draft.timeout.value_or(draft.webhook.timeout);
        draft.common.kind = std::move(draft.webhook);
    } else if (draft.type == "syslog") {
        if (draft.syslog.address.empty()) return missing("address");
        draft.syslog.ca_file = draft.ca_file;
        draft.syslog.cert_file = draft.cert_file;
        draft.syslog.key_file = draft.key_file;
        draft.syslog.timeout = draft.timeout.value_or(draft.syslog.timeout);
        draft.common.kind = std::move(draft.syslog);
    } else if (draft.type == "file") {
        if (draft.file.path.empty()) return missing("path");
        draft.common.kind = std::move(draft.file);
    } else if (draft.type == "command") {
        if (draft.command.arguments.empty()) return missing("command");
        draft.command.timeout = draft.timeout.value_or(draft.command.timeout);
        draft.common.kind = std::move(draft.command);
    } else {
        draft.common.kind = draft.stdout_;
    }
    return std::move(draft.common);
}

}  // namespace

std::span<const SinkSetting> sink_settings() { return kSettings; }

Result<sink::SinkConfig> read_sink(const YamlNode& item, const YamlNode*& place) {
    place = &item;
    if (!item.is_map()) return Error{"expected a sink with 'name' and 'type'"};
    SinkDraft draft;
    for (const std::string_view first : {"name", "type"}) {
        const YamlNode* value = item.find(first);
        if (value == nullptr) return Error{fmt::format("a sink needs '{}'", first)};
        place = value;
        TRY_VOID((first == "name" ? name : type)(draft, *value));
    }
    for (const auto& [key, value] : item.entries) {
        const auto setting = std::ranges::find(kSettings, std::string_view(key.text), &SinkSetting::name);
        place = &key;
        if (item.find(key.text) != &value) return Error{fmt::format("'{}' is given twice", printable(key.text))};
        if (setting == kSettings.end()) return Error{fmt::format("a sink has no setting '{}'", printable(key.text))};
        if (!has(setting->types, draft.type))
            return Error{
                fmt::format("a {} sink has no setting '{}'; it is for {}", draft.type, key.text, setting->types)};
        place = &value;
        if (setting->holds != nullptr && value.is_scalar() && !value.text.empty()) TRY_VOID(setting->holds(value.text));
        TRY_VOID(setting->set(draft, value));
    }
    place = &item;
    TRY(auto sink, finished(std::move(draft)));
    TRY_VOID(sink::check_sink(sink));
    return sink;
}

}  // namespace plimsoll::app
