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

using Texts = std::vector<std::string_view>;

struct Shape {
    std::string_view kind;
    const char* pattern;
};

/// Shapes that are secrets whatever they are called. Prefixes are those that the issuers document for their tokens.
constexpr std::array kShapes = {
    Shape{"private-key", "-----BEGIN [A-Z ]*PRIVATE KEY"},
    Shape{"private-key", "\\bAGE-SECRET-KEY-1[0-9A-Z]{50,}"},
    Shape{"aws-key", "\\b(AKIA|ASIA)[0-9A-Z]{16}\\b"},
    Shape{"token", "\\b(ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}"},
    Shape{"token", "\\bgithub_pat_[A-Za-z0-9_]{40,}"},
    Shape{"token", "\\bglpat-[A-Za-z0-9_-]{20}"},
    Shape{"token", "\\bxox[abeoprs]-[A-Za-z0-9-]{10,}"},
    Shape{"token", "\\b(sk|rk)_(live|test)_[A-Za-z0-9]{10,}"},
    Shape{"token", "\\bnpm_[A-Za-z0-9]{36}"},
    Shape{"token", "\\bdop_v1_[a-f0-9]{64}"},
    Shape{"token", "\\bhvs\\.[A-Za-z0-9_-]{24,}"},
    Shape{"token", "\\bAIza[A-Za-z0-9_-]{35}"},
    Shape{"token", "\\bSG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}"},
    Shape{"token", "\\beyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}"},
    Shape{"token", "(?i)authorization:\\s*(bearer|basic)\\s+[A-Za-z0-9+/=_.-]{8,}"},
    Shape{"url-credentials", "(?i)\\b[a-z][a-z0-9+.-]*://[^\\s/:@$'\"]*:[^\\s/:@$'\"{]+@"},
    Shape{"url-credentials", "\\b[^\\s/:@$'\"]+:[^\\s/:@$'\"{]+@(tcp|unix)\\("},
};

/// `NAME=value` and `--name value` in a command, where the name may say that the value is secret.
constexpr const char* kAssignment =
    "(?i)(?:^|[\\s;&|\"'])(?:export\\s+|--)?([a-z0-9_-]*(?:passwd|password|passphrase|secret|api_?key|access_?key|"
    "private_?key|auth_?token)[a-z0-9_-]*)(?:=|\\s+)['\"]?([^\\s'\"$;&|]{4,})";

/// `password=value` and its like inside a connection string or an option.
constexpr const char* kInsideValue =
    "(?i)(?:^|[^a-z0-9_.-])[a-z0-9_.-]*(?:password|passwd|pwd|account_?key|shared_?access_?key|client_?secret)"
    "\\s*=\\s*['\"]?([^\\s'\",;&]+)";

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

template <std::size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
    return std::ranges::find(words, word) != words.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

/// The words of a name, parted by _, - or a dot, without the numbers.
Texts words_of(std::string_view name) {
    Texts words;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= name.size(); ++i) {
        if (i < name.size() && name[i] != '_' && name[i] != '-' && name[i] != '.') continue;
        const std::string_view word = name.substr(start, i - start);
        if (!word.empty() && !is_number(word)) words.push_back(word);
        start = i + 1;
    }
    return words;
}

/// What a name says about its value.
enum class Promise : std::uint8_t { none, password, key, access_token, authentication };

/// Whether a word is, or ends like, the name of a password: DBPASS, ROOTPW, PGPASSWORD.
bool says_password(std::string_view word) {
    static constexpr std::array<std::string_view, 4> kInside = {"password", "passwd", "passphrase", "passcode"};
    static constexpr std::array<std::string_view, 3> kEndings = {"pass", "pwd", "pw"};
    static constexpr std::array<std::string_view, 8> kOrdinary = {"compass",   "bypass",   "surpass", "trespass",
                                                                  "encompass", "overpass", "oldpwd",  "underpass"};
    if (std::ranges::any_of(kInside, [&](auto part) { return word.find(part) != std::string_view::npos; })) return true;
    return !is_one_of(word, kOrdinary) &&
           std::ranges::any_of(kEndings, [&](auto ending) { return word.ends_with(ending); });
}

/// What a KEY is for, when the key is a secret one. Others are names of things: GPG_KEY, CACHE_KEY, PUBLIC_KEY.
bool is_secret_purpose(std::string_view word) {
    static constexpr auto kPurposes = std::to_array<std::string_view>(
        {"api",      "access",  "private", "encryption", "encrypt", "signing", "sign",
         "ssh",      "license", "app",     "jwt",        "account", "auth",    "session",
         "cookie",   "crypto",  "aes",     "hmac",       "master",  "storage", "shared",
         "consumer", "admin",   "deploy",  "webhook",    "cipher",  "service", "decryption"});
    return is_one_of(word, kPurposes);
}

