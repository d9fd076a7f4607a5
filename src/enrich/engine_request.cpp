#include "enrich/engine_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plimsoll::enrich {

namespace {

constexpr std::size_t kMostTarget = 8192;
constexpr std::size_t kMostParts = 32;
constexpr std::size_t kShortestId = 4;  ///< engines take any beginning of an id that is one container's

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string decoded(std::string_view text, bool query) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
        const int low = high >= 0 ? digit(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += query && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

bool is_version(std::string_view part) {
    return part.size() > 1 && part[0] == 'v' && part.find_first_not_of("0123456789.", 1) == std::string_view::npos;
}

/// What an action of the engine is asked for with: method and last part of the path.
struct Asking {
    std::string_view action;
    std::string_view method;
    std::string_view verb;  ///< empty: the object itself ends the path
};
constexpr auto kAskings = std::to_array<Asking>({
    {"create", "POST", "create"},
    {"start", "POST", "start"},
    {"start", "POST", "restart"},
    {"restart", "POST", "restart"},
    {"stop", "POST", "stop"},
    {"stop", "POST", "restart"},
    {"kill", "POST", "kill"},
    {"kill", "POST", "stop"},
    {"kill", "POST", "restart"},
    {"kill", "DELETE", ""},
    {"destroy", "DELETE", ""},
    {"remove", "DELETE", ""},
    {"pause", "POST", "pause"},
    {"unpause", "POST", "unpause"},
    {"rename", "POST", "rename"},
    {"update", "POST", "update"},
    {"attach", "POST", "attach"},
    {"attach", "GET", "ws"},
    {"resize", "POST", "resize"},
    {"commit", "POST", "commit"},
    {"exec_create", "POST", "exec"},
    {"exec", "POST", "exec"},
    {"archive-path", "GET", "archive"},
    {"archive-path", "HEAD", "archive"},
    {"extract-to-dir", "PUT", "archive"},
    {"export", "GET", "export"},
    {"pull", "POST", "create"},
    {"push", "POST", "push"},
    {"tag", "POST", "tag"},
    {"untag", "DELETE", ""},
    {"delete", "DELETE", ""},
    {"connect", "POST", "connect"},
    {"disconnect", "POST", "disconnect"},
    {"connect", "POST", "start"},
    {"top", "GET", "top"},
});

std::string_view without(std::string_view text, std::string_view front) {
    return text.starts_with(front) ? text.substr(front.size()) : text;
}

/// Whether a word of the request means the object of that id and name.
bool means(std::string_view word, std::string_view id, std::string_view name) {
    word = without(without(word, "/"), "sha256:");
    if (word.empty()) return false;
    return word == name || word == id || (word.size() >= kShortestId && without(id, "sha256:").starts_with(word));
}

std::string_view value_of(const EngineRequest& request, std::string_view key) {
    const auto found = std::ranges::find(request.query, key, &std::pair<std::string, std::string>::first);
    return found == request.query.end() ? std::string_view() : std::string_view(found->second);
}

bool means_container(std::string_view word, const model::Event& event) {
    if (const std::string_view id = event.text("container.full_id"); !id.empty())
        return means(word, id, event.text("container.name"));
    return means(word, event.text("docker.id"), event.text("docker.name"));
}

/// An image's name, which may have slashes: the rest of the path, without its verb, or what is to be fetched.
std::string image_in(const EngineRequest& request, std::size_t first, bool verb) {
    std::string name(value_of(request, "fromImage"));
    if (name.empty()) name = value_of(request, "reference");
    if (const std::string_view tag = value_of(request, "tag"); !name.empty() && !tag.empty())
        (name += tag.find(':') == std::string_view::npos ? ":" : "@") += tag;
    if (!name.empty()) return name;
    for (std::size_t i = first; i + (verb ? 1 : 0) < request.path.size(); ++i)
        name += (i > first ? "/" : "") + request.path[i];
    return name;
}

bool means_image(std::string_view word, const model::Event& event) {
    for (const std::string_view front : {"docker.io/library/", "docker.io/"}) word = without(word, front);
    const std::string_view id = event.text("docker.id"), name = event.text("docker.name");
    if (means(word, id, name)) return true;
    const std::string_view latest = ":latest";  // engines tell of it with its tag
    return id.ends_with(latest) && word == id.substr(0, id.size() - latest.size());
}

/// Whether the request is about the very object of the event: each kind has its own place for it.
bool names_object(const EngineRequest& request, const model::Event& event, bool verb) {
    const std::size_t at = request.path[0] == "libpod" ? 1 : 0;
    if (request.path.size() < at + 1) return false;
    const std::string_view kind = request.path[at];
    if (kind == "commit") return means_container(value_of(request, "container"), event);
    if (kind == "images") return means_image(image_in(request, at + 1, verb), event);
    if (request.path.size() < at + 2) return false;
    const std::string_view word = request.path[at + 1];
    if (kind == "containers") {
        const std::string_view given = value_of(request, "name");  // of one that is made, or named anew
        return (word != "create" && means_container(word, event)) || (!given.empty() && means_container(given, event));
    }
    return means(word, event.text("docker.id"), event.text("docker.name"));
}

}  // namespace

std::string EngineRequest::to_text() const {
    std::string text = method + " ";
    for (const std::string& part : path) text += "/" + part;
    return text;
}

EngineRequest engine_request(std::string_view method, std::string_view target) {
    EngineRequest request;
    target = target.substr(0, kMostTarget);
    if (const auto scheme = target.find("://"); scheme != std::string_view::npos && !target.starts_with('/')) {
        const auto path = target.find('/', scheme + 3);
        target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
    }
    request.method = method;
    const auto mark = target.find('?');
    for (const std::string_view part : split(target.substr(0, mark), '/')) {
        if (part.empty() || request.path.size() >= kMostParts) continue;
        if (request.path.empty() && is_version(part)) continue;
        request.path.push_back(decoded(part, false));
    }
    if (mark == std::string_view::npos) return request;
    for (const std::string_view pair : split(target.substr(mark + 1), '&')) {
        if (request.query.size() >= kMostParts) break;
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        request.query.emplace_back(decoded(pair.substr(0, equals), true), decoded(pair.substr(equals + 1), true));
    }
    return request;
}

bool asks_for(const EngineRequest& request, const model::Event& event, std::string_view action) {
    if (request.path.empty() || (request.path.size() == 1 && request.path[0] != "commit")) return false;
    // The id of an exec session is in nobody else's mouth.
    if (const std::string_view session = event.text("exec.id"); !session.empty() && request.path[0] == "exec")
        return request.method == "POST" && request.path.size() == 3 && request.path[1] == session &&
               request.path[2] == "start";
    const std::size_t bare = request.path[0] == "libpod" ? 3 : 2;
    const auto fits = [&](const Asking& asking) {
        if (asking.action != action || asking.method != request.method) return false;
        const bool ends = asking.verb.empty() ? request.path.size() == bare || request.path[bare - 2] == "images"
                                              : request.path.back() == asking.verb;
        return ends && names_object(request, event, !asking.verb.empty());
    };
    return std::ranges::any_of(kAskings, fits);
}

}  // namespace plimsoll::enrich
