#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/plan.h"
#include "ledger/segment.h"
#include "ledger/value_questions.h"

namespace plimsoll::ledger {

/// Asks the checks of a plan on one segment, each once for a distinct value. Borrows all three. One thread.
class SegmentChecks {
public:
    SegmentChecks(const Plan& plan, rule::Evaluator& evaluator, SegmentReader& reader);

    /// What the condition may say of any row of the segment; looks at no page.
    [[nodiscard]] Result<Truths> segment();

    /// The same of one page.
    [[nodiscard]] Result<Truths> page(std::size_t page);

    /// What it may say of each wanted row of a page.
    [[nodiscard]] Result<RowTruths> rows(std::size_t page, const Bits& wanted);

private:
    /// What a check says of the values of one column.
    struct Column {
        std::size_t index = 0;
        Wire wire = Wire::u64;
        std::vector<std::uint8_t> by_code;        ///< Truths; 0: not asked yet
        std::vector<std::uint8_t> by_region;      ///< of numbers: below the first bound, the bound, up to the next, …
        Truths all = may_be_any;                  ///< over all its values
        std::uint64_t pages = ~std::uint64_t{0};  ///< that may have values of which it does not say no
        /// Every row of the segment of which it does not say no, when these are few and known, and what it says.
        std::optional<std::vector<std::pair<std::uint32_t, Truths>>> listed;
    };
    struct Check {
        bool ready = false;
        bool covered = true;  ///< every row has a value
        Truths absent = may_be_no;
        std::vector<Column> columns;
    };

    Check& ready(const PlanNode& node);
    void prepare(const PlanNode& node, Check& check);
    void prepare_texts(const PlanNode& node, Column& column);
    void prepare_numbers(const PlanNode& node, Column& column);
    void find_parts(const PlanNode& node, Column& column);
    [[nodiscard]] Truths about(const PlanNode& node, std::optional<std::size_t> page);
    [[nodiscard]] Truths over_time(const PlanNode& node, Nanoseconds from, Nanoseconds to);
    [[nodiscard]] Truths over_numbers(const PlanNode& node, RecordNumber from, RecordNumber to);
    void read_rows(const PlanNode& node, std::size_t page, const Bits& wanted, RowTruths& out);
    void read_codes(const PlanNode& node, Column& column, Truths absent, std::size_t page, const Bits& wanted,
                    Bits& left, RowTruths& out);
    void read_numbers(const PlanNode& node, Column& column, std::size_t page, const Bits& wanted, Bits& left,
                      RowTruths& out);
    void rows_by_time(const PlanNode& node, std::size_t page, const Bits& wanted, RowTruths& out);
    void rows_by_number(const PlanNode& node, std::size_t page, const Bits& wanted, RowTruths& out);

    Truths ask_code(const PlanNode& node, Column& column, std::uint16_t code);
    Truths ask_number(const PlanNode& node, Column& column, std::uint64_t bits);
    Truths ask(const PlanNode& node, const RowField& field);

    template <typename T>
    bool take(const Result<T>& result) {
        if (!result && !fault_) fault_ = result.error();
        return result.has_value();
    }

    const Plan& plan_;
    ValueQuestions questions_;
    SegmentReader& reader_;
    const SegmentInfo& info_;
    std::vector<Check> checks_;  ///< by ConditionId
    std::optional<Error> fault_;
};

}  // namespace plimsoll::ledger
