#include "audit/summary/summary_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace plimsoll::audit {

namespace {

constexpr auto kOptions = std::to_array<WordOption>({
    {"--auth", "-au", "", "Authentications"},
    {"--avc", "-a", "", "Decisions of SELinux and AppArmor"},
    {"--config", "-c", "", "Changes of the configuration"},
    {"--crypto", "-cr", "", "Crypto events"},
    {"--event", "-e", "", "All events"},
    {"--file", "-f", "", "Files and sockets"},
    {"--host", "-h", "", "Hosts"},
    {"--key", "-k", "", "Keys of rules"},
    {"--login", "-l", "", "Logins"},
    {"--mods", "-m", "", "Changes of accounts"},
    {"--mac", "-ma", "", "Changes of mandatory access control"},
    {"--anomaly", "-n", "", "Anomalies"},
    {"--pid", "-p", "", "Processes"},
    {"--response", "-r", "", "Responses to anomalies"},
    {"--syscall", "-s", "", "System calls"},
    {"--terminal", "-tm", "", "Terminals"},
    {"--user", "-u", "", "Users"},
    {"--executable", "-x", "", "Executables"},
    {"--comm", "", "", "Commands"},
    {"--virt", "", "", "Virtual machines"},
    {"--integrity", "", "", "Integrity of files"},
    {"--tty", "", "", "What was typed at terminals"},
    {"--log", "-t", "", "From when to when each log is"},
    {"--summary", "", "", "Counts instead of a list"},
    {"--failed", "", "", "Only what failed"},
    {"--success", "", "", "Only what succeeded"},
    {"--no-config", "-nc", "", "Without CONFIG_CHANGE events"},
    {"--node", "", "NAME", "Only events of this node"},
    {"--start", "-ts", "TIME", "Begin of the time: 'today', 'recent', '11/21/26 00:37:44', '2 hours ago'"},
    {"--end", "-te", "TIME", "End of the time, included"},
    {"--input", "-if", "FILE", "File, directory of a rotated set, or - for standard input"},
    {"--input-logs", "", "", "The system's logs even if standard input is a pipe"},
    {"--interpret", "-i", "", "Names in place of numbers"},
    {"--escape", "", "MODE", "raw, tty (as it is without), shell, shell_quote"},
    {"--eoe-timeout", "", "SECONDS", "Accepted and not needed: events are put together whatever their order"},
    {"--version", "-v", "", "This program's version"},
    {"--debug", "", "", "Accepted: damaged lines are always told of"},
    {"--json", "", "", "One JSON object on each line"},
    {"--iso-times", "", "", "2026-11-21T00:37:44Z in place of 11/21/26 00:37:44"},
    {"--utc", "", "", "Times in UTC instead of this host's zone"},
    {"--threads", "", "N", "Threads to read with; 0: one for each processor"},
});

const WordOption* option_of(std::string_view word) {
    const auto found = std::ranges::find_if(kOptions, [&](const WordOption& option) {
        return word == option.name || (!option.short_name.empty() && word == option.short_name);
    });
    return found == kOptions.end() ? nullptr : &*found;
}

const ReportSpec* report_of(const WordOption& option) {
    for (const ReportSpec& spec : report_specs())
        if (option.name.substr(2) == spec.name) return &spec;
    return nullptr;
}

void set_flag(SummaryRequest& request, std::string_view name) {
    if (name == "--log") request.what = SummaryRequest::What::time_ranges;
    if (name == "--summary") request.report.summary = true;
    if (name == "--failed") request.report.success = false;
    if (name == "--success") request.report.success = true;
    if (name == "--no-config") request.report.without_config = true;
    if (name == "--input-logs") request.system_logs = true;
    if (name == "--interpret") request.report.interpret = true;
    if (name == "--json") request.report.json = true;
    if (name == "--iso-times") request.report.iso_times = true;
    if (name == "--version") request.what = SummaryRequest::What::version;
    if (name == "--utc") request.report.zone = Zone::utc;
}

Result<bool> set_value(SummaryRequest& request, std::string_view name, const std::string& value, SearchClock clock) {
    if (request.report.zone == Zone::utc) clock.zone = Zone::utc;
    if (name == "--node") request.report.node = value;
    if (name == "--input") request.inputs.push_back(value);
    if (name == "--start" || name == "--end") {
        const bool end = name == "--end";
        const auto time = parse_search_time(value, end, clock);
        if (!time) return time.error().during(name);
        (end ? request.overview.until_ms : request.overview.since_ms) = *time;
    }
    if (name == "--escape") {
        const auto mode = escape_mode(value);
        if (!mode) return Error{fmt::format("--escape knows raw, tty, shell and shell_quote, not '{}'", value)};
        request.report.escape = *mode;
    }
    if (name == "--threads" || name == "--eoe-timeout") {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc() || end != value.data() + value.size())
            return Error{fmt::format("{} needs a number, not '{}'", name, value)};
        if (name == "--threads") request.threads = std::min(number, 64U);
    }
    return true;
}

}  // namespace

std::span<const WordOption> summary_options() { return kOptions; }

Result<SummaryRequest> parse_summary(std::span<const std::string> words, const SearchClock& clock) {
    SummaryRequest request;
    // The zone first: it says what times mean, wherever it stands
    if (std::ranges::find(words, "--utc") != words.end()) request.report.zone = Zone::utc;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const WordOption* option = option_of(words[i]);
        if (option == nullptr) return Error{fmt::format("'{}' is no option of auditd summary", words[i])};
        if (option->value.empty()) {
            if (const ReportSpec* spec = report_of(*option)) {
                request.what = SummaryRequest::What::report;
                request.report.kind = spec->kind;
            } else {
                set_flag(request, option->name);
            }
            continue;
        }
        if (i + 1 == words.size()) return Error{fmt::format("{} needs a {}", words[i], option->value)};
        const auto rest = words.subspan(i + 1);
        const std::size_t taken = option->value == "TIME" ? std::max<std::size_t>(time_words(rest), 1) : 1;
        std::string value = rest[0];
        for (std::size_t k = 1; k < taken && k < rest.size(); ++k) value += " " + rest[k];
        TRY_VOID(set_value(request, option->name, value, clock));
        i += taken;
    }
    request.overview.node = request.report.node;
    request.overview.without_config = request.report.without_config;
    if (request.what == SummaryRequest::What::report && request.report.summary &&
        report_spec(request.report.kind).summary_title.empty())
        return Error{"this report has no --summary"};
    return request;
}

}  // namespace plimsoll::audit
