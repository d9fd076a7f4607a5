#include "posture/image_facts.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "base/text.h"
#include "host/os_release.h"
#include "model/image_name.h"
#include "posture/container_parts.h"
#include "posture/history.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

constexpr std::size_t kMostOsRelease = 64 * 1024;

bool is_root_user(std::string_view configured) {
    const std::string_view user = configured.substr(0, configured.find(':'));
    return user.empty() || user == "root" || user.find_first_not_of('0') == std::string_view::npos;
}

std::vector<std::string> member_names(const Json& object) {
    std::vector<std::string> names;
    object.each_member([&](std::string_view name, Json) { names.emplace_back(name); });
    return names;
}

std::vector<std::string> real_tags(const Json& tags) {
    auto all = strings(tags);
    std::erase_if(all, [](const std::string& tag) { return tag.starts_with("<none>"); });
    return all;
}

void set_name(const ImageReading& in, const std::string& at, Facts& out) {
    const auto tags = real_tags(in.inspect["RepoTags"]);
    auto digests = strings(in.inspect["RepoDigests"]);
    std::erase_if(digests, [](const std::string& digest) { return digest.starts_with("<none>"); });
    const std::string reference = !tags.empty() ? tags.front() : !digests.empty() ? digests.front() : std::string();
    const model::ImageName name = model::parse_image_name(reference);
    out.set("image.name", tags.empty() ? "<none>" : tags.front(), at + " RepoTags");
    out.set_list("image.tags", tags, at + " RepoTags");
    out.set_list("image.digests", digests, at + " RepoDigests");
    out.set("image.dangling", tags.empty() && digests.empty(), at + " RepoTags");
    if (reference.empty()) {
        for (const FieldKey field : {FieldKey("image.repository"), FieldKey("image.registry"), FieldKey("image.tag")})
            out.absent(field, at);
    } else {
        out.set("image.repository", name.repository, at);
        out.set("image.registry", name.registry, at);
        if (name.tag.empty())
            out.absent("image.tag", at);
        else
            out.set("image.tag", name.tag, at);
    }
    if (in.allowed.empty() || reference.empty()) {
        out.absent("image.allowed", "no allow-list");
    } else {
        const bool written = name.repository.starts_with(name.registry + "/");
        const std::string full = written ? name.repository : name.registry + "/" + name.repository;
        const bool allowed = std::ranges::any_of(in.allowed, [&](const std::string& pattern) {
            return fnmatch(pattern.c_str(), full.c_str(), 0) == 0 ||
                   fnmatch(pattern.c_str(), name.repository.c_str(), 0) == 0;
        });
        out.set("image.allowed", allowed, "allow-list");
    }
}

void set_system_unknown(std::string_view reason, Facts& out) {
    for (const FieldKey field : {FieldKey("image.os.id"), FieldKey("image.os.version"), FieldKey("image.os.eol"),
                                 FieldKey("image.os.eol.passed"), FieldKey("image.os.eol.days")}) {
        out.unknown(field, reason);
    }
}

void set_system(const ImageReading& in, Facts& out) {
    if (!in.local) return set_system_unknown("the image's files are on another host", out);
    Result<std::optional<std::string>> text = std::optional<std::string>();
    for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
        text = read_from_layers(in.inspect["GraphDriver"], path, kMostOsRelease);
        if (!text || *text) break;
    }
    if (!text) return set_system_unknown(text.error().message, out);
    const char* at = "os-release in the image's layers";
    if (!*text) {
        for (const FieldKey field : {FieldKey("image.os.id"), FieldKey("image.os.version"), FieldKey("image.os.eol"),
                                     FieldKey("image.os.eol.passed"), FieldKey("image.os.eol.days")}) {
            out.absent(field, "the image has no os-release");
        }
        return;
    }
    const host::OsRelease release = host::parse_os_release(**text);
    out.set("image.os.id", release.id, at);
    out.set("image.os.version", release.version_id, at);
    const Cycle* cycle = in.cycles.find(release.id, release.version_id);
    if (cycle == nullptr || release.version_id.empty()) {
        const std::string reason = fmt::format("the shipped life-cycle data does not know {} {}", printable(release.id),
                                               printable(release.version_id));
        for (const FieldKey field :
             {FieldKey("image.os.eol"), FieldKey("image.os.eol.passed"), FieldKey("image.os.eol.days")})
            out.unknown(field, reason);
        return;
    }
    out.set("image.os.eol.passed", cycle->end && *cycle->end < in.now, "life-cycle data");
    if (cycle->end) {
        out.set("image.os.eol", to_date(*cycle->end), "life-cycle data");
        out.set_number("image.os.eol.days", (*cycle->end - in.now) / kDay, "life-cycle data");
    } else {
        out.absent("image.os.eol", "life-cycle data");
        out.absent("image.os.eol.days", "life-cycle data");
    }
}

}  // namespace

