#pragma once

// TLS to an engine, shared by the requests and the streams.

#include "host/http_exchange.h"

#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl.hpp>

namespace plimsoll::host::http {

namespace ssl = asio::ssl;

using TlsStream = beast::ssl_stream<Socket>;

/// Loads the endpoint's certificates and says what to verify; an error names the file.
Result<bool> prepare_tls(const Endpoint& endpoint, ssl::context& tls);

/// Connects, names the host, and verifies it as the endpoint asks.
asio::awaitable<std::unique_ptr<TlsStream>> connect_tls(Batch& batch, ssl::context& tls);

}  // namespace plimsoll::host::http
