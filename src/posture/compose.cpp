#include "posture/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"
#include "host/user_file.h"
#include "posture/compose_service.h"
#include "posture/container_facts.h"
#include "posture/live_facts.h"
#include "posture/network_facts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;
using model::SubjectKind;

constexpr std::string_view kNoDaemon = "a compose file says nothing about the daemon";
constexpr std::string_view kNoHost = "a compose file says nothing about its host";
constexpr std::string_view kDocumented = "Docker's documented default; a compose file says nothing about the daemon";
constexpr int kMostExtends = 16;

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

/// Lower case, digits, - and _, as compose makes a project's name of a folder's.
std::string project_name(std::string_view text) {
    std::string name;
    for (const char c : lowered(text)) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (!name.empty() && (c == '-' || c == '_'))) name += c;
    }
    return name.empty() ? "project" : name;
}

/// One project, step by step.
class Project {
public:
    explicit Project(const ComposeOptions& options) : options_(options) {}

    Result<Inventory> gather() {
        TRY_VOID(prepare());
        TRY_VOID(read_files());
        name_project();
        define();
        add_host();
        TRY_VOID(add_services());
        add_networks();
        add_volumes();
        inventory_.problems = context_.log.take();
        return std::move(inventory_);
    }

private:
    Result<bool> prepare() {
        if (options_.files.empty()) return Error{"no compose file was named"};
        for (const std::string& file : options_.files) files_.push_back(host::from_root(file));
        directory_ = options_.project_directory.empty() ? folder_of(files_.front())
                                                        : host::from_root(options_.project_directory);
        project_.directory = directory_;
        context_.root = options_.root;
        Variables given;
        for (const auto& [name, value] : options_.environment) given.emplace(name, value);
        if (const auto home = options_.environment.find("HOME"); home != options_.environment.end())
            context_.home = home->second;
        const std::string path = folder_of(files_.front()) + "/.env";
        auto text = host::read_if_exists(context_.root, path);
        if (!text) {
            context_.log.problem(text.error().message);
        } else if (*text) {
            std::vector<std::string> problems;
            context_.variables = parse_env_file(**text, given, problems);
            for (const std::string& problem : problems) context_.log.problem(fmt::format("{}: {}", path, problem));
        }
        for (auto& [name, value] : given) context_.variables.insert_or_assign(name, std::move(value));
        return true;
    }

    Result<bool> read_files() {
        for (const std::string& path : files_) {
            TRY(ComposeNode file, read_compose_file(path, directory_, context_));
            TRY_VOID(extend_all(file, path));
            if (whole_.is_null()) {
                whole_ = std::move(file);
            } else {
                TRY(whole_, merge_compose(std::move(whole_), std::move(file), "", context_));
            }
        }
        if (const ComposeNode* include = whole_.find("include"))
            context_.log.problem(include->at, "include is not read: name the included files one by one");
        static constexpr std::array<std::string_view, 8> kRead = {"version", "name",    "services", "networks",
                                                                  "volumes", "configs", "secrets",  "include"};
        for (const auto& [key, value] : whole_.entries) {
            if (std::ranges::find(kRead, key.text) == kRead.end())
                context_.log.problem(key.at, fmt::format("{}: this key is not read", key.text));
        }
        return true;
    }

    Result<bool> extend_all(ComposeNode& file, const std::string& path) {
        ComposeNode* services = find_entry(file, "services");
        if (services == nullptr) return true;
        const ComposeNode before = *services;
        for (auto& [name, service] : services->entries) {
            if (service.find("extends") == nullptr) continue;
            TRY(service, extended(std::move(service), before, path, 0));
        }
        return true;
    }

