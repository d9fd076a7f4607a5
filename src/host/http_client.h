#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/endpoint.h"

namespace plimsoll::host {

/// Bounds on one request; an engine that is slow, hangs, or answers without end costs at most these.
struct HttpLimits {
    std::chrono::milliseconds connect{3000};
    std::chrono::milliseconds answer{10000};  ///< from the request's first byte to the answer's last
    std::size_t body_bytes = 8 * 1024 * 1024;
    std::size_t connections = 4;
};

struct HttpAnswer {
    unsigned status = 0;
    std::string body;
};

/// One part of a path or query from outside (an id, a name), percent-encoded so that it stays that part.
[[nodiscard]] std::string url_part(std::string_view text);

/// One request of a batch. Engines are only read: GET, unless `method` says otherwise.
struct HttpRequest {
    std::string target;
    std::string method = "GET";
};

/// Runs every request over a few kept-alive connections and calls `done(index, answer)` once for each, in the order in
/// which answers come, on the calling thread. Returns when all are done. A connection that breaks is opened anew; a
/// request is sent again once if its kept-alive connection was closed before the first byte of an answer. After several
/// time-outs in a row the rest is answered with an error at once, so that a hanging engine costs two time limits and
/// not one for each request. A target with a blank or control character is an error and never sent.
void run_requests(const Endpoint& endpoint, const HttpLimits& limits, const std::vector<HttpRequest>& requests,
                  const std::function<void(std::size_t, Result<HttpAnswer>)>& done);

}  // namespace plimsoll::host