Promise promise_of(const Texts& words, std::size_t at) {
    const std::string_view word = words[at];
    const bool last = at + 1 == words.size();
    if (says_password(word)) return Promise::password;
    if (word.find("secret") != std::string_view::npos || word.find("credential") != std::string_view::npos)
        return Promise::key;
    if (word == "key" && at > 0 && is_secret_purpose(words[at - 1])) return Promise::key;
    if (word.size() > 3 && word.ends_with("key") && is_secret_purpose(word.substr(0, word.size() - 3)))
        return Promise::key;
    if (word.find("apikey") != std::string_view::npos) return Promise::key;
    if (word.ends_with("token")) return Promise::key;
    if (last && word == "pat") return Promise::access_token;
    if (last && word == "auth") return Promise::authentication;
    return Promise::none;
}

/// Words behind the secret's own that make the name one of a setting: PASSWORD_HASHER, TOKEN_ISSUER, AUTH_PORT_80_TCP.
bool says_setting(std::string_view word) {
    static constexpr auto kSettings = std::to_array<std::string_view>(
        {"mode",       "host",       "hosts",      "hostname", "port",      "ports",    "sock",       "socket",
         "level",      "issuer",     "audience",   "hasher",   "hashers",   "store",    "storage",    "region",
         "helper",     "helpers",    "url",        "urls",     "uri",       "endpoint", "name",       "names",
         "user",       "username",   "email",      "type",     "types",     "method",   "methods",    "algorithm",
         "algorithms", "alg",        "algo",       "provider", "providers", "driver",   "backend",    "backends",
         "format",     "scheme",     "strength",   "policy",   "cols",      "column",   "columns",    "rows",
         "service",    "manager",    "class",      "prefix",   "suffix",    "header",   "headers",    "field",
         "fields",     "param",      "parameter",  "ttl",      "expiry",    "expires",  "expiration", "expire",
         "timeout",    "length",     "size",       "count",    "limit",     "min",      "max",        "enabled",
         "enable",     "disabled",   "required",   "optional", "version",   "rounds",   "cost",       "iterations",
         "interval",   "period",     "age",        "days",     "hours",     "minutes",  "seconds",    "lifetime",
         "realm",      "domain",     "scope",      "scopes",   "ids",       "kind",     "through",    "thru",
         "validator",  "validators", "validation", "plugin",   "server",    "addr"});
    return is_one_of(word, kSettings);
}

Promise promise_of(std::string_view name) {
    static constexpr std::array<std::string_view, 10> kNever = {"min",     "max",     "length", "ttl",     "expiry",
                                                                "expires", "timeout", "policy", "enabled", "public"};
    if (name == "pwd") return Promise::none;  // the shell's working directory
    const Texts words = words_of(name);
    if (std::ranges::any_of(words, [](auto word) { return is_one_of(word, kNever); })) return Promise::none;
    Promise found = Promise::none;
    std::size_t at = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (const Promise promise = promise_of(words, i); promise != Promise::none) {
            found = promise;
            at = i;
        }
    }
    if (found == Promise::none) return found;
    if (std::any_of(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end(), says_setting))
        return Promise::none;
    return found;
}

bool is_uuid(std::string_view value) {
    static const RE2 uuid("(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), uuid);
}

/// An id is no secret; the secret id of a Vault role is one.
bool is_plain_id(std::string_view name, std::string_view value) {
    if (!name.ends_with("_id")) return false;
    if (!name.ends_with("secret_id")) return true;
    return !is_uuid(value) && name.find("vault") == std::string_view::npos &&
           name.find("role") == std::string_view::npos;
}

bool is_harmless(std::string_view value, Promise promise) {
    static constexpr std::array<std::string_view, 12> kWords = {
        "true", "false", "yes", "no", "on", "off", "none", "null", "required", "disabled", "enabled", "optional"};
    static constexpr std::array<std::string_view, 18> kMethods = {
        "basic", "digest", "oauth",    "oauth2", "oidc", "ldap",  "saml",  "jwt",       "token",
        "trust", "md5",    "kerberos", "mtls",   "peer", "local", "plain", "anonymous", "password"};
    const std::string low = lowered(value);
    if (is_one_of(low, kWords) || value == "0" || value == "1") return true;
    if (promise == Promise::authentication && is_one_of(low, kMethods)) return true;
    if (promise == Promise::access_token) {
        return value.size() < 8 || !std::ranges::all_of(low, [](char c) {
                   return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
               });
    }
    if (promise == Promise::password) return false;
    return (is_number(value) && value.size() <= 3) || low.starts_with("http://") || low.starts_with("https://");
}

/// Random text in base64: capitals, small letters and digits follow each other far more often than in a path.
bool looks_random(std::string_view value) {
    if (value.size() < 16) return false;
    const auto group = [](char c) {
        if (c >= 'a' && c <= 'z') return 1;
        if (c >= 'A' && c <= 'Z') return 2;
        if (is_digit(c)) return 3;
        return c == '+' || c == '/' || c == '=' || c == '-' || c == '_' ? 0 : -1;
    };
    std::size_t changes = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const int here = group(value[i]);
        if (here < 0) return false;
        const int before = i == 0 ? 0 : group(value[i - 1]);
        if (here != before && here != 0 && before != 0) ++changes;
    }
    return changes * 4 > value.size();
}

