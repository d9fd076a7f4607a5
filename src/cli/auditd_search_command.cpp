#include "cli/auditd_search_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/log/checkpoint.h"
#include "audit/log/scan.h"
#include "audit/log/search_options.h"
#include "cli/audit_words.h"
#include "cli/auditd_account.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/record_output.h"
#include "host/accounts.h"

namespace plimsoll::cli {

namespace {

// What scripts around ausearch --checkpoint ask for.
constexpr int kBadCheckpoint = 10;
constexpr int kLostCheckpoint = 12;

/// Formats the events of a piece, and writes them when the piece's turn comes.
class Writer final : public audit::EventTaker {
public:
    Writer(const audit::SearchRequest& request, Stream& out)
        : request_(request), out_(out), format_(audit::make_format(request.format, request.shown)) {}

    void event(const audit::LogEvent& event, const audit::EventPlace&) override {
        if (request_.just_one && any_) return;
        any_ = true;
        format_->write(event, text_);
    }
    bool deliver() override {
        const bool written = out_.write(text_) && (!request_.line_buffered || out_.flush());
        text_.clear();
        return written && !(request_.just_one && any_);
    }

private:
    const audit::SearchRequest& request_;
    Stream& out_;
    std::unique_ptr<audit::OutputFormat> format_;
    std::string text_;
    bool any_ = false;
};

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : std::string();
}

/// Where the last search stopped; sets `exit` when that cannot be found out.
bool start_at(const audit::SearchRequest& request, const audit::Checkpoint& checkpoint,
              const std::vector<audit::LogFile>& files, audit::ScanOptions& options, int& exit) {
    const auto place = audit::find_checkpoint(files, checkpoint);
    if (!place) {
        complain("the event of checkpoint " + request.checkpoint +
                 " is in none of these files any more; --start checkpoint goes on from its time");
        exit = kLostCheckpoint;
        return false;
    }
    options.first_file = place->file;
    options.first_byte = place->byte;
    return true;
}

int search(audit::SearchRequest& request) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen by write()
    std::optional<audit::Checkpoint> checkpoint;
    if (!request.checkpoint.empty()) {
        auto read = audit::read_checkpoint(request.checkpoint);
        if (!read) {
            complain(read.error().message);
            return kBadCheckpoint;
        }
        checkpoint = std::move(*read);
    }
    if (request.since_checkpoint) {
        if (!checkpoint) {
            complain("--start checkpoint needs --checkpoint FILE with a file that was written before");
            return kUsage;
        }
        request.query.since_ms = checkpoint->milliseconds;
    }
    const auto named = named_logs(request.inputs, request.system_logs);
    if (named.empty()) request.shown.host = host_name();
    const auto files = open_logs(named);
    if (!files) {
        complain(files.error().message);
        return kUnknown;
    }
    audit::ScanOptions options{.threads = request.threads,
                               .by_literals = !request.all_records,
                               .by_time = !request.whole_log,
                               .names = request.shown.accounts};
    int exit = kClean;
    if (checkpoint && !request.since_checkpoint && !start_at(request, *checkpoint, *files, options, exit)) return exit;
    std::optional<audit::Checkpoint> next;
    if (!request.checkpoint.empty()) {  // events that are being written now are left for the next time
        const std::int64_t settled = now() / 1'000'000 - 2000;
        next = audit::last_event(*files, settled);
        request.query.until_ms = std::min(request.query.until_ms.value_or(settled), settled);
    }

    Stream out;
    std::string frame;
    const auto format = audit::make_format(request.format, request.shown);
    format->begin(frame);
    (void)out.write(frame);
    const auto report = audit::scan(
        *files, request.query, [&] { return std::make_unique<Writer>(request, out); }, options);
    if (!report) {
        complain(report.error().message);
        return kUsage;
    }
    frame.clear();
    format->end(frame);
    const bool written = out.write(frame) && out.flush();
    for (const auto& fault : report->faults) complain(fault);
    if (request.account.empty()) {
        if (!request.quiet) std::fprintf(stderr, "%s\n", account_text(*report).c_str());
    } else if (!deliver_account(request.account, account_json(*report))) {
        return kUnknown;
    }
    if (!written && !out.closed()) {
        complain("cannot write to standard output");
        return kUnknown;
    }
    if (next) {
        if (const auto saved = audit::write_checkpoint(request.checkpoint, *next); !saved) {
            complain(saved.error().message);
            return kUnknown;
        }
    }
    if (!report->faults.empty()) return kUnknown;
    if (report->counts.matched > 0) return kClean;
    if (!request.quiet && request.account != "-") std::fputs("<no matches>\n", stderr);
    return kFindings;
}

int run_search(const std::vector<std::string>& words) {
    const auto accounts = host::read_accounts({});
    audit::SearchContext context;
    context.clock = search_clock();
    context.accounts = accounts ? &*accounts : nullptr;
    auto request = audit::parse_search(words, context);
    if (!request) {
        complain(request.error().message);
        return kUsage;
    }
    return search(*request);
}

}  // namespace

void add_auditd_search(CLI::App& auditd, int& exit) {
    CLI::App& command = *auditd.add_subcommand("search", "Events of audit logs, by ausearch's options or a condition");
    take_audit_words(command, audit::search_options(), exit, run_search);
    command.footer(
        "Also ausearch's short options: plimsoll auditd search -ts today -k docker-sock -i\n"
        "A condition in the rule language may stand beside them or alone.\n"
        "Exit codes: 0 found, 1 nothing found, 2 wrong usage or condition, 3 something could not be read; with\n"
        "--checkpoint also 10 (no checkpoint file) and 12 (its event is gone), as ausearch's.\n"
        "Example: plimsoll auditd search 'evt.type = connect and user.loginuid = 4242' --start '2 hours ago'");
}

}  // namespace plimsoll::cli
