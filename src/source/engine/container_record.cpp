#include "source/engine/container_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/image_name.h"
#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

using model::Event;
using model::FieldKey;

constexpr std::size_t kMostListedLabels = 256;
constexpr std::size_t kMostMounts = 256;
constexpr std::size_t kMostCutLabel = kMostSnapshotText + 64;  // a snapshot's long texts say how long they were
constexpr std::size_t kMostLabelsText = 16 * 1024;

std::string joined(const Json& words) {
    std::string out;
    words.each([&out](Json word) {
        if (!out.empty()) out += ' ';
        out += word.text_or("");
    });
    return out;
}

void set_image(std::string_view given, std::string_view id, const ImageIndex& images, Event& out) {
    out.set("container.image", given);
    if (!id.empty()) out.set("container.image.id", id.starts_with("sha256:") ? id.substr(7) : id);
    auto name = model::parse_image_name(given);
    const auto known = images.find(id);
    if (name.by_id) name = {};
    if (name.repository.empty() && known != images.end() && !known->second.tags.empty())
        name = model::parse_image_name(known->second.tags.front());
    if (!name.repository.empty()) out.set("container.image.repository", name.repository);
    if (!name.tag.empty()) out.set("container.image.tag", name.tag);
    if (name.digest.empty() && known != images.end() && !known->second.digests.empty()) {
        const std::string& full = known->second.digests.front();
        name.digest = full.substr(full.find('@') + 1);
    }
    if (!name.digest.empty()) out.set("container.image.digest", name.digest);
}

/// Falco's form of mounts, and its keyed fields by number, source and destination.
void set_mounts(const Json& mounts, Event& out) {
    std::string all;
    std::size_t number = 0;
    mounts.each([&](Json mount) {
        if (number >= kMostMounts) return;
        const std::string_view source = mount["Source"].text_or("");
        const std::string_view dest = mount["Destination"].text_or("");
        const std::string_view mode = mount["Mode"].text_or("");
        const std::string_view propagation = mount["Propagation"].text_or("");
        const std::string_view rdwr = mount["RW"].truth_or(true) ? "true" : "false";
        const std::string whole = fmt::format("{}:{}:{}:{}:{}", source, dest, mode, rdwr, propagation);
        if (!all.empty()) all += ' ';
        all += whole;
        const auto under = [&](std::string_view key) {
            out.set_keyed("container.mount", key, whole);
            out.set_keyed("container.mount.dest", key, dest);
            out.set_keyed("container.mount.mode", key, mode);
            out.set_keyed("container.mount.rdwr", key, rdwr);
            out.set_keyed("container.mount.propagation", key, propagation);
        };
        const std::string index = std::to_string(number++);
        under(index);
        if (!source.empty()) under(source);
        out.set_keyed("container.mount.source", index, source);
        out.set_keyed("container.mount.source", dest, source);
    });
    out.set("container.mounts", all);
}

void set_labels(ContainerRecord& record) {
    Event& out = record.facts;
    std::string all;
    std::size_t listed = 0;
    for (auto& [name, value] : record.labels) {
        if (listed++ == kMostListedLabels) break;
        const std::string& cut = value = bounded(value, kMostCutLabel);
        out.set_keyed("container.label", bounded(name, kMostLabelBytes), cut);
        if (all.size() < kMostLabelsText) all += fmt::format("{}{}:{}", all.empty() ? "" : ", ", name, cut);
    }
    out.set("container.labels", bounded(all, kMostLabelsText));
    const auto known = [&](FieldKey field, std::string_view name) {
        const auto found = record.labels.find(name);
        if (found != record.labels.end()) out.set(field, found->second);
    };
    known("container.compose.project", "com.docker.compose.project");
    known("container.compose.service", "com.docker.compose.service");
    known("container.swarm.service", "com.docker.swarm.service.name");
}

void set_networks(const Json& inspect, Event& out) {
    std::vector<std::string> addresses;
    std::string first;
    inspect.at("NetworkSettings.Networks").each_member([&](std::string_view name, Json network) {
        for (const char* member : {"IPAddress", "GlobalIPv6Address"}) {
            const std::string_view address = network[member].text_or("");
            if (address.empty()) continue;
            if (first.empty()) first = address;
            addresses.push_back(fmt::format("{}={}", name, address));
        }
    });
    out.set_list("container.networks.addresses", addresses);
    if (!first.empty()) out.set("container.ip", first);
}

std::string health_command(const Json& config) {
    std::vector<std::string> words;
    config.at("Healthcheck.Test").each([&](Json word) { words.emplace_back(word.text_or("")); });
    if (words.size() < 2 || words[0] == "NONE") return {};
    std::string out;
    if (words[0] == "CMD-SHELL") {
        out = joined(config["Shell"]);
        if (out.empty()) out = "/bin/sh -c";
        return out + " " + words[1];
    }
    for (std::size_t i = 1; i < words.size(); ++i) out += (i > 1 ? " " : "") + words[i];
    return out;
}

void set_privileges(const Json& inspect, std::string_view engine, Event& out) {
    const Json host = inspect["HostConfig"];
    out.set("container.privileged", host["Privileged"].truth_or(false));
    out.set("container.host_pid", host["PidMode"].text_or("") == "host");
    out.set("container.host_network", host["NetworkMode"].text_or("") == "host");
    out.set("container.host_ipc", host["IpcMode"].text_or("") == "host");
    std::vector<std::string> added;
    host["CapAdd"].each([&](Json capability) {
        const std::string_view name = capability.text_or("");
        if (name.empty()) return;
        added.emplace_back(name == "ALL" || name.starts_with("CAP_") ? std::string(name) : "CAP_" + std::string(name));
    });
    out.set_list("container.caps.added", added);
    const std::string_view policy = host.at("RestartPolicy.Name").text_or("");
    out.set("container.restart.policy", policy.empty() ? "no" : policy);
    out.set_number("container.restart.count", inspect["RestartCount"].integer().value_or(0));
    if (const auto driver = host.at("LogConfig.Type").text()) out.set("container.log.driver", *driver);
    out.set("container.type", engine);
}

}  // namespace

