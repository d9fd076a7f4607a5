#include "app/agent_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ledger/reader.h"
#include "rule/scope.h"
#include "sensor/kernel_programs.h"
#include "source/audit/audit_source.h"
#include "source/container_log_source.h"
#include "source/engine/engine_source.h"
#include "source/engine/event_record.h"
#include "source/journal/daemon_log_source.h"
#include "source/resource/inventory_directory.h"
#include "source/resource/resource_source.h"

namespace plimsoll::app {

namespace {

constexpr std::uint64_t kRemembered = 4096;  ///< events by which a replayed one is recognised; an engine keeps 256

constexpr std::size_t kEnvironmentBytes = 32 * 1024;  ///< looked at of a program's environment, when names are wanted

/// What the ledger holds of this engine's events.
Result<std::optional<source::RecordedEvents>> recorded_events(ledger::Reader& reader, const std::string& endpoint) {
    auto condition = rule::resolve(fmt::format("record.kind = event and evt.source = docker and docker.endpoint = {}",
                                               rule::quoted_item(endpoint)),
                                   rule::Scope{});
    if (!condition) return Error{condition.error().message};
    const ledger::Query query{.condition = std::move(*condition), .newest_first = true, .limit = kRemembered};
    source::RecordedEvents recorded;
    TRY_VOID(reader.scan(query, [&](const ledger::StoredRecord& record) {
        if (!record.event.has("docker.action")) return true;  // no event of the engine's: engine_down and the like
        // What was found by comparing is none either, and the engine cannot send it again.
        if (!record.event.is_true("record.reconciled")) {
            recorded.last = std::max(recorded.last, record.event.time());
            recorded.fingerprints.push_back(source::fingerprint(record.event));
        }
        recorded.events.push_back(source::recorded_event(record.event));
        return true;
    }));
    std::ranges::reverse(recorded.events);
    if (recorded.last == 0) return std::optional<source::RecordedEvents>();
    return std::optional(std::move(recorded));
}

/// The engines to listen to; when none is named and none is there yet, the one that will be.
Result<std::vector<host::Endpoint>> engines(const AgentConfig& config) {
    TRY(auto all, host::choose_endpoints(config.engines, host::EndpointEnvironment::of_process()));
    if (all.empty()) {
        TRY(auto usual, host::parse_endpoint("unix:///var/run/docker.sock"));
        all.push_back(std::move(usual));
    }
    return all;
}

/// A file name that no two addresses share.
std::string state_name(const std::string& endpoint) {
    std::string name;
    for (const char c : endpoint) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
        name += plain ? std::string(1, c) : fmt::format("_{:02x}", static_cast<unsigned char>(c));
    }
    return name;
}

KernelFeedOptions kernel_options(const AgentConfig& config) {
    const SensorConfig& sensor = config.sensor;
    return {.kernel = {.ring_bytes = sensor.ring_bytes,
                       .fold_entries = sensor.fold_entries,
                       .environment_bytes = sensor.environment.empty() ? 0 : kEnvironmentBytes},
            .environment = sensor.environment,
            .host = sensor.host,
            .mask_secrets = config.audit_mask};
}

}  // namespace

Result<std::unique_ptr<AgentSources>> AgentSources::make(const AgentConfig& config, EventQueue& queue) {
    std::unique_ptr<AgentSources> made(new AgentSources());
    TRY(const auto endpoints, engines(config));
    TRY(const auto reader, ledger::Reader::open(config.ledger.path));
    std::vector<const source::Inventory*> inventories;
    for (const host::Endpoint& endpoint : endpoints) {
        TRY(auto recorded, recorded_events(*reader, endpoint.to_text()));
        auto inventory = std::make_shared<source::Inventory>();
        made->inventories_.push_back(inventory);
        inventories.push_back(inventory.get());
        made->sources_.push_back(std::make_unique<source::EngineSource>(source::EngineOptions{
            .endpoint = endpoint,
            .state_file = fmt::format("{}/engine-{}.json", config.state_folder, state_name(endpoint.to_text())),
            .recorded = std::move(recorded),
            .inventory = inventory,
            .mask_secrets = config.audit_mask}));
        if (config.container_logs.empty()) continue;
        made->sources_.push_back(std::make_unique<source::ContainerLogSource>(
            source::ContainerLogOptions{.endpoint = endpoint,
                                        .inventory = inventory,
                                        .names = config.container_logs,
                                        .lines_per_second = config.container_log_lines}));
    }
    if (config.daemon_log) {
        made->sources_.push_back(std::make_unique<source::DaemonLogSource>(source::DaemonLogOptions{
            .file = config.daemon_log_file, .state_file = config.state_folder + "/daemon-log.json"}));
    }
    if (config.sensor.enabled) {
        made->containers_ = std::make_unique<KnownContainers>(inventories);
        auto sensor = std::make_unique<KernelFeed>(kernel_options(config), *made->containers_, queue);
        made->sensor_ = sensor.get();
        made->sources_.push_back(std::move(sensor));
    }
    made->directory_ = std::make_unique<source::InventoryDirectory>(std::move(inventories));
    const bool stands_in =
        config.audit_mode == "auto" && config.sensor.enabled && !sensor::KernelPrograms::obstacle().empty();
    if (config.audit_mode == "multicast" || config.audit_mode == "daemon" || stands_in) {
        const bool daemon = config.audit_mode == "daemon";
        made->sources_.push_back(std::make_unique<source::AuditSource>(
            source::AuditSourceOptions{.listen = {.mode = daemon ? host::AuditMode::daemon : host::AuditMode::multicast,
                                                  .buffer_bytes = config.audit_buffer},
                                       .directory = made->directory_.get(),
                                       .mask_secrets = config.audit_mask}));
    }
    if (config.sample_every.count() > 0) {
        made->sources_.push_back(std::make_unique<source::ResourceSource>(
            source::ResourceOptions{.interval = config.sample_every}, made->directory_.get()));
    }
    return made;
}

AgentSources::~AgentSources() { stop(); }

void AgentSources::use_rules(std::shared_ptr<KernelRules> rules) {
    if (sensor_ != nullptr) sensor_->use_rules(std::move(rules));
}

void AgentSources::start(source::Outlet& outlet) {
    for (const auto& source : sources_) {
        threads_.emplace_back([&outlet, feed = source.get()](const std::stop_token& stop) { feed->run(outlet, stop); });
    }
}

void AgentSources::stop() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
}

std::vector<source::SourceStatus> AgentSources::status() const {
    std::vector<source::SourceStatus> all;
    all.reserve(sources_.size());
    for (const auto& source : sources_) all.push_back(source->status());
    return all;
}

}  // namespace plimsoll::app
