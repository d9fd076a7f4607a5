#include "posture/engine_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.h"
#include "host/process.h"
#include "posture/container_facts.h"
#include "posture/daemon_facts.h"
#include "posture/host_facts.h"
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
          process_(engines.behind(endpoint, options.root)) {
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
            problem("the engine does not answer", failed_.empty() ? "no answer" : failed_.front().second);
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
        if (local_) {
            view_.look_at = [this](std::string& path) { return look_at(path); };
            view_.uid_of = [](const Json& inspect, std::string_view user) { return uid_in_layers(inspect, user); };
        }
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

    SourceFacts look_at(std::string& path) const {
        SourceFacts facts;
        const auto resolved = host::resolve(options_.root, path);
        if (!resolved) return facts;
        facts.known = true;
        if (!*resolved) return facts;
        path = **resolved;
        const auto file = host::file_facts(options_.root, path);
        if (!file || !*file) return facts;
        facts.exists = true;
        facts.socket = (*file)->type == host::FileType::socket;
        facts.block_device = (*file)->type == host::FileType::block;
        facts.inode = (*file)->inode;
        facts.device = (std::uint64_t{(*file)->device_major} << 20U) | (*file)->device_minor;
        return facts;
    }

    static std::optional<std::int64_t> uid_in_layers(const Json& inspect, std::string_view user) {
        const auto passwd = read_from_layers(inspect["GraphDriver"], "/etc/passwd", 1024 * 1024);
        if (!passwd || !*passwd) return std::nullopt;
        for (const std::string_view line : split(**passwd, '\n')) {
            const auto fields = split(line, ':');
            if (fields.size() < 4 || fields[0] != user) continue;
            std::int64_t uid = 0;
            const auto [end, fault] = std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), uid);
            if (fault == std::errc() && end == fields[2].data() + fields[2].size()) return uid;
        }
        return std::nullopt;
    }

    void read_usage() {
        view_.images = read_image_index(list(kImages));
        list(kVolumes)["Volumes"].each([&](Json volume) {
            if (std::string device = volume_device(volume); !device.empty())
                view_.volume_devices.emplace(volume["Name"].text_or(""), std::move(device));
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
            requests.push_back({"/images/" + id + "/json"});
            requests.push_back({"/images/" + id + "/history"});
        }
        std::vector<Answer> answers(requests.size());
        ask(requests, [&](std::size_t i, Result<host::HttpAnswer> answer) {
            auto parsed = json_of(requests[i].target, std::move(answer));
            if (parsed)
                answers[i] = std::move(*parsed);
            else
                problem(requests[i].target, parsed.error().message);
        });
        std::size_t next = 0;
        for (auto& [id, image] : view_.images.by_id) {
            const std::size_t i = std::exchange(next, next + 2);
            if (!answers[i]) continue;
            const bool used = usage_.images.contains(id);
            const std::string_view short_id = std::string_view(id).substr(7, 12);
            Facts& facts =
                inventory_.store.add(SubjectKind::image, short_id,
                                     image.tags.empty() ? short_id : std::string_view(image.tags.front()), daemon_);
            gather_image(
                {root_of(answers[i]), cycles_, options_.allowed_images, options_.root, options_.now, used, local_},
                inventory_.store, facts);
            gather_history(root_of(answers[i + 1]), inventory_.store, facts);
            const model::Reading support = facts.read(FieldKey("image.os.eol.passed").id(), {});
            image.support = support.state;
            image.support_reason = support.reason;
            image.unsupported = facts.is_true("image.os.eol.passed");
            image.environment = strings(root_of(answers[i]).at("Config.Env"));
            ++totals_.images;
            if (!used) ++totals_.unused_images;
            if (image.tags.empty() && image.digests.empty()) ++totals_.dangling;
        }
    }

    [[nodiscard]] bool is_wanted(std::string_view id, std::string_view name) const {
        return options_.only_container.empty() || name == options_.only_container ||
               (options_.only_container.size() >= 4 && id.starts_with(options_.only_container));
    }

    void add_containers() {
        std::vector<host::HttpRequest> requests;
        for (const auto& [id, name] : view_.container_names) {
            if (is_wanted(id, name)) requests.push_back({"/containers/" + id + "/json"});
        }
        const LiveContext live = LiveContext::of_host(options_.root);
        std::vector<std::pair<std::string, Facts*>> with_logs;
        ask(requests, [&](std::size_t i, Result<host::HttpAnswer> answer) {
            if (answer && answer->status == 404) {  // removed since the list was made
                problem(requests[i].target, "the container vanished while it was being read");
                return;
            }
            const auto parsed = json_of(requests[i].target, std::move(answer));
            if (!parsed) return problem(requests[i].target, parsed.error().message);
            add_container(parsed->root(), live, with_logs);
        });
        add_logs(with_logs);
    }

    void add_container(const Json& inspect, const LiveContext& live,
                       std::vector<std::pair<std::string, Facts*>>& with_logs) {
        std::string_view name = inspect["Name"].text_or("");
        if (name.starts_with('/')) name.remove_prefix(1);
        const std::string_view id = inspect["Id"].text_or("");
        Facts& facts = inventory_.store.add(SubjectKind::container, id.substr(0, 12), name, daemon_);
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
            requests.push_back({fmt::format("/containers/{}/logs?stdout=1&stderr=1&tail={}", id, options_.log_lines)});
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
            if (!facts.is_true("network.used") && !facts.is_true("network.builtin")) ++totals_.unused_networks;
        });
        list(kVolumes)["Volumes"].each([&](Json volume) {
            const std::string_view name = volume["Name"].text_or("");
            Facts& facts = inventory_.store.add(SubjectKind::volume, name.substr(0, 12), name, daemon_);
            gather_volume(volume, usage_, view_.places, options_.root, local_, options_.now, facts);
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
        if (local_ && totals_.data_root.empty()) totals_.data_root = daemon_->text("daemon.data_root");
    }

    const host::Endpoint& endpoint_;
    const GatherOptions& options_;
    const LifeCycles& cycles_;
    const EngineHost& engines_;
    Inventory& inventory_;
    EngineTotals& totals_;
    const EngineProcess* process_;
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
