#include "base/log.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "base/time.h"

namespace plimsoll {

namespace {

constexpr std::array<std::string_view, 4> kLevels = {"error", "warning", "info", "debug"};
constexpr std::array<int, 4> kJournalPriorities = {3, 4, 6, 7};  // sd-daemon(3)

void write_to_stderr(std::string_view line) { fmt::print(stderr, "{}\n", line); }

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : printable(text)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

std::string_view to_text(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view text) {
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
        if (kLevels[i] == text) return static_cast<LogLevel>(i);
    }
    return std::nullopt;
}

Log::Log(LogLevel level, std::function<void(std::string_view)> write) : level_(level), write_(std::move(write)) {
    if (!write_) write_ = write_to_stderr;
}

void Log::set_level(LogLevel level) {
    const std::scoped_lock lock(mutex_);
    level_ = level;
}

void Log::put(LogLevel level, std::string_view message, Fields fields) {
    const std::scoped_lock lock(mutex_);
    if (level > level_) return;
    std::string line;
    // The journal sets JOURNAL_STREAM for what it reads, and keeps the time itself.
    if (std::getenv("JOURNAL_STREAM") != nullptr)  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
        line = fmt::format("<{}>", kJournalPriorities[static_cast<std::size_t>(level)]);
    else
        line = fmt::format("time={} ", to_rfc3339(now()));
    line += fmt::format("level={} msg={}", to_text(level), quoted(message));
    for (const auto& [key, value] : fields) line += fmt::format(" {}={}", key, quoted(value));
    write_(line);
}

}  // namespace plimsoll
