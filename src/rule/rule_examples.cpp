#include "rule/rule_examples.h"

#include <fmt/format.h>

#include "base/result.h"
#include "rule/program.h"

namespace plimsoll::rule {

namespace {

/// Conditions of one item, compiled.
struct Item {
    std::string context;
    const std::vector<Example>* examples;
    std::optional<ConditionId> applies;
    ConditionId condition;
    std::string_view yes;
    std::string_view no;
};

ConditionId add(ProgramBuilder& builder, const ExpressionPtr& expression) {
    const auto id = builder.add(expression);
    check(id.has_value());  // the loader compiled it before
    return *id;
}

std::string because(const Evaluator& evaluator) {
    const auto* field = evaluator.unknown_field();
    return field == nullptr ? std::string(evaluator.reason())
                            : fmt::format("{}: {}", to_text(*field), evaluator.reason());
}

}  // namespace

ExampleReport test_examples(const RuleSet& set) {
    ProgramBuilder builder;
    std::vector<Item> items;
    for (const auto& rule : set.rules) {
        items.push_back(
            {"rule " + rule.name, &rule.examples, std::nullopt, add(builder, rule.condition), "match", "no_match"});
    }
    for (const auto& one : set.checks) {
        if (!one.condition) continue;
        std::optional<ConditionId> applies;
        if (one.applies) applies = add(builder, one.applies);
        items.push_back({"check " + one.text.id, &one.examples, applies, add(builder, one.condition), "fail", "pass"});
    }
    for (const auto& path : set.paths) {
        items.push_back(
            {"path " + path.id, &path.examples, std::nullopt, add(builder, path.condition), "fail", "pass"});
    }
    const auto program = std::move(builder).build();
    Evaluator evaluator(program);
    ExampleReport report;
    for (const auto& item : items) {
        for (const auto& example : *item.examples) {
            ++report.checked;
            evaluator.start(example.record);
            const auto wanted = example.expected ? item.yes : item.no;
            if (item.applies) {
                const auto applies = evaluator.evaluate(*item.applies);
                if (applies == Truth::no && !example.expected) continue;
                if (applies != Truth::yes) {
                    const auto what = applies == Truth::no ? std::string("the check does not apply")
                                                           : fmt::format("whether the check applies is unknown ({})",
                                                                         because(evaluator));
                    report.failures.push_back(
                        {item.context, fmt::format("expected {}, but {}", wanted, what), example.at});
                    continue;
                }
            }
            const auto truth = evaluator.evaluate(item.condition);
            if (truth == truth_of(example.expected)) continue;
            const auto what = truth == Truth::unknown
                                  ? fmt::format("the condition is unknown ({})", because(evaluator))
                                  : fmt::format("the condition is {}", truth == Truth::yes ? "true" : "false");
            report.failures.push_back({item.context, fmt::format("expected {}, but {}", wanted, what), example.at});
        }
    }
    return report;
}

}  // namespace plimsoll::rule