    /// The service on top of the one that it extends, and that on top of its own base.
    Result<ComposeNode> extended(ComposeNode service, const ComposeNode& siblings, const std::string& path, int depth) {
        const ComposeNode* extends = service.find("extends");
        if (extends == nullptr) return service;
        const ComposeNode* name = extends->is_map() ? extends->find("service") : extends;
        const ComposeNode* file = extends->is_map() ? extends->find("file") : nullptr;
        if (depth >= kMostExtends)
            return Error{fmt::format("{}: extends goes in a circle, or deeper than {} services",
                                     context_.log.place(extends->at), kMostExtends)};
        if (name == nullptr || !name->is_scalar()) {
            context_.log.problem(extends->at, "extends names no service");
            return service;
        }
        const std::string wanted = name->text;
        const rule::Position at = extends->at;
        ComposeNode other;
        std::string other_path = path;
        const ComposeNode* from = &siblings;
        if (file != nullptr) {
            other_path = file->text;
            auto read = read_compose_file(other_path, folder_of(other_path), context_);
            if (!read) {
                context_.log.problem(at, fmt::format("extends: {}", read.error().message));
                return service;
            }
            other = std::move(*read);
            from = other.find("services");
        }
        const ComposeNode* base = from == nullptr ? nullptr : from->find(wanted);
        if (base == nullptr || !base->is_map()) {
            context_.log.problem(at, fmt::format("extends: {} has no service '{}'", other_path, wanted));
            return service;
        }
        TRY(ComposeNode below, extended(*base, *from, other_path, depth + 1));
        std::erase_if(below.entries, [](const auto& entry) { return entry.first.text == "extends"; });
        return merge_compose(std::move(below), std::move(service), "", context_);
    }

    void name_project() {
        const auto given = context_.variables.find("COMPOSE_PROJECT_NAME");
        const ComposeNode* own = whole_.find("name");
        if (!options_.project_name.empty())
            project_.name = project_name(options_.project_name);
        else if (given != context_.variables.end() && given->second)
            project_.name = project_name(*given->second);
        else if (own != nullptr && own->is_scalar())
            project_.name = project_name(own->text);
        else
            project_.name = project_name(directory_.substr(directory_.rfind('/') + 1));
    }

    static bool is_external(const ComposeNode& definition) {
        const ComposeNode* external = definition.find("external");
        return external != nullptr && external->text != "false" && !external->is_null();
    }

    [[nodiscard]] std::string name_of(const std::string& key, const ComposeNode& definition) const {
        if (const ComposeNode* name = definition.find("name"); name != nullptr && !name->text.empty())
            return name->text;
        return is_external(definition) ? key : project_.name + "_" + key;
    }

    void define() {
        project_.networks.emplace("default", project_.name + "_default");
        const auto each = [&](std::string_view section, const auto& visit) {
            const ComposeNode* all = whole_.find(section);
            if (all == nullptr) return;
            for (const auto& [key, definition] : all->entries) visit(key.text, definition);
        };
        each("networks", [&](const std::string& key, const ComposeNode& node) {
            project_.networks.insert_or_assign(key, name_of(key, node));
        });
        each("volumes", [&](const std::string& key, const ComposeNode& node) {
            project_.volumes.insert_or_assign(key, name_of(key, node));
            if (const ComposeNode* driver = node.find("driver"); driver != nullptr && driver->is_scalar())
                project_.volume_drivers.insert_or_assign(key, driver->text);
        });
        each("configs",
             [&](const std::string& key, const ComposeNode& node) { project_.configs.insert_or_assign(key, node); });
        each("secrets",
             [&](const std::string& key, const ComposeNode& node) { project_.secrets.insert_or_assign(key, node); });
    }

    void add_host() {
        Facts& host = inventory_.store.add(SubjectKind::host, project_.name, project_.name, nullptr);
        inventory_.host = &host;
        inventory_.host_name = project_.name;
        inventory_.engines.push_back(fmt::format("compose project {} of {}", project_.name, fmt::join(files_, ", ")));
        host.set("host.name", project_.name, "compose project");
        for (const FieldKey field :
             {FieldKey("host.apparmor.enabled"), FieldKey("host.selinux.enabled"), FieldKey("host.selinux.enforcing"),
              FieldKey("host.cgroup.version"), FieldKey("host.lsm"), FieldKey("host.os.id"),
              FieldKey("host.os.version"), FieldKey("host.kernel"), FieldKey("host.kernel.cmdline"),
              FieldKey("host.sysctl"), FieldKey("host.containers.running"), FieldKey("host.containers.total"),
              FieldKey("host.engine.answers"), FieldKey("host.docker_group.members")}) {
            host.unknown(field, kNoHost);
        }
        host.set("daemon.userns_remap", false, kDocumented);
        view_.engine = "docker";
        view_.now = options_.now;
        view_.seccomp = "default";
        view_.no_new_privileges = false;
        view_.userns_remap = false;
        view_.defaults_reason = kNoDaemon;
        view_.places.data_roots.emplace_back("/var/lib/docker");
        view_.look_at = [this](std::string& path) { return look_at(path); };
    }

