#include "posture/judge.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <tuple>

#include "base/text.h"
#include "posture/finding_fields.h"
#include "posture/item_tally.h"
#include "posture/score.h"
#include "posture/verdict.h"
#include "rule/program.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::Finding;
using model::FindingItem;
using model::Outcome;
using model::SubjectKind;
using rule::ConditionId;
using rule::Truth;

struct CompiledPath {
    const rule::PathItem* item = nullptr;
    ConditionId condition = 0;
};

/// One object with its items by kind.
struct Subject {
    const Facts* facts = nullptr;
    std::array<std::vector<const Facts*>, model::kSubjectKinds> items;
};

bool is_wanted(const model::Check& check, const std::vector<std::string>& only) {
    if (only.empty()) return true;
    const auto matches = [&](const std::string& text) {
        return std::ranges::any_of(
            only, [&](const std::string& pattern) { return fnmatch(pattern.c_str(), text.c_str(), 0) == 0; });
    };
    return matches(check.id) || std::ranges::any_of(check.tags, matches) ||
           std::ranges::any_of(check.references, matches);
}

std::string detail_of(const Facts& facts) {
    switch (facts.kind()) {
        case SubjectKind::container:
            return fmt::format("{}, {}", facts.text("container.image"), facts.text("container.state"));
        case SubjectKind::image: return std::string(facts.id());
        case SubjectKind::network: return std::string(facts.text("network.driver"));
        case SubjectKind::daemon:
            return fmt::format("{} {}", facts.text("daemon.engine"), facts.text("daemon.version"));
        case SubjectKind::host:
            return fmt::format("{} {}, kernel {}", facts.text("host.os.id"), facts.text("host.os.version"),
                               facts.text("host.kernel"));
        default: return {};
    }
}

class Judgement {
public:
    Judgement(const Inventory& inventory, const rule::RuleSet& rules, const JudgeOptions& options)
        : inventory_(inventory), rules_(rules), options_(options) {}

    Result<model::AuditReport> run() {
        TRY_VOID(compile());
        collect_subjects();
        report_.findings.reserve(subjects_.size() * report_.checks.size() / 2);
        rule::Evaluator evaluator(*program_);
        for (std::uint32_t object = 0; object < subjects_.size(); ++object) judge_object(object, evaluator);
        add_manual();
        apply_waivers(evaluator);
        find_paths(evaluator);
        compare_with_baseline();
        summarize();
        return std::move(report_);
    }

private:
    Result<bool> compile() {
        rule::ProgramBuilder builder;
        const auto add = [&](const rule::ExpressionPtr& expression, std::string_view what) -> Result<ConditionId> {
            const auto id = builder.add(expression);
            if (!id) return Error{fmt::format("{}: {}", what, rule::to_text(id.error()))};
            return *id;
        };
        for (const rule::CheckItem& item : rules_.checks) {
            if (!item.enabled || !is_wanted(item.text, options_.only)) continue;
            CompiledCheck check{.item = &item, .index = static_cast<std::uint32_t>(report_.checks.size())};
            if (item.applies) {
                TRY(check.applies, add(item.applies, item.text.id));
            }
            if (item.condition) {
                TRY(check.condition, add(item.condition, item.text.id));
            }
            report_.checks.push_back(item.text);
            (item.condition ? checks_[static_cast<std::size_t>(item.text.subject)] : manual_).push_back(check);
        }
        for (const rule::PathItem& item : rules_.paths) {
            if (!item.enabled) continue;
            TRY(const ConditionId condition, add(item.condition, item.id));
            paths_.push_back({&item, condition});
        }
        for (const rule::WaiverItem& item : rules_.waivers) {
            TRY(const ConditionId condition, add(item.condition, item.id));
            waivers_.push_back(condition);
        }
        program_.emplace(std::move(builder).build());
        for (const std::string& pattern : options_.only) {
            const bool used = std::ranges::any_of(
                report_.checks, [&](const model::Check& check) { return is_wanted(check, {pattern}); });
            if (!used) report_.problems.push_back(fmt::format("no check matches '{}'", pattern));
        }
        return true;
    }

