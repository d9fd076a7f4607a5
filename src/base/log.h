#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll {

enum class LogLevel : std::uint8_t { error, warning, info, debug };

[[nodiscard]] std::string_view to_text(LogLevel level);
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

/// A daemon's own log: one line for each message, `time=… level=… msg="…" key="value"`, with the journal's priority in
/// front when the journal reads it. Any thread. Values are escaped, so that no value makes a line or a key of its own.
class Log {
public:
    using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// `write` gets whole lines without their end; by default standard error, with `<N>` in front under systemd.
    explicit Log(LogLevel level, std::function<void(std::string_view)> write = {});

    void set_level(LogLevel level);
    void error(std::string_view message, Fields fields = {}) { put(LogLevel::error, message, fields); }
    void warning(std::string_view message, Fields fields = {}) { put(LogLevel::warning, message, fields); }
    void info(std::string_view message, Fields fields = {}) { put(LogLevel::info, message, fields); }
    void debug(std::string_view message, Fields fields = {}) { put(LogLevel::debug, message, fields); }

private:
    void put(LogLevel level, std::string_view message, Fields fields);

    std::mutex mutex_;
    LogLevel level_;
    std::function<void(std::string_view)> write_;
};

}  // namespace plimsoll