/// A path: below a usual folder, or of several components of the characters that file names have.
bool is_path(std::string_view value) {
    static constexpr std::array<std::string_view, 17> kFolders = {
        "/run/", "/etc/", "/var/",    "/secrets/", "/vault/", "/opt/",  "/usr/",   "/home/", "/mnt/",
        "/tmp/", "/app/", "/config/", "/root/",    "/srv/",   "/data/", "/certs/", "/dev/"};
    static constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";
    for (const std::string_view start : {"~", ".."}) {
        if (value.starts_with(start) && value.substr(start.size()).starts_with('/')) return true;
    }
    if (value.starts_with("./")) return true;
    if (!value.starts_with('/') || looks_random(value)) return false;
    if (std::ranges::any_of(kFolders, [&](auto folder) { return value.starts_with(folder); })) return true;
    const auto parts = split(value.substr(1), '/');
    return parts.size() > 1 && std::ranges::all_of(parts, [](std::string_view part) {
               return part.find_first_not_of(kPlain) == std::string_view::npos;
           });
}

bool is_placeholder(std::string_view value) {
    static constexpr std::array<std::string_view, 7> kStarts = {"file:", "${", "vault:", "arn:", "{{", "op://", "$("};
    return std::ranges::any_of(kStarts, [&](auto start) { return value.starts_with(start); });
}

/// NAME_FILE, NAME_PATH and NAME_DIR say where the secret lies, if their value can be a place.
bool names_place(std::string_view name, std::string_view value) {
    if (name.ends_with("_path") || name.ends_with("_dir")) return true;
    if (!name.ends_with("_file")) return false;
    const auto dot = value.rfind('.');
    const bool has_ending =
        dot != std::string_view::npos && dot > 0 && dot + 1 < value.size() && value.size() - dot <= 7;
    return has_ending || (value.find('/') != std::string_view::npos && !looks_random(value));
}

bool is_reference(std::string_view name, std::string_view value) {
    return names_place(name, value) || is_path(value) || is_placeholder(value);
}

/// Whether a connection string, or options of a program, carry a password.
bool holds_password(std::string_view value) {
    static const RE2 inside(kInsideValue);
    re2::StringPiece rest(value.data(), value.size());
    re2::StringPiece found;
    while (RE2::FindAndConsume(&rest, inside, &found)) {
        const std::string_view secret(found.data(), found.size());
        const bool stands_for = secret.front() == '$' || secret.front() == '{' || secret.front() == '<' ||
                                secret.front() == '%' || (secret.front() == '/' && !looks_random(secret));
        if (!stands_for && !is_placeholder(secret) && !is_harmless(secret, Promise::password)) return true;
    }
    return false;
}

}  // namespace

std::optional<SecretSign> secret_in_variable(std::string_view name, std::string_view value) {
    if (value.empty()) return std::nullopt;
    if (const auto kind = shape_of(value)) return SecretSign{*kind};
    if (holds_password(value)) return SecretSign{"connection-string"};
    const std::string low = lowered(name);
    const std::string_view whole = low;
    const std::string_view subject = whole.ends_with("_file") ? whole.substr(0, whole.size() - 5) : whole;
    const Promise promise = promise_of(subject);
    if (promise == Promise::none || is_plain_id(subject, value) || is_harmless(value, promise)) return std::nullopt;
    return SecretSign{"name", is_reference(whole, value)};
}

std::optional<SecretSign> secret_in_text(std::string_view text) {
    if (const auto kind = shape_of(text)) return SecretSign{*kind};
    static const RE2 assignment(kAssignment);
    re2::StringPiece rest(text.data(), text.size());
    re2::StringPiece name;
    re2::StringPiece value;
    while (RE2::FindAndConsume(&rest, assignment, &name, &value)) {
        const std::string low = lowered(std::string_view(name.data(), name.size()));
        const std::string_view found(value.data(), value.size());
        const Promise promise = promise_of(low);
        if (promise == Promise::none || is_plain_id(low, found) || is_harmless(found, promise)) continue;
        if (is_reference(low, found) || found.front() == '<' || found.front() == '-') continue;
        return SecretSign{"name"};
    }
    return std::nullopt;
}

}  // namespace plimsoll::posture
