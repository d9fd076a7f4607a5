#include "audit/rules/log_evidence.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string>

#include "audit/record.h"
#include "audit/rules/kernel_audit.h"
#include "audit/tables.h"
#include "host/fd.h"
#include "host/number.h"
#include "host/system_error.h"

namespace plimsoll::audit {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr int kMostFiles = 99;
constexpr std::uint32_t kFirstUserType = 1100, kLastUserType = 1299;
constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

std::string text_of(const Record& record, std::string_view name) {
    const auto field = find(record, name);
    return field ? decode(field->value, field->quoted) : std::string{};
}

void take(const Record& record, LogEvidence& out) {
    // Serials of what daemons write themselves are their own.
    const bool kernel = record.type < kFirstUserType || record.type > kLastUserType;
    if (kernel && (!out.first_record || record.id.milliseconds <= *out.first_record)) {
        out.first_record = record.id.milliseconds;
        out.from_first = record.id.serial <= kFirstSerials;
    }
    if (record.type != AUDIT_CONFIG_CHANGE || text_of(record, "res") == "0") return;
    const std::string op = text_of(record, "op");
    std::string key = text_of(record, "key");
    if (key == "(null)") key.clear();
    if (op == "add_rule") {
        std::int64_t& last = out.added[std::move(key)];
        last = std::max(last, record.id.milliseconds);
    }
    if (op != "remove_rule") return;
    // Rules that somebody deleted are told without a path; with one, the kernel lost the folder.
    std::string path = text_of(record, "path");
    if (path.empty()) path = text_of(record, "dir");
    const auto auid = find(record, "auid");
    auto loginuid = auid ? host::number<std::uint32_t>(auid->value) : std::nullopt;
    if (loginuid == kNobody) loginuid.reset();
    out.removed.push_back({record.id.milliseconds, std::move(path), std::move(key), loginuid});
}

/// A rule that was loaded again behind its removal is not missing. Times are those of the same clock; a reload that
/// happens within one of its ticks counts as an addition.
void forget_reloaded(LogEvidence& out) {
    std::erase_if(out.removed, [&](const LogEvidence::Removed& removed) {
        const auto added = out.added.find(removed.key);
        return removed.path.empty() && added != out.added.end() && added->second >= removed.milliseconds;
    });
    std::ranges::stable_sort(out.removed, {}, &LogEvidence::Removed::milliseconds);
}

/// Reads one file in pieces; false when the file does not exist.
Result<bool> read_log(const host::Root& root, const std::string& path, std::int64_t boot_seconds, std::size_t& left,
                      LogEvidence& out) {
    TRY(const auto fd, host::open_if_exists(root, path, O_RDONLY | O_NONBLOCK));
    if (!fd) return false;
    std::string piece;
    while (left > 0) {
        const std::size_t kept = piece.size();
        piece.resize(kept + std::min(kPiece, left));
        const ssize_t got = ::read(fd->get(), piece.data() + kept, piece.size() - kept);
        if (got < 0) return host::system_error("reading", path);
        piece.resize(kept + static_cast<std::size_t>(got));
        left -= static_cast<std::size_t>(got);
        if (got == 0) break;
        const auto end = piece.rfind('\n');
        if (end == std::string::npos) {
            if (piece.size() > kLongestLine) piece.clear();  // no line is so long
            continue;
        }
        add_evidence(std::string_view(piece).substr(0, end + 1), boot_seconds, out);
        piece.erase(0, end + 1);
    }
    return true;
}

}  // namespace

void add_evidence(std::string_view lines, std::int64_t boot_seconds, LogEvidence& evidence) {
    while (!lines.empty()) {
        const auto end = std::min(lines.find('\n'), lines.size());
        Record record;
        if (parse_line(lines.substr(0, end), record) == Damage::none && record.id.milliseconds >= boot_seconds * 1000)
            take(record, evidence);
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    forget_reloaded(evidence);
}

LogEvidence read_log_evidence(const host::Root& root, std::int64_t boot_seconds, std::string_view log,
                              std::size_t limit) {
    LogEvidence out;
    std::size_t left = limit;
    for (int number = 0; number <= kMostFiles && left > 0; ++number) {
        const std::string path = std::string(log) + (number == 0 ? "" : "." + std::to_string(number));
        const auto read = read_log(root, path, boot_seconds, left, out);
        if (!read) {
            out.problem = read.error().message;
            break;
        }
        if (!*read) {
            if (number == 0) out.problem = "there is no " + path;
            break;
        }
        // Everything older is from before the boot.
        const auto facts = host::file_facts(root, path);
        if (facts && *facts && (*facts)->modified < boot_seconds) break;
    }
    if (left == 0) out.problem = "the log is longer than what is looked at: the boot was not reached";
    return out;
}

}  // namespace plimsoll::audit
