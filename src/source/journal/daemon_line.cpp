#include "source/journal/daemon_line.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/json.h"
#include "base/text.h"

namespace plimsoll::source {

namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};

using Visit = std::function<void(std::string_view, std::string)>;

/// The value at the start of `rest`, quotes and their escapes undone; takes it off.
std::string take_value(std::string_view& rest) {
    if (!rest.starts_with('"')) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(word.size());
        return std::string(word);
    }
    std::string out;
    std::size_t i = 1;
    for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] != '\\' || i + 1 == rest.size()) {
            out += rest[i];
            continue;
        }
        const char escaped = rest[++i];
        out += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
    }
    rest.remove_prefix(std::min(rest.size(), i + 1));
    return out;
}

/// logrus text: key=value, blank between. False when the line is not of that form.
bool each_pair(std::string_view line, const Visit& visit) {
    bool any = false;
    while (!(line = trim(line)).empty()) {
        const auto equals = line.find('=');
        const auto blank = line.find(' ');
        if (equals == std::string_view::npos || equals == 0 || blank < equals) return any;
        const std::string_view key = line.substr(0, equals);
        line.remove_prefix(equals + 1);
        visit(key, take_value(line));
        any = true;
    }
    return any;
}

/// `METHOD /path` at the start of a text.
bool take_request(std::string_view text, DaemonLine& out) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos || std::ranges::find(kMethods, text.substr(0, blank)) == kMethods.end())
        return false;
    std::string_view path = text.substr(blank + 1);
    path = path.substr(0, path.find(' '));
    if (!path.starts_with('/')) return false;
    out.method = text.substr(0, blank);
    out.path = path;
    return true;
}

std::string level_of(std::string_view word) {
    const std::string low = lowered(word);
    if (low == "warn") return "warning";
    if (low == "panic" || low == "critical") return "fatal";
    if (low == "trace") return "debug";
    return low;
}

bool holds_any(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [text](std::string_view word) { return icontains(text, word); });
}

std::string kind_of(DaemonLine& line) {
    const std::string_view text = line.message;
    constexpr std::string_view kCalling = "Calling ";
    constexpr std::string_view kHandler = "Handler for ";
    if (text.starts_with(kCalling) && take_request(text.substr(kCalling.size()), line)) return "api";
    if (text.starts_with(kHandler) && take_request(text.substr(kHandler.size()), line)) return "error";
    const bool bad = line.level == "error" || line.level == "fatal";
    if (!bad && !line.method.empty() && !line.path.empty()) return "api";
    if (holds_any(text, {"tls handshake", "tls:", "x509", "certificate"})) return "tls";
    if (holds_any(text, {"plugin"}) && (bad || line.level == "warning")) return "plugin";
    if (holds_any(text,
                  {"pulling ", "pull ", "pulled", "attempting next endpoint for pull", "not continuing with pull"}))
        return bad ? "error" : "pull";
    if (bad) return "error";
    if (holds_any(text, {"starting up", "api listen on", "completed initialization", "loading containers: done"}))
        return "start";
    if (holds_any(text, {"processing signal", "shutdown complete", "stopping", "shutting down"})) return "stop";
    return "other";
}

}  // namespace

DaemonLine parse_daemon_line(std::string_view line) {
    DaemonLine out;
    bool has_message = false;
    const auto take = [&](std::string_view key, std::string value) {
        if (key == "time" || key == "ts") out.time = parse_rfc3339(value);
        if (key == "level") out.level = level_of(value);
        if (key == "msg" || key == "message") {
            out.message = std::move(value);
            has_message = true;
        } else if (key == "method") {
            out.method = std::move(value);
        } else if (key == "request-url" || key == "uri") {
            out.path = std::move(value);
        }
    };
    line = trim(line);
    bool formed = false;
    if (line.starts_with('{')) {
        if (const auto document = JsonDocument::parse(line); document && document->root().is_object()) {
            document->root().each_member(
                [&](std::string_view key, Json value) { take(key, std::string(value.text_or(""))); });
            formed = true;
        }
    } else if (line.starts_with("time=") || line.starts_with("level=") || line.starts_with("msg=")) {
        formed = each_pair(line, take);
    }
    if (!formed || !has_message) out.message = line;
    if (std::ranges::find(kMethods, out.method) == kMethods.end()) out.method.clear();
    if (!out.path.starts_with('/')) out.path.clear();
    out.kind = kind_of(out);
    return out;
}

}  // namespace plimsoll::source
