#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/reading.h"
#include "rule/expression.h"
#include "rule/field_ref.h"
#include "rule/truth.h"

namespace plimsoll::rule {

/// Number of a condition in its program, counted from 0 in the order they were added.
using ConditionId = std::uint32_t;

namespace detail {
struct Graph;
struct EvaluatorState;
class Compiler;
}  // namespace detail

/// Many conditions compiled into one graph: what they have in common exists once. Immutable; threads may share it, each
/// with an Evaluator of its own.
class Program {
public:
    Program(Program&&) noexcept;
    Program& operator=(Program&&) noexcept;
    ~Program();

    [[nodiscard]] std::size_t conditions() const;

    /// The fields that a condition reads, in order of appearance, each once; reports show them as evidence.
    [[nodiscard]] std::span<const FieldUse> fields_of(ConditionId condition) const;

    /// Every condition that is not certainly false for events of that type (and perhaps more), in the order they were
    /// added. An empty name stands for a record without `evt.type`.
    [[nodiscard]] std::span<const ConditionId> candidates(std::string_view event_type) const;

    /// How many of the known event types (kEventTypes) the condition can be true for.
    [[nodiscard]] std::size_t event_types_of(ConditionId condition) const;
    [[nodiscard]] std::vector<std::string_view> event_type_names(ConditionId condition) const;

    /// Nodes and field readings in the graph, for measurements.
    [[nodiscard]] std::size_t nodes() const;
    [[nodiscard]] std::size_t slots() const;

private:
    friend class ProgramBuilder;
    friend class Evaluator;
    explicit Program(std::unique_ptr<const detail::Graph> graph);

    std::unique_ptr<const detail::Graph> graph_;
};

/// Collects conditions, then makes the program.
class ProgramBuilder {
public:
    ProgramBuilder();
    ~ProgramBuilder();
    ProgramBuilder(ProgramBuilder&&) noexcept;
    ProgramBuilder& operator=(ProgramBuilder&&) noexcept;

    /// Type-checks and adds a condition whose macros and lists are resolved. A fault leaves the builder usable.
    [[nodiscard]] Parsed<ConditionId> add(const ExpressionPtr& expression);

    [[nodiscard]] Program build() &&;

private:
    std::unique_ptr<detail::Compiler> compiler_;
};

/// Evaluates a program's conditions on one record at a time; each shared part is computed, and each field read, at most
/// once per record. Borrows the program, and between `start` calls the record. One thread.
class Evaluator {
public:
    explicit Evaluator(const Program& program);
    ~Evaluator();
    Evaluator(Evaluator&&) noexcept;
    Evaluator& operator=(Evaluator&&) noexcept;

    /// Begins a record; what was known of the one before is forgotten.
    void start(const model::Fields& record);

    /// Every condition that is not certainly false for the record, by its `evt.type` and texts that can be looked up
    /// at once (and perhaps more), in the order they were added; valid until the next call.
    [[nodiscard]] std::span<const ConditionId> candidates();

    [[nodiscard]] Truth evaluate(ConditionId condition);

    /// After `unknown`: why the first fact in question could not be found out, and which field it is.
    [[nodiscard]] std::string_view reason() const;
    [[nodiscard]] const FieldUse* unknown_field() const;

private:
    std::unique_ptr<detail::EvaluatorState> state_;
};

}  // namespace plimsoll::rule
