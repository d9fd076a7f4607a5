#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>

#include "audit/record.h"
#include "audit/rules/check_report.h"
#include "audit/tables.h"
#include "base/text.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

/// The fields that tell a reader which act it was; JSON has the whole record.
std::string essence(std::string_view body) {
    const Record record{.type = AUDIT_SYSCALL, .body = body};
    std::string out;
    const auto arch = find(record, "arch");
    const auto call = find(record, "syscall");
    if (arch && call) {
        const auto name = syscall_name(host::number<std::uint32_t>(arch->value, 16).value_or(0),
                                       host::number<unsigned>(call->value).value_or(0));
        out += fmt::format("{} {}", arch_name(host::number<std::uint32_t>(arch->value, 16).value_or(0)),
                           name.empty() ? call->value : name);
    }
    for (const char* name : {"success", "exit", "pid", "auid", "uid", "comm", "exe", "key"}) {
        const auto field = find(record, name);
        if (!field) continue;
        const bool hex = may_be_hex(record.type, name);
        out += fmt::format(" {}={}", name, hex ? decode(field->value, field->quoted) : std::string(field->value));
    }
    return out;
}

std::string rule_text(const RuleProof& proof) {
    std::string out = fmt::format("{:<9} {}\n", to_text(proof.outcome), printable(proof.rule));
    if (!proof.act.empty()) out += fmt::format("          act: {}\n", printable(proof.act));
    if (!proof.reason.empty()) out += fmt::format("          {}\n", printable(proof.reason));
    if (!proof.record.empty()) out += fmt::format("          record: {}\n", printable(essence(proof.record)));
    return out;
}

std::string process_text(const ProcessProof& proof) {
    const std::string_view verdict = !proof.reason.empty() ? "unknown" : proof.audited ? "audited" : "blind";
    std::string out = fmt::format("{:<9} {} (pid {})\n", verdict, printable(proof.process.name), proof.process.pid);
    if (!proof.reason.empty()) return out + fmt::format("          {}\n", printable(proof.reason));
    if (!proof.audited)
        out +=
            "          took a connection, and the kernel recorded nothing of it: it started before auditing was first "
            "switched on\n";
    else
        out += fmt::format("          record: {}\n", printable(essence(proof.record)));
    return out;
}

}  // namespace

std::string lint_text(const LintReport& report) {
    std::string out;
    for (const RuleFinding& finding : report.findings) {
        out += fmt::format("{:<8} {:<18} {}{}\n", model::to_text(finding.severity), finding.id, printable(finding.what),
                           finding.inferred ? " (inferred)" : "");
        out += fmt::format("         {}\n", printable(finding.subject));
        out += fmt::format("         {}\n", printable(finding.why));
        out += fmt::format("         → {}\n\n", printable(finding.remedy));
    }
    for (const std::string& reason : report.unknown) out += fmt::format("unknown  {}\n", printable(reason));
    out += fmt::format("{} findings; {} rules loaded, {} walked on each system call{}\n", report.findings.size(),
                       report.rules, report.walked, report.cost.empty() ? "" : " (cost " + report.cost + ")");
    return out;
}

std::string proof_text(const ProofReport& report) {
    std::string out;
    for (const RuleProof& proof : report.rules) out += rule_text(proof);
    for (const ProcessProof& proof : report.processes) out += process_text(proof);
    for (const std::string& reason : report.unknown) out += "unknown   " + printable(reason) + "\n";
    const auto count = [&](RuleProof::Outcome outcome) {
        return std::ranges::count(report.rules, outcome, &RuleProof::outcome);
    };
    out += fmt::format("{} rules: {} recorded, {} silent, {} under another key, {} with conditions, {} not tried{}\n",
                       report.rules.size(), count(RuleProof::Outcome::recorded), count(RuleProof::Outcome::nothing),
                       count(RuleProof::Outcome::other_key), count(RuleProof::Outcome::left_out),
                       count(RuleProof::Outcome::not_tried),
                       report.switched_on ? "; auditing was off and is off again" : "");
    return out;
}

}  // namespace plimsoll::audit