    void collect_subjects() {
        outcomes_.emplace(report_.checks);
        const auto is_reported = [&](const Facts& facts) {
            return options_.only_objects.empty() ||
                   std::ranges::find(options_.only_objects, model::to_text(facts.kind())) !=
                       options_.only_objects.end();
        };
        const auto is_named = [&](const Facts& facts) {
            const std::string& wanted = options_.only_container;
            return wanted.empty() || facts.kind() != SubjectKind::container || facts.name() == wanted ||
                   (wanted.size() >= 4 && !facts.id().empty() &&
                    (facts.id().starts_with(wanted) || wanted.starts_with(facts.id())));
        };
        for (const Facts& facts : inventory_.store.all()) {
            if (model::is_object(facts.kind()) && is_reported(facts) && is_named(facts))
                subjects_.push_back({.facts = &facts});
        }
        if (!options_.only_container.empty() && std::ranges::none_of(subjects_, [](const Subject& s) {
                return s.facts->kind() == SubjectKind::container;
            })) {
            report_.problems.push_back(fmt::format("no container is called '{}'", options_.only_container));
        }
        // Engines answer in any order; a report of the same host is always the same.
        std::ranges::stable_sort(subjects_, {}, [](const Subject& subject) {
            return std::pair(subject.facts->kind(), subject.facts->name());
        });
        std::map<const Facts*, std::uint32_t> object_of;
        for (std::uint32_t i = 0; i < subjects_.size(); ++i) {
            const Facts& facts = *subjects_[i].facts;
            object_of.emplace(&facts, i);
            outcomes_->add_object(facts);
            report_.objects.push_back({.kind = facts.kind(),
                                       .id = std::string(facts.id()),
                                       .name = std::string(facts.name()),
                                       .detail = detail_of(facts)});
        }
        for (const Facts& facts : inventory_.store.all()) {
            if (model::is_object(facts.kind())) continue;
            if (const auto owner = object_of.find(facts.owner()); owner != object_of.end()) {
                subjects_[owner->second].items[static_cast<std::size_t>(facts.kind())].push_back(&facts);
            }
        }
    }

    void judge_object(std::uint32_t object, rule::Evaluator& evaluator) {
        const Subject& subject = subjects_[object];
        const auto own = static_cast<std::size_t>(subject.facts->kind());
        evaluator.start(*subject.facts);
        for (const CompiledCheck& check : checks_[own]) {
            Verdict verdict = judge_record(check, *subject.facts, *program_, evaluator, options_.all_evidence);
            Finding finding{.outcome = verdict.outcome,
                            .message = std::move(verdict.message),
                            .reason = std::move(verdict.reason),
                            .evidence = std::move(verdict.evidence)};
            keep(check, object, std::move(finding));
        }
        for (std::size_t kind = own; kind < model::kSubjectKinds; ++kind) {
            if (!model::is_object(static_cast<SubjectKind>(kind)) && !checks_[kind].empty() &&
                can_hold(subject, static_cast<SubjectKind>(kind))) {
                judge_items(object, static_cast<SubjectKind>(kind), evaluator);
            }
        }
    }

    /// Whether objects of this kind have items of that kind at all; if so, having none is a pass.
    static bool can_hold(const Subject& subject, SubjectKind item) {
        const auto has = !subject.items[static_cast<std::size_t>(item)].empty();
        switch (subject.facts->kind()) {
            case SubjectKind::container:
                return item == SubjectKind::mount || item == SubjectKind::port || item == SubjectKind::env ||
                       item == SubjectKind::device || has;
            case SubjectKind::image: return item == SubjectKind::env || item == SubjectKind::layer;
            default: return has;
        }
    }

    /// Judges all items of one kind; one finding for each check.
    void judge_items(std::uint32_t object, SubjectKind kind, rule::Evaluator& evaluator) {
        const auto& checks = checks_[static_cast<std::size_t>(kind)];
        std::vector<ItemTally> tallies(checks.size(), ItemTally(kind == SubjectKind::log));
        for (const Facts* item : subjects_[object].items[static_cast<std::size_t>(kind)]) {
            evaluator.start(*item);
            for (std::size_t i = 0; i < checks.size(); ++i) {
                tallies[i].add(item->name(),
                               judge_record(checks[i], *item, *program_, evaluator, options_.all_evidence));
            }
        }
        const std::string_view gap = subjects_[object].facts->gap();
        for (std::size_t i = 0; i < checks.size(); ++i) {
            Finding finding = std::move(tallies[i]).finish();
            if (!gap.empty() && finding.outcome == Outcome::pass) {
                finding.outcome = Outcome::unknown;
                finding.reason = gap;
            }
            keep(checks[i], object, std::move(finding));
        }
    }

    void keep(const CompiledCheck& check, std::uint32_t object, Finding&& finding) {
        finding.check = check.index;
        finding.object = object;
        outcomes_->set(*subjects_[object].facts, check.index, finding.outcome);
        report_.findings.push_back(std::move(finding));
    }

