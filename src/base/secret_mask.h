#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What stands where a secret stood.
inline constexpr std::string_view kMasked = "***";

/// One way to recognise a secret in a command line; `example` becomes `masked`.
struct SecretRule {
    std::string_view name;
    std::string_view meaning;
    std::string_view example;
    std::string_view masked;
};

/// Every rule; SecretMasker names them by their index.
[[nodiscard]] std::span<const SecretRule> secret_rules();

/// Whether what is called that is a secret: "MYSQL_ROOT_PASSWORD", "--api-key", "clientSecret"; not "PASSWORD_FILE",
/// "TOKEN_TTL", "PWD".
[[nodiscard]] bool is_secret_name(std::string_view name);

/// Masks secrets in one command line, argument by argument. It knows secrets by what stands before them, or by their
/// own form; a secret that nothing announces stays. Linear in the text.
class SecretMasker {
public:
    /// The argument with its secrets masked; nothing when it has none.
    [[nodiscard]] std::optional<std::string> argument(std::string_view text);

    /// A whole command line whose arguments stand with blanks between, or any other text.
    [[nodiscard]] std::optional<std::string> text(std::string_view text);

    /// Forgets the command line, not what was found.
    void next_command();

    /// Names of the rules that masked something so far, each once.
    [[nodiscard]] std::vector<std::string_view> found() const;
    [[nodiscard]] bool found_any() const { return found_ != 0; }

private:
    enum class Expect : std::uint8_t { nothing, value, assignment, script };

    std::optional<std::string> words(std::string_view text);
    std::optional<std::string> by_program(std::string_view text);
    void look_ahead(std::string_view text);
    std::string hide(std::string_view before, std::string_view after, unsigned rule);

    Expect expect_ = Expect::nothing;
    unsigned expect_rule_ = 0;
    std::uint64_t programs_ = 0;  ///< bits: words of the command line so far that rules ask for
    std::uint32_t found_ = 0;     ///< bits: rules
    unsigned depth_ = 0;
};

}  // namespace plimsoll
