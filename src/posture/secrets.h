#pragma once

#include <optional>
#include <string_view>

namespace plimsoll::posture {

/// What gave a secret away.
struct SecretSign {
    std::string_view kind;   ///< name, aws-key, private-key, token, url-credentials, connection-string
    bool reference = false;  ///< the value names a file or a placeholder that holds the secret, and is none itself
};

/// Judges one environment variable by its name and the shape of its value. An empty value, a boolean, or a
/// setting about secrets (PASSWORD_HASHER) gives none; what only names the place of a secret gives a reference.
[[nodiscard]] std::optional<SecretSign> secret_in_variable(std::string_view name, std::string_view value);

/// Looks for the shape of a secret anywhere in a text: a command of an image's history, a label.
[[nodiscard]] std::optional<SecretSign> secret_in_text(std::string_view text);

}  // namespace plimsoll::posture
