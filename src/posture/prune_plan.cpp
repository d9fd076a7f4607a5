#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "posture/network_facts.h"
#include "posture/prune.h"
#include "posture/prune_parts.h"

namespace plimsoll::posture {

namespace {

constexpr std::size_t kNamesShown = 5;
constexpr std::size_t kEntriesCounted = 4096;

struct Sizes {
    std::map<std::string, std::int64_t, std::less<>> of;  ///< by id; volumes by name
    std::optional<std::int64_t> build_cache;
};

Sizes read_sizes(const Json& df) {
    Sizes sizes;
    const auto note = [&](std::string_view id, std::optional<std::int64_t> size) {
        if (size && *size >= 0) sizes.of.emplace(id, *size);
    };
    df["Containers"].each([&](Json each) { note(each["Id"].text_or(""), each["SizeRw"].integer()); });
    df["Volumes"].each([&](Json each) { note(each["Name"].text_or(""), each.at("UsageData.Size").integer()); });
    df["Images"].each([&](Json each) {
        const auto shared = each["SharedSize"].integer().value_or(-1);
        const auto size = each["Size"].integer();
        if (size && shared >= 0) note(each["Id"].text_or(""), *size - shared);
    });
    if (df["BuildCache"].is_array()) {
        sizes.build_cache = 0;
        df["BuildCache"].each([&](Json each) {
            if (!each["InUse"].truth_or(true) && !each["Shared"].truth_or(false))
                *sizes.build_cache += std::max<std::int64_t>(each["Size"].integer().value_or(0), 0);
        });
    }
    return sizes;
}

/// Makes one plan of the engine's answers.
class Planner {
public:
    Planner(const PruneOptions& options, bool local, PrunePlan& plan) : options_(options), local_(local), plan_(plan) {}

    void run(const Json& containers, const Json& images, const Json& volumes, const Json& networks, const Json& info,
             const Json& df, const std::map<std::string, Json>& details) {
        sizes_ = read_sizes(df);
        plan_.build_cache = sizes_.build_cache;
        if (!containers.is_array()) {
            plan_.problems.emplace_back("the engine did not list its containers, so nothing can be known to be unused");
            return;
        }
        read_usage(containers);
        if (wants(PruneKind::container)) containers.each([&](Json each) { consider_container(each, details); });
        if (wants(PruneKind::volume)) volumes["Volumes"].each([&](Json each) { consider_volume(each); });
        if (wants(PruneKind::network)) networks.each([&](Json each) { consider_network(each, details); });
        images.each([&](Json each) { parents_.emplace(image_id(each["ParentId"].text_or(""))); });
        if (wants(PruneKind::image)) images.each([&](Json each) { consider_image(each, info, details); });
    }

private:
    [[nodiscard]] bool wants(PruneKind kind) const { return options_.kinds.contains(kind); }

    void read_usage(const Json& containers) {
        containers.each([&](Json each) {
            used_images_.emplace(image_id(each["ImageID"].text_or("")));
            each["Mounts"].each([&](Json mount) { used_volumes_.emplace(mount["Name"].text_or("")); });
            each.at("NetworkSettings.Networks").each_member([&](std::string_view name, Json network) {
                used_networks_.emplace(name);
                used_networks_.emplace(network["NetworkID"].text_or(""));
            });
            // An image's name as the container gives it, for engines that do not give the id.
            used_images_.emplace(each["Image"].text_or(""));
        });
    }

    /// Adds the item when its labels and its age allow; says why it stays otherwise.
    void add(PruneItem item, const Json& labels) {
        if (!has_label(labels, options_.only_label)) return;
        const auto stays = [&](std::string_view why) {
            plan_.kept.push_back(fmt::format("{} {}: {}", to_text(item.kind), item.name, why));
        };
        if (is_kept(labels)) return stays("labelled plimsoll.keep");
        if (!item.since) return stays("how long it has been there cannot be found out");
        if (options_.now - *item.since < options_.older_than)
            return stays(
                fmt::format("in use or changed less than {} days ago", (options_.older_than + kDay - 1) / kDay));
        if (const auto size = sizes_.of.find(item.id); size != sizes_.of.end()) item.size = size->second;
        plan_.items.push_back(std::move(item));
    }

