#include "cli/audit_words.h"

#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <utility>

#include "audit/log/search_time.h"

namespace plimsoll::cli {

namespace {

using Words = std::shared_ptr<std::vector<std::string>>;  // shared by the callbacks of one command

/// A value that may be a date and a time of day behind it is one value for the reader.
void take(const Words& words, const std::string& name, bool time, const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool clock = time && i > 0 && audit::time_words(std::span(values).subspan(i - 1)) == 2;
        if (!clock) words->push_back(name);
        words->push_back(values[i]);
    }
}

bool is_pipe(int fd) {
    struct stat facts {};
    return ::fstat(fd, &facts) == 0 && S_ISFIFO(facts.st_mode);
}

}  // namespace

audit::SearchClock search_clock() {
    audit::SearchClock clock{.now = now()};
    struct timespec up {};
    if (::clock_gettime(CLOCK_BOOTTIME, &up) == 0) clock.boot = clock.now - (up.tv_sec * kSecond + up.tv_nsec);
    return clock;
}

std::vector<std::string> named_logs(std::vector<std::string> inputs, bool system_logs) {
    if (inputs.empty() && !system_logs && is_pipe(STDIN_FILENO)) inputs.emplace_back("-");
    return inputs;
}

Result<std::vector<audit::LogFile>> open_logs(std::vector<std::string> named) {
    if (named.empty()) {
        TRY(named, audit::system_logs({}));
    }
    return audit::open_logs(named);
}

void take_audit_words(CLI::App& command, std::span<const audit::WordOption> options, int& exit,
                      std::function<int(const std::vector<std::string>&)> run) {
    const auto words = std::make_shared<std::vector<std::string>>();
    command.set_help_flag("--help", "Print this help message and exit");  // -h is theirs
    command.allow_extras();
    for (const audit::WordOption& option : options) {
        const std::string name(option.name);
        const std::string help =
            std::string(option.help) + (option.short_name.empty() ? "" : " (" + std::string(option.short_name) + ")");
        if (option.value.empty()) {
            command.add_flag_callback(
                name, [words, name] { words->push_back(name); }, help);
            continue;
        }
        const bool time = option.value == "TIME";
        CLI::Option* const declared = command.add_option_function<std::vector<std::string>>(
            name, [words, name, time](const std::vector<std::string>& values) { take(words, name, time, values); },
            help);
        declared->type_name(std::string(option.value))->allow_extra_args(time);
        if (time) declared->expected(1, 2);  // a date and a time of day
    }
    command.callback([&command, words, &exit, run = std::move(run)] {
        for (const auto& word : command.remaining()) words->push_back(word);
        exit = run(*words);
    });
}

}  // namespace plimsoll::cli
