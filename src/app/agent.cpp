#include "app/agent.h"

#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <poll.h>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "app/agent_sources.h"
#include "app/agent_status.h"
#include "app/config.h"
#include "app/control.h"
#include "app/event_queue.h"
#include "app/known_images.h"
#include "app/ledger_feed.h"
#include "app/notifier.h"
#include "app/recorder.h"
#include "app/rule_packs.h"
#include "app/runtime_rules.h"
#include "app/witness_push.h"
#include "enrich/image_seen.h"
#include "enrich/recent.h"
#include "enrich/who.h"
#include "host/fd.h"
#include "host/folder.h"
#include "host/http_server.h"
#include "host/service_notify.h"
#include "report/prometheus.h"

namespace plimsoll::app {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostQueueBytes = std::size_t{16} << 20U;
constexpr std::size_t kMostFree = std::size_t{8} << 20U;  ///< freed memory beyond this goes back to the system
constexpr auto kStuck = 20s;  ///< a recorder that did not come round for so long is not reported alive

/// SIGTERM, SIGINT and SIGHUP as something to wait for.
class Signals {
public:
    /// Blocks them for this thread and those that it starts later.
    Signals() {
        sigemptyset(&set_);
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, number);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        fd_ = host::Fd(signalfd(-1, &set_, SFD_CLOEXEC));
    }

    /// The signal that came within the time, or nothing.
    [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds most) const {
        pollfd item{.fd = fd_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&item, 1, static_cast<int>(most.count())) <= 0) return std::nullopt;
        signalfd_siginfo info{};
        if (::read(fd_.get(), &info, sizeof(info)) != sizeof(info)) return std::nullopt;
        return static_cast<int>(info.ssi_signo);
    }

private:
    sigset_t set_{};
    host::Fd fd_;
};

Result<Config> configuration(const AgentOptions& options) {
    TRY(Config config, read_config(options.config_file));
    if (!options.ledger.empty()) config.agent.ledger.path = options.ledger;
    if (!options.engines.empty()) config.agent.engines = options.engines;
    return config;
}

/// The rules in force: the recorder judges what engines, the audit and itself tell, the sensor what the kernel tells.
struct Rules {
    std::shared_ptr<rule::AlertRules> recorder;  ///< shared with the recorder and with `status`
    std::shared_ptr<KernelRules> sensor;         ///< shared with the sensor and with events in the queue

    [[nodiscard]] std::vector<rule::AlertRuleCount> counts() const {
        std::vector<rule::AlertRuleCount> all = recorder->counts();
        for (rule::AlertRuleCount& each : sensor->alerts().counts()) all.push_back(std::move(each));
        return all;
    }
};

Result<Rules> rules_of(const AgentConfig& config) {
    TRY(rule::RuleSet set, load_runtime_rules(kRulesFolder, config.rule_files));
    rule::RuleSet kernel = take_kernel_rules(set);
    std::vector<std::string> recording = config.sensor.record;
    if (recording.empty()) recording.assign(default_recording().begin(), default_recording().end());
    Rules rules;
    TRY(rules.sensor, KernelRules::make(std::move(kernel), recording, config.sensor.host));
    rules.recorder = std::make_shared<rule::AlertRules>(std::move(set));
    return rules;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("localhost");
}

/// The parts of a running agent, in the order in which they are made; taken down in the reverse.
class Agent {
public:
    Agent(AgentOptions options, Config config, std::future<Result<Rules>> rules)
        : options_(std::move(options)),
          config_(std::move(config)),
          log_(config_.agent.log_level),
          loading_(std::move(rules)) {}

    /// Says why it cannot start.
    Result<void> start();
    void serve(const Signals& signals);
    void stop();

    [[nodiscard]] Log& log() { return log_; }
    [[nodiscard]] bool has_bad_rules() const { return bad_rules_; }

private:
    Result<void> start_sinks();
    Result<void> start_servers();
    void reload();
    void tell_faults();
    void give_back_memory();
    [[nodiscard]] AgentStatus status();
    [[nodiscard]] std::string metrics();

    const AgentConfig& agent() const { return config_.agent; }
    /// The name that the ledger goes by.
    [[nodiscard]] std::string ledger_host() const {
        return agent().ledger.host.empty() ? host_name() : agent().ledger.host;
    }

    AgentOptions options_;
    Config config_;
    Log log_;
    Nanoseconds started_ = now();
    host::ServiceNotify manager_;
    report::LatestSamples samples_;

