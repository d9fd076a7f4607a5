#include <algorithm>
#include <array>

#include "audit/summary/report.h"
#include "base/result.h"

namespace plimsoll::audit {

namespace {

using enum ReportKind;

// clang-format off
constexpr auto kSpecs = std::to_array<ReportSpec>({
    {authentication, "-au", "auth", "Authentication Report", 44, "date time acct host term exe success event", "Authentication Summary Report", 29, "acct"},
    {avc, "-a", "avc", "AVC Report", 63, "date time comm subj syscall class permission obj result event", "Avc Object Summary Report", 33, "obj"},
    {config, "-c", "config", "Config Change Report", 35, "date time type auid success event", "Config Change Summary Report", 28, "type"},
    {crypto, "-cr", "crypto", "Crypto Report", 35, "date time auid type success event", "Crypto Summary Report", 21, "type"},
    {event, "-e", "event", "Event Report", 35, "date time event type auid success", "Event Summary Report", 22, "type"},
    {file, "-f", "file", "File Report", 47, "date time file syscall success exe auid event", "File Summary Report", 27, "file"},
    {host, "-h", "host", "Host Report", 35, "date time host syscall auid event", "Host Summary Report", 27, "host"},
    {key, "-k", "key", "Key Report", 47, "date time key success exe auid event", "Key Summary Report", 27, "key"},
    {login, "-l", "login", "Login Report", 44, "date time auid host term exe success event", "Login Summary Report", 28, "auid"},
    {account, "-m", "mods", "Account Modifications Report", 49, "date time auid addr term exe acct success event", "Acct Modification Summary Report", 32, "type"},
    {mac, "-ma", "mac", "MAC Report", 35, "date time auid type success event", "MAC Summary Report", 18, "type"},
    {anomaly, "-n", "anomaly", "Anomaly Report", 41, "date time type exe term host auid event", "Anomaly Summary Report", 22, "type"},
    {pid, "-p", "pid", "Process ID Report", 38, "date time pid exe syscall auid event", "Pid Summary Report", 26, "pid"},
    {response, "-r", "response", "Response to Anomaly Report", 30, "date time type success event", "Anomaly Response Summary Report", 31, "type"},
    {syscall, "-s", "syscall", "Syscall Report", 39, "date time syscall pid comm auid event", "Syscall Summary Report", 26, "syscall"},
    {terminal, "-tm", "terminal", "Terminal Report", 36, "date time term host exe auid event", "Terminal Summary Report", 31, "terminal"},
    {user, "-u", "user", "User ID Report", 36, "date time auid term host exe event", "User Summary Report", 27, "auid"},
    {executable, "-x", "executable", "Executable Report", 36, "date time exe term host auid event", "Executable Summary Report", 33, "file"},
    {command, "", "comm", "Command Report", 36, "date time comm term host auid event", "Command Summary Report", 33, "command"},
    {virtualization, "", "virt", "Virtualization Report", 30, "date time type success event", "Virtualization Summary Report", 29, "type"},
    {integrity, "", "integrity", "Integrity Report", 30, "date time type success event", "Integrity Summary Report", 24, "type"},
    {tty, "", "tty", "TTY Report", 47, "date time event auid term sess comm data", "", 0, ""},
});
// clang-format on

}  // namespace

std::span<const ReportSpec> report_specs() { return kSpecs; }

const ReportSpec& report_spec(ReportKind kind) {
    const auto found = std::ranges::find(kSpecs, kind, &ReportSpec::kind);
    check(found != kSpecs.end());
    return *found;
}

std::string report_head(const ReportOptions& options) {
    const ReportSpec& spec = report_spec(options.kind);
    std::string out = "\n";
    if (options.summary) {
        if (options.success) out += *options.success ? "Success " : "Failed ";
        const std::string rule(spec.summary_rule, '=');
        out += std::string(spec.summary_title) + "\n" + rule + "\ntotal  " + std::string(spec.counted) + "\n" + rule +
               "\n";
        return out;
    }
    const std::string rule(spec.rule, '=');
    out += std::string(spec.title) + "\n" + rule + "\n# " + std::string(spec.columns) + "\n";
    out += rule;
    if (spec.kind == command) out += '=';  // as aureport has it
    return out + "\n";
}

}  // namespace plimsoll::audit
