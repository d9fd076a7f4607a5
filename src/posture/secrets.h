#pragma once

#include <optional>
#include <string_view>

namespace plimsoll::posture {

/// What gave a secret away.
struct SecretSign {
    std::string_view kind;   ///< name, aws-key, private-key, token, url-credentials, basic-auth
    bool reference = false;  ///< the value names a file or a placeholder that holds the secret, and is none itself
};

/// Judges one environment variable by its name and the shape of its value. An empty value, a boolean, a small number,
/// or a reference is no secret.
[[nodiscard]] std::optional<SecretSign> secret_in_variable(std::string_view name, std::string_view value);

/// Looks for the shape of a secret anywhere in a text: a command of an image's history, a label.
[[nodiscard]] std::optional<SecretSign> secret_in_text(std::string_view text);

}  // namespace plimsoll::posture
