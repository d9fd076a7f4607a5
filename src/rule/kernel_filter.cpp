#include "rule/kernel_filter.h"

#include <algorithm>
#include <set>

#include "rule/event_types.h"
#include "rule/field_ref.h"
#include "rule/file_wish.h"
#include "rule/kernel_calls.h"
#include "rule/path_tests.h"
#include "rule/rule_set.h"
#include "rule/situation.h"

namespace plimsoll::rule {

namespace {

using namespace detail;
using model::FileAct;
using model::FileWish;
using model::KernelFilter;

FileWish& wish_of(KernelFilter& filter, FileAct act) { return filter.files[static_cast<std::size_t>(act)]; }

/// The filter of one condition. Opening falls into several acts at once, so that it is enough when one of them is
/// wanted: reading and writing first, creating only where they do not cover it.
class OneCondition {
public:
    OneCondition(const Expression& condition, Wanting& wanting) : condition_(condition), wanting_(wanting) {
        collect_types(condition);
    }

    KernelFilter filter(bool host) {
        judge(true);
        if (host) {
            const KernelFilter inside = filter_;
            filter_ = KernelFilter();
            judge(false);
            filter_.host = wants_something();
            filter_ = united(inside, filter_);
        }
        return filter_;
    }

private:
    void collect_types(const Expression& node) {
        for (const auto& child : node.children) collect_types(*child);
        if (node.kind != Expression::Kind::check) return;
        for (const auto& value : node.right.values) {
            if (find_event_type(value) < kEventTypes.size()) named_.insert(value);
        }
    }

    bool wants_something() const {
        return filter_.succeeded.any() || filter_.failed.any() ||
               std::ranges::any_of(filter_.files, [](const FileWish& wish) { return !wish.empty(); });
    }

    void judge(bool in_container) {
        in_container_ = in_container;
        bool unnamed[2] = {};
        bool unnamed_known = false;
        for (const KernelCall& call : kernel_calls()) {
            if (opens(call)) {
                judge_open(call);
            } else if (const auto act = act_of(call)) {
                for (const bool failed : {false, true}) {
                    const auto wish = wanted({.call = &call, .failed = failed});
                    add(wish_of(filter_, *act), wish);
                    if (call.name == "unlinkat") add(wish_of(filter_, FileAct::rmdir), wish);
                }
            } else if (is_named(call)) {
                for (const bool failed : {false, true}) set(call, failed, !wanted({&call, failed}).empty());
            } else {  // the condition cannot tell these calls apart
                for (const bool failed : {false, true}) {
                    if (!unnamed_known) unnamed[failed] = !wanted({&call, failed}).empty();
                    set(call, failed, unnamed[failed]);
                }
                unnamed_known = true;
            }
        }
    }

    [[nodiscard]] bool is_named(const KernelCall& call) const {
        return named_.contains(call.name) || named_.contains(call.other_name) || call.name == "open_by_handle_at";
    }

    FileWish wanted(Situation situation) {
        situation.in_container = in_container_;
        return wanting_.of(condition_, situation);
    }

    void set(const KernelCall& call, bool failed, bool wanted) {
        if (wanted && (failed || !is_always_sent(call))) (failed ? filter_.failed : filter_.succeeded).set(call.number);
    }

    void judge_open(const KernelCall& call) {
        add(wish_of(filter_, FileAct::failed), wanted({.call = &call, .failed = true}));
        static constexpr OpenMode kModes[] = {OpenMode::read, OpenMode::write, OpenMode::both,
                                              OpenMode::read_truncated};
        static constexpr OpenMode kCreatModes[] = {OpenMode::write};
        const bool creates = call.name == "creat";
        for (const Creation creation : {Creation::none, Creation::created, Creation::executable}) {
            if (creates && creation == Creation::none) continue;
            for (const OpenMode mode : creates ? std::span<const OpenMode>(kCreatModes) : kModes) {
                const Situation situation{.call = &call, .mode = mode, .creation = creation};
                cover(situation, wanted(situation));
            }
        }
    }

    /// Sees to it that one of the situation's acts wants what is wanted.
    void cover(const Situation& situation, const FileWish& wish) {
        std::vector<FileAct> acts;  // the last one gets what the others do not have
        if (situation.reads()) acts.push_back(FileAct::read);
        if (situation.mode != OpenMode::read) acts.push_back(FileAct::write);
        if (situation.creation != Creation::none) acts.push_back(FileAct::create);
        if (situation.creation == Creation::executable) acts.push_back(FileAct::execute);
        const bool covered =
            std::ranges::any_of(acts, [&](FileAct act) { return covers(wish_of(filter_, act), wish); });
        if (!covered) add(wish_of(filter_, acts.back()), wish);
    }

    const Expression& condition_;
    Wanting& wanting_;
    std::set<std::string, std::less<>> named_;
    KernelFilter filter_;
    bool in_container_ = true;
};

/// Whether a field needs what is only sent on demand.
void note_field(const FieldUse& use, KernelFilter& filter) {
    const auto name = model::field(use.field).name;
    if (name == "proc.env" || name == "proc.aenv") filter.environment = true;
    const bool argument = (name == "evt.arg" || name == "evt.rawarg") && use.arg == "data";
    if (name == "evt.buffer" || argument) filter.data = true;
    if (name.starts_with("fd.") && name.ends_with("ip.name")) filter.names = true;
}

void note_fields(const Operand& operand, KernelFilter& filter) {
    if (operand.kind == Operand::Kind::field) {
        if (const auto ref = resolve_field(operand)) note_field(ref->use, filter);
    }
    for (const auto& part : operand.parts) note_fields(part, filter);
}

void note_fields(const Expression& node, KernelFilter& filter) {
    for (const auto& child : node.children) note_fields(*child, filter);
    if (node.kind != Expression::Kind::check) return;
    note_fields(node.left, filter);
    if (node.right.operand) note_fields(*node.right.operand, filter);
}

}  // namespace

KernelFilter kernel_filter(std::span<const ExpressionPtr> conditions, bool host) {
    KernelFilter filter;
    Wanting wanting;
    for (const auto& condition : conditions) {
        filter = united(filter, OneCondition(*condition, wanting).filter(host));
        note_fields(*condition, filter);
    }
    return filter;
}

KernelFilter kernel_filter(std::span<const Rule* const> rules, bool host) {
    std::vector<ExpressionPtr> conditions;
    for (const Rule* rule : rules) conditions.push_back(rule->condition);
    KernelFilter filter = kernel_filter(conditions, host);
    for (const Rule* rule : rules) {
        for (const FieldUse& use : rule->output.fields()) note_field(use, filter);
    }
    return filter;
}

KernelFilter united(const KernelFilter& one, const KernelFilter& other) {
    KernelFilter both = one;
    for (std::size_t act = 0; act < both.files.size(); ++act) add(both.files[act], other.files[act]);
    both.succeeded |= other.succeeded;
    both.failed |= other.failed;
    both.host = one.host || other.host;
    both.environment = one.environment || other.environment;
    both.data = one.data || other.data;
    both.names = one.names || other.names;
    return both;
}

}  // namespace plimsoll::rule