    std::unique_ptr<ledger::Writer> writer_;
    std::unique_ptr<EventQueue> queue_;
    std::unique_ptr<LedgerFeed> feed_;
    std::unique_ptr<sink::FileCursorStore> cursors_;
    std::unique_ptr<Notifier> notifier_;
    std::mutex mutex_;  ///< guards the next one: a reload replaces it while others look
    Rules rules_;
    std::future<Result<Rules>> loading_;  ///< the first ones
    bool bad_rules_ = false;
    std::map<std::string, std::string> faults_;  ///< by source: what the log told last
    std::unique_ptr<Recorder> recorder_;
    std::jthread recorder_thread_;
    std::unique_ptr<WitnessPush> witness_;
    std::unique_ptr<AgentSources> sources_;
    std::unique_ptr<Control> control_;
    std::unique_ptr<host::HttpServer> control_server_;
    std::unique_ptr<host::HttpServer> metrics_server_;
};

/// Keeps the newest samples for the metrics endpoint; adds nothing.
class SampleKeeper final : public enrich::Enricher {
public:
    explicit SampleKeeper(report::LatestSamples& samples) : samples_(samples) {}
    void enrich(model::Event& event) override { samples_.keep(event); }

private:
    report::LatestSamples& samples_;
};

Result<void> Agent::start_sinks() { return notifier_->use(agent().sinks, ledger_host()); }

Result<void> Agent::start_servers() {
    control_ = std::make_unique<Control>(agent().ledger.path, *queue_, [this] { return to_json(status()); });
    TRY(control_server_, host::HttpServer::start("unix://" + agent().control_socket, {},
                                                 [this](const auto& request) { return control_->answer(request); }));
    if (agent().metrics_listen.empty()) return {};
    TRY(metrics_server_,
        host::HttpServer::start(agent().metrics_listen, {}, [this](const host::ServedRequest& request) {
            if (request.path() != "/metrics") return host::ServedAnswer{.status = 404, .body = "see /metrics\n"};
            return host::ServedAnswer{.body = metrics(), .content_type = std::string(report::kPrometheusType)};
        }));
    return {};
}

Result<void> Agent::start() {
    TRY_VOID(host::make_folder(agent().state_folder, 0700));
    TRY_VOID(host::make_folder(std::filesystem::path(agent().control_socket).parent_path().string(), 0755));
    TRY(writer_, ledger::Writer::open(agent().ledger));
    queue_ = std::make_unique<EventQueue>(agent().queue_events, kMostQueueBytes);
    TRY(sources_, AgentSources::make(agent(), *queue_));
    feed_ = std::make_unique<LedgerFeed>(agent().ledger.path);
    cursors_ = std::make_unique<sink::FileCursorStore>(agent().state_folder + "/sinks");
    notifier_ = std::make_unique<Notifier>(
        *feed_, *cursors_, writer_->durable(), [this](model::Event event) { queue_->put(std::move(event)); }, log_);

    std::vector<std::unique_ptr<enrich::Enricher>> enrichers;
    enrichers.push_back(std::make_unique<SampleKeeper>(samples_));
    enrichers.push_back(std::make_unique<enrich::Recent>());
    TRY(const auto images, known_images(agent().ledger.path));
    enrichers.push_back(std::make_unique<enrich::ImageSeen>(images));
    enrichers.push_back(std::make_unique<enrich::Who>(::getpid()));

    recorder_ = std::make_unique<Recorder>(*queue_, *writer_, std::move(enrichers), *notifier_, log_);
    auto rules = loading_.get();
    bad_rules_ = !rules;
    TRY(rules_, std::move(rules));
    recorder_->use_rules(rules_.recorder);
    sources_->use_rules(rules_.sensor);
    TRY_VOID(start_sinks());
    TRY_VOID(start_servers());
    recorder_thread_ = std::jthread([this] { recorder_->run(); });
    if (!agent().witness.url.empty()) {
        TRY(witness_, WitnessPush::start(agent(), *queue_, log_));
    }
    sources_->start(*queue_);
    ::malloc_trim(0);  // reading rules takes much more than keeping them
    log_.info("recording", {{"ledger", agent().ledger.path}, {"rules", std::to_string(rules_.counts().size())}});
    return {};
}

AgentStatus Agent::status() {
    AgentStatus status{.started = started_,
                       .ledger_path = agent().ledger.path,
                       .recorder = recorder_->status(),
                       .queued = queue_->size(),
                       .queue_most = agent().queue_events,
                       .queue_waits = queue_->waits(),
                       .witness = witness_ ? witness_->status() : WitnessStatus{},
                       .sources = sources_->status()};
    status.sinks = notifier_->status();
    const std::scoped_lock lock(mutex_);
    status.rules = rules_.counts();
    return status;
}

