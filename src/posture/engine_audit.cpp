#include "posture/engine_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"
#include "host/process.h"
#include "posture/container_facts.h"
#include "posture/daemon_facts.h"
#include "posture/host_facts.h"
#include "posture/host_sources.h"
#include "posture/live_facts.h"
#include "posture/log_lines.h"
#include "posture/network_facts.h"
#include "posture/swarm_facts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;
using model::SubjectKind;

/// A JSON answer, kept with its text's parse; nothing when the engine did not give one.
using Answer = std::optional<JsonDocument>;

Json root_of(const Answer& answer) { return answer ? answer->root() : Json(); }

/// The message of an engine's error body, {"message": "…"}.
std::string error_message(const host::HttpAnswer& answer) {
    if (const auto body = JsonDocument::parse(answer.body)) {
        if (const auto message = body->root()["message"].text()) return std::string(*message);
    }
    return fmt::format("status {}", answer.status);
}

constexpr std::array<std::string_view, 6> kListTargets = {"/containers/json", "/images/json", "/networks",
                                                          "/nodes",           "/services",    "/secrets"};

/// Whether the API answers this request with a list; with an object otherwise.
bool is_list(std::string_view target) {
    target = target.substr(0, target.find('?'));
    if (target.ends_with("/history")) return true;
    return std::ranges::find(kListTargets, target) != kListTargets.end();
}

/// The answer's document, which is of the kind that the API promises for the request.
Result<JsonDocument> json_of(std::string_view target, Result<host::HttpAnswer> answer) {
    if (!answer) return answer.error();
    if (answer->status != 200) return Error{error_message(*answer)};
    auto parsed = JsonDocument::parse(answer->body);
    if (!parsed) return parsed;
    const Json root = parsed->root();
    bool objects = true;
    root.each([&](const Json& element) { objects = objects && element.is_object(); });
    if (!objects) return Error{"the engine answered with a list of something else than objects"};
    if (is_list(target) ? !root.is_array() && !root.is_null() : !root.is_object()) {
        return Error{
            fmt::format("the engine answered something else than {}", is_list(target) ? "a list" : "an object")};
    }
    return parsed;
}

constexpr std::string_view kNoContainerList =
    "the engine did not give the list of containers, so nobody knows what is in use";

/// One engine's audit, step by step; each step reads what the ones before it found.
class EngineAudit {
public:
    EngineAudit(const host::Endpoint& endpoint, const GatherOptions& options, const LifeCycles& cycles,
                const EngineHost& engines, Inventory& inventory, EngineTotals& totals)
        : endpoint_(endpoint),
          options_(options),
          cycles_(cycles),
          engines_(engines),
          inventory_(inventory),
          totals_(totals),
          process_(engines.behind(endpoint, options.root)),
          sources_(options.root) {
        view_.now = options.now;
        local_ = !endpoint.tcp || process_ != nullptr;
    }

    void run() {
        if (!ask_lists()) return;
        add_daemon();
        read_usage();
        add_images();
        add_containers();
        add_networks_and_volumes();
        add_swarm();
        add_totals();
    }

private:
    enum List : std::uint8_t {
        kVersion,
        kInfo,
        kContainers,
        kImages,
        kNetworks,
        kVolumes,
        kSwarm,
        kNodes,
        kServices,
        kSecrets,
        kLists
    };

    void problem(std::string_view what, std::string_view why) {
        inventory_.problems.push_back(fmt::format("{}: {}: {}", endpoint_.to_text(), what, why));
    }

    void ask(const std::vector<host::HttpRequest>& requests,
             const std::function<void(std::size_t, Result<host::HttpAnswer>)>& done) {
        host::run_requests(endpoint_, options_.limits, requests, done);
    }

    void ask_some(const std::vector<std::pair<List, const char*>>& wanted) {
        std::vector<host::HttpRequest> requests;
        for (const auto& [list, target] : wanted) requests.push_back({target});
        ask(requests, [&](std::size_t i, Result<host::HttpAnswer> answer) {
            auto parsed = json_of(wanted[i].second, std::move(answer));
            if (parsed)
                lists_[wanted[i].first] = std::move(*parsed);
            else
                failed_.emplace_back(wanted[i].second, parsed.error().message);
        });
    }

