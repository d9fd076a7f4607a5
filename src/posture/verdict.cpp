#include "posture/verdict.h"

#include <fmt/format.h>

namespace plimsoll::posture {

namespace {

using model::Outcome;
using rule::ConditionId;
using rule::Truth;

constexpr std::size_t kMostText = 512;

std::string value_of(const model::Reading& reading) {
    if (reading.state == model::Reading::State::unknown) return "unknown: " + std::string(reading.reason);
    if (reading.state == model::Reading::State::absent) return "none";
    std::string text;
    for (const model::Value& value : reading.values) {
        if (text.size() > kMostText) break;
        text += (text.empty() ? "" : ", ") + model::to_text(value);
    }
    if (text.size() > kMostText) text.resize(kMostText);
    return text;
}

void add_evidence(const rule::Program& program, ConditionId condition, const model::Facts& record,
                  std::vector<model::Evidence>& evidence) {
    for (const rule::FieldUse& use : program.fields_of(condition)) {
        evidence.push_back({rule::to_text(use), value_of(record.read(use.field, use.arg)),
                            std::string(record.origin(use.field, use.arg))});
    }
}

}  // namespace

Verdict judge_record(const CompiledCheck& check, const model::Facts& record, const rule::Program& program,
                     rule::Evaluator& evaluator, bool all_evidence) {
    Verdict verdict;
    const auto cannot_tell = [&](ConditionId condition) {
        verdict.outcome = Outcome::unknown;
        const rule::FieldUse* field = evaluator.unknown_field();
        verdict.reason = field == nullptr ? std::string(evaluator.reason())
                                          : fmt::format("{}: {}", rule::to_text(*field), evaluator.reason());
        add_evidence(program, condition, record, verdict.evidence);
        return verdict;
    };
    if (check.applies) {
        const Truth applies = evaluator.evaluate(*check.applies);
        if (applies == Truth::unknown) return cannot_tell(*check.applies);
        if (applies == Truth::no) {
            verdict.outcome = Outcome::not_applicable;
            verdict.reason = check.item->otherwise;
            if (all_evidence) add_evidence(program, *check.applies, record, verdict.evidence);
            return verdict;
        }
    }
    const Truth defect = evaluator.evaluate(*check.condition);
    if (defect == Truth::unknown) return cannot_tell(*check.condition);
    verdict.outcome = defect == Truth::yes ? Outcome::fail : Outcome::pass;
    if (defect == Truth::yes) verdict.message = check.item->message.render(record);
    if (defect == Truth::yes || all_evidence) add_evidence(program, *check.condition, record, verdict.evidence);
    return verdict;
}

}  // namespace plimsoll::posture
