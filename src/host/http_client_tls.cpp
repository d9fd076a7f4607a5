#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/http_tls.h"

namespace plimsoll::host::http {

Result<bool> prepare_tls(const Endpoint& endpoint, ssl::context& tls) {
    boost::system::error_code fault;
    for (const std::string* file : {&endpoint.ca_file, &endpoint.cert_file, &endpoint.key_file}) {
        // The library tells no reason for a file that it cannot open.
        if (!file->empty() && ::access(file->c_str(), R_OK) != 0)
            return Error{fmt::format("{}: {}", *file, std::strerror(errno))};
    }
    const auto step = [&](const char* doing, const std::string& file) -> Result<bool> {
        if (fault) return Error{fmt::format("{} {}: {}", doing, file, fault.message())};
        return true;
    };
    if (endpoint.tls_verify) {
        tls.set_verify_mode(ssl::verify_peer, fault);
        if (endpoint.ca_file.empty())
            tls.set_default_verify_paths(fault);
        else
            tls.load_verify_file(endpoint.ca_file, fault);
        TRY_VOID(step("reading the CA certificate", endpoint.ca_file));
    }
    if (!endpoint.cert_file.empty()) {
        tls.use_certificate_chain_file(endpoint.cert_file, fault);
        TRY_VOID(step("reading the client certificate", endpoint.cert_file));
        if (endpoint.key_file.empty())
            return Error{fmt::format("the client certificate {} has no key beside it", endpoint.cert_file)};
        tls.use_private_key_file(endpoint.key_file, ssl::context::pem, fault);
        TRY_VOID(step("reading the client key", endpoint.key_file));
    }
    return true;
}

asio::awaitable<std::unique_ptr<TlsStream>> connect_tls(Batch& batch, ssl::context& tls) {
    auto stream = std::make_unique<TlsStream>(batch.io, tls);
    co_await connect_socket(batch, beast::get_lowest_layer(*stream));
    SSL_ctrl(stream->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(batch.endpoint.name.c_str()));  // the macro for this casts the C way
    if (batch.endpoint.tls_verify) stream->set_verify_callback(ssl::host_name_verification(batch.endpoint.name));
    co_await stream->async_handshake(ssl::stream_base::client, asio::use_awaitable);
    co_return stream;
}

void run_tls(Batch& batch) {
    ssl::context tls(ssl::context::tls_client);
    if (const auto ready = prepare_tls(batch.endpoint, tls); !ready) {
        for (std::size_t i = 0; i < batch.requests.size(); ++i) batch.done(i, Error(ready.error()));
        return;
    }
    run<TlsStream>(batch, [&tls](Batch& of) { return connect_tls(of, tls); });
}

}  // namespace plimsoll::host::http
