#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "host/http_client.h"
#include "posture/prune.h"
#include "posture/prune_parts.h"
#include "posture/prune_record.h"

namespace plimsoll::posture {

namespace {

using State = PruneOutcome::State;

struct Answer {
    unsigned status = 0;
    std::optional<JsonDocument> body;

    [[nodiscard]] Json root() const { return body ? body->root() : Json(); }
    [[nodiscard]] std::string message() const {
        const auto text = root()["message"].text();
        return text ? std::string(*text) : fmt::format("status {}", status);
    }
};

PruneOutcome skipped(std::string reason) { return {State::skipped, std::move(reason)}; }
PruneOutcome failed(std::string reason) { return {State::failed, std::move(reason)}; }

/// Removes item after item, asking before each.
class Removal {
public:
    Removal(const host::Endpoint& endpoint, const host::HttpLimits& limits, const PrunePlan& plan)
        : endpoint_(endpoint), limits_(limits), plan_(plan) {}

    PruneOutcome remove(const PruneItem& item) {
        const auto containers = ask("GET", "/containers/json?all=1");
        if (!containers) return failed(containers.error().message);
        if (containers->status != 200 || !containers->root().is_array())
            return failed("listing containers: " + containers->message());
        switch (item.kind) {
            case PruneKind::container: return remove_container(item);
            case PruneKind::volume: return remove_volume(item, containers->root());
            case PruneKind::network: return remove_network(item, containers->root());
            case PruneKind::image: return remove_image(item, containers->root());
        }
        return failed("of no known kind");
    }

private:
    Result<Answer> ask(const char* method, const std::string& target) {
        Result<Answer> result = Error{"no answer"};
        host::run_requests(endpoint_, limits_, {{target, method}}, [&](std::size_t, Result<host::HttpAnswer> answer) {
            if (!answer) {
                result = answer.error();
                return;
            }
            Answer read{answer->status, {}};
            if (auto document = JsonDocument::parse(answer->body)) read.body = std::move(*document);
            result = std::move(read);
        });
        return result;
    }

    /// What inspect says, or why the item is not removed.
    std::optional<PruneOutcome> inspect(const std::string& target, Answer& out) {
        auto answer = ask("GET", target);
        if (!answer) return failed(answer.error().message);
        if (answer->status == 404) return skipped("it is gone already");
        if (answer->status != 200 || !answer->root().is_object()) return failed("inspecting: " + answer->message());
        out = std::move(*answer);
        return std::nullopt;
    }

    std::optional<PruneOutcome> refuse_labels(const Json& labels) const {
        if (is_kept(labels)) return skipped("it is labelled plimsoll.keep now");
        if (!has_label(labels, plan_.only_label)) return skipped("it does not hold the wanted label any more");
        return std::nullopt;
    }

    PruneOutcome finish(const std::string& target) {
        const auto answer = ask("DELETE", target);
        if (!answer) return failed(answer.error().message);
        if (answer->status == 200 || answer->status == 204) return {State::removed, {}};
        if (answer->status == 404) return skipped("it is gone already");
        return failed(answer->message());
    }

    PruneOutcome remove_container(const PruneItem& item) {
        const std::string target = "/containers/" + host::url_part(item.id);
        Answer now;
        if (auto refused = inspect(target + "/json", now)) return *refused;
        if (now.root()["Id"].text_or("") != item.id || now.root()["Created"].text_or("") != item.created)
            return skipped("another container has its id now");
        if (container_state(now.root()) != item.state || !may_be_removed(now.root().at("State.Status").text_or("")))
            return skipped("its state has changed since the plan");
        if (auto refused = refuse_labels(now.root().at("Config.Labels"))) return *refused;
        return finish(target);
    }

    PruneOutcome remove_volume(const PruneItem& item, const Json& containers) {
        const std::string target = "/volumes/" + host::url_part(item.id);
        Answer now;
        if (auto refused = inspect(target, now)) return *refused;
        if (now.root()["Name"].text_or("") != item.id || now.root()["CreatedAt"].text_or("") != item.created)
            return skipped("another volume has its name now");
        if (auto refused = refuse_labels(now.root()["Labels"])) return *refused;
        bool used = false;
        containers.each([&](Json each) {
            each["Mounts"].each([&](Json mount) { used = used || mount["Name"].text_or("") == item.id; });
        });
        if (used) return skipped("a container uses it now");
        return finish(target);
    }

