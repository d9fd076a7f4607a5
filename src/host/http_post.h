#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "host/stream.h"

namespace plimsoll::host {

/// A URL of a receiver, or a path below a unix socket.
struct PostUrl {
    StreamTarget target;
    std::string authority;  ///< host and port as the Host header has them
    std::string path;       ///< with its query; begins with a slash

    /// Scheme and host alone: paths of webhooks are secrets.
    [[nodiscard]] std::string shown() const;
};

/// Reads http://HOST[:PORT][/PATH] or https://…. User names, blanks, control characters and fragments are errors.
[[nodiscard]] Result<PostUrl> parse_post_url(std::string_view text);

/// Whether a header may be added: a token as name, not one of those that frame the message; no control character in
/// the value.
[[nodiscard]] bool is_header(std::string_view name, std::string_view value);

/// The beginning of an answer; redirects are answers like any other and never followed.
struct PostAnswer {
    unsigned status = 0;
    std::string body;                                      ///< at most kPostAnswerBytes
    std::optional<std::chrono::milliseconds> retry_after;  ///< Retry-After in seconds, when sent
};

inline constexpr std::size_t kPostAnswerBytes = std::size_t{64} * 1024;

/// Sends POST requests to one place over a connection that is kept open between them. One thread.
class HttpPoster {
public:
    explicit HttpPoster(PostUrl url) : url_(std::move(url)) {}

    /// One request. On a kept connection that broke before the answer began it is sent once more on a new one.
    [[nodiscard]] Result<PostAnswer> post(const std::vector<std::pair<std::string, std::string>>& headers,
                                          std::string_view body, const Patience& patience);

    [[nodiscard]] const PostUrl& url() const { return url_; }

private:
    Result<PostAnswer> exchange(const std::string& head, std::string_view body, const Patience& patience, bool& begun);

    PostUrl url_;
    std::unique_ptr<Stream> stream_;
};

}  // namespace plimsoll::host