ImageIndex read_image_index(const Json& list) {
    ImageIndex index;
    list.each([&](Json entry) {
        ImageSummary image{.id = std::string(entry["Id"].text_or("")),
                           .tags = real_tags(entry["RepoTags"]),
                           .digests = strings(entry["RepoDigests"])};
        std::erase_if(image.digests, [](const std::string& digest) { return digest.starts_with("<none>"); });
        if (!image.id.starts_with("sha256:")) image.id = "sha256:" + image.id;
        if (const auto created = entry["Created"].integer(); created && *created > 0)
            image.created = *created * kSecond;
        for (const std::string& tag : image.tags) index.id_of_tag[tag] = image.id;
        index.by_id[image.id] = std::move(image);
    });
    return index;
}

Result<std::optional<std::string>> read_from_layers(const Json& graph_driver, std::string_view path,
                                                    std::size_t limit) {
    const Json data = graph_driver["Data"];
    const std::string_view upper = data["UpperDir"].text_or("");
    if (upper.empty())
        return Error{fmt::format("the engine does not say where the files of its {} images lie",
                                 graph_driver["Name"].text_or("own"))};
    std::vector<std::string_view> layers{upper};
    if (const std::string_view lower = data["LowerDir"].text_or(""); !lower.empty()) {
        const auto more = split(lower, ':');
        layers.insert(layers.end(), more.begin(), more.end());
    }
    for (const std::string_view layer : layers) {
        const auto text = host::read_if_exists(host::Root{std::string(layer)}, path, limit);
        if (!text) return text.error();
        if (*text) return text;
    }
    return std::optional<std::string>();
}

void gather_image(const ImageReading& in, model::FactStore& store, Facts& out) {
    std::string_view id = in.inspect["Id"].text_or("");
    if (id.starts_with("sha256:")) id.remove_prefix(7);
    const std::string at = fmt::format("GET /images/{}/json", id.substr(0, 12));
    const Json config = in.inspect["Config"];
    out.set("image.id", id, at);
    set_name(in, at, out);
    if (const auto created = parse_rfc3339(in.inspect["Created"].text_or("")); created && *created > kDay) {
        out.set_number("image.age_days", std::max<Nanoseconds>(in.now - *created, 0) / kDay, at + " Created");
    } else {
        out.absent("image.age_days", at + " Created");
    }
    out.set_number("image.size", in.inspect["Size"].integer().value_or(0), at + " Size");
    const std::string_view user = config["User"].text_or("");
    out.set("image.user", user, at + " Config.User");
    out.set("image.user.root", is_root_user(user), at + " Config.User");
    const auto test = strings(config.at("Healthcheck.Test"));
    out.set("image.healthcheck", !test.empty() && test.front() != "NONE", at + " Config.Healthcheck");
    const auto ports = member_names(config["ExposedPorts"]);
    out.set_list("image.ports", ports, at + " Config.ExposedPorts");
    out.set("image.ports.ssh",
            std::ranges::any_of(ports, [](const std::string& port) { return port == "22/tcp" || port == "22"; }),
            at + " Config.ExposedPorts");
    out.set_list("image.volumes", member_names(config["Volumes"]), at + " Config.Volumes");
    out.absent("image.label", at + " Config.Labels");
    config["Labels"].each_member([&](std::string_view key, Json value) {
        out.set_keyed("image.label", key, value.text_or(""), at + " Config.Labels");
    });
    out.set_number("image.labels.count", static_cast<std::int64_t>(config["Labels"].size()), at + " Config.Labels");
    out.set_number("image.layers", static_cast<std::int64_t>(in.inspect.at("RootFS.Layers").size()), at + " RootFS");
    out.set("image.used", in.used, "GET /containers/json ImageID");
    set_system(in, out);
    const auto variables = strings(config["Env"]);
    gather_variables(variables, variables, at + " Config.Env", store, out);
}

void gather_history(const Json& history, model::FactStore& store, const Facts& image) {
    std::size_t number = 0;
    history.each([&](Json entry) {
        const HistoryStep step = parse_history(entry["CreatedBy"].text_or(""));
        const std::string name = fmt::format("step {}: {} {}", history.size() - number, step.instruction,
                                             shortened(printable(step.command), 60));
        model::Facts& layer = store.add(model::SubjectKind::layer, std::to_string(number), name, &image);
        gather_layer(step, entry["Size"].integer().value_or(0), layer, "GET /images/ID/history");
        ++number;
    });
}

}  // namespace plimsoll::posture