    void consider_container(const Json& listed, const std::map<std::string, Json>& details) {
        const std::string id(listed["Id"].text_or(""));
        const std::string_view state = listed["State"].text_or("");
        if (!may_be_removed(state)) return;
        const auto found = details.find(id);
        if (found == details.end())
            return plan_.problems.push_back(fmt::format("container {}: its inspect data is missing", id.substr(0, 12)));
        const Json& inspect = found->second;
        PruneItem item{.kind = PruneKind::container,
                       .id = id,
                       .name = container_name(inspect),
                       .created = std::string(inspect["Created"].text_or("")),
                       .state = container_state(inspect)};
        if (!may_be_removed(inspect.at("State.Status").text_or(""))) return;
        const auto finished = parse_rfc3339(inspect.at("State.FinishedAt").text_or(""));
        item.since = finished ? finished : parse_rfc3339(item.created);
        item.why = finished
                       ? fmt::format("{} with exit code {}", state, inspect.at("State.ExitCode").integer().value_or(0))
                       : std::string("made, and never started");
        add(std::move(item), inspect.at("Config.Labels"));
    }

    void consider_volume(const Json& volume) {
        const std::string name(volume["Name"].text_or(""));
        if (name.empty() || used_volumes_.contains(name)) return;
        const bool anonymous = is_anonymous(volume);
        if (!anonymous && !options_.named_volumes) {
            if (has_label(volume["Labels"], options_.only_label))
                plan_.kept.push_back(
                    fmt::format("volume {}: a person named it; ask for named volumes to list it", name));
            return;
        }
        PruneItem item{.kind = PruneKind::volume,
                       .id = name,
                       .name = name,
                       .created = std::string(volume["CreatedAt"].text_or(""))};
        item.since = parse_rfc3339(item.created);
        item.why = anonymous ? "no container uses this anonymous volume" : "no container uses this named volume";
        if (local_) look_into(std::string(volume["Mountpoint"].text_or("")), item);
        add(std::move(item), volume["Labels"]);
    }

    /// Counts what a volume holds; a change in its folder makes it younger.
    void look_into(const std::string& folder, PruneItem& item) {
        if (!folder.starts_with('/')) return;
        const auto facts = host::file_facts(options_.root, folder);
        if (facts && *facts && item.since)
            item.since = std::max(*item.since, static_cast<Nanoseconds>((*facts)->modified) * kSecond);
        const auto entries = host::list_directory(options_.root, folder, kEntriesCounted);
        if (!entries) return plan_.problems.push_back(fmt::format("volume {}: {}", item.name, entries.error().message));
        if (!*entries) return;
        item.entries = (*entries)->size();
        for (const auto& entry : **entries) {
            if (item.holds.size() < kNamesShown) item.holds.push_back(entry.name);
        }
    }

    void consider_network(const Json& listed, const std::map<std::string, Json>& details) {
        const std::string id(listed["Id"].text_or(""));
        const std::string name(listed["Name"].text_or(""));
        static constexpr std::array<std::string_view, 6> kBuiltin = {"bridge",          "host",  "none", "ingress",
                                                                     "docker_gwbridge", "podman"};
        if (std::ranges::find(kBuiltin, name) != kBuiltin.end() || listed["Ingress"].truth_or(false) ||
            listed["Scope"].text_or("") == "swarm")
            return;
        if (used_networks_.contains(id) || used_networks_.contains(name)) return;
        const auto found = details.find(id);
        if (found == details.end())
            return plan_.problems.push_back(fmt::format("network {}: its inspect data is missing", name));
        const Json& network = found->second;
        if (is_joined(network)) return;
        PruneItem item{.kind = PruneKind::network,
                       .id = id,
                       .name = name,
                       .created = std::string(network["Created"].text_or("")),
                       .why = "no container is joined to it"};
        item.since = parse_rfc3339(item.created);
        add(std::move(item), network["Labels"]);
    }