    void add_manual() {
        if (subjects_.empty()) return;
        for (const CompiledCheck& check : manual_) {
            const auto of_kind = std::ranges::find_if(
                subjects_, [&](const Subject& subject) { return subject.facts->kind() == check.item->text.subject; });
            if (of_kind == subjects_.end() && model::is_object(check.item->text.subject) &&
                check.item->text.subject == SubjectKind::swarm)
                continue;
            const auto object =
                of_kind == subjects_.end() ? std::size_t{0} : static_cast<std::size_t>(of_kind - subjects_.begin());
            report_.findings.push_back({.check = check.index,
                                        .object = static_cast<std::uint32_t>(object),
                                        .outcome = Outcome::manual,
                                        .reason = check.item->manual});
        }
    }

    void apply_waivers(rule::Evaluator& evaluator) {
        const std::string today = to_date(options_.now);
        for (const rule::WaiverItem& item : rules_.waivers) {
            report_.waivers.push_back({.id = item.id,
                                       .reason = item.reason,
                                       .owner = item.owner,
                                       .expires = item.expires,
                                       .file = rules_.files[item.at.file],
                                       .line = item.at.line,
                                       .expired = !item.expires.empty() && item.expires < today});
        }
        if (waivers_.empty()) return;
        for (Finding& finding : report_.findings) {
            if (finding.outcome != Outcome::fail) continue;
            FindingFields record(*subjects_[finding.object].facts, *outcomes_);
            record.describe(report_.checks[finding.check], {});
            for (std::uint32_t waiver = 0; waiver < waivers_.size() && !finding.waiver; ++waiver)
                waive(finding, waiver, record, evaluator);
        }
    }

    /// Waives the whole finding, or those of its items that the waiver names.
    void waive(Finding& finding, std::uint32_t waiver, FindingFields& record, rule::Evaluator& evaluator) {
        model::WaiverSummary& summary = report_.waivers[waiver];
        const auto covers = [&](std::string_view item) {
            record.set_item(item);
            evaluator.start(record);
            return evaluator.evaluate(waivers_[waiver]) == Truth::yes;
        };
        if (finding.items.empty()) {
            if (!covers({})) return;
            ++summary.used;
            if (!summary.expired) finding.waiver = waiver;
            return;
        }
        std::vector<FindingItem> left;
        for (const FindingItem& item : finding.items) {
            if (!covers(item.name)) left.push_back(item);
        }
        if (left.size() == finding.items.size()) return;
        ++summary.used;
        if (summary.expired) return;
        if (left.empty()) {
            finding.waiver = waiver;
        } else {
            finding.items_total -= static_cast<std::uint32_t>(finding.items.size() - left.size());
            finding.items = std::move(left);
            finding.message = finding.items.front().message;
        }
    }

    void find_paths(rule::Evaluator& evaluator) {
        std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t> finding_of;
        for (std::uint32_t i = 0; i < report_.findings.size(); ++i) {
            const Finding& finding = report_.findings[i];
            if (finding.outcome == Outcome::fail) finding_of[{finding.object, report_.checks[finding.check].id}] = i;
        }
        std::map<const Facts*, std::uint32_t> object_of;
        for (std::uint32_t i = 0; i < subjects_.size(); ++i) object_of.emplace(subjects_[i].facts, i);
        for (const CompiledPath& path : paths_) {
            for (std::uint32_t object = 0; object < subjects_.size(); ++object) {
                const Facts& facts = *subjects_[object].facts;
                if (facts.kind() != path.item->subject) continue;
                FindingFields record(facts, *outcomes_);
                evaluator.start(record);
                if (evaluator.evaluate(path.condition) == Truth::yes)
                    add_path(*path.item, object, record, finding_of, object_of);
            }
        }
        std::ranges::stable_sort(report_.paths, std::greater(), &model::AttackPath::severity);
        for (std::uint32_t i = 0; i < report_.paths.size(); ++i) {
            for (const std::uint32_t finding : report_.paths[i].findings) {
                if (!report_.findings[finding].path && !report_.paths[i].waiver) report_.findings[finding].path = i;
            }
        }
    }

