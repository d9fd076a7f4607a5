#include "audit/rules/prove.h"

#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "audit/rules/act.h"
#include "audit/rules/generate.h"
#include "audit/rules/proof_listener.h"
#include "audit/rules/prove_process.h"
#include "audit/rules/rule_text.h"
#include "audit/tables.h"
#include "host/signals_held.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;
using Outcome = RuleProof::Outcome;

/// Auditing that was off is on as long as this lives.
class SwitchedOn {
public:
    static Result<SwitchedOn> make(KernelAudit& kernel) {
        TRY(const auto status, kernel.status());
        if (status.enabled == 0) TRY_VOID(kernel.enable(1));
        return SwitchedOn(status.enabled == 0 ? &kernel : nullptr);
    }
    SwitchedOn(SwitchedOn&& other) noexcept : kernel_(std::exchange(other.kernel_, nullptr)) {}
    SwitchedOn& operator=(SwitchedOn&&) = delete;
    ~SwitchedOn() {
        if (kernel_ != nullptr) static_cast<void>(kernel_->enable(0));
    }
    [[nodiscard]] bool was_off() const { return kernel_ != nullptr; }

private:
    explicit SwitchedOn(KernelAudit* kernel) : kernel_(kernel) {}
    KernelAudit* kernel_;
};

/// What the heard records say about one rule's act.
void judge(const AuditRule& rule, pid_t pid, const std::vector<HeardRecord>& heard, RuleProof& proof) {
    const HeardRecord* other = nullptr;
    for (const HeardRecord& record : heard) {
        if (record.pid != pid) continue;
        if (record.keys == rule.keys) {
            proof.outcome = Outcome::recorded;
            proof.record = record.text;
            return;
        }
        // What a process does at its end may be another rule's.
        if (other == nullptr && !record.keys.empty()) other = &record;
    }
    const std::string limits = limits_of(rule);
    if (other != nullptr && limits.empty()) {
        proof.outcome = Outcome::other_key;
        proof.reason = fmt::format("recorded under the key '{}' of an earlier rule", fmt::join(other->keys, ", "));
        proof.record = other->text;
    } else if (!limits.empty()) {
        proof.outcome = Outcome::left_out;
        proof.reason = fmt::format("no record; its conditions ({}) may leave this process out", limits);
    } else {
        proof.outcome = Outcome::nothing;
    }
}

std::vector<RuleProof> prove_all(const RuleSet& set, bool all, ProofListener& listener, ProofReport& report) {
    std::vector<RuleProof> proofs;
    std::vector<std::pair<std::size_t, pid_t>> acted;  // of the same place in proofs
    for (std::size_t i = 0; i < set.rules().size(); ++i) {
        const AuditRule& rule = set.rules()[i];
        if (!all && !is_ours(rule)) continue;
        const Act act = choose_act(rule, set.file_of(i));
        RuleProof proof{.rule = listed_text(rule)};
        acted.emplace_back(i, 0);
        if (act.kind == Act::Kind::none) {
            proof.reason = act.text;
        } else if (const auto pid = perform(act)) {
            proof.act = act.text;
            acted.back().second = *pid;
        } else {
            proof.reason = pid.error().message;
        }
        proofs.push_back(std::move(proof));
    }
    const auto heard = listener.all_until_now();
    if (!heard) {
        report.unknown.push_back(heard.error().message);
        for (RuleProof& proof : proofs) {
            if (proof.reason.empty()) proof.reason = heard.error().message;
        }
        return proofs;
    }
    for (std::size_t i = 0; i < proofs.size(); ++i) {
        if (acted[i].second != 0) judge(set.rules()[acted[i].first], acted[i].second, *heard, proofs[i]);
    }
    return proofs;
}

}  // namespace

std::string_view to_text(Outcome outcome) {
    switch (outcome) {
        case Outcome::recorded: return "recorded";
        case Outcome::other_key: return "other-key";
        case Outcome::nothing: return "nothing";
        case Outcome::left_out: return "left-out";
        case Outcome::not_tried: return "not-tried";
    }
    return "?";
}

Result<ProofReport> prove_rules(const host::Root& root, bool all, KernelAudit& kernel) {
    const host::SignalsHeld held;
    TRY(auto loaded, kernel.rules());
    for (const AuditRule& rule : loaded.rules) {  // of a run that was killed
        if (rule.keys == std::vector{std::string(kProbeKey)}) TRY_VOID(kernel.remove(rule));
    }
    std::erase_if(loaded.rules, [](const AuditRule& rule) { return rule.keys == std::vector{std::string(kProbeKey)}; });
    TRY(const auto on, SwitchedOn::make(kernel));
    ProofReport report{.switched_on = on.was_off()};
    TRY(auto listener, ProofListener::open());
    report.rules = prove_all(RuleSet(root, loaded.rules), all, listener, report);
    report.processes = prove_processes(root, listener, kernel);
    return report;
}

}  // namespace plimsoll::audit
