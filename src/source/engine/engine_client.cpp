#include "source/engine/engine_client.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

std::vector<std::string> texts(const Json& array) {
    std::vector<std::string> out;
    array.each([&](Json item) {
        if (const auto text = item.text(); text && *text != "<none>:<none>" && *text != "<none>@<none>")
            out.push_back(bounded(*text, 1024));
    });
    return out;
}

ImageIndex images_of(const Json& list) {
    ImageIndex out;
    list.each([&](Json image) {
        std::string id(image["Id"].text_or(""));
        if (id.empty()) return;
        if (!id.starts_with("sha256:")) id.insert(0, "sha256:");
        out[id] = {.tags = texts(image["RepoTags"]),
                   .digests = texts(image["RepoDigests"]),
                   .created = image["Created"].integer().value_or(0) * kSecond};
    });
    return out;
}

}  // namespace

void EngineClient::get(const std::vector<std::string>& targets,
                       const std::function<void(std::size_t, Reply)>& done) const {
    std::vector<host::HttpRequest> requests;
    requests.reserve(targets.size());
    for (const std::string& target : targets) requests.push_back({.target = target});
    host::run_requests(endpoint_, limits_, requests, [&](std::size_t index, Result<host::HttpAnswer> answer) {
        Reply reply;
        if (!answer) {
            reply.reason = answer.error().message;
        } else if (reply.status = answer->status; reply.status != 200) {
            reply.reason = fmt::format("the engine answered {}: {}", reply.status, bounded(answer->body, 512));
        } else if (auto document = JsonDocument::parse(answer->body); !document) {
            reply.reason = document.error().message;
        } else {
            reply.document = std::make_unique<JsonDocument>(std::move(*document));
        }
        done(index, std::move(reply));
    });
}

Result<std::string> EngineClient::kind() const {
    Result<std::string> out = Error{"not asked"};
    get({"/version"}, [&](std::size_t, Reply reply) {
        if (!reply.document) {
            out = Error{reply.reason};
            return;
        }
        out = std::string("docker");
        reply.document->root()["Components"].each([&](Json component) {
            if (component["Name"].text_or("").find("Podman") != std::string_view::npos) out = std::string("podman");
        });
    });
    return out;
}

Result<ImageIndex> EngineClient::images() const {
    Result<ImageIndex> out = Error{"not asked"};
    get({"/images/json"}, [&](std::size_t, Reply reply) {
        if (reply.document && reply.document->root().is_array())
            out = images_of(reply.document->root());
        else
            out = Error{reply.reason.empty() ? "the list of images is no list" : reply.reason};
    });
    return out;
}

Result<EngineState> EngineClient::state(std::string_view engine) const {
    EngineState out;
    std::vector<std::string> ids;
    std::optional<Error> fault;
    static const std::vector<std::string> kLists = {"/info", "/containers/json?all=1", "/images/json", "/networks",
                                                    "/volumes"};
    get(kLists, [&](std::size_t index, Reply reply) {
        const bool object = index == 0 || index == 4;
        if (!reply.document || (object ? !reply.document->root().is_object() : !reply.document->root().is_array())) {
            if (!fault) fault = Error{kLists[index] + ": " + (reply.reason.empty() ? "unexpected JSON" : reply.reason)};
            return;
        }
        const Json root = reply.document->root();
        switch (index) {
            case 0: out.engine_id = root["ID"].text_or(""); break;
            case 1:
                root.each([&](Json one) {
                    const std::string_view id = one["Id"].text_or("");
                    if (!id.empty() && ids.size() < 20'000) ids.emplace_back(id);
                });
                break;
            case 2: out.images = images_of(root); break;
            case 3:
                root.each(
                    [&](Json one) { out.networks[std::string(one["Id"].text_or(""))] = one["Name"].text_or(""); });
                break;
            default:
                root["Volumes"].each([&](Json one) {
                    out.volumes[bounded(one["Name"].text_or(""), 1024)] =
                        parse_rfc3339(one["CreatedAt"].text_or("")).value_or(0);
                });
        }
    });
    if (fault) return std::move(*fault);
    std::vector<std::string> targets;
    targets.reserve(ids.size());
    for (const std::string& id : ids) targets.push_back("/containers/" + host::url_part(id) + "/json");
    get(targets, [&](std::size_t index, Reply reply) {
        if (reply.status == 404) return;  // removed since it was listed
        auto record = reply.document ? container_record(snapshot(reply.document->root()), engine, out.images) : nullptr;
        if (record)
            out.containers.push_back(std::move(record));
        else
            out.unread.insert(ids[index]);
    });
    return out;
}

}  // namespace plimsoll::source
