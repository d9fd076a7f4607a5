#include "host/engine_stream.h"

#include "host/engine_stream_impl.h"

namespace plimsoll::host {

Result<std::unique_ptr<EngineStream>> EngineStream::open(const Endpoint& endpoint, const std::string& target,
                                                         const StreamLimits& limits, std::stop_token stop) {
    if (endpoint.tcp && endpoint.tls) return http::open_tls_stream(endpoint, target, limits, std::move(stop));
    auto stream = std::make_unique<http::StreamOver<http::Socket>>(std::move(stop));
    TRY_VOID(stream->start(endpoint, target, limits,
                           [](http::Batch& of) -> boost::asio::awaitable<std::unique_ptr<http::Socket>> {
                               auto socket = std::make_unique<http::Socket>(of.io);
                               co_await http::connect_socket(of, *socket);
                               co_return socket;
                           }));
    return std::unique_ptr<EngineStream>(std::move(stream));
}

}  // namespace plimsoll::host