    bool ask_lists() {
        ask_some({{kVersion, "/version"},
                  {kInfo, "/info"},
                  {kContainers, "/containers/json?all=1"},
                  {kImages, "/images/json"},
                  {kNetworks, "/networks"},
                  {kVolumes, "/volumes"}});
        if (!lists_[kVersion] || !lists_[kInfo]) {
            totals_.reason =
                fmt::format("{}: {}", endpoint_.to_text(), failed_.empty() ? "no answer" : failed_.front().second);
            const std::string why = failed_.empty() ? "no answer" : failed_.front().second;
            problem("the engine does not answer", why);
            inventory_.store.add(SubjectKind::component, "engine", "engine at " + endpoint_.to_text(), inventory_.host)
                .unreadable("the engine does not answer: " + why);
            if (endpoint_.source != "default") inventory_.silent_engines.push_back(endpoint_.to_text());
            return false;
        }
        if (root_of(lists_[kInfo]).at("Swarm.ControlAvailable").truth_or(false)) {
            ask_some({{kSwarm, "/swarm"}, {kNodes, "/nodes"}, {kServices, "/services"}, {kSecrets, "/secrets"}});
        }
        for (const auto& [target, why] : failed_) problem(target, why);
        totals_.answered = true;
        return true;
    }

    [[nodiscard]] Json list(List which) const { return root_of(lists_[which]); }

    void add_daemon() {
        const Json version = list(kVersion);
        bool podman = false;
        version["Components"].each(
            [&](Json component) { podman = podman || component["Name"].text_or("").starts_with("Podman"); });
        view_.engine = podman ? "podman" : "docker";
        inventory_.engines.push_back(
            fmt::format("{} {} at {}", view_.engine, version["Version"].text_or("?"), endpoint_.to_text()));

        std::optional<DaemonSettings> settings;
        std::string reason = endpoint_.tcp && !local_ ? "the daemon runs on another host"
                                                      : "no process of this host can be seen to own the socket";
        if (process_ != nullptr && view_.engine == "docker") {
            settings = read_daemon_settings(
                process_->command_line, "/etc/docker/daemon.json", version["Version"].text_or(""),
                [&](const std::string& path) { return host::read_if_exists(options_.root, path); });
        } else if (view_.engine == "podman") {
            reason = "Podman has no daemon with such a setting";
        }
        view_.places.sockets = engines_.sockets;
        view_.places.data_roots.emplace_back(list(kInfo)["DockerRootDir"].text_or("/var/lib/docker"));
        for (const EngineProcess& other : engines_.processes) {
            if (other.kind != "docker" || &other == process_) continue;
            const auto its = read_daemon_settings(
                other.command_line, "/etc/docker/daemon.json", "",
                [&](const std::string& path) { return host::read_if_exists(options_.root, path); });
            view_.places.data_roots.push_back(its.find("data-root")->value);
        }
        daemon_ = &inventory_.store.add(SubjectKind::daemon, endpoint_.to_text(),
                                        fmt::format("{} at {}", view_.engine, endpoint_.to_text()), inventory_.host);
        view_.daemon = daemon_;
        const DaemonReading in{version, list(kInfo), endpoint_, engines_, process_, settings ? &*settings : nullptr,
                               reason};
        gather_daemon(in, options_.root, inventory_, *daemon_, view_);
        add_components(version);
        if (local_ && settings && !totals_.files_gathered) {
            gather_files(options_.root, &*settings, engine_binaries(engines_, options_.root), inventory_);
            totals_.files_gathered = true;
        }
        view_.processors = list(kInfo)["NCPU"].integer().value_or(0);
        view_.memory = list(kInfo)["MemTotal"].integer().value_or(0);
        if (settings) view_.default_bind = settings->find("ip")->value;
        if (process_ != nullptr) totals_.judged_processes.insert(process_->pid);
        if (local_) connect_host();
    }

