#pragma once

#include <expected>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll {

/// Why something could not be done, from the outermost step to the innermost ("reading daemon.json: line 3: …").
struct Error {
    std::string message;

    /// The same error seen one layer up: `doing` is what that layer was trying.
    [[nodiscard]] Error during(std::string_view doing) const {
        return {std::string(doing).append(": ").append(message)};
    }
};

/// A value, or the reason there is none. Absence without a fault is `std::optional`, never this.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
public:
    using std::expected<T, Error>::expected;
    Result(Error error) : std::expected<T, Error>(std::unexpected(std::move(error))) {}
};

/// Ends the program and says where: a caller broke a contract. Stays on in release builds.
[[noreturn]] void contract_broken(std::source_location where);

/// A caller's bug, not an outside failure.
inline void check(bool holds, std::source_location where = std::source_location::current()) {
    if (!holds) [[unlikely]]
        contract_broken(where);
}

}  // namespace plimsoll

#define PLIMSOLL_CONCAT_(a, b) a##b
#define PLIMSOLL_CONCAT(a, b) PLIMSOLL_CONCAT_(a, b)

/// `TRY(auto value, expression)` binds the value or returns the error; `TRY_VOID(expression)` only returns the error.
#define TRY(declaration, expression)                                                  \
    auto PLIMSOLL_CONCAT(try_, __LINE__) = (expression);                              \
    if (!PLIMSOLL_CONCAT(try_, __LINE__)) {                                           \
        return ::plimsoll::Error(std::move(PLIMSOLL_CONCAT(try_, __LINE__).error())); \
    }                                                                                 \
    declaration = std::move(*PLIMSOLL_CONCAT(try_, __LINE__))

#define TRY_VOID(expression)                                     \
    if (auto try_result = (expression); !try_result) {           \
        return ::plimsoll::Error(std::move(try_result.error())); \
    }
