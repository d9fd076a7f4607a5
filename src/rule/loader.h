#pragma once

// Inside of RuleLoader: what the files define before it is put together. No other room includes this.

#include <deque>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "rule/program.h"
#include "rule/rule_set.h"
#include "rule/scope.h"
#include "rule/yaml.h"

namespace plimsoll::rule {

/// A text that may be put together from several scalars of several files.
struct SourceText {
    std::string text;
    PlaceMap places;
    Position at;

    /// Joins with one blank.
    void append(std::string_view more, const PlaceMap& where, Position begin);
    /// Text that stands in no file: all of it points at `begin`.
    void append_fixed(std::string_view more, Position begin);
};

/// What a rule excepts: `fields comps values`, Falco's `exceptions`.
struct Exception {
    std::string name;
    Position at;
    bool flat = false;  ///< one field, and values in one list
    std::vector<std::string> fields;
    std::vector<std::string> comps;
    std::vector<const YamlNode*> values;  ///< items of `values`
};

/// One name of one kind, with the scalars that its keys hold after appending and replacing.
struct Definition {
    std::string kind;  ///< list, macro, rule, check, path, waiver
    std::string name;
    Position at;
    std::size_t order = 0;    ///< of the first definition
    std::size_t updated = 0;  ///< of the last
    std::map<std::string, std::vector<const YamlNode*>, std::less<>> keys;
    std::vector<Exception> exceptions;
    bool known_source = true;

    /// The last value given for a key, or nothing.
    [[nodiscard]] const YamlNode* value(std::string_view key) const;
};

class RuleLoader::State {
public:
    void add(std::string_view name, std::string_view text);
    RuleSet finish();

private:
    using Fields = std::vector<std::string_view>;

    // loader.cpp: reading files into definitions
    void item(const YamlNode& node);
    void engine_version(const YamlNode& value);
    void plugin_versions(const YamlNode& value);
    void definition(std::string kind, const YamlNode& node);
    bool accept_keys(const std::string& kind, const YamlNode& node, const std::string& context);
    void replace(Definition& target, const YamlNode& node);
    void override_keys(Definition& target, const YamlNode& node, const YamlNode& override);
    void append_old(Definition& target, const YamlNode& node);
    bool check_shape(const Definition& made, const YamlNode& node);
    bool needs_text(const YamlNode& node, std::initializer_list<std::string_view> keys, const std::string& context);
    Definition* find(std::string_view kind, std::string_view name);
    [[nodiscard]] std::string_view file_text(const YamlNode& node) const { return texts_[node.at.file]; }
    [[nodiscard]] SourceText source_text(const Definition& from, std::string_view key) const;

    // exceptions.cpp
    bool add_exceptions(Definition& target, const YamlNode& node, bool appending);
    bool check_exception(const Exception& exception);
    void except(const Definition& from, SourceText& condition);

    // loader_falco.cpp: putting lists, macros and rules together
    void build_scope();
    void build_list(const Definition& from);
    void build_macro(const Definition& from);
    const Definition* visible(const Definition& from, std::string_view name);
    void build_rule(const Definition& from);
    void warn_about(const Expression& expression, const std::string& context, bool& direction_told);
    ExpressionPtr parse_condition(const SourceText& source, const std::string& context);
    ExpressionPtr resolve_condition(const SourceText& source, const Scope& scope, const std::string& context);
    void warn_unused();
    void warn_event_types();

    // posture_items.cpp
    void build_check(const Definition& from);
    void build_path(const Definition& from);
    void build_waiver(const Definition& from);
    void check_readable(const Expression& expression, model::SubjectKind subject, bool finding_fields,
                        const std::string& context);
    void check_steps();
    std::string text_of(const Definition& from, std::string_view key, bool required, const std::string& context);
    std::vector<std::string> texts_of(const Definition& from, std::string_view key, const std::string& context);
    std::vector<std::string> references_of(const Definition& from, const std::string& context);
    std::optional<model::Severity> severity_of(const Definition& from, const std::string& context);
    std::optional<model::SubjectKind> subject_of(const Definition& from, const std::string& context);
    ExpressionPtr checked_condition(const Definition& from, std::string_view key, const std::string& context);
    Template template_of(const Definition& from, std::string_view key, const std::string& context);
    bool enabled_of(const Definition& from, const std::string& context);

    // examples_file.cpp
    std::vector<Example> examples_of(const Definition& from, std::string_view yes, std::string_view no,
                                     const std::string& context);
    void example_records(const YamlNode& node, bool expected, const std::string& context, std::vector<Example>& out);
    std::optional<Example> example_record(const YamlNode& node, bool expected, const std::string& context);

    void error(std::string code, std::string message, std::string context, Position at);
    void warning(std::string code, std::string message, std::string context, Position at);

    RuleSet set_;
    std::vector<std::string> texts_ = {""};        ///< by file
    std::deque<std::vector<YamlNode>> documents_;  ///< definitions point into them
    std::deque<Definition> definitions_;
    std::map<std::pair<std::string, std::string>, Definition*> by_name_;
    std::size_t counter_ = 0;

    Scope scope_;                               ///< complete once build_scope has run
    std::set<const Definition*> building_;      ///< lists and macros that are being put together
    std::set<const Definition*> macros_tried_;  ///< so that a fault is told once
    std::set<std::string> lists_used_;
    std::set<std::string> macros_used_;
    ProgramBuilder builder_;                                             ///< checks types and tells event types
    std::vector<std::pair<ConditionId, const Definition*>> restricted_;  ///< rules whose event types are looked at
};

}  // namespace plimsoll::rule
