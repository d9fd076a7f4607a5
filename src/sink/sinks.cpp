#include "sink/sinks.h"

#include "rule/condition.h"
#include "sink/command_sink.h"
#include "sink/cursor_store.h"
#include "sink/file_sink.h"
#include "sink/stdout_sink.h"
#include "sink/syslog_sink.h"
#include "sink/webhook_sink.h"

namespace plimsoll::sink {

namespace {

struct Make {
    Result<std::unique_ptr<Sink>> operator()(const WebhookConfig& config) const { return WebhookSink::make(config); }
    Result<std::unique_ptr<Sink>> operator()(const SyslogConfig& config) const { return SyslogSink::make(config); }
    Result<std::unique_ptr<Sink>> operator()(const FileConfig& config) const { return FileSink::make(config); }
    Result<std::unique_ptr<Sink>> operator()(const CommandConfig& config) const { return CommandSink::make(config); }
    Result<std::unique_ptr<Sink>> operator()(const StdoutConfig& config) const {
        return std::unique_ptr<Sink>(std::make_unique<StdoutSink>(config));
    }
};

/// People read these; programs read the others, which lose nothing by every single alert.
bool is_for_people(const SinkConfig& config) {
    return std::holds_alternative<WebhookConfig>(config.kind) || std::holds_alternative<CommandConfig>(config.kind);
}

}  // namespace

Result<std::unique_ptr<Sink>> make_sink(const SinkConfig& config) {
    if (!is_sink_name(config.name)) return Error{"the name of a sink has letters, digits, - and _, 64 at most"};
    auto made = std::visit(Make{}, config.kind);
    if (!made) return made.error().during("sink " + config.name);
    return made;
}

Result<void> check_sink(const SinkConfig& config) {
    TRY_VOID(make_sink(config));
    if (config.condition.empty()) return {};
    if (const auto compiled = rule::compile(config.condition); !compiled)
        return compiled.error().during("condition of sink " + config.name);
    return {};
}

std::chrono::seconds fold_for(const SinkConfig& config) {
    return config.fold_for.value_or(std::chrono::seconds(is_for_people(config) ? 60 : 0));
}

RateLimit rate_of(const SinkConfig& config) {
    return config.rate.value_or(is_for_people(config) ? RateLimit{.per_minute = 120, .burst = 60} : RateLimit{});
}

}  // namespace plimsoll::sink
