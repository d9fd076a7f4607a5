#include "cli/auditd_summary_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/summary/summary.h"
#include "audit/summary/summary_options.h"
#include "base/version.h"
#include "cli/audit_words.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/record_output.h"
#include "host/accounts.h"

namespace plimsoll::cli {

namespace {

Result<audit::SummaryResult> summarize(const audit::SummaryRequest& request, const std::vector<audit::LogFile>& files,
                                       const audit::TextTaker& out) {
    using What = audit::SummaryRequest::What;
    if (request.what == What::time_ranges)
        return audit::write_time_ranges(files, request.overview, request.report, out);
    audit::Query query;
    query.since_ms = request.overview.since_ms;
    query.until_ms = request.overview.until_ms;
    if (request.what == What::report) return audit::write_report(files, query, request.report, request.threads, out);

    audit::Overview overview(request.overview);
    auto result = request.needs_events()
                      ? audit::make_overview_of_events(files, query, *request.report.success, request.threads, overview)
                      : audit::make_overview(files, request.overview, request.threads, overview);
    if (!result) return result;
    std::string text =
        request.report.json ? overview.json() : overview.text(request.report.zone, request.report.iso_times);
    constexpr std::string_view kTitle = "\nSummary Report";
    if (!request.report.json && request.report.success && text.starts_with(kTitle))
        text.insert(1, *request.report.success ? "Success " : "Failed ");
    (void)out(text);
    result->rows = 1;  // an overview of nothing is an answer, too
    return result;
}

int run_summary(const std::vector<std::string>& words) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen by write()
    auto request = audit::parse_summary(words, search_clock());
    if (!request) {
        complain(request.error().message);
        return kUsage;
    }
    if (request->what == audit::SummaryRequest::What::version)
        return finish(fmt::format("plimsoll {}\n", kVersion), kClean);
    const auto accounts = host::read_accounts({});
    request->report.accounts = accounts ? &*accounts : nullptr;
    const auto files = open_logs(named_logs(request->inputs, request->system_logs));
    if (!files) {
        complain(files.error().message);
        return kUnknown;
    }
    Stream out;
    const auto result = summarize(*request, *files, [&](std::string_view text) { return out.write(text); });
    if (!result) {
        complain(result.error().message);
        return kUnknown;
    }
    const bool written = out.flush();
    for (const auto& fault : result->faults) complain(fault);
    if (result->damaged > 0) complain(fmt::format("{} lines are no records; they were passed over", result->damaged));
    if (!written && !out.closed()) {
        complain("cannot write to standard output");
        return kUnknown;
    }
    if (!result->faults.empty()) return kUnknown;
    return result->rows > 0 ? kClean : kFindings;
}

}  // namespace

void add_auditd_summary(CLI::App& auditd, int& exit) {
    CLI::App& command = *auditd.add_subcommand("summary", "What audit logs hold: an overview, or aureport's reports");
    take_audit_words(command, audit::summary_options(), exit, run_summary);
    command.footer(
        "Also aureport's short options: plimsoll auditd summary -ts today -k --summary -i\n"
        "Without a report: an overview of everything.\n"
        "Exit codes: 0 done, 1 no events of interest, 2 wrong usage, 3 something could not be read.\n"
        "Example: plimsoll auditd summary --executable --summary --start '2 hours ago' --json");
}

}  // namespace plimsoll::cli