bool is_engine_attribute(std::string_view name) {
    static constexpr std::array<std::string_view, 18> kNames = {"image",
                                                                "name",
                                                                "exitCode",
                                                                "signal",
                                                                "execID",
                                                                "oldName",
                                                                "container",
                                                                "containerExitCode",
                                                                "podId",
                                                                "execDuration",
                                                                "health_status",
                                                                "comment",
                                                                "destination",
                                                                "source",
                                                                "width",
                                                                "height",
                                                                "execDiedExitCode",
                                                                "containerInspectData"};
    return std::ranges::find(kNames, name) != kNames.end();
}

std::shared_ptr<const ContainerRecord> container_record(std::string_view snapshot, std::string_view engine,
                                                        const ImageIndex& images) {
    const auto document = JsonDocument::parse(snapshot);
    if (!document || document->root()["Id"].text_or("").empty()) return nullptr;
    const Json inspect = document->root();
    const Json state = inspect["State"];
    const Json config = inspect["Config"];
    auto record = std::make_shared<ContainerRecord>();
    record->id = inspect["Id"].text_or("");
    record->name = inspect["Name"].text_or("");
    if (record->name.starts_with('/')) record->name.erase(0, 1);
    record->image = config["Image"].text_or("");
    record->image_id = inspect["Image"].text_or("");
    if (!record->image_id.empty() && !record->image_id.starts_with("sha256:")) record->image_id.insert(0, "sha256:");
    record->snapshot = snapshot;
    record->health_command = health_command(config);
    record->running = state["Running"].truth_or(false);
    record->restarting = state["Restarting"].truth_or(false);
    record->tty = config["Tty"].truth_or(false);
    record->created = parse_rfc3339(inspect["Created"].text_or("")).value_or(0);
    record->started = parse_rfc3339(state["StartedAt"].text_or("")).value_or(0);
    record->finished = parse_rfc3339(state["FinishedAt"].text_or("")).value_or(0);
    record->exit_code = state["ExitCode"].integer().value_or(0);
    record->restarts = inspect["RestartCount"].integer().value_or(0);
    record->restart_policy = inspect.at("HostConfig.RestartPolicy.Name").text_or("");
    record->user = config["User"].text_or("");
    config["Labels"].each_member(
        [&](std::string_view name, Json value) { record->labels.emplace(name, value.text_or("")); });

    Event& out = record->facts;
    out.set("container.id", std::string_view(record->id).substr(0, 12));
    out.set("container.full_id", record->id);
    out.set("container.name", record->name);
    set_image(record->image, record->image_id, images, out);
    set_mounts(inspect["Mounts"], out);
    set_labels(*record);
    set_networks(inspect, out);
    set_privileges(inspect, engine, out);
    out.set("container.user", record->user);
    if (!record->health_command.empty()) out.set("container.healthcheck", record->health_command);
    std::string command = joined(config["Entrypoint"]);
    const std::string arguments = joined(config["Cmd"]);
    if (!command.empty() && !arguments.empty()) command += ' ';
    out.set("container.command", command + arguments);
    return record;
}

std::shared_ptr<const ContainerRecord> container_record(const EngineEvent& event, std::string_view engine,
                                                        std::string_view reason) {
    auto record = std::make_shared<ContainerRecord>();
    record->id = event.container();
    Event& out = record->facts;
    out.set("container.id", std::string_view(record->id).substr(0, 12));
    out.set("container.full_id", record->id);
    out.set("container.type", engine);
    if (event.type == "container") {
        record->name = event.attribute("name");
        record->image = event.attribute("image");
        out.set("container.name", record->name);
        set_image(record->image, {}, {}, out);
        for (const auto& [name, value] : event.attributes) {
            if (!is_engine_attribute(name)) record->labels.emplace(name, value);
        }
        set_labels(*record);
    } else {
        out.unknown("container.name", reason);
        out.unknown("container.image", reason);
        out.unknown("container.labels", reason);
    }
    for (const FieldKey field :
         {FieldKey("container.image.id"), FieldKey("container.privileged"), FieldKey("container.mounts"),
          FieldKey("container.host_pid"), FieldKey("container.host_network"), FieldKey("container.host_ipc"),
          FieldKey("container.caps.added"), FieldKey("container.user"), FieldKey("container.command"),
          FieldKey("container.log.driver"), FieldKey("container.restart.policy"), FieldKey("container.start_ts"),
          FieldKey("container.networks.addresses"), FieldKey("container.healthcheck"), FieldKey("container.ip")}) {
        out.unknown(field, reason);
    }
    return record;
}

std::string address_in(const ContainerRecord& container, std::string_view network) {
    for (const model::Value& value : container.facts.read(FieldKey("container.networks.addresses").id(), {}).values) {
        const std::string text = model::to_text(value);
        if (text.starts_with(network) && text.substr(network.size()).starts_with('='))
            return text.substr(network.size() + 1);
    }
    return {};
}

void describe(const ContainerRecord& container, Event& event) {
    for (const Event::Slot& slot : container.facts.slots()) {
        if (slot.state == model::Reading::State::unknown)
            event.put_unknown(slot.field, slot.key, slot.reason);
        else
            event.put_list(slot.field, slot.key, container.facts.values(slot));
    }
}

}  // namespace plimsoll::source
