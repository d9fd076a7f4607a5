#include "host/engine_stream_impl.h"
#include "host/http_tls.h"

namespace plimsoll::host::http {

namespace {

/// Owns the TLS settings that its stream borrows.
class TlsEngineStream final : public EngineStream {
public:
    explicit TlsEngineStream(std::stop_token stop) : inner_(std::move(stop)) {}

    Result<bool> start(const Endpoint& endpoint, const std::string& target, const StreamLimits& limits) {
        TRY_VOID(prepare_tls(endpoint, tls_));
        return inner_.start(endpoint, target, limits, [this](Batch& of) { return connect_tls(of, tls_); });
    }

    Result<std::size_t> read(std::span<char> into) override { return inner_.read(into); }
    [[nodiscard]] std::optional<pid_t> listener() const override { return std::nullopt; }

private:
    ssl::context tls_{ssl::context::tls_client};
    StreamOver<TlsStream> inner_;
};

}  // namespace

Result<std::unique_ptr<EngineStream>> open_tls_stream(const Endpoint& endpoint, const std::string& target,
                                                      const StreamLimits& limits, std::stop_token stop) {
    auto stream = std::make_unique<TlsEngineStream>(std::move(stop));
    TRY_VOID(stream->start(endpoint, target, limits));
    return std::unique_ptr<EngineStream>(std::move(stream));
}

}  // namespace plimsoll::host::http
