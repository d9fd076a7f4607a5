#pragma once

#include <string>

#include "audit/rules/lint.h"
#include "audit/rules/prove.h"

namespace plimsoll::audit {

/// What `check` found, for people.
[[nodiscard]] std::string lint_text(const LintReport& report);
[[nodiscard]] std::string proof_text(const ProofReport& report);

/// Both as one JSON object; null: nothing was proved, and "proof" is null.
[[nodiscard]] std::string check_json(const LintReport& report, const ProofReport* proof);

}  // namespace plimsoll::audit
