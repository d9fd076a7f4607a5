#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/plan_truths.h"
#include "rule/program.h"

namespace plimsoll::ledger {

/// One node of a condition, as a scan asks it.
struct PlanNode {
    enum class Kind : std::uint8_t { all, any, negation, check };

    Kind kind = Kind::check;
    std::vector<std::uint32_t> children;  ///< numbers in Plan::nodes; cheap ones first

    // Of a check:
    rule::ConditionId id = 0;           ///< in Plan::program
    std::optional<rule::FieldUse> use;  ///< the one field that it reads; empty when it reads several
    bool derived = false;   ///< the field follows from the record's time when the record has none of its own
    bool numbered = false;  ///< the field is record.number
    bool monotone = false;  ///< as the record's time grows, it changes its answer once at most
    /// It can be yes only of a text equal to one of these; empty: nothing is known.
    std::vector<std::string> equals;
    /// It can be yes only of a text that holds one of these; empty: nothing is known.
    std::vector<std::string> parts;
    /// For any two integers between two neighbours of these (themselves apart) it says the same; empty: nothing is
    /// known.
    std::vector<std::int64_t> bounds;
    unsigned cost = 0;
};

/// A condition taken apart, so that a segment can be ruled out and a check be asked once for each distinct value of a
/// column. What its parts say is said by the rule language's own evaluator; only `and`, `or`, `not` are done here, over
/// sets of truths, so an answer may be "any" but is never wrong. Immutable; threads may share it.
class Plan {
public:
    /// A plan of every record, when there is no condition.
    static Result<Plan> make(const rule::ExpressionPtr& condition);

    [[nodiscard]] bool everything() const { return nodes_.empty(); }
    [[nodiscard]] const rule::Program& program() const { return *program_; }
    [[nodiscard]] static constexpr rule::ConditionId whole() { return 0; }  ///< the condition in the program
    [[nodiscard]] const std::vector<PlanNode>& nodes() const { return nodes_; }
    [[nodiscard]] std::span<const rule::FieldUse> fields() const;  ///< that the condition reads

    /// What the condition may say of a record about which only this much is known: what its checks may say.
    [[nodiscard]] Truths possible(const std::function<Truths(const PlanNode&)>& check) const;

    /// What it may say of each wanted row; of other rows the answer means nothing. `check` is asked as the rows that
    /// are still in question need it.
    using RowCheck = std::function<RowTruths(const PlanNode&, const Bits& wanted)>;
    [[nodiscard]] RowTruths rows(std::size_t count, const Bits& wanted, const RowCheck& check) const;

private:
    Result<std::uint32_t> add(const rule::ExpressionPtr& expression, rule::ProgramBuilder& builder,
                              std::vector<rule::ExpressionPtr>& checks);
    [[nodiscard]] Truths possible(std::uint32_t node, const std::function<Truths(const PlanNode&)>& check) const;
    [[nodiscard]] RowTruths rows(std::uint32_t node, std::size_t count, const Bits& wanted,
                                 const RowCheck& check) const;

    std::vector<PlanNode> nodes_;  // children before parents; the last is the root
    std::unique_ptr<const rule::Program> program_;
};

}  // namespace plimsoll::ledger
