#include <fmt/format.h>

#include <map>

#include "host/http_client.h"
#include "posture/prune.h"
#include "posture/prune_parts.h"

namespace plimsoll::posture {

namespace {

/// The message of an engine's error body, {"message": "…"}.
std::string error_message(const host::HttpAnswer& answer) {
    if (const auto body = JsonDocument::parse(answer.body)) {
        if (const auto message = body->root()["message"].text()) return std::string(*message);
    }
    return fmt::format("status {}", answer.status);
}

/// Asks for all targets; what fails is a problem of the plan and an empty text.
std::vector<std::string> ask_all(const host::Endpoint& endpoint, const host::HttpLimits& limits,
                                 const std::vector<std::string>& targets, PrunePlan& plan) {
    std::vector<host::HttpRequest> requests;
    for (const std::string& target : targets) requests.push_back({target});
    std::vector<std::string> bodies(targets.size());
    if (requests.empty()) return bodies;
    host::run_requests(endpoint, limits, requests, [&](std::size_t i, Result<host::HttpAnswer> answer) {
        if (!answer)
            plan.problems.push_back(fmt::format("{}: {}", targets[i], answer.error().message));
        else if (answer->status != 200)
            plan.problems.push_back(fmt::format("{}: {}", targets[i], error_message(*answer)));
        else
            bodies[i] = std::move(answer->body);
    });
    return bodies;
}

/// What has to be looked at one by one: containers that do not run, and each image and network.
Result<std::vector<std::string>> detail_targets(const PruneAnswers& answers, const PruneOptions& options) {
    std::vector<std::string> targets;
    const auto each = [&](const std::string& text, std::string_view what, const auto& visit) -> Result<bool> {
        const auto document = JsonDocument::parse(text.empty() ? "null" : text);
        if (!document) return document.error().during(what);
        document->root().each(visit);
        return true;
    };
    if (options.kinds.contains(PruneKind::container)) {
        TRY_VOID(each(answers.containers, "GET /containers/json", [&](Json container) {
            if (may_be_removed(container["State"].text_or("")))
                targets.push_back(fmt::format("/containers/{}/json", host::url_part(container["Id"].text_or(""))));
        }));
    }
    if (options.kinds.contains(PruneKind::image)) {
        TRY_VOID(each(answers.images, "GET /images/json", [&](Json image) {
            targets.push_back(fmt::format("/images/{}/json", host::url_part(image["Id"].text_or(""))));
        }));
    }
    if (options.kinds.contains(PruneKind::network)) {
        TRY_VOID(each(answers.networks, "GET /networks", [&](Json network) {
            targets.push_back(fmt::format("/networks/{}", host::url_part(network["Id"].text_or(""))));
        }));
    }
    return targets;
}

}  // namespace

Result<PrunePlan> plan_prune(const host::Endpoint& endpoint, const host::HttpLimits& limits,
                             const PruneOptions& options) {
    PrunePlan asked;
    PruneAnswers answers;
    const auto lists =
        ask_all(endpoint, limits, {"/containers/json?all=1", "/images/json", "/volumes", "/networks", "/info"}, asked);
    if (lists[0].empty())
        return Error{
            fmt::format("{}: {}", endpoint.to_text(),
                        asked.problems.empty() ? "the engine did not list its containers" : asked.problems.front())};
    answers.containers = lists[0];
    answers.images = lists[1];
    answers.volumes = lists[2];
    answers.networks = lists[3];
    answers.info = lists[4];
    host::HttpLimits patient = limits;
    patient.answer = options.sizes;
    answers.sizes = ask_all(endpoint, patient, {"/system/df"}, asked).front();
    TRY(const auto targets, detail_targets(answers, options));
    for (std::string& body : ask_all(endpoint, limits, targets, asked)) {
        if (!body.empty()) answers.details.push_back(std::move(body));
    }
    TRY(PrunePlan plan, plan_of(answers, options, !endpoint.tcp));
    plan.engine = endpoint.to_text();
    plan.problems.insert(plan.problems.begin(), asked.problems.begin(), asked.problems.end());
    return plan;
}

}  // namespace plimsoll::posture
