#include "app/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "app/baseline.h"
#include "app/rule_packs.h"
#include "base/text.h"
#include "base/time.h"
#include "base/version.h"
#include "host/environment.h"
#include "host/user_file.h"
#include "posture/compose.h"
#include "posture/gather.h"
#include "posture/judge.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostBaseline = 256 * 1024 * 1024;

AuditOutcome broken(std::vector<std::string> messages) { return {.failure = {std::move(messages)}}; }
AuditOutcome broken(const Error& error) { return broken(std::vector<std::string>{error.message}); }

std::vector<std::string> errors_of(const rule::RuleSet& rules) {
    std::vector<std::string> messages;
    for (const rule::Diagnostic& diagnostic : rules.diagnostics) {
        if (diagnostic.level == rule::Diagnostic::Level::error) messages.push_back(rule::to_text(diagnostic, rules));
    }
    return messages;
}

posture::GatherOptions gather_options(const AuditRequest& request, std::vector<host::Endpoint> endpoints,
                                      Nanoseconds started) {
    posture::GatherOptions options;
    options.endpoints = std::move(endpoints);
    options.limits.answer = std::chrono::milliseconds(static_cast<long>(request.timeout_seconds * 1000));
    options.limits.connect = std::min(options.limits.connect, options.limits.answer);
    options.now = started;
    options.log_lines = request.log_lines;
    options.allowed_images = request.allowed_images;
    options.only_container = request.container;
    return options;
}

Result<posture::Inventory> gather_facts(const AuditRequest& request, Nanoseconds started) {
    if (!request.compose_files.empty()) {
        posture::ComposeOptions options{.environment = host::environment(), .now = started};
        for (const std::string& file : request.compose_files) options.files.push_back(host::from_root(file));
        return posture::gather_compose(options);
    }
    TRY(auto endpoints, host::choose_endpoints(request.hosts, host::EndpointEnvironment::of_process()));
    TRY(const auto cycles, posture::LifeCycles::parse(life_cycle_data()));
    posture::Inventory inventory = posture::gather(gather_options(request, std::move(endpoints), started), cycles);
    if (inventory.engines.empty() && inventory.problems.empty()) {
        inventory.problems.emplace_back(
            "no container engine was found: neither DOCKER_HOST, a docker context nor a well-known socket names one; "
            "only host and files are judged");
    }
    return inventory;
}

Result<posture::JudgeOptions> judge_options(const AuditRequest& request, Nanoseconds started) {
    posture::JudgeOptions options;
    options.now = started;
    options.only = request.only;
    if (!request.explain.empty()) {
        options.only = {request.explain};
        options.all_evidence = true;
    }
    if (!request.compose_files.empty())
        options.only_objects = {"container", "network", "volume"};
    else if (!request.container.empty())
        options.only_objects = {"container"};
    options.only_container = request.container;
    if (!request.baseline_file.empty()) {
        TRY(const std::string text, host::read_user_file(request.baseline_file, kMostBaseline));
        auto baseline = read_baseline(text);
        if (!baseline) return baseline.error().during(request.baseline_file);
        options.baseline = std::move(*baseline);
    }
    return options;
}

}  // namespace

AuditOutcome run_audit(const AuditRequest& request) {
    const auto clock = std::chrono::steady_clock::now();
    const Nanoseconds started = now();
    std::vector<std::string> files = request.rule_files;
    files.insert(files.end(), request.waiver_files.begin(), request.waiver_files.end());
    const auto options = judge_options(request, started);
    if (!options) return broken(options.error());
    // Rules are read while the engine is being asked: both take a tenth of a second, and neither needs the other.
    auto reading = std::async(std::launch::async, [&files] { return load_posture_rules(kRulesFolder, files); });
    const auto inventory = gather_facts(request, started);
    const auto rules = reading.get();
    if (!rules) return broken(rules.error());
    if (auto errors = errors_of(*rules); !errors.empty()) return broken(std::move(errors));
    if (!inventory) return broken(inventory.error());
    auto report = posture::judge(*inventory, *rules, *options);
    if (!report) return broken(report.error());
    if (!request.explain.empty() && report->checks.empty()) {
        return broken(Error{
            fmt::format("there is no check '{}'; `plimsoll rules list` names them all", printable(request.explain))});
    }

    AuditOutcome outcome;
    outcome.nothing_judged = std::ranges::none_of(report->findings, [](const model::Finding& finding) {
        return finding.outcome == model::Outcome::pass || finding.outcome == model::Outcome::fail;
    });
    outcome.incomplete = !inventory->silent_engines.empty() ||
                         std::ranges::any_of(inventory->store.all(), [](const model::Facts& facts) {
                             return model::is_object(facts.kind()) && !facts.gap().empty();
                         });
    report->version = kVersion;
    report->started = to_rfc3339(started);
    report->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - clock).count();
    outcome.report = std::move(*report);
    return outcome;
}

}  // namespace plimsoll::app
