#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/finding.h"
#include "rule/expression.h"
#include "rule/field_map.h"
#include "rule/output.h"
#include "rule/position.h"

namespace plimsoll::rule {

/// What is wrong, or doubtful, in a rule file. Codes are Falco's; for Plimsoll's own items LOAD_ERR_VALIDATE and the
/// like too.
struct Diagnostic {
    enum class Level : std::uint8_t { error, warning };

    Level level = Level::error;
    std::string code;  ///< LOAD_ERR_COMPILE_CONDITION, LOAD_UNUSED_MACRO, …
    std::string message;
    std::string context;  ///< "rule Terminal shell in container"
    Position at;
};

enum class Priority : std::uint8_t { emergency, alert, critical, error, warning, notice, informational, debug };

[[nodiscard]] std::string_view to_text(Priority priority);  ///< "Emergency", "Informational", …

/// A record written in a rule file, and what the condition must say about it.
struct Example {
    FieldMap record;
    bool expected = false;  ///< the condition holds: a rule's `match`, a check's `fail`
    Position at;
};

struct Rule {
    std::string name;
    std::string description;
    std::string condition_text;  ///< as written, appended parts and exceptions included
    std::string output_text;
    Priority priority = Priority::debug;
    std::string source = "syscall";
    std::set<std::string> tags;
    bool enabled = true;
    bool capture = false;
    std::uint64_t capture_duration_ms = 0;
    ExpressionPtr condition;  ///< macros, lists and exceptions resolved
    Template output;
    std::vector<Example> examples;
    Position at;
};

/// One thing to judge about a subject. Exactly one of `condition` (true: the defect is there) and `manual` is set.
struct CheckItem {
    model::Check text;
    ExpressionPtr applies;  ///< empty: always
    std::string otherwise;  ///< why it does not apply
    ExpressionPtr condition;
    std::string manual;
    Template message;
    bool enabled = true;
    std::vector<Example> examples;
    Position at;
};

/// Findings that together are worse than each, judged per object.
struct PathItem {
    std::string id;
    std::string title;
    std::string consequence;
    std::string remedy;
    model::Severity severity = model::Severity::critical;
    model::SubjectKind subject = model::SubjectKind::host;
    std::vector<std::string> references;
    ExpressionPtr condition;
    Template message;
    std::vector<std::string> steps;  ///< ids of checks, in order
    bool enabled = true;
    std::vector<Example> examples;
    Position at;
};

/// Findings that somebody decided to live with.
struct WaiverItem {
    std::string id;
    ExpressionPtr condition;
    std::string reason;
    std::string owner;
    std::string expires;  ///< YYYY-MM-DD; empty: never
    Position at;
};

struct RequiredPlugin {
    std::string name;
    std::string version;
};

/// Everything that one or more rule files define, in order of first definition.
struct RuleSet {
    std::vector<std::string> files = {""};  ///< by Position::file
    std::vector<Diagnostic> diagnostics;
    std::vector<Rule> rules;
    std::vector<CheckItem> checks;
    std::vector<PathItem> paths;
    std::vector<WaiverItem> waivers;
    std::vector<RequiredPlugin> required_plugins;

    /// No error was found; with errors, what could be understood is there all the same.
    [[nodiscard]] bool ok() const;
};

/// Version of Falco's engine whose rule files are understood.
inline constexpr std::string_view kEngineVersion = "0.62.0";

/// "rules/own.yaml:12:7: error: there is no field 'proc.nme'; … [LOAD_ERR_COMPILE_CONDITION] (rule X)"
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic, const RuleSet& set);

/// "rules/own.yaml:12:7"
[[nodiscard]] std::string to_text(const Position& at, const RuleSet& set);

/// Loads several files into one set; later ones may change what earlier ones define.
class RuleLoader {
public:
    RuleLoader();
    ~RuleLoader();
    RuleLoader(RuleLoader&&) noexcept;
    RuleLoader& operator=(RuleLoader&&) noexcept;

    /// `name` stands in diagnostics. The text is copied.
    void add(std::string_view name, std::string_view text);

    [[nodiscard]] RuleSet finish() &&;

private:
    class State;
    std::unique_ptr<State> state_;
};

/// One text alone.
[[nodiscard]] RuleSet load_rules(std::string_view name, std::string_view text);

}  // namespace plimsoll::rule
