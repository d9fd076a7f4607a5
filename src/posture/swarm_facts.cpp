#include "posture/swarm_facts.h"

#include <algorithm>

#include "base/time.h"
#include "model/image_name.h"
#include "posture/container_facts.h"
#include "posture/secrets.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

constexpr std::int64_t kClusterPort = 2377;

void set_count(const Json& list, FieldKey field, std::string_view at, Facts& out) {
    if (list.is_array())
        out.set_number(field, static_cast<std::int64_t>(list.size()), at);
    else
        out.unknown(field, "the manager did not answer this question");
}

}  // namespace

void gather_swarm(const SwarmReading& in, Facts& out) {
    const Json state = in.info["Swarm"];
    out.set("swarm.manager", state["ControlAvailable"].truth_or(false), "GET /info Swarm");
    out.set_number("swarm.managers", state["Managers"].integer().value_or(0), "GET /info Swarm");
    set_count(in.nodes, "swarm.nodes", "GET /nodes", out);
    set_count(in.services, "swarm.services", "GET /services", out);
    set_count(in.secrets, "swarm.secrets", "GET /secrets", out);
    const Json spec = in.swarm["Spec"];
    if (spec.is_object()) {
        out.set("swarm.autolock", spec.at("EncryptionConfig.AutoLockManagers").truth_or(false), "GET /swarm");
        out.set_number("swarm.cert_expiry_days", spec.at("CAConfig.NodeCertExpiry").integer().value_or(0) / kDay,
                       "GET /swarm");
        out.set_number("swarm.ca_rotations", spec.at("CAConfig.ForceRotate").integer().value_or(0), "GET /swarm");
    } else {
        for (const FieldKey field :
             {FieldKey("swarm.autolock"), FieldKey("swarm.cert_expiry_days"), FieldKey("swarm.ca_rotations")}) {
            out.unknown(field, "the manager did not answer GET /swarm");
        }
    }
    const auto port = std::ranges::find_if(
        in.engines.listeners, [](const EngineHost::Listener& l) { return l.tcp && l.tcp->port == kClusterPort; });
    if (port == in.engines.listeners.end())
        out.unknown("swarm.listen_wildcard", "no socket listens on port 2377 in this network namespace");
    else
        out.set("swarm.listen_wildcard", port->tcp->wildcard(), "kernel's socket table");
    const std::string_view data = in.info.at("Swarm.Cluster.DataPathAddr").text_or("");
    if (data.empty())
        out.unknown("swarm.data_plane_separate", "the engine's API does not tell the data path address");
    else
        out.set("swarm.data_plane_separate", data != state["NodeAddr"].text_or(""), "GET /info Swarm");
}

void gather_service(const Json& service, const HostPlaces& places, Facts& out) {
    const std::string at = "GET /services";
    const Json spec = service["Spec"];
    const Json container = spec.at("TaskTemplate.ContainerSpec");
    const Json limits = spec.at("TaskTemplate.Resources.Limits");
    out.set("service.name", spec["Name"].text_or(""), at);
    out.set("service.image.pinned", !model::parse_image_name(container["Image"].text_or("")).digest.empty(), at);
    if (const auto replicas = spec.at("Mode.Replicated.Replicas").integer())
        out.set_number("service.replicas", *replicas, at);
    else
        out.absent("service.replicas", at);
    bool secret = false;
    for (const std::string& variable : strings(container["Env"])) {
        const auto equals = variable.find('=');
        if (equals == std::string::npos) continue;
        const auto sign = secret_in_variable(std::string_view(variable).substr(0, equals),
                                             std::string_view(variable).substr(equals + 1));
        secret = secret || (sign && !sign->reference);
    }
    out.set("service.env.secret", secret, at);
    out.set("service.limits.memory", limits["MemoryBytes"].integer().value_or(0) > 0, at);
    out.set("service.limits.cpu", limits["NanoCPUs"].integer().value_or(0) > 0, at);
    const std::string_view user = container["User"].text_or("");
    out.set("service.user.root",
            user.empty() || user == "root" || user == "0" || user.starts_with("0:") || user.starts_with("root:"), at);
    std::vector<std::string> sockets;
    container["Mounts"].each([&](Json mount) {
        if (mount["Type"].text_or("") != "bind") return;
        for (const std::string& word : reach_of(normalized(mount["Source"].text_or("/")), {}, places).words) {
            if (word.ends_with("-socket") && word != "dbus-socket" && word != "other-socket")
                sockets.push_back(word.substr(0, word.size() - 7));
        }
    });
    out.set_list("service.mounts.sockets", sockets, at);
    out.set_list("service.caps.added", strings(container["CapabilityAdd"]), at);
    out.set("service.rootfs.readonly", container["ReadOnly"].truth_or(false), at);
    out.set_number("service.ports.published", static_cast<std::int64_t>(spec.at("EndpointSpec.Ports").size()), at);
}

}  // namespace plimsoll::posture
