#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rule/program.h"
#include "rule/rule_set.h"

namespace plimsoll::rule {

/// A rule that holds for an event.
struct AlertMatch {
    const Rule* rule = nullptr;  ///< borrowed from the AlertRules
    std::string output;          ///< the rule's output, filled in: hostile bytes
    std::string identity;  ///< equal for matches that tell the same: rule, container, fields of the output, without
                           ///< times, counts and ids of single sessions
};

/// How often a rule held since the start, and how often it could not be told.
struct AlertRuleCount {
    const Rule* rule = nullptr;
    std::uint64_t matched = 0;
    std::uint64_t unknown = 0;
    std::string unknown_reason;  ///< the last one; empty when there was none
};

/// The enabled rules of some sources, compiled into one program and judged together. `match` belongs to one thread,
/// `counts` to any.
class AlertRules {
public:
    /// Takes the set over. Rules whose source is not among `sources` are left out. `wishes` are conditions that are
    /// judged beside the rules: see wished().
    explicit AlertRules(RuleSet set, std::span<const std::string_view> sources = kEngineSources,
                        std::span<const ExpressionPtr> wishes = {});
    ~AlertRules();
    AlertRules(const AlertRules&) = delete;
    AlertRules& operator=(const AlertRules&) = delete;

    /// Every rule that is true for the event, in order of definition; valid until the next call. A rule that can be
    /// neither true nor false is counted.
    [[nodiscard]] std::span<const AlertMatch> match(const model::Fields& event);

    /// The same event again, after its file took another name: only rules that read a file's name are judged.
    [[nodiscard]] std::span<const AlertMatch> match_again(const model::Fields& event);

    /// Whether one of the wishes is not false for the event that was judged last.
    [[nodiscard]] bool wished() const { return wished_; }

    /// One row for each rule in force.
    [[nodiscard]] std::vector<AlertRuleCount> counts() const;

    static constexpr std::string_view kEngineSources[] = {"docker", "engine", "audit"};  ///< what the recorder judges

private:
    struct InForce;

    [[nodiscard]] std::span<const AlertMatch> judge(const model::Fields& event, bool again);
    void judge(ConditionId id, const model::Fields& event);
    void note_unknown(InForce& rule);

    RuleSet set_;
    std::vector<std::unique_ptr<InForce>> rules_;  ///< by ConditionId; those of the wishes follow
    std::vector<bool> reads_file_name_;            ///< by ConditionId
    std::unique_ptr<const Program> program_;
    std::unique_ptr<Evaluator> evaluator_;
    std::vector<AlertMatch> matches_;
    bool wished_ = false;
    mutable std::mutex mutex_;  ///< guards the reasons
};

}  // namespace plimsoll::rule