    void add_components(const Json& version) {
        add_component(view_.engine == "podman" ? "podman" : "docker-engine", version["Version"].text_or(""),
                      "GET /version", cycles_, options_.now, inventory_);
        version["Components"].each([&](Json component) {
            const std::string_view name = component["Name"].text_or("");
            if (name == "containerd")
                add_component(name, component["Version"].text_or(""), "GET /version", cycles_, options_.now,
                              inventory_);
        });
    }

    /// An overlay volume shows more than its first layer; the others are looked up with it.
    SourceFacts look_at(std::string& path) const {
        const auto layers = overlay_layers_.find(path);
        SourceFacts facts = sources_.look_at(path);
        if (layers != overlay_layers_.end())
            facts.also.insert(facts.also.end(), layers->second.begin(), layers->second.end());
        return facts;
    }

    void connect_host() {
        view_.look_at = [this](std::string& path) { return look_at(path); };
        view_.group_name = [this](std::uint32_t gid) { return sources_.group_name(gid); };
        view_.uid_of = [](const Json& inspect, std::string_view name) -> std::optional<std::int64_t> {
            const auto user = image_user(inspect, name);
            return user && *user ? std::optional((*user)->uid) : std::nullopt;
        };
        view_.gid_of = [](const Json& inspect, std::int64_t uid) -> std::optional<std::int64_t> {
            const auto user = image_user(inspect, std::to_string(uid));
            if (!user) return std::nullopt;
            return *user ? (*user)->gid : 0;
        };
    }

    void read_usage() {
        view_.images = read_image_index(list(kImages));
        list(kVolumes)["Volumes"].each([&](Json volume) {
            const auto paths = volume_paths(volume);
            if (paths.empty()) return;
            view_.volume_devices.emplace(volume["Name"].text_or(""), paths.front());
            if (paths.size() > 1) overlay_layers_[paths.front()].assign(paths.begin() + 1, paths.end());
        });
        list(kNetworks).each([&](Json network) {
            const std::string_view bind =
                network.at("Options")["com.docker.network.bridge.host_binding_ipv4"].text_or("");
            if (!bind.empty()) view_.network_binds.emplace(network["Name"].text_or(""), bind);
        });
        list(kContainers).each([&](Json container) {
            std::string_view name;
            container["Names"].each([&](Json each) {
                if (name.empty()) name = each.text_or("");
            });
            if (name.starts_with('/')) name.remove_prefix(1);
            view_.container_names.emplace(container["Id"].text_or(""), name);
            std::string image(container["ImageID"].text_or(""));
            if (!image.starts_with("sha256:")) image = "sha256:" + image;
            usage_.images.insert(std::move(image));
            container["Mounts"].each([&](Json mount) {
                if (const auto volume = mount["Name"].text(); volume && !volume->empty())
                    usage_.volumes.emplace(*volume);
            });
            container.at("NetworkSettings.Networks").each_member([&](std::string_view network, Json) {
                usage_.networks[std::string(network)].emplace(name);
            });
            const bool runs = container["State"].text_or("") == "running" || container["State"].text_or("") == "paused";
            ++totals_.containers;
            if (runs) ++totals_.running;
        });
    }

    void add_images() {
        std::vector<host::HttpRequest> requests;
        for (const auto& [id, image] : view_.images.by_id) {
            requests.push_back({"/images/" + host::url_part(id) + "/json"});
            requests.push_back({"/images/" + host::url_part(id) + "/history"});
        }
        std::vector<Answer> answers(requests.size());
        std::vector<std::string> reasons(requests.size());
        ask(requests, [&](std::size_t i, Result<host::HttpAnswer> answer) {
            auto parsed = json_of(requests[i].target, std::move(answer));
            if (parsed) {
                answers[i] = std::move(*parsed);
            } else {
                reasons[i] = parsed.error().message;
                problem(requests[i].target, reasons[i]);
            }
        });
        std::size_t next = 0;
        for (auto& [id, image] : view_.images.by_id) {
            const std::size_t i = std::exchange(next, next + 2);
            add_image(id, image, answers[i], answers[i + 1], answers[i] ? reasons[i + 1] : reasons[i]);
        }
    }