    /// Only what lies in the project's folder is looked at; the rest belongs to a host that is not known here.
    SourceFacts look_at(std::string& path) const {
        SourceFacts facts;
        if (path.starts_with(directory_ + "/") && directory_ != "/") {
            const auto resolved = host::resolve(options_.root, path);
            if (resolved && *resolved) {
                path = **resolved;
                facts.known = facts.exists = path.starts_with(directory_ + "/");
            }
        }
        for (const auto& [link, target] :
             {std::pair<std::string_view, std::string_view>{"/var/run", "/run"}, {"/var/lock", "/run/lock"}}) {
            if (path == link || path.starts_with(std::string(link) + "/"))
                path = std::string(target) + path.substr(link.size());
        }
        return facts;
    }

    Result<bool> add_services() {
        const ComposeNode* volumes = whole_.find("volumes");
        if (volumes != nullptr) {
            for (const auto& [key, node] : volumes->entries) {
                const ComposeNode* options = node.find("driver_opts");
                const ComposeNode* device = options == nullptr ? nullptr : options->find("device");
                const bool local =
                    !project_.volume_drivers.contains(key.text) || project_.volume_drivers[key.text] == "local";
                if (local && device != nullptr && device->text.starts_with('/'))
                    view_.volume_devices.emplace(name_of(key.text, node), device->text);
            }
        }
        const ComposeNode* services = whole_.find("services");
        if (services == nullptr || services->entries.empty()) {
            context_.log.problem(whole_.at, "the file has no services");
            return true;
        }
        for (const auto& [key, service] : services->entries) {
            if (key.text.starts_with("x-")) continue;
            TRY(const auto inspect, JsonDocument::parse(inspect_of_service(key.text, service, project_, context_)));
            add_service(key, service, inspect.root());
        }
        return true;
    }

    void add_service(const ComposeNode& key, const ComposeNode& service, const Json& inspect) {
        const std::string place = context_.log.place(key.at);
        const std::string file = place.substr(0, place.rfind(':', place.rfind(':') - 1));
        view_.origin_prefix = fmt::format("{} services.{}", place.substr(0, place.rfind(':')), key.text);
        Facts& facts = inventory_.store.add(SubjectKind::container, key.text, key.text, inventory_.host);
        gather_container(inspect, view_, inventory_.store, facts);
        add_no_live_facts(facts);
        set_defaults(service, file, facts);
        inspect.at("NetworkSettings.Networks").each_member([&](std::string_view network, Json) {
            usage_.networks[std::string(network)].insert(key.text);
        });
        inspect["Mounts"].each([&](Json mount) {
            if (const auto volume = mount["Name"].text(); volume && !volume->empty()) usage_.volumes.emplace(*volume);
        });
    }