    void consider_image(const Json& listed, const Json& info, const std::map<std::string, Json>& details) {
        const std::string id = image_id(listed["Id"].text_or(""));
        if (used_images_.contains(id) || parents_.contains(id)) return;
        const auto found = details.find(id);
        if (found == details.end())
            return plan_.problems.push_back(fmt::format("image {}: its inspect data is missing", id.substr(0, 19)));
        const Json& inspect = found->second;
        PruneItem item{.kind = PruneKind::image, .id = id, .created = std::string(inspect["Created"].text_or(""))};
        item.references = image_references(inspect);
        for (const std::string& reference : item.references) {
            if (used_images_.contains(reference)) return;
        }
        item.name =
            item.references.empty() ? id.substr(std::min<std::size_t>(id.size(), 7), 12) : item.references.front();
        item.why =
            item.references.empty() ? "dangling: it has no name and no container uses it" : "no container uses it";
        item.since = arrival(id, inspect, info);
        if (const auto size = inspect["Size"].integer(); size && *size >= 0) item.size = *size;
        add(std::move(item), inspect.at("Config.Labels"));
    }

    /// When the image came to this host: its build date says nothing about that, so the last tagging or the engine's
    /// own file.
    std::optional<Nanoseconds> arrival(const std::string& id, const Json& inspect, const Json& info) {
        const auto built = parse_rfc3339(inspect["Created"].text_or(""));
        std::optional<Nanoseconds> came = parse_rfc3339(inspect.at("Metadata.LastTagTime").text_or(""));
        const std::string root(info["DockerRootDir"].text_or(""));
        const std::string driver(info["Driver"].text_or(""));
        if (local_ && root.starts_with('/') && id.size() == 71 && driver.find('/') == std::string::npos) {
            const auto file = host::file_facts(
                options_.root, fmt::format("{}/image/{}/imagedb/content/sha256/{}", root, driver, id.substr(7)));
            if (file && *file) came = std::max(came.value_or(0), static_cast<Nanoseconds>((*file)->modified) * kSecond);
        }
        if (!came) return std::nullopt;
        return std::max(*came, built.value_or(0));
    }

    const PruneOptions& options_;
    bool local_;
    PrunePlan& plan_;
    Sizes sizes_;
    std::set<std::string, std::less<>> used_images_;
    std::set<std::string, std::less<>> used_volumes_;
    std::set<std::string, std::less<>> used_networks_;
    std::set<std::string, std::less<>> parents_;  ///< images that others are built on; the engine keeps them
};

}  // namespace

Result<PrunePlan> plan_of(const PruneAnswers& answers, const PruneOptions& options, bool local) {
    PrunePlan plan{.made = options.now, .older_than = options.older_than, .only_label = options.only_label};
    std::vector<JsonDocument> documents;
    const auto parse = [&](const std::string& text, std::string_view what) -> Result<Json> {
        auto document = JsonDocument::parse(text.empty() ? "null" : text);
        if (!document) return document.error().during(what);
        documents.push_back(std::move(*document));
        return documents.back().root();
    };
    TRY(const Json containers, parse(answers.containers, "GET /containers/json"));
    TRY(const Json images, parse(answers.images, "GET /images/json"));
    TRY(const Json volumes, parse(answers.volumes, "GET /volumes"));
    TRY(const Json networks, parse(answers.networks, "GET /networks"));
    TRY(const Json info, parse(answers.info, "GET /info"));
    TRY(const Json df, parse(answers.sizes, "GET /system/df"));
    std::map<std::string, Json> details;
    for (const std::string& text : answers.details) {
        TRY(const Json detail, parse(text, "inspect data"));
        details.emplace(detail["Id"].text_or(""), detail);
    }
    Planner(options, local, plan).run(containers, images, volumes, networks, info, df, details);
    return plan;
}

}  // namespace plimsoll::posture