    void add_image(const std::string& id, ImageSummary& image, const Answer& inspect, const Answer& history,
                   const std::string& reason) {
        const bool used = usage_.images.contains(id);
        const std::string_view short_id = std::string_view(id).substr(7, 12);
        Facts& facts =
            inventory_.store.add(SubjectKind::image, short_id,
                                 image.tags.empty() ? short_id : std::string_view(image.tags.front()), daemon_);
        if (!inspect || !history) facts.unreadable(reason);
        if (inspect) {
            gather_image(
                {root_of(inspect), cycles_, options_.allowed_images, options_.root, options_.now, used, local_},
                inventory_.store, facts);
            image.environment = strings(root_of(inspect).at("Config.Env"));
        }
        gather_history(root_of(history), inventory_.store, facts);
        if (!lists_[kContainers]) facts.unknown("image.used", kNoContainerList);
        const model::Reading support = facts.read(FieldKey("image.os.eol.passed").id(), {});
        image.support = support.state;
        image.support_reason = support.reason;
        image.unsupported = facts.is_true("image.os.eol.passed");
        ++totals_.images;
        if (!used) ++totals_.unused_images;
        if (image.tags.empty() && image.digests.empty()) ++totals_.dangling;
    }

    [[nodiscard]] bool is_wanted(std::string_view id, std::string_view name) const {
        return options_.only_container.empty() || name == options_.only_container ||
               (options_.only_container.size() >= 4 && id.starts_with(options_.only_container));
    }

    void add_containers() {
        std::vector<host::HttpRequest> requests;
        std::vector<std::pair<std::string_view, std::string_view>> wanted;  // id and name, as the list has them
        for (const auto& [id, name] : view_.container_names) {
            if (!is_wanted(id, name)) continue;
            requests.push_back({"/containers/" + host::url_part(id) + "/json"});
            wanted.emplace_back(id, name);
        }
        const LiveContext live = LiveContext::of_host(options_.root);
        std::vector<std::pair<std::string, Facts*>> with_logs;
        ask(requests, [&](std::size_t i, Result<host::HttpAnswer> answer) {
            if (answer && answer->status == 404) {  // removed since the list was made
                problem(requests[i].target, "the container vanished while it was being read");
                return;
            }
            const auto parsed = json_of(requests[i].target, std::move(answer));
            const auto& [id, name] = wanted[i];
            Facts& facts = inventory_.store.add(SubjectKind::container, id.substr(0, 12), name, daemon_);
            if (!parsed || !is_whole(parsed->root())) {
                const std::string reason =
                    parsed ? "the engine's answer lacks parts that every container has" : parsed.error().message;
                facts.unreadable(reason);
                return problem(requests[i].target, reason);
            }
            add_container(parsed->root(), id, facts, live, with_logs);
        });
        add_logs(with_logs);
    }

    /// Whether an inspect answer has what is judged: without it everything would look switched off.
    static bool is_whole(const Json& inspect) {
        const Json mounts = inspect["Mounts"];
        return inspect["HostConfig"].is_object() && inspect["Config"].is_object() && inspect["State"].is_object() &&
               (mounts.is_array() || mounts.is_null());
    }

    void add_container(const Json& inspect, std::string_view id, Facts& facts, const LiveContext& live,
                       std::vector<std::pair<std::string, Facts*>>& with_logs) {
        gather_container(inspect, view_, inventory_.store, facts);
        const auto pid = inspect.at("State.Pid").integer().value_or(0);
        const bool runs = facts.is_true("container.running");
        if (runs && local_ && pid > 0)
            add_live_facts(live, static_cast<int>(pid), inventory_.store, facts);
        else if (runs)
            add_live_unknown(facts);
        else
            add_no_live_facts(facts);
        if (has_readable_log(facts.text("container.log.driver"))) with_logs.emplace_back(id, &facts);
    }

    static void add_live_unknown(Facts& facts) {
        for (const FieldKey field : {FieldKey("container.process.count"), FieldKey("container.process.services"),
                                     FieldKey("container.process.full_os"), FieldKey("container.caps.live"),
                                     FieldKey("container.seccomp.live"), FieldKey("container.ns.host_live"),
                                     FieldKey("container.user.host_uid")}) {
            facts.unknown(field, "its processes are on another host");
        }
    }

