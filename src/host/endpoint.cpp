#include "host/endpoint.h"

#include <openssl/sha.h>
#include <sys/stat.h>

#include <fmt/format.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "base/json.h"

namespace plimsoll::host {

namespace {

constexpr std::size_t kMostConfigBytes = 1024 * 1024;

Result<std::string> read_config(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return Error{"cannot open " + path};
    std::string text(kMostConfigBytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

/// The docker client files a context under the SHA-256 of its name.
std::string context_folder(std::string_view name) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest.data());
    std::string hex;
    for (const unsigned char byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
    return hex;
}

/// Names those of the folder's certificate files that exist; none of them is required.
void use_certificates(Endpoint& endpoint, const std::string& folder) {
    const auto use = [&](std::string& file, const char* leaf) {
        struct stat facts {};
        if (stat((folder + leaf).c_str(), &facts) == 0 || errno != ENOENT) file = folder + leaf;
    };
    use(endpoint.ca_file, "ca.pem");
    use(endpoint.cert_file, "cert.pem");
    use(endpoint.key_file, "key.pem");
}

/// The current context by config.json; empty when there is no such file. One that cannot be read is an error, for it
/// may name another engine than the one that would be asked.
Result<std::string> current_context(const std::string& config) {
    const std::string path = config + "/config.json";
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::string();
        return Error{fmt::format("{}: {}", path, std::strerror(errno))};
    }
    if (!S_ISREG(facts.st_mode)) return Error{path + ": no regular file"};
    TRY(const std::string text, read_config(path));
    const auto document = JsonDocument::parse(text);
    if (!document) return document.error().during("reading " + path);
    const Json root = document->root();
    if (!root.is_object()) return Error{path + ": the document is no JSON object"};
    return std::string(root["currentContext"].text_or(""));
}

Result<Endpoint> endpoint_of_context(const std::string& config, const std::string& name) {
    const std::string meta = config + "/contexts/meta/" + context_folder(name) + "/meta.json";
    TRY(const std::string text, read_config(meta));
    TRY(const JsonDocument document, JsonDocument::parse(text));
    const Json docker = document.root().at("Endpoints.docker");
    const auto host = docker["Host"].text();
    if (!host) return Error{meta + " names no docker host"};
    TRY(Endpoint endpoint, parse_endpoint(*host));
    const std::string tls = config + "/contexts/tls/" + context_folder(name) + "/docker/";
    use_certificates(endpoint, tls);
    endpoint.tls = endpoint.tcp && (endpoint.tls || !endpoint.ca_file.empty() || !endpoint.cert_file.empty());
    endpoint.tls_verify = !docker["SkipTLSVerify"].truth_or(false);
    endpoint.source = "context " + name;
    return endpoint;
}

std::string environment_value(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

std::string Endpoint::to_text() const { return tcp ? fmt::format("tcp://{}:{}", name, port) : "unix://" + path; }

Result<Endpoint> parse_endpoint(std::string_view text) {
    Endpoint endpoint;
    if (text.starts_with("unix://") || text.starts_with('/')) {
        if (text.starts_with("unix://")) text.remove_prefix(7);
        if (text.empty()) return Error{"an engine's address needs a path after unix://"};
        if (text.size() > 107) return Error{"a unix socket's path has at most 107 bytes"};
        endpoint.path = text;
        return endpoint;
    }
    const bool https = text.starts_with("https://");
    const bool http = text.starts_with("http://");
    if (!text.starts_with("tcp://") && !https && !http) {
        return Error{fmt::format("'{}' is no engine address; expected unix:///path or tcp://host:port", text)};
    }
    text.remove_prefix(text.find("//") + 2);
    text = text.substr(0, text.find('/'));
    endpoint.tcp = true;
    endpoint.tls = https;
    const auto colon = text.rfind(':');
    const bool has_port = colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
    if (has_port) {
        const auto digits = text.substr(colon + 1);
        const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
        if (fault != std::errc() || end != digits.data() + digits.size() || endpoint.port == 0) {
            return Error{fmt::format("'{}' is no port", digits)};
        }
        text = text.substr(0, colon);
    }
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    endpoint.name = text.empty() ? "127.0.0.1" : std::string(text);
    return endpoint;
}

EndpointEnvironment EndpointEnvironment::of_process() {
    return {
        .docker_host = environment_value("DOCKER_HOST"),
        .docker_context = environment_value("DOCKER_CONTEXT"),
        .docker_cert_path = environment_value("DOCKER_CERT_PATH"),
        .docker_tls_verify = !environment_value("DOCKER_TLS_VERIFY").empty(),
        .home = environment_value("HOME"),
        .docker_config = environment_value("DOCKER_CONFIG"),
        .well_known_sockets = {"/var/run/docker.sock", "/run/docker.sock",
                               environment_value("XDG_RUNTIME_DIR") + "/docker.sock", "/run/podman/podman.sock",
                               environment_value("XDG_RUNTIME_DIR") + "/podman/podman.sock"},
    };
}

Result<std::vector<Endpoint>> choose_endpoints(const std::vector<std::string>& hosts,
                                               const EndpointEnvironment& environment) {
    const std::string config =
        environment.docker_config.empty() ? environment.home + "/.docker" : environment.docker_config;
    const std::string certificates = environment.docker_cert_path.empty() ? config : environment.docker_cert_path;
    const auto with_environment_tls = [&](Endpoint endpoint) {
        const bool https = endpoint.tls;  // asked for in the address: never without verification
        if (endpoint.tcp && (environment.docker_tls_verify || !environment.docker_cert_path.empty()))
            endpoint.tls = true;
        if (endpoint.tls) {
            endpoint.tls_verify = https || environment.docker_tls_verify;
            use_certificates(endpoint, certificates + "/");
        }
        if (endpoint.tcp && endpoint.port == 0) endpoint.port = endpoint.tls ? 2376 : 2375;
        return endpoint;
    };

    std::vector<Endpoint> chosen;
    const auto add_named = [&](std::string_view text, std::string_view source) -> Result<bool> {
        TRY(Endpoint endpoint, parse_endpoint(text));
        endpoint.source = source;
        chosen.push_back(with_environment_tls(std::move(endpoint)));
        return true;
    };
    for (const std::string& host : hosts) TRY_VOID(add_named(host, "--host"));
    if (!chosen.empty()) return chosen;
    if (!environment.docker_host.empty()) {
        TRY_VOID(add_named(environment.docker_host, "DOCKER_HOST"));
        return chosen;
    }

    std::string context = environment.docker_context;
    if (context.empty()) {
        TRY(context, current_context(config));
    }
    if (!context.empty() && context != "default") {
        auto endpoint = endpoint_of_context(config, context);
        if (!endpoint) return endpoint.error().during("reading the docker context '" + context + "'");
        if (endpoint->tcp && endpoint->port == 0) endpoint->port = endpoint->tls ? 2376 : 2375;
        chosen.push_back(std::move(*endpoint));
        return chosen;
    }

    std::set<std::pair<dev_t, ino_t>> seen;
    for (const std::string& path : environment.well_known_sockets) {
        struct stat facts {};
        if (path.empty() || stat(path.c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode)) continue;
        if (!seen.emplace(facts.st_dev, facts.st_ino).second) continue;
        chosen.push_back(Endpoint{.path = path, .source = "default"});
    }
    return chosen;
}

}  // namespace plimsoll::host
