#include <nlohmann/json.hpp>

#include "audit/rules/check_report.h"
#include "base/text.h"

namespace plimsoll::audit {

namespace {

nlohmann::ordered_json lint_json(const LintReport& report) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const RuleFinding& finding : report.findings) {
        findings.push_back({{"id", finding.id},
                            {"severity", model::to_text(finding.severity)},
                            {"subject", valid_utf8(finding.subject)},
                            {"what", valid_utf8(finding.what)},
                            {"why", valid_utf8(finding.why)},
                            {"remedy", valid_utf8(finding.remedy)},
                            {"inferred", finding.inferred}});
    }
    nlohmann::ordered_json unknown = nlohmann::ordered_json::array();
    for (const std::string& reason : report.unknown) unknown.push_back(valid_utf8(reason));
    return {{"findings", std::move(findings)},
            {"unknown", std::move(unknown)},
            {"rules", report.rules},
            {"walked", report.walked},
            {"cost", report.cost}};
}

nlohmann::ordered_json proof_json(const ProofReport& report) {
    nlohmann::ordered_json rules = nlohmann::ordered_json::array();
    for (const RuleProof& proof : report.rules)
        rules.push_back({{"rule", valid_utf8(proof.rule)},
                         {"outcome", to_text(proof.outcome)},
                         {"act", valid_utf8(proof.act)},
                         {"reason", valid_utf8(proof.reason)},
                         {"record", valid_utf8(proof.record)}});
    nlohmann::ordered_json processes = nlohmann::ordered_json::array();
    for (const ProcessProof& proof : report.processes) {
        nlohmann::ordered_json one = {{"pid", proof.process.pid},
                                      {"name", valid_utf8(proof.process.name)},
                                      {"audited", nullptr},
                                      {"reason", valid_utf8(proof.reason)},
                                      {"record", valid_utf8(proof.record)}};
        if (proof.reason.empty()) one["audited"] = proof.audited;
        processes.push_back(std::move(one));
    }
    nlohmann::ordered_json unknown = nlohmann::ordered_json::array();
    for (const std::string& reason : report.unknown) unknown.push_back(valid_utf8(reason));
    return {{"rules", std::move(rules)},
            {"processes", std::move(processes)},
            {"switched_on", report.switched_on},
            {"unknown", std::move(unknown)}};
}

}  // namespace

std::string check_json(const LintReport& report, const ProofReport* proof) {
    nlohmann::ordered_json out = lint_json(report);
    out["proof"] = nullptr;
    if (proof != nullptr) out["proof"] = proof_json(*proof);
    return out.dump(2) + "\n";
}

}  // namespace plimsoll::audit