    void add_logs(const std::vector<std::pair<std::string, Facts*>>& containers) {
        if (options_.log_lines == 0) return;
        std::vector<host::HttpRequest> requests;
        for (const auto& [id, facts] : containers)
            requests.push_back(
                {fmt::format("/containers/{}/logs?stdout=1&stderr=1&tail={}", host::url_part(id), options_.log_lines)});
        ask(requests, [&](std::size_t i, Result<host::HttpAnswer> answer) {
            if (!answer) return problem(requests[i].target, answer.error().message);
            if (answer->status != 200) return problem(requests[i].target, error_message(*answer));
            gather_log(answer->body, containers[i].second->is_true("container.tty"), inventory_.store,
                       *containers[i].second);
        });
    }

    void add_networks_and_volumes() {
        list(kNetworks).each([&](Json network) {
            Facts& facts = inventory_.store.add(SubjectKind::network, network["Id"].text_or("").substr(0, 12),
                                                network["Name"].text_or(""), daemon_);
            gather_network(network, usage_, options_.now, facts);
            if (!lists_[kContainers]) facts.unknown("network.used", kNoContainerList);
            if (!facts.is_true("network.used") && !facts.is_true("network.builtin")) ++totals_.unused_networks;
        });
        list(kVolumes)["Volumes"].each([&](Json volume) {
            const std::string_view name = volume["Name"].text_or("");
            Facts& facts = inventory_.store.add(SubjectKind::volume, name.substr(0, 12), name, daemon_);
            gather_volume(volume, usage_, view_.places, options_.root, local_, options_.now, facts);
            if (!lists_[kContainers]) facts.unknown("volume.used", kNoContainerList);
            if (!facts.is_true("volume.used")) ++totals_.unused_volumes;
        });
    }

    void add_swarm() {
        if (!lists_[kSwarm] && !list(kInfo).at("Swarm.ControlAvailable").truth_or(false)) return;
        Facts& swarm = inventory_.store.add(SubjectKind::swarm, "swarm", "swarm", daemon_);
        gather_swarm({list(kInfo), list(kSwarm), list(kNodes), list(kServices), list(kSecrets), engines_}, swarm);
        list(kServices).each([&](Json service) {
            Facts& facts = inventory_.store.add(SubjectKind::service, service["ID"].text_or("").substr(0, 12),
                                                service.at("Spec.Name").text_or(""), &swarm);
            gather_service(service, view_.places, facts);
        });
    }

    void add_totals() {
        const auto lost = [&](List which, std::string& reason) {
            if (!lists_[which]) reason = "the engine did not give the list";
        };
        lost(kContainers, totals_.containers_lost);
        lost(kImages, totals_.images_lost);
        lost(kVolumes, totals_.volumes_lost);
        lost(kNetworks, totals_.networks_lost);
        if (local_ && totals_.data_root.empty()) totals_.data_root = daemon_->text("daemon.data_root");
    }

    const host::Endpoint& endpoint_;
    const GatherOptions& options_;
    const LifeCycles& cycles_;
    const EngineHost& engines_;
    Inventory& inventory_;
    EngineTotals& totals_;
    const EngineProcess* process_;
    HostSources sources_;
    std::map<std::string, std::vector<std::string>, std::less<>>
        overlay_layers_;  ///< further layers of a volume, by the first
    bool local_ = true;
    Facts* daemon_ = nullptr;
    EngineView view_;
    Usage usage_;
    std::array<Answer, kLists> lists_;
    std::vector<std::pair<std::string, std::string>> failed_;
};

}  // namespace

void audit_engine(const host::Endpoint& endpoint, const GatherOptions& options, const LifeCycles& cycles,
                  const EngineHost& engines, Inventory& inventory, EngineTotals& totals) {
    EngineAudit(endpoint, options, cycles, engines, inventory, totals).run();
}

}  // namespace plimsoll::posture