    /// Puts right what gathering took for granted of a container that exists: no file says what an image or a host will
    /// add.
    void set_defaults(const ComposeNode& service, const std::string& file, Facts& facts) const {
        const std::string& at = view_.origin_prefix;
        facts.set("container.origin", file, at);
        for (const FieldKey field :
             {FieldKey("container.id"), FieldKey("container.full_id"), FieldKey("container.age_days"),
              FieldKey("container.stopped_days"), FieldKey("container.restart.per_hour")}) {
            facts.absent(field, "not created yet");
        }
        const auto says = [&](std::string_view key) {
            const ComposeNode* node = service.find(key);
            return node != nullptr && !node->is_null();
        };
        if (!says("user") || facts.text("container.user").empty()) {
            const std::string reason = "the file names no user, so the image decides";
            for (const FieldKey field : {FieldKey("container.user"), FieldKey("container.user.uid"),
                                         FieldKey("container.user.root"), FieldKey("container.group.root")})
                facts.unknown(field, reason);
        }
        if (!says("healthcheck"))
            facts.unknown("container.healthcheck", "the file has no health check, but its image may have one");
        if (!says("logging")) {
            facts.set("container.log.driver", "json-file", kDocumented);
            facts.set("container.log.rotated", false, kDocumented);
        }
        if (!says("cgroup")) facts.unknown("container.ns.cgroup", kNoHost);
        if (!says("runtime")) facts.set("container.runtime", "runc", kDocumented);
        if (says("build")) {
            for (const FieldKey field : {FieldKey("container.image.latest"), FieldKey("container.image.pinned"),
                                         FieldKey("container.image.digest"), FieldKey("container.image.tag")}) {
                facts.absent(field, "built from " + file);
            }
        } else if (!says("image")) {
            facts.unknown("container.image", "the service names neither image nor build");
        }
        if (!facts.origin(FieldKey("container.no_new_privileges").id(), {}).starts_with(at))
            facts.set("container.no_new_privileges", false, kDocumented);
        if (!facts.origin(FieldKey("container.userns.remapped").id(), {}).starts_with(at))
            facts.set("container.userns.remapped", false, kDocumented);
    }

    void add_networks() {
        const ComposeNode* declared = whole_.find("networks");
        const ComposeNode none = make_map({});
        for (const auto& [key, name] : project_.networks) {
            const ComposeNode* found = declared == nullptr ? nullptr : declared->find(key);
            const ComposeNode& node = found == nullptr ? none : *found;
            const bool used = usage_.networks.contains(name);
            if (is_external(node) || (found == nullptr && !used)) continue;  // not made by this project
            add_object(SubjectKind::network, name, node, json_of_network(name, node, context_),
                       [&](const Json& json, const std::string& at, Facts& out) {
                           gather_network(json, usage_, options_.now, out, at);
                           out.absent("network.id", at);
                           out.absent("network.age_days", "not created yet");
                       });
        }
    }

    void add_volumes() {
        const ComposeNode* declared = whole_.find("volumes");
        if (declared == nullptr) return;
        for (const auto& [key, node] : declared->entries) {
            if (is_external(node)) continue;
            add_object(SubjectKind::volume, name_of(key.text, node), node,
                       json_of_volume(name_of(key.text, node), node, context_),
                       [&](const Json& json, const std::string& at, Facts& out) {
                           gather_volume(json, usage_, view_.places, options_.root, false, options_.now, out, at);
                           out.set("volume.anonymous", false, at);
                           for (const FieldKey field : {FieldKey("volume.age_days"), FieldKey("volume.entries"),
                                                        FieldKey("volume.size"), FieldKey("volume.mountpoint")})
                               out.absent(field, "not created yet");
                       });
        }
    }

    template <typename Gather>
    void add_object(SubjectKind kind, const std::string& name, const ComposeNode& node, const std::string& text,
                    const Gather& gather) {
        const auto document = JsonDocument::parse(text);
        if (!document) return context_.log.problem(node.at, document.error().message);
        const std::string place = context_.log.place(node.at);
        Facts& facts = inventory_.store.add(kind, name, name, inventory_.host);
        gather(document->root(), node.at.file == 0 ? "compose default" : place.substr(0, place.rfind(':')), facts);
    }

    const ComposeOptions& options_;
    std::vector<std::string> files_;
    std::string directory_;
    ComposeContext context_;
    ComposeNode whole_;
    ComposeProject project_;
    EngineView view_;
    Usage usage_;
    Inventory inventory_;
};

}  // namespace

Result<Inventory> gather_compose(const ComposeOptions& options) { return Project(options).gather(); }

}  // namespace plimsoll::posture
