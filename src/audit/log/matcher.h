#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "audit/log/query.h"
#include "base/result.h"
#include "host/accounts.h"
#include "rule/condition.h"

namespace plimsoll::audit {

/// Judges events by a query. One thread.
class Matcher {
public:
    /// Borrows `names` (null: none), which gives conditions the names of ids.
    [[nodiscard]] static Result<Matcher> make(const Query& query, const host::Accounts* names);

    [[nodiscard]] bool matches(const LogEvent& event);

    /// Events of which the condition could not be decided, for want of a fact.
    [[nodiscard]] std::uint64_t undecided() const { return undecided_; }

private:
    /// What a field of one of these names must be like.
    struct Test {
        enum class Kind : std::uint8_t { number, text, key, path, host, exact };
        Kind kind = Kind::text;
        std::vector<std::string_view> names;
        std::string text;
        std::uint64_t number = 0;
        bool claims = false;  ///< what a program says of itself counts too
    };

    explicit Matcher(const Query& query) : query_(query) {}
    void add_number(std::vector<std::string_view> names, std::uint64_t number, bool exact = false);
    void add_text(const std::optional<std::string>& text, std::vector<std::string_view> names, Test::Kind kind,
                  bool claims);
    [[nodiscard]] bool may_match(const LogEvent& event) const;
    [[nodiscard]] bool holds(const Test& test, const Record& record, const RecordField& field) const;
    [[nodiscard]] bool equal(std::string_view value, std::string_view wanted) const;
    [[nodiscard]] bool condition_holds(const LogEvent& event);

    Query query_;
    std::vector<Test> tests_;
    std::optional<rule::Condition> condition_;
    const host::Accounts* names_ = nullptr;
    std::uint64_t undecided_ = 0;
};

}  // namespace plimsoll::audit