    void add_path(const rule::PathItem& item, std::uint32_t object, const FindingFields& record,
                  const std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t>& finding_of,
                  const std::map<const Facts*, std::uint32_t>& object_of) {
        model::AttackPath path{.id = item.id,
                               .title = item.title,
                               .consequence = item.consequence,
                               .message = item.message.render(record),
                               .remedy = item.remedy,
                               .severity = item.severity,
                               .object = object,
                               .references = item.references};
        bool all_waived = true;
        for (const std::string& step : item.steps) {
            for (const Facts* facts = subjects_[object].facts; facts != nullptr; facts = facts->owner()) {
                const auto at = object_of.find(facts);
                const auto found = at == object_of.end() ? finding_of.end() : finding_of.find({at->second, step});
                if (found == finding_of.end()) continue;
                path.findings.push_back(found->second);
                const Finding& finding = report_.findings[found->second];
                if (!finding.waiver)
                    all_waived = false;
                else
                    path.waiver = finding.waiver;
                break;
            }
        }
        if (path.findings.empty() || !all_waived) path.waiver.reset();
        report_.paths.push_back(std::move(path));
    }

    void compare_with_baseline() {
        if (!options_.baseline) return;
        report_.has_baseline = true;
        std::set<std::string> now_failed;
        for (Finding& finding : report_.findings) {
            if (finding.outcome != Outcome::fail) continue;
            const model::ObjectSummary& object = report_.objects[finding.object];
            std::string key = finding_key(report_.checks[finding.check].id, model::to_text(object.kind), object.name);
            finding.is_new = !options_.baseline->failed.contains(key);
            now_failed.insert(std::move(key));
        }
        for (const std::string& key : options_.baseline->failed) {
            if (!now_failed.contains(key)) ++report_.resolved_since_baseline;
        }
    }

    void summarize() {
        for (const Finding& finding : report_.findings) {
            model::ObjectSummary& object = report_.objects[finding.object];
            if (model::counts(finding))
                ++object.failed[static_cast<std::size_t>(report_.checks[finding.check].severity)];
            else if (finding.outcome == Outcome::pass)
                ++object.passed;
            else if (finding.outcome == Outcome::unknown)
                ++object.unknown;
        }
        set_scores(report_);
        report_.host = inventory_.host_name;
        report_.engines = inventory_.engines;
        report_.problems.insert(report_.problems.begin(), inventory_.problems.begin(), inventory_.problems.end());
        sort_findings();
    }

    /// Worst first; attack paths keep pointing at their findings.
    void sort_findings() {
        const auto rank = [&](std::uint32_t i) {
            const Finding& finding = report_.findings[i];
            const int outcome = counts(finding)                       ? 0
                                : finding.outcome == Outcome::fail    ? 1
                                : finding.outcome == Outcome::unknown ? 2
                                                                      : 3;
            return std::tuple(outcome, -static_cast<int>(report_.checks[finding.check].severity),
                              report_.objects[finding.object].score, finding.object);
        };
        std::vector<std::uint32_t> order;
        std::vector<std::uint32_t> passed;  // nearly all: they follow in the order of objects and need no sorting
        for (std::uint32_t i = 0; i < report_.findings.size(); ++i)
            (report_.findings[i].outcome == Outcome::pass ? passed : order).push_back(i);
        std::ranges::stable_sort(order, {}, rank);
        order.insert(order.end(), passed.begin(), passed.end());
        std::vector<Finding> sorted;
        std::vector<std::uint32_t> place(order.size());
        sorted.reserve(order.size());
        for (std::uint32_t i = 0; i < order.size(); ++i) {
            place[order[i]] = i;
            sorted.push_back(std::move(report_.findings[order[i]]));
        }
        report_.findings = std::move(sorted);
        for (model::AttackPath& path : report_.paths) {
            for (std::uint32_t& finding : path.findings) finding = place[finding];
        }
    }

    const Inventory& inventory_;
    const rule::RuleSet& rules_;
    const JudgeOptions& options_;
    model::AuditReport report_;
    std::array<std::vector<CompiledCheck>, model::kSubjectKinds> checks_;
    std::vector<CompiledCheck> manual_;
    std::vector<CompiledPath> paths_;
    std::vector<ConditionId> waivers_;
    std::optional<rule::Program> program_;
    std::vector<Subject> subjects_;
    std::optional<OutcomeTable> outcomes_;
};

}  // namespace

std::string finding_key(std::string_view check, std::string_view kind, std::string_view object) {
    return fmt::format("{} {} {}", check, kind, object);
}

Result<model::AuditReport> judge(const Inventory& inventory, const rule::RuleSet& rules, const JudgeOptions& options) {
    return Judgement(inventory, rules, options).run();
}

}  // namespace plimsoll::posture
