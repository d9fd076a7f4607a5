#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plimsoll::host {

/// Where a container engine listens, and how to speak TLS to it.
struct Endpoint {
    bool tcp = false;
    std::string path;  ///< of the unix socket
    std::string name;  ///< host name or address
    std::uint16_t port = 0;
    bool tls = false;
    bool tls_verify = true;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::string source;  ///< who named it: --host, DOCKER_HOST, context NAME, default

    /// unix:///var/run/docker.sock, tcp://10.0.0.5:2376
    [[nodiscard]] std::string to_text() const;
};

/// Reads `unix://PATH`, `tcp://HOST[:PORT]` or a bare path; port 2375 without TLS and 2376 with it when none is given.
Result<Endpoint> parse_endpoint(std::string_view text);

/// What of the environment decides the endpoint; a value so that tests need no real environment.
struct EndpointEnvironment {
    std::string docker_host;
    std::string docker_context;
    std::string docker_cert_path;
    bool docker_tls_verify = false;
    std::string home;
    std::string docker_config;                    ///< folder of config.json; ~/.docker when empty
    std::vector<std::string> well_known_sockets;  ///< tried when nothing names an endpoint

    static EndpointEnvironment of_process();
};

/// The endpoints to ask, by the docker client's own order: `hosts` given by the user, DOCKER_HOST, DOCKER_CONTEXT, the
/// current context, else every well-known socket that exists (links to the same socket once). Empty when there is none.
Result<std::vector<Endpoint>> choose_endpoints(const std::vector<std::string>& hosts,
                                               const EndpointEnvironment& environment);

}  // namespace plimsoll::host
