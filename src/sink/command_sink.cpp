#include "sink/command_sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "host/child.h"
#include "sink/alert_json.h"

namespace plimsoll::sink {

namespace {

constexpr int kRefused = 65;  ///< EX_DATAERR of sysexits.h
constexpr std::size_t kMostSaid = 300;

bool is_plain(std::string_view text) { return text.find('\0') == std::string_view::npos; }

}  // namespace

Result<std::unique_ptr<Sink>> CommandSink::make(CommandConfig config) {
    if (config.arguments.empty() || !config.arguments.front().starts_with('/'))
        return Error{"a command is a list that begins with the absolute path of a program"};
    const bool plain = std::ranges::all_of(config.arguments, is_plain) &&
                       std::ranges::all_of(config.environment, [](const auto& entry) {
                           return !entry.first.empty() && entry.first.find('=') == std::string::npos &&
                                  is_plain(entry.first) && is_plain(entry.second);
                       });
    if (!plain) return Error{"arguments and variables of a command hold no zero byte, names no '='"};
    return std::unique_ptr<Sink>(new CommandSink(std::move(config)));
}

Outcome CommandSink::deliver(const Delivery& delivery, const std::stop_token& stop) {
    const std::string input = alert_json(delivery) + "\n";
    host::ChildTask task{.arguments = config_.arguments, .input = input, .time = config_.timeout};
    task.environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, {"LANG", "C.UTF-8"}};
    for (const auto& entry : config_.environment) {
        std::erase_if(task.environment, [&](const auto& before) { return before.first == entry.first; });
        task.environment.push_back(entry);
    }
    const auto end = host::run_child(task, stop);
    if (!end) return {Verdict::again, end.error().message, std::nullopt};
    if (end->exit_code == 0) return {};
    std::string reason = end->timed_out     ? fmt::format("stopped after {} ms", config_.timeout.count())
                         : end->signal != 0 ? fmt::format("ended by signal {}", end->signal)
                                            : fmt::format("exit code {}", end->exit_code);
    if (!end->output.empty()) reason += ": " + shortened(printable(trim(end->output)), kMostSaid);
    return {end->exit_code == kRefused ? Verdict::refused : Verdict::again, std::move(reason), std::nullopt};
}

}  // namespace plimsoll::sink
