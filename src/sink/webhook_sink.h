#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/http_post.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// POSTs each alert. 2xx is delivered; 4xx but 408, 425 and 429 is refused; all else, redirects too, is tried again.
class WebhookSink final : public Sink {
public:
    /// An error is a URL or header that cannot be used.
    static Result<std::unique_ptr<Sink>> make(WebhookConfig config);

    [[nodiscard]] Outcome deliver(const Delivery& delivery, const std::stop_token& stop) override;
    [[nodiscard]] std::string description() const override;

private:
    WebhookSink(WebhookConfig config, host::PostUrl url) : config_(std::move(config)), poster_(std::move(url)) {}

    WebhookConfig config_;
    host::HttpPoster poster_;
};

/// Value of X-Plimsoll-Signature, `t=SECONDS,v1=HEX`: HMAC-SHA256 of "SECONDS.BODY". A receiver recomputes it and
/// refuses old times.
[[nodiscard]] std::string signature(std::string_view secret, std::int64_t seconds, std::string_view body);

}  // namespace plimsoll::sink