    PruneOutcome remove_network(const PruneItem& item, const Json& containers) {
        const std::string target = "/networks/" + host::url_part(item.id);
        Answer now;
        if (auto refused = inspect(target, now)) return *refused;
        if (now.root()["Id"].text_or("") != item.id || now.root()["Created"].text_or("") != item.created)
            return skipped("another network has its id now");
        if (auto refused = refuse_labels(now.root()["Labels"])) return *refused;
        bool used = is_joined(now.root());
        containers.each([&](Json each) {
            each.at("NetworkSettings.Networks").each_member([&](std::string_view name, Json network) {
                used = used || name == item.name || network["NetworkID"].text_or("") == item.id;
            });
        });
        if (used) return skipped("a container is joined to it now");
        return finish(target);
    }

    PruneOutcome remove_image(const PruneItem& item, const Json& containers) {
        const std::string by_id = "/images/" + host::url_part(item.id);
        Answer now;
        if (auto refused = inspect(by_id + "/json", now)) return *refused;
        if (image_id(now.root()["Id"].text_or("")) != item.id || now.root()["Created"].text_or("") != item.created)
            return skipped("another image has its id now");
        if (image_references(now.root()) != item.references) return skipped("its names have changed since the plan");
        if (auto refused = refuse_labels(now.root().at("Config.Labels"))) return *refused;
        bool used = false;
        containers.each([&](Json each) { used = used || image_id(each["ImageID"].text_or("")) == item.id; });
        if (used) return skipped("a container uses it now");
        for (const std::string& reference : item.references) {
            if (auto refused = remove_reference(reference, item)) return *refused;
        }
        if (!item.references.empty()) {  // the last name usually takes the image with it
            Answer left;
            if (const auto gone = inspect(by_id + "/json", left))
                return gone->state == State::skipped ? PruneOutcome{State::removed, {}} : *gone;
            if (!image_references(left.root()).empty()) return failed("it has other names left");
        }
        return finish(by_id + "?noprune=1");
    }

    /// Takes one name away; nothing when that went well. A name that moved to another image is not touched.
    std::optional<PruneOutcome> remove_reference(const std::string& reference, const PruneItem& item) {
        const std::string target = "/images/" + host::url_part(reference);
        Answer named;
        if (auto refused = inspect(target + "/json", named))
            return refused->state == State::skipped ? std::nullopt : refused;
        if (image_id(named.root()["Id"].text_or("")) != item.id)
            return skipped(fmt::format("{} names another image now", reference));
        PruneOutcome outcome = finish(target + "?noprune=1");
        if (outcome.state == State::failed) return outcome;
        return std::nullopt;
    }

    const host::Endpoint& endpoint_;
    const host::HttpLimits& limits_;
    const PrunePlan& plan_;
};

}  // namespace

std::string default_prune_record(Nanoseconds now) {
    std::string time = to_rfc3339(now);
    std::erase(time, ':');
    return fmt::format("/var/lib/plimsoll/prune-{}.jsonl", time);
}

Result<PruneReport> execute(const host::Endpoint& endpoint, const host::HttpLimits& limits, const PrunePlan& plan,
                            const std::string& record_path) {
    PruneReport report{.record = record_path, .outcomes = {}};
    auto record = PruneRecord::create(record_path);
    if (!record) return record.error().during("nothing was removed");
    for (const PruneItem& item : plan.items) {
        if (const auto written = record->add(to_json(item)); !written)
            return written.error().during("nothing was removed");
    }
    Removal removal(endpoint, limits, plan);
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const PruneItem& item = plan.items[i];
        report.outcomes.push_back(removal.remove(item));
        if (const auto written = record->add(to_json(item, report.outcomes.back())); !written) {
            for (std::size_t rest = i + 1; rest < plan.items.size(); ++rest)
                report.outcomes.push_back(skipped(written.error().message));
            return report;
        }
    }
    return report;
}

}  // namespace plimsoll::posture
