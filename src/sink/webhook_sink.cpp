#include "sink/webhook_sink.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <iterator>

#include "base/text.h"
#include "base/time.h"
#include "sink/alert_json.h"

namespace plimsoll::sink {

namespace {

constexpr std::size_t kMostSaid = 200;  ///< of a refusing answer's body, in status and records

std::string said(const host::PostAnswer& answer) {
    std::string text = fmt::format("HTTP {}", answer.status);
    if (!answer.body.empty()) text += ": " + shortened(printable(answer.body), kMostSaid);
    return text;
}

Outcome judge(const host::PostAnswer& answer) {
    if (answer.status >= 200 && answer.status < 300) return {};
    if (answer.status >= 300 && answer.status < 400) {
        return {Verdict::again,
                fmt::format("HTTP {}: redirects are not followed; give the URL that it leads to", answer.status),
                answer.retry_after};
    }
    const bool for_good = answer.status >= 400 && answer.status < 500 && answer.status != 408 && answer.status != 425 &&
                          answer.status != 429;
    return {for_good ? Verdict::refused : Verdict::again, said(answer), answer.retry_after};
}

}  // namespace

std::string signature(std::string_view secret, std::int64_t seconds, std::string_view body) {
    const std::string text = fmt::format("{}.{}", seconds, body);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
    std::string out = fmt::format("t={},v1=", seconds);
    for (unsigned i = 0; i < length; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", digest[i]);
    return out;
}

Result<std::unique_ptr<Sink>> WebhookSink::make(WebhookConfig config) {
    TRY(host::PostUrl url, host::parse_post_url(config.url));
    url.target.ca_file = config.ca_file;
    url.target.cert_file = config.cert_file;
    url.target.key_file = config.key_file;
    for (const auto& [name, value] : config.headers) {
        if (!host::is_header(name, value)) return Error{fmt::format("the header '{}' cannot be sent", printable(name))};
    }
    return std::unique_ptr<Sink>(new WebhookSink(std::move(config), std::move(url)));
}

Outcome WebhookSink::deliver(const Delivery& delivery, const std::stop_token& stop) {
    const std::string body = webhook_body(delivery, config_.body);
    auto headers = config_.headers;
    headers.emplace_back("X-Plimsoll-Alert", alert_id(delivery));  // equal for a repeated delivery
    if (!config_.secret.empty()) {
        // Signed anew at each attempt, so that a receiver may refuse old signatures.
        headers.emplace_back("X-Plimsoll-Signature", signature(config_.secret, now() / kSecond, body));
    }
    const auto answer = poster_.post(headers, body, host::Patience::of(config_.timeout, stop));
    if (!answer) return {Verdict::again, answer.error().message, std::nullopt};
    return judge(*answer);
}

std::string WebhookSink::description() const { return "webhook " + poster_.url().shown(); }

}  // namespace plimsoll::sink
