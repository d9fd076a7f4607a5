#include "posture/secrets.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/text.h"

namespace plimsoll::posture {

namespace {

struct Shape {
    std::string_view kind;
    const char* pattern;
};

/// Shapes that are secrets whatever they are called. Prefixes are those that the issuers document for their tokens.
constexpr std::array kShapes = {
    Shape{"private-key", "-----BEGIN [A-Z ]*PRIVATE KEY"},
    Shape{"aws-key", "\\b(AKIA|ASIA)[0-9A-Z]{16}\\b"},
    Shape{"token", "\\b(ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}"},
    Shape{"token", "\\bgithub_pat_[A-Za-z0-9_]{40,}"},
    Shape{"token", "\\bglpat-[A-Za-z0-9_-]{20}"},
    Shape{"token", "\\bxox[abeoprs]-[A-Za-z0-9-]{10,}"},
    Shape{"token", "\\b(sk|rk)_live_[A-Za-z0-9]{16,}"},
    Shape{"token", "\\bnpm_[A-Za-z0-9]{36}"},
    Shape{"token", "\\bAIza[A-Za-z0-9_-]{35}"},
    Shape{"token", "\\bSG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}"},
    Shape{"token", "\\beyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}"},
    Shape{"token", "(?i)authorization:\\s*(bearer|basic)\\s+[A-Za-z0-9+/=_.-]{8,}"},
    Shape{"url-credentials", "(?i)\\b[a-z][a-z0-9+.-]*://[^\\s/:@$'\"]*:[^\\s/:@$'\"{]+@"},
};

/// `NAME=value` and `--name value` in a command, where the name says that the value is secret.
constexpr const char* kAssignment =
    "(?i)(?:^|[\\s;&|\"'])(?:export\\s+|--)?[a-z0-9_-]*(?:passwd|password|passphrase|secret|api_?key|access_?key|"
    "private_?key|auth_?token)"
    "[a-z0-9_-]*(?:=|\\s+)['\"]?([^\\s'\"$;&|]{4,})";

const RE2::Set& shapes() {
    static const auto set = [] {
        auto made = std::make_unique<RE2::Set>(RE2::DefaultOptions, RE2::UNANCHORED);
        for (const Shape& shape : kShapes) made->Add(shape.pattern, nullptr);
        made->Compile();
        return made;
    }();
    return *set;
}

std::optional<std::string_view> shape_of(std::string_view text) {
    std::vector<int> hits;
    if (!shapes().Match(re2::StringPiece(text.data(), text.size()), &hits)) return std::nullopt;
    return kShapes[static_cast<std::size_t>(*std::ranges::min_element(hits))].kind;
}

/// Whether one of the words of a name (parted by _, - or .) is that word.
bool has_word(std::string_view name, std::string_view word) {
    for (std::size_t at = name.find(word); at != std::string_view::npos; at = name.find(word, at + 1)) {
        const auto is_edge = [&](std::size_t i) {
            return i >= name.size() || name[i] == '_' || name[i] == '-' || name[i] == '.';
        };
        if ((at == 0 || is_edge(at - 1)) && is_edge(at + word.size())) return true;
    }
    return false;
}

bool name_says_secret(std::string_view name) {
    static constexpr std::array<std::string_view, 8> kAnywhere = {"password", "passwd",     "passphrase", "secret",
                                                                  "apikey",   "credential", "api_key",    "access_key"};
    static constexpr std::array<std::string_view, 11> kWords = {
        "token",          "pass",        "pwd",     "pw",          "auth",   "private_key",
        "encryption_key", "signing_key", "ssh_key", "license_key", "app_key"};
    static constexpr std::array<std::string_view, 10> kNotSecret = {
        "min", "max", "length", "ttl", "expiry", "expires", "timeout", "policy", "enabled", "public"};
    if (std::ranges::any_of(kNotSecret, [&](auto word) { return has_word(name, word); })) return false;
    if (name.ends_with("_url") || name.ends_with("_uri") || name.ends_with("_name") || name.ends_with("_user") ||
        name.ends_with("_method") || name.ends_with("_type") || name.ends_with("_id") || name.ends_with("_algorithm")) {
        return false;
    }
    return std::ranges::any_of(kAnywhere, [&](auto part) { return name.find(part) != std::string_view::npos; }) ||
           std::ranges::any_of(kWords, [&](auto word) { return has_word(name, word); });
}

bool is_harmless(std::string_view value) {
    static constexpr std::array<std::string_view, 12> kWords = {
        "true", "false", "yes", "no", "on", "off", "none", "null", "required", "disabled", "enabled", "optional"};
    const std::string low = lowered(value);
    if (std::ranges::find(kWords, low) != kWords.end()) return true;
    return value.size() <= 3 && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_reference(std::string_view name, std::string_view value) {
    return name.ends_with("_file") || name.ends_with("_path") || name.ends_with("_dir") || value.starts_with('/') ||
           value.starts_with("file:") || value.starts_with("${") || value.starts_with("vault:") ||
           value.starts_with("arn:") || value.starts_with("{{");
}

}  // namespace

std::optional<SecretSign> secret_in_variable(std::string_view name, std::string_view value) {
    if (value.empty()) return std::nullopt;
    if (const auto kind = shape_of(value)) return SecretSign{*kind};
    const std::string low = lowered(name);
    if (!name_says_secret(low.ends_with("_file") ? low.substr(0, low.size() - 5) : low) || is_harmless(value))
        return std::nullopt;
    return SecretSign{"name", is_reference(low, value)};
}

std::optional<SecretSign> secret_in_text(std::string_view text) {
    if (const auto kind = shape_of(text)) return SecretSign{*kind};
    static const RE2 assignment(kAssignment);
    re2::StringPiece value;
    if (!RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), assignment, &value)) return std::nullopt;
    const std::string_view found(value.data(), value.size());
    if (is_harmless(found) || found.starts_with('/') || found.starts_with('<') || found.starts_with('-'))
        return std::nullopt;
    return SecretSign{"name"};
}

}  // namespace plimsoll::posture
