#pragma once

#include <string>
#include <vector>

#include "rule/rule_set.h"

namespace plimsoll::rule {

/// An example whose condition did not say what the file says it must.
struct ExampleFailure {
    std::string context;  ///< "check docker-socket-mounted"
    std::string message;  ///< "expected fail, but the condition is unknown: …"
    Position at;
};

struct ExampleReport {
    std::size_t checked = 0;
    std::vector<ExampleFailure> failures;
};

/// Evaluates the examples of all rules, checks and paths. An example of a check that does not apply to it is a failure,
/// unless it is a passing one.
[[nodiscard]] ExampleReport test_examples(const RuleSet& set);

}  // namespace plimsoll::rule
