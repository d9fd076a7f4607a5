#include "posture/container_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/image_name.h"
#include "posture/container_parts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;

/// Whether the distribution inside the image is still supported, as the image's own facts say.
void set_support(const ImageSummary* image, Facts& out) {
    const char* at = "os-release in the image's layers, life-cycle data";
    if (image == nullptr) return out.unknown("container.image.os.eol.passed", "its image was not found");
    switch (image->support) {
        case model::Reading::State::present: return out.set("container.image.os.eol.passed", image->unsupported, at);
        case model::Reading::State::unknown: return out.unknown("container.image.os.eol.passed", image->support_reason);
        case model::Reading::State::absent: return out.absent("container.image.os.eol.passed", at);
    }
}

/// The image that a name means now: the engine lists images of Docker Hub by their short name, podman by the whole one.
std::optional<std::string> image_named(const ImageIndex& images, const model::ImageName& name) {
    const std::string tag = ":" + (name.tag.empty() ? std::string("latest") : name.tag);
    const std::string brief = model::short_image_name(name.repository);
    std::vector<std::string> candidates = {name.repository, brief, "docker.io/library/" + brief, "docker.io/" + brief};
    if (brief == name.repository) candidates.push_back("localhost/" + brief);
    for (const std::string& candidate : candidates) {
        if (const auto found = images.id_of_tag.find(candidate + tag); found != images.id_of_tag.end())
            return found->second;
    }
    return std::nullopt;
}

/// What the container was made of. The beginning of its image's id is that id, unless an image has it as its name.
model::ImageName name_given(const ImageIndex& images, std::string_view given, std::string_view id) {
    model::ImageName name = model::parse_image_name(given);
    if (model::is_short_image_id(given, id) && image_named(images, name) != id)
        return {.registry = {}, .repository = {}, .tag = {}, .digest = std::string(id), .by_id = true};
    return name;
}

void gather_image(const ContainerReading& in, Facts& out) {
    const auto& [inspect, engine, origin] = in;
    const std::string_view given = inspect.at("Config.Image").text_or("");
    const std::string_view id = inspect["Image"].text_or("");
    const auto image = engine.images.by_id.find(id);
    const bool present = image != engine.images.by_id.end();
    model::ImageName name = name_given(engine.images, given, id);
    const auto now_named = name.repository.empty() ? std::nullopt : image_named(engine.images, name);
    if (name.repository.empty() && present && !image->second.tags.empty()) {
        const model::ImageName tagged = model::parse_image_name(image->second.tags.front());
        name.repository = tagged.repository;
        name.tag = tagged.tag;
    }
    const std::string at = origin + " Config.Image";
    out.set("container.image", given, at);
    if (id.empty())
        out.absent("container.image.id", origin + " Image");
    else
        out.set("container.image.id", id.starts_with("sha256:") ? id.substr(7) : id, origin + " Image");
    out.set("container.image.repository", name.repository, at);
    if (name.tag.empty())
        out.absent("container.image.tag", at);
    else
        out.set("container.image.tag", name.tag, at);

    std::string digest = name.by_id ? std::string() : name.digest;
    if (digest.empty() && present && !image->second.digests.empty()) {
        const std::string& full = image->second.digests.front();
        digest = full.substr(full.find('@') + 1);
    }
    if (digest.empty())
        out.absent("container.image.digest", "GET /images RepoDigests");
    else
        out.set("container.image.digest", digest, "GET /images RepoDigests");

    set_support(present ? &image->second : nullptr, out);

    const bool pinned = !name.digest.empty();
    out.set("container.image.pinned", pinned, at);
    out.set("container.image.latest", !pinned && (name.tag.empty() || name.tag == "latest"), at);
    if (id.empty()) {  // not created yet (compose): nothing runs that a tag could move away from
        out.absent("container.image.present", at);
        out.absent("container.image.moved", at);
        out.absent("container.image.age_days", at);
        return;
    }
    out.set("container.image.present", present, "GET /images");
    out.set("container.image.moved", !pinned && now_named && *now_named != id, "GET /images RepoTags");
    if (present && image->second.created) {
        out.set_number("container.image.age_days", (engine.now - *image->second.created) / kDay, "GET /images Created");
    } else {
        out.unknown("container.image.age_days",
                    present ? "the image states no date" : "its image is no longer on the host");
    }
}

void gather_labels(const ContainerReading& in, Facts& out) {
    const std::string at = in.origin + " Config.Labels";
    std::string all;
    out.absent("container.label", at);
    in.inspect.at("Config.Labels").each_member([&](std::string_view key, Json value) {
        out.set_keyed("container.label", key, value.text_or(""), at);
        if (!all.empty()) all += ", ";
        all.append(key).append(":").append(value.text_or(""));
    });
    out.set("container.labels", all, at);
    const Json labels = in.inspect.at("Config.Labels");
    const auto known = [&](model::FieldKey field, std::string_view key) {
        if (const auto value = labels[key].text())
            out.set(field, *value, at);
        else
            out.absent(field, at);
    };
    known("container.compose.project", "com.docker.compose.project");
    known("container.compose.service", "com.docker.compose.service");
    known("container.swarm.service", "com.docker.swarm.service.name");
}

