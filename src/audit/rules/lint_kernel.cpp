#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "audit/rules/lint.h"
#include "base/time.h"

namespace plimsoll::audit {

namespace {

using model::Severity;

constexpr std::uint32_t kSmallBacklog = 8192;

bool has(const LintInput& input, std::string_view parameter) {
    return input.parameters && std::ranges::find(*input.parameters, parameter) != input.parameters->end();
}

void lint_status(const host::AuditStatus& status, LintReport& report) {
    const auto add = [&](RuleFinding finding) { report.findings.push_back(std::move(finding)); };
    if (status.enabled == 0)
        add({.id = "auditing-off",
             .severity = Severity::high,
             .subject = "enabled 0",
             .what = "auditing is switched off",
             .why = "No rule records anything.",
             .remedy = "plimsoll auditd apply, or auditctl -e 1; start auditd."});
    if (status.failure == 0)
        add({.id = "failure-silent",
             .severity = Severity::low,
             .subject = "failure 0",
             .what = "lost records are not told in the kernel's log",
             .why = "With failure 0 the kernel drops records without a word.",
             .remedy = "-f 1 in /etc/audit/rules.d/audit.rules"});
    if (status.failure == 2)
        add({.id = "failure-panic",
             .severity = Severity::info,
             .subject = "failure 2",
             .what = "the kernel stops the machine when it loses a record",
             .why = "A flood of records, which any user may cause, takes the host down.",
             .remedy = "-f 1, unless that is wanted."});
    if (status.rate_limit != 0)
        add({.id = "rate-limit",
             .severity = Severity::medium,
             .subject = fmt::format("rate_limit {}", status.rate_limit),
             .what = fmt::format("records beyond {} a second are thrown away", status.rate_limit),
             .why = "One event is three to six records, so whoever makes noise hides what else is done in that second.",
             .remedy = "-r 0"});
    if (status.backlog_limit == 0)
        add({.id = "backlog-unlimited",
             .severity = Severity::info,
             .subject = "backlog_limit 0",
             .what = "the queue of records is not limited",
             .why = "When nobody takes records away, the kernel's memory fills.",
             .remedy = "-b 8192"});
    if (status.backlog_limit != 0 && status.backlog_limit < kSmallBacklog)
        add({.id = "backlog-small",
             .severity = status.backlog_wait_time == 0 ? Severity::medium : Severity::low,
             .subject = fmt::format("backlog_limit {}", status.backlog_limit),
             .what = fmt::format("the kernel queues {} records only", status.backlog_limit),
             .why = "When the queue is full, audited processes wait for the reader (or records are lost, without "
                    "waiting time).",
             .remedy =
                 "-b 8192 in /etc/audit/rules.d/audit.rules, audit_backlog_limit=8192 on the kernel's command line"});
    if (status.backlog_wait_time == 0)
        add({.id = "backlog-no-wait",
             .severity = Severity::medium,
             .subject = "backlog_wait_time 0",
             .what = "records are thrown away as soon as the queue is full",
             .why = "Lost events use no serial: no gap shows in the log, and nine of ten events go in a burst.",
             .remedy = "--backlog_wait_time 15000; some log shippers set 0."});
    if (status.lost != 0)
        add({.id = "records-lost",
             .severity = Severity::medium,
             .subject = fmt::format("lost {}", status.lost),
             .what = fmt::format("the kernel has lost {} records since boot", status.lost),
             .why = "What they told is in no log, and the log shows no gap.",
             .remedy = "Raise the backlog, narrow the rules that match most (plimsoll auditd summary), then auditctl "
                       "--reset-lost."});
    if (status.backlog_wait_actual != 0)
        add({.id = "processes-waited",
             .severity = Severity::info,
             .subject = fmt::format("backlog_wait_time_actual {}", status.backlog_wait_actual),
             .what = fmt::format("audited processes have waited {} ticks in all for the reader of records",
                                 status.backlog_wait_actual),
             .why = "Rules match more than the reader can take.",
             .remedy = "Narrow the rules, raise the backlog."});
}

void lint_parameters(const LintInput& input, LintReport& report) {
    if (!input.parameters) return;
    if (has(input, "audit=0") || has(input, "audit=off"))
        report.findings.push_back(
            {.id = "boot-off",
             .severity = Severity::high,
             .subject = "audit=0",
             .what = "auditing is switched off on the kernel's command line",
             .why = "Nothing is audited until something switches it on, and processes started before never are.",
             .remedy = "Replace it by audit=1 audit_backlog_limit=8192, update-grub, reboot."});
    else if (!has(input, "audit=1") && !has(input, "audit=on"))
        report.findings.push_back(
            {.id = "boot-parameter",
             .severity = Severity::low,
             .subject = "audit=1",
             .what = "audit=1 is not on the kernel's command line",
             .why = "Processes started before auditing is switched on are not audited for the rest of their lives.",
             .remedy = "Add audit=1 audit_backlog_limit=8192 to GRUB_CMDLINE_LINUX, update-grub, reboot."});
}

}  // namespace

void lint_kernel(const LintInput& input, LintReport& report) {
    if (input.status) lint_status(*input.status, report);
    lint_parameters(input, report);
}

AuditedVerdict is_audited(const WatchedProcess& process, const LintInput& input) {
    if (const auto proven = input.proven.find(process.pid); proven != input.proven.end())
        return proven->second ? AuditedVerdict{Audited::yes, "what it did was recorded"}
                              : AuditedVerdict{Audited::no, "it took a connection, and nothing was recorded"};
    if (has(input, "audit=1") || has(input, "audit=on"))
        return {Audited::yes, "audit=1 is on the kernel's command line"};
    // Start times are good to a second or two.
    constexpr std::int64_t kSlack = 2;
    if (input.log.first_record) {
        const std::int64_t first = *input.log.first_record / 1000;
        const std::string when = to_rfc3339(first * kSecond);
        if (process.started > first + kSlack) return {Audited::yes, "it started after the record of " + when};
        if (input.log.from_first && process.started + kSlack < first)
            return {Audited::no, "it started before the first record of this boot, " + when};
    }
    if (input.enabled_at) {
        const std::string when = to_rfc3339(*input.enabled_at * kSecond);
        if (process.started > *input.enabled_at + kSlack)
            return {Audited::yes, "it started after `plimsoll auditd apply` switched auditing on, " + when};
        if (!input.log.first_record && process.started + kSlack < *input.enabled_at)
            return {Audited::no, "it started before `plimsoll auditd apply` switched auditing on, " + when};
    }
    return {Audited::unknown, "when auditing was first switched on since boot is not known"};
}

void lint_processes(const LintInput& input, LintReport& report) {
    if (!input.status || input.status->enabled == 0) return;  // nobody is audited; auditing-off says so
    std::map<std::string, std::size_t> unknown;
    for (const WatchedProcess& process : input.processes) {
        const AuditedVerdict verdict = is_audited(process, input);
        if (verdict.audited == Audited::unknown) ++unknown[process.name];
        if (verdict.audited != Audited::no) continue;
        report.findings.push_back({.id = "process-blind",
                                   .severity = Severity::medium,
                                   .subject = fmt::format("{} (pid {})", process.name, process.pid),
                                   .what = fmt::format("nothing that {} does itself is recorded", process.name),
                                   .why = fmt::format("Processes that started before auditing was first switched on "
                                                      "stay invisible until they end, whatever rules say; "
                                                      "their children are seen: {}.",
                                                      verdict.why),
                                   .remedy = fmt::format("Restart {}, and boot with audit=1.", process.name),
                                   .inferred = !input.proven.contains(process.pid)});
    }
    for (const auto& [name, count] : unknown)
        report.unknown.push_back(
            fmt::format("whether {} process{} of {} {} audited: when auditing was first switched on since boot is not "
                        "known ({}); --prove finds out for "
                        "daemons",
                        count, count == 1 ? "" : "es", name, count == 1 ? "is" : "are",
                        input.log.problem.empty() ? "the log begins later" : input.log.problem));
}

}  // namespace plimsoll::audit
