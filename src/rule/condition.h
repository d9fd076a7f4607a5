#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rule/program.h"
#include "rule/scope.h"

namespace plimsoll::rule {

/// One condition, compiled alone: a search, a waiver, a filter given on the command line. One thread.
class Condition {
public:
    /// Whether it holds for the record.
    [[nodiscard]] Truth evaluate(const model::Fields& record);

    /// After `unknown`: why; valid until the next call.
    [[nodiscard]] std::string_view reason() const { return evaluator_->reason(); }

    [[nodiscard]] std::span<const FieldUse> fields() const { return program_->fields_of(0); }

    /// The condition in normal form.
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    friend Result<Condition> compile(std::string_view text, const Scope& scope);
    Condition() = default;

    std::string text_;
    std::unique_ptr<const Program> program_;
    std::unique_ptr<Evaluator> evaluator_;  // borrows *program_, which never moves
};

/// Reads, checks and compiles a condition; the error names line, column, what was expected and the nearest name.
[[nodiscard]] Result<Condition> compile(std::string_view text, const Scope& scope = {});

}  // namespace plimsoll::rule
