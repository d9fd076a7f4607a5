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

/// Whether a word of the request means the object of that id and name.
bool means(std::string_view word, std::string_view id, std::string_view name) {
    if (word.empty()) return false;
    if (word.starts_with('/')) word.remove_prefix(1);
    return word == name || (word.size() >= kShortestId && id.starts_with(word));
}

bool names_object(const EngineRequest& request, const model::Event& event) {
    std::string_view id = event.text("docker.id");
    std::string_view name = event.text("docker.name");
    if (const std::string_view container = event.text("container.full_id"); !container.empty()) {
        id = container;
        name = event.text("container.name");
    }
    const std::string_view image = event.text("container.image");
    const auto is = [&](std::string_view word) { return means(word, id, name) || (!image.empty() && word == image); };
    if (std::ranges::any_of(request.path, is)) return true;
    return std::ranges::any_of(request.query, [&](const auto& pair) { return is(pair.second); });
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
    if (request.path.size() < 2) return false;
    // The id of an exec session is in nobody else's mouth.
    if (const std::string_view session = event.text("exec.id"); !session.empty() && request.path[0] == "exec")
        return request.method == "POST" && request.path.size() == 3 && request.path[1] == session &&
               request.path[2] == "start";
    const auto fits = [&](const Asking& asking) {
        if (asking.action != action || asking.method != request.method) return false;
        return asking.verb.empty() ? request.path.size() == 2 : request.path.back() == asking.verb;
    };
    return std::ranges::any_of(kAskings, fits) && names_object(request, event);
}

}  // namespace plimsoll::enrich