void gather_state(const ContainerReading& in, Facts& out) {
    const auto& [inspect, engine, origin] = in;
    const Json state = inspect["State"];
    const std::string at = origin + " State";
    const std::string_view status = state["Status"].text_or("created");
    const bool runs = status == "running" || status == "paused" || status == "restarting";
    out.set("container.state", status, at);
    out.set("container.running", runs, at);
    const auto created = parse_rfc3339(inspect["Created"].text_or(""));
    const auto started = parse_rfc3339(state["StartedAt"].text_or(""));
    const auto finished = parse_rfc3339(state["FinishedAt"].text_or(""));
    const auto days = [&](model::FieldKey field, std::optional<Nanoseconds> since, std::string_view where) {
        if (since)
            out.set_number(field, std::max<Nanoseconds>(engine.now - *since, 0) / kDay, where);
        else
            out.unknown(field, "the engine gives no date");
    };
    days("container.age_days", created, origin + " Created");
    if (runs)
        out.absent("container.stopped_days", at);
    else
        days("container.stopped_days", finished ? finished : created, at + ".FinishedAt");
    if (started) {
        out.set_number("container.start_ts", *started, at + ".StartedAt");
        out.set_number("container.duration", std::max<Nanoseconds>(engine.now - *started, 0), at + ".StartedAt");
    } else {
        out.absent("container.start_ts", at);
        out.absent("container.duration", at);
    }
    if (runs || !started)
        out.absent("container.exit_code", at);
    else
        out.set_number("container.exit_code", state["ExitCode"].integer().value_or(0), at + ".ExitCode");
    out.set("container.oom_killed", state["OOMKilled"].truth_or(false), at + ".OOMKilled");
    if (const auto error = state["Error"].text_or(""); !error.empty())
        out.set("container.error", error, at + ".Error");
    else
        out.absent("container.error", at + ".Error");

    const Json policy = inspect.at("HostConfig.RestartPolicy");
    const std::string_view name = policy["Name"].text_or("");
    out.set("container.restart.policy", name.empty() ? "no" : name, origin + " HostConfig.RestartPolicy");
    out.set_number("container.restart.max_retries", policy["MaximumRetryCount"].integer().value_or(0),
                   origin + " HostConfig.RestartPolicy");
    const auto restarts = inspect["RestartCount"].integer().value_or(0);
    out.set_number("container.restart.count", restarts, origin + " RestartCount");
    if (created) {
        const double hours =
            std::max(1.0, static_cast<double>(engine.now - *created) / static_cast<double>(3600 * kSecond));
        out.set_real("container.restart.per_hour", static_cast<double>(restarts) / hours, origin + " RestartCount");
    } else {
        out.unknown("container.restart.per_hour", "the engine gives no date");
    }
    if (const auto health = state.at("Health.Status").text(); health && *health != "none")
        out.set("container.health.status", *health, at + ".Health");
    else
        out.absent("container.health.status", at + ".Health");
}

void gather_health(const ContainerReading& in, Facts& out) {
    const std::string at = in.origin + " Config.Healthcheck";
    const auto test = strings(in.inspect.at("Config.Healthcheck.Test"));
    std::string command;
    for (std::size_t i = 1; i < test.size(); ++i) command += (i > 1 ? " " : "") + test[i];
    if (test.empty() || test.front() == "NONE" || command.empty())
        out.absent("container.healthcheck", at);
    else
        out.set("container.healthcheck", command, at);
}

void gather_identity(const ContainerReading& in, Facts& out) {
    const auto& [inspect, engine, origin] = in;
    const std::string_view id = inspect["Id"].text_or("");
    std::string_view name = inspect["Name"].text_or("");
    if (name.starts_with('/')) name.remove_prefix(1);
    out.set("container.id", id.substr(0, 12), origin + " Id");
    out.set("container.full_id", id, origin + " Id");
    out.set("container.name", name, origin + " Name");
    out.set("container.type", engine.engine, "endpoint");
    out.set("container.origin", engine.origin_prefix.starts_with("GET") ? "engine" : engine.origin_prefix, "endpoint");
    out.set("container.runtime", inspect.at("HostConfig.Runtime").text_or(""), origin + " HostConfig.Runtime");
    out.set("container.init", inspect.at("HostConfig.Init").truth_or(false), origin + " HostConfig.Init");
    out.set("container.tty", inspect.at("Config.Tty").truth_or(false), origin + " Config.Tty");
    out.set("container.auto_remove", inspect.at("HostConfig.AutoRemove").truth_or(false),
            origin + " HostConfig.AutoRemove");
    std::vector<std::string> annotations;
    inspect.at("HostConfig.Annotations").each_member([&](std::string_view key, Json value) {
        annotations.push_back(fmt::format("{}={}", key, value.text_or("")));
    });
    out.set_list("container.annotations", annotations, origin + " HostConfig.Annotations");
    for (const model::FieldKey kubernetes :
         {model::FieldKey("container.liveness_probe"), model::FieldKey("container.readiness_probe"),
          model::FieldKey("container.cni.json")}) {
        out.absent(kubernetes, "engine API");
    }
}

}  // namespace

std::vector<std::string> strings(const Json& array) {
    std::vector<std::string> all;
    array.each([&](Json item) {
        if (const auto text = item.text()) all.emplace_back(*text);
    });
    return all;
}

void gather_container(const Json& inspect, const EngineView& engine, model::FactStore& store, Facts& container) {
    const bool from_engine = engine.origin_prefix.starts_with("GET");
    const ContainerReading in{
        inspect, engine,
        from_engine ? fmt::format("{}{}/json", engine.origin_prefix, inspect["Id"].text_or("").substr(0, 12))
                    : engine.origin_prefix};
    gather_identity(in, container);
    gather_image(in, container);
    gather_labels(in, container);
    gather_state(in, container);
    gather_health(in, container);
    gather_user(in, container);
    gather_privileges(in, container);
    gather_namespaces(in, container);
    gather_limits(in, container);
    gather_logging(in, container);
    gather_mounts(in, store, container);
    gather_ports(in, store, container);
    gather_environment(in, store, container);
    gather_devices(in, store, container);
}

}  // namespace plimsoll::posture
