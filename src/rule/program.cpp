#include "rule/program.h"

#include <utility>

#include "rule/compiler.h"
#include "rule/event_types.h"

namespace plimsoll::rule {

Program::Program(std::unique_ptr<const detail::Graph> graph) : graph_(std::move(graph)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

std::size_t Program::conditions() const { return graph_->roots.size(); }

std::span<const FieldUse> Program::fields_of(ConditionId condition) const {
    check(condition < graph_->fields.size());
    return graph_->fields[condition];
}

std::span<const ConditionId> Program::candidates(std::string_view event_type) const {
    return graph_->by_event_type[event_type.empty() ? detail::kNoType : find_event_type(event_type)];
}

std::size_t Program::event_types_of(ConditionId condition) const { return event_type_names(condition).size(); }

std::vector<std::string_view> Program::event_type_names(ConditionId condition) const {
    check(condition < graph_->event_types.size());
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < kEventTypes.size(); ++i) {
        if (graph_->event_types[condition][i]) names.push_back(kEventTypes[i]);
    }
    return names;
}

std::size_t Program::nodes() const { return graph_->nodes.size(); }
std::size_t Program::slots() const { return graph_->slots.size(); }

ProgramBuilder::ProgramBuilder() : compiler_(std::make_unique<detail::Compiler>()) {}
ProgramBuilder::~ProgramBuilder() = default;
ProgramBuilder::ProgramBuilder(ProgramBuilder&&) noexcept = default;
ProgramBuilder& ProgramBuilder::operator=(ProgramBuilder&&) noexcept = default;

Parsed<ConditionId> ProgramBuilder::add(const ExpressionPtr& expression) { return compiler_->add(expression); }

Program ProgramBuilder::build() && { return Program(compiler_->finish()); }

}  // namespace plimsoll::rule