std::string Agent::metrics() {
    std::vector<report::Metric> all = to_metrics(status());
    for (report::Metric& metric : samples_.metrics()) all.push_back(std::move(metric));
    return report::prometheus_text(all);
}

void Agent::reload() {
    manager_.reloading();
    const auto finish = [this](std::string_view what) { manager_.ready(what); };
    auto config = configuration(options_);
    if (!config) {
        log_.error("reload refused, the old settings stay", {{"reason", config.error().message}});
        return finish("recording; the last reload was refused");
    }
    auto rules = rules_of(config->agent);
    if (!rules) {
        log_.error("reload refused, the old settings stay", {{"reason", rules.error().message}});
        return finish("recording; the last reload was refused");
    }
    const std::vector<sink::SinkConfig> old_sinks = std::exchange(config_.agent.sinks, std::move(config->agent.sinks));
    if (auto sinks = start_sinks(); !sinks) {
        log_.error("reload refused, the old settings stay", {{"reason", sinks.error().message}});
        config_.agent.sinks = old_sinks;
        if (auto again = start_sinks(); !again) log_.error("sinks do not start", {{"reason", again.error().message}});
        return finish("recording; the last reload was refused");
    }
    {
        const std::scoped_lock lock(mutex_);
        rules_ = *rules;
    }
    recorder_->use_rules(rules->recorder);
    sources_->use_rules(rules->sensor);
    config_.agent.rule_files = config->agent.rule_files;
    log_.set_level(config->agent.log_level);
    log_.info("reloaded: rules, sinks and log level; other settings take effect at the next start",
              {{"rules", std::to_string(rules_.counts().size())}, {"sinks", std::to_string(agent().sinks.size())}});
    finish("recording");
}

/// The log names a source's fault when it appears and when it goes.
void Agent::tell_faults() {
    for (const source::SourceStatus& source : sources_->status()) {
        std::string& told = faults_[source.name];
        if (told == source.fault) continue;
        if (source.fault.empty())
            log_.info("source delivers again", {{"source", source.name}});
        else
            log_.warning("source does not deliver", {{"source", source.name}, {"reason", source.fault}});
        told = source.fault;
    }
}

/// A storm leaves pieces of memory behind that nobody uses: the system gets them back once it is over.
void Agent::give_back_memory() {
    if (queue_->size() > 0) return;
    queue_->drop_spare();
    if (::mallinfo2().fordblks > kMostFree) ::malloc_trim(0);
}

void Agent::serve(const Signals& signals) {
    manager_.ready("recording");
    const auto pause = manager_.watchdog() ? std::chrono::duration_cast<std::chrono::milliseconds>(*manager_.watchdog())
                                           : std::chrono::milliseconds(5000);
    while (true) {
        const auto signal = signals.wait(pause);
        if (signal == SIGTERM || signal == SIGINT) return;
        if (signal == SIGHUP) reload();
        tell_faults();
        give_back_memory();
        const auto silent = std::chrono::steady_clock::now() - recorder_->status().alive;
        if (silent < kStuck)
            manager_.alive();
        else
            log_.error("the recorder does not come round");
    }
}

void Agent::stop() {
    manager_.stopping();
    log_.info("stopping");
    control_server_.reset();
    metrics_server_.reset();
    if (sources_) sources_->stop();
    witness_.reset();
    if (queue_) queue_->stop();
    if (recorder_thread_.joinable()) recorder_thread_.join();
    if (notifier_) notifier_->stop();
    if (writer_) {
        if (auto closed = writer_->close(); !closed)
            log_.error("closing the ledger", {{"reason", closed.error().message}});
    }
    log_.info("stopped");
}

}  // namespace

AgentEnd run_agent(const AgentOptions& options) {
    const Signals signals;
    ::signal(SIGPIPE, SIG_IGN);
    auto config = configuration(options);
    if (!config) {
        Log(LogLevel::info).error(config.error().message);
        return AgentEnd::bad_configuration;
    }
    // Rules are read while the ledger is opened.
    auto rules = std::async(std::launch::async, [settings = config->agent] { return rules_of(settings); });
    Agent agent(options, std::move(*config), std::move(rules));
    if (auto started = agent.start(); !started) {
        agent.log().error("cannot start", {{"reason", started.error().message}});
        agent.stop();
        return agent.has_bad_rules() ? AgentEnd::bad_configuration : AgentEnd::failed;
    }
    agent.serve(signals);
    agent.stop();
    return AgentEnd::stopped;
}

}  // namespace plimsoll::app
