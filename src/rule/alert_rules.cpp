#include "rule/alert_rules.h"

#include <algorithm>
#include <array>

#include "base/result.h"

namespace plimsoll::rule {

struct AlertRules::InForce {
    const Rule* rule = nullptr;
    std::vector<FieldUse> identity;  ///< fields that tell one alert of the rule from another
    std::atomic<std::uint64_t> matched = 0;
    std::atomic<std::uint64_t> unknown = 0;
    std::string unknown_reason;      ///< guarded
    const FieldUse* told = nullptr;  ///< what unknown_reason tells of; of the judging thread
    std::string told_reason;
};

namespace {

/// Whether a field's value differs from one occurrence of the same thing to the next.
bool changes_by_itself(const FieldUse& use) {
    const model::Field& field = model::field(use.field);
    if (field.type == model::Type::time || field.type == model::Type::duration) return true;
    constexpr std::array kPrefixes = {"recent.",      "usage.",  "evt.time", "evt.rawtime",
                                      "evt.datetime", "evt.num", "record."};
    constexpr std::array kNames = {"exec.id", "exec.pid", "exec.vpid", "loss.count"};
    return std::ranges::any_of(kPrefixes, [&](const char* prefix) { return field.name.starts_with(prefix); }) ||
           std::ranges::count(kNames, field.name) > 0;
}

/// Whether the field follows from the name that an event's file goes by.
bool names_file(const FieldUse& use) {
    constexpr std::array kNames = {"fd.name", "fd.directory", "fd.filename", "fd.containername",
                                   "fd.containerdirectory"};
    const auto name = model::field(use.field).name;
    return std::ranges::count(kNames, name) > 0 || name.starts_with("fs.path.");
}

constexpr std::size_t kMostReason = 300;

/// Appends a part that no other part can be mistaken for.
void append_part(std::string& identity, std::string_view part) {
    identity += std::to_string(part.size());
    identity += ':';
    identity += part;
}

std::string identity_of(const Rule& rule, const std::vector<FieldUse>& fields, const model::Fields& event) {
    std::string identity;
    append_part(identity, rule.name);
    for (const FieldUse& use : fields) {
        std::string text;
        const model::Reading reading = event.read(use.field, use.arg);
        for (const model::Value& value : reading.values) append_part(text, model::to_text(value));
        append_part(identity, text);
    }
    return identity;
}

}  // namespace

AlertRules::AlertRules(RuleSet set, std::span<const std::string_view> sources, std::span<const ExpressionPtr> wishes)
    : set_(std::move(set)) {
    ProgramBuilder builder;
    for (const Rule& rule : set_.rules) {
        if (!rule.enabled || std::ranges::count(sources, rule.source) == 0) continue;
        const auto id = builder.add(rule.condition);
        check(id.has_value() && *id == rules_.size());  // the loader compiled it before
        auto made = std::make_unique<InForce>();
        made->rule = &rule;
        made->identity.push_back({model::FieldKey("container.id").id(), ""});
        for (const FieldUse& use : rule.output.fields()) {
            if (!changes_by_itself(use)) made->identity.push_back(use);
        }
        rules_.push_back(std::move(made));
    }
    for (const ExpressionPtr& wish : wishes) check(builder.add(wish).has_value());  // its owner compiled it before
    program_ = std::make_unique<const Program>(std::move(builder).build());
    evaluator_ = std::make_unique<Evaluator>(*program_);
    for (ConditionId id = 0; id < program_->conditions(); ++id)
        reads_file_name_.push_back(std::ranges::any_of(program_->fields_of(id), names_file));
}

AlertRules::~AlertRules() = default;

std::span<const AlertMatch> AlertRules::match(const model::Fields& event) { return judge(event, false); }

std::span<const AlertMatch> AlertRules::match_again(const model::Fields& event) { return judge(event, true); }

std::span<const AlertMatch> AlertRules::judge(const model::Fields& event, bool again) {
    matches_.clear();
    wished_ = false;
    evaluator_->start(event);
    for (const ConditionId id : evaluator_->candidates()) {
        if (again && !reads_file_name_[id]) continue;
        if (id < rules_.size())
            judge(id, event);
        else
            wished_ = wished_ || evaluator_->evaluate(id) != Truth::no;
    }
    return matches_;
}

void AlertRules::judge(ConditionId id, const model::Fields& event) {
    const Truth truth = evaluator_->evaluate(id);
    if (truth == Truth::no) return;
    InForce& rule = *rules_[id];
    if (truth == Truth::unknown) return note_unknown(rule);
    rule.matched.fetch_add(1, std::memory_order_relaxed);
    matches_.push_back({.rule = rule.rule,
                        .output = rule.rule->output.render(event),
                        .identity = identity_of(*rule.rule, rule.identity, event)});
}

void AlertRules::note_unknown(InForce& rule) {
    rule.unknown.fetch_add(1, std::memory_order_relaxed);
    const FieldUse* field = evaluator_->unknown_field();
    const auto reason = evaluator_->reason().substr(0, kMostReason);
    if (!rule.told_reason.empty() && rule.told == field && rule.told_reason == reason) return;
    rule.told = field;
    rule.told_reason = reason;
    const std::scoped_lock lock(mutex_);
    rule.unknown_reason = field == nullptr ? "" : to_text(*field) + ": ";
    rule.unknown_reason += reason;
}

std::vector<AlertRuleCount> AlertRules::counts() const {
    const std::scoped_lock lock(mutex_);
    std::vector<AlertRuleCount> out;
    for (const auto& rule : rules_) {
        out.push_back({.rule = rule->rule,
                       .matched = rule->matched.load(std::memory_order_relaxed),
                       .unknown = rule->unknown.load(std::memory_order_relaxed),
                       .unknown_reason = rule->unknown_reason});
    }
    return out;
}

}  // namespace plimsoll::rule
