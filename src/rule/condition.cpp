#include "rule/condition.h"

#include <utility>

namespace plimsoll::rule {

Truth Condition::evaluate(const model::Fields& record) {
    evaluator_->start(record);
    return evaluator_->evaluate(0);
}

Result<Condition> compile(std::string_view text, const Scope& scope) {
    const auto expression = resolve(text, scope);
    if (!expression) return Error{to_text(expression.error())};
    ProgramBuilder builder;
    if (const auto added = builder.add(*expression); !added) return Error{to_text(added.error())};
    Condition condition;
    condition.text_ = to_text(**expression);
    condition.program_ = std::make_unique<const Program>(std::move(builder).build());
    condition.evaluator_ = std::make_unique<Evaluator>(*condition.program_);
    return condition;
}

}  // namespace plimsoll::rule
