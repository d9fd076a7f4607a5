#include "host/http_post.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

#include "base/text.h"

namespace plimsoll::host {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t kMostUrl = 2048;
constexpr std::size_t kMostHeader = 8192;

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<std::uint64_t> number(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string PostUrl::shown() const {
    if (!target.unix_path.empty()) return "unix://" + target.unix_path;
    return fmt::format("{}://{}", target.tls ? "https" : "http", authority);
}

Result<PostUrl> parse_post_url(std::string_view text) {
    PostUrl url;
    url.target.tls = text.starts_with("https://");
    if (!url.target.tls && !text.starts_with("http://"))
        return Error{"a URL begins with https:// or http://"};  // not shown: it may hold a secret
    if (text.size() > kMostUrl) return Error{fmt::format("a URL has at most {} bytes", kMostUrl)};
    if (!is_plain(text) || text.find('#') != std::string_view::npos)
        return Error{"a URL holds no blanks, control characters, bytes beyond ASCII, or fragment"};
    text.remove_prefix(text.find("//") + 2);
    const auto slash = text.find_first_of("/?");
    url.authority = text.substr(0, slash);
    url.path = slash == std::string_view::npos ? "/" : std::string(text.substr(slash));
    if (url.path.front() == '?') url.path.insert(0, "/");
    if (url.authority.find('@') != std::string::npos) return Error{"a URL holds no user name; use a header"};
    std::string_view host = url.authority;
    url.target.port = url.target.tls ? 443 : 80;
    const auto bracket = host.rfind(']');
    const auto colon = host.rfind(':');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        const auto port = number(host.substr(colon + 1));
        if (!port || *port == 0 || *port > 65535) return Error{"the URL's port is no number from 1 to 65535"};
        url.target.port = static_cast<std::uint16_t>(*port);
        host = host.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (!is_host_name(host)) return Error{"the URL names no host"};
    url.target.host = host;
    return url;
}

bool is_header(std::string_view name, std::string_view value) {
    constexpr std::array kFraming = {
        "host",    "content-length", "transfer-encoding", "connection",  "keep-alive", "upgrade", "te",
        "trailer", "expect",         "user-agent",        "content-type"};
    const auto token = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    if (name.empty() || name.size() + value.size() > kMostHeader || !std::ranges::all_of(name, token)) return false;
    if (std::ranges::count(kFraming, lowered(name)) > 0) return false;
    return std::ranges::all_of(value, [](char c) { return c >= ' ' && c != 0x7f; });
}

Result<PostAnswer> HttpPoster::exchange(const std::string& head, std::string_view body, const Patience& patience,
                                        bool& begun) {
    TRY_VOID(stream_->write(head + std::string(body), patience));
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.header_limit(kMostHeader);
    parser.eager(true);
    std::array<char, 4096> chunk{};
    std::string waiting;  // bytes that the parser has not taken yet
    std::size_t received = 0;
    PostAnswer answer;
    bool whole = true;
    while (!parser.is_done()) {
        TRY(const std::size_t got, stream_->read(chunk, patience));
        beast::error_code fault;
        if (got == 0) {
            if (received == 0) return Error{"the connection was closed before an answer came"};
            parser.put_eof(fault);
            if (fault) return Error{"the connection was closed before the answer was complete"};
            break;
        }
        begun = true;
        received += got;
        waiting.append(chunk.data(), got);
        while (!waiting.empty() && !parser.is_done()) {
            const std::size_t taken = parser.put(boost::asio::buffer(waiting), fault);
            waiting.erase(0, taken);
            if (fault == http::error::need_more || taken == 0) break;
            if (fault) return Error{"the answer is no HTTP: " + fault.message()};
        }
        if (received > kPostAnswerBytes) {  // what it has to say is said; the rest is not waited for
            if (!parser.is_header_done()) return Error{"the answer is larger than allowed"};
            whole = false;
            break;
        }
    }
    answer.status = parser.get().result_int();
    answer.body = parser.get().body().substr(0, kPostAnswerBytes);
    const auto later = parser.get()[http::field::retry_after];
    if (const auto seconds = number({later.data(), later.size()}))
        answer.retry_after = std::chrono::seconds(std::min<std::uint64_t>(*seconds, 86'400));
    if (!whole || !parser.is_done() || !parser.keep_alive() || !waiting.empty()) stream_.reset();
    return answer;
}

Result<PostAnswer> HttpPoster::post(const std::vector<std::pair<std::string, std::string>>& headers,
                                    std::string_view body, const Patience& patience) {
    std::string head = fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: plimsoll\r\nContent-Length: {}\r\n"
        "Content-Type: application/json\r\nAccept: */*\r\n",
        url_.path, url_.authority.empty() ? "localhost" : url_.authority, body.size());
    for (const auto& [name, value] : headers) {
        check(is_header(name, value));
        head += fmt::format("{}: {}\r\n", name, value);
    }
    head += "\r\n";
    if (stream_ && !stream_->idle()) stream_.reset();
    while (true) {
        const bool kept = stream_ != nullptr;
        if (!kept) {
            TRY(stream_, Stream::open(url_.target, patience));
        }
        bool begun = false;
        auto answer = exchange(head, body, patience, begun);
        if (answer) return answer;
        stream_.reset();
        if (!kept || begun || patience.over()) return answer;
    }
}

}  // namespace plimsoll::host
