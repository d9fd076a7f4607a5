#include "ledger/value_questions.h"

#include <algorithm>

namespace plimsoll::ledger {

namespace {

/// A record of which one text is known.
class OneText final : public model::Fields {
public:
    OneText(const rule::FieldUse& use, std::string_view text) : use_(use), value_(text) {}

    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override {
        if (field != use_.field || arg != use_.arg) return model::Reading::missing();
        return model::Reading::of({&value_, 1});
    }

private:
    const rule::FieldUse& use_;
    model::Value value_;
};

}  // namespace

Truths ValueQuestions::ask(const PlanNode& node, const model::Fields& fields) {
    evaluator_.start(fields);
    return only(evaluator_.evaluate(node.id));
}

Truths ValueQuestions::text(const PlanNode& node, std::string_view text) { return ask(node, OneText(*node.use, text)); }

Truths ValueQuestions::time(const PlanNode& node, Nanoseconds time) {
    scratch_.clear(time);
    return ask(node, scratch_);
}

Truths ValueQuestions::record_number(const PlanNode& node, RecordNumber number) {
    scratch_.clear();
    scratch_.set_unsigned("record.number", number);
    return ask(node, scratch_);
}

Result<Truths> ValueQuestions::stored(const PlanNode& node, const RowField& field) {
    scratch_.clear();
    TRY_VOID(put_field(field, node.use->field, scratch_));
    return ask(node, scratch_);
}

Truths ValueQuestions::nothing(const PlanNode& node) {
    scratch_.clear();
    return ask(node, scratch_);
}

Wide wide(Wire wire, std::uint64_t bits) {
    return wire == Wire::i64 ? Wide{static_cast<std::int64_t>(bits)} : Wide{bits};
}

std::size_t region(const std::vector<std::int64_t>& bounds, Wide value) {
    const auto place =
        std::ranges::lower_bound(bounds, value, {}, [](std::int64_t bound) { return static_cast<Wide>(bound); });
    const auto n = static_cast<std::size_t>(place - bounds.begin());
    return 2 * n + (place != bounds.end() && *place == value ? 1 : 0);
}

std::vector<Wide> samples(const std::vector<std::int64_t>& bounds, Wide from, Wide to) {
    std::vector<Wide> out = {from, to};
    for (const std::int64_t bound : bounds) {
        for (const Wide near : {Wide{bound} - 1, Wide{bound}, Wide{bound} + 1}) {
            if (near > from && near < to) out.push_back(near);
        }
    }
    return out;
}

}  // namespace plimsoll::ledger
