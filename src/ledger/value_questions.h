#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ledger/plan.h"
#include "ledger/row.h"
#include "ledger/writer.h"
#include "model/event.h"

namespace plimsoll::ledger {

/// Asks the checks of a plan about one value at a time, as if a record held nothing else. Borrows the evaluator.
class ValueQuestions {
public:
    explicit ValueQuestions(rule::Evaluator& evaluator) : evaluator_(evaluator) {}

    Truths nothing(const PlanNode& node);  ///< a record without any value
    Truths text(const PlanNode& node, std::string_view text);
    Truths time(const PlanNode& node, Nanoseconds time);
    Truths record_number(const PlanNode& node, RecordNumber number);
    Result<Truths> stored(const PlanNode& node, const RowField& field);

private:
    Truths ask(const PlanNode& node, const model::Fields& fields);

    rule::Evaluator& evaluator_;
    model::Event scratch_;
};

/// Values of whole-number columns in one order, whatever their wire.
__extension__ typedef __int128 Wide;

[[nodiscard]] Wide wide(Wire wire, std::uint64_t bits);

/// Which stretch a value lies in: 2n+1 is bound n itself, 2n what lies below it and above the one before. Values of one
/// stretch are answered alike.
[[nodiscard]] std::size_t region(const std::vector<std::int64_t>& bounds, Wide value);

/// Some value of each stretch between `from` and `to`.
[[nodiscard]] std::vector<Wide> samples(const std::vector<std::int64_t>& bounds, Wide from, Wide to);

}  // namespace plimsoll::ledger
