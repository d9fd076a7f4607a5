#include <algorithm>
#include <array>

#include "sensor/process.h"

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kMostArguments = 4096;  // as views; the text has them all
constexpr std::size_t kMostVariables = 512;

/// Calls `take` with every word that a NUL ends, the last one's NUL optional.
template <typename Take>
void each_word(std::string_view text, Take take) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\0'), text.size());
        take(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

bool is_wanted(std::string_view variable, std::span<const std::string> names) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return std::ranges::any_of(names, [&](const std::string& each) { return each == "*" || each == name; });
}

}  // namespace

// One piece of text: exe, comm and args with a blank between (so that cmdline is a part of it), then the rest.
void set_words(Program& program, const ProgramWords& words) {
    std::string_view argv = words.argv;
    if (argv.size() > words.most_argument_bytes) {
        argv = argv.substr(0, words.most_argument_bytes);
        program.flags |= WIRE_CUT;
    }
    if (argv.ends_with('\0')) argv.remove_suffix(1);
    const auto first = std::min(argv.find('\0'), argv.size());
    const std::string_view exe = argv.empty() ? words.exepath : argv.substr(0, first);
    const std::string_view args = argv.substr(std::min(first + 1, argv.size()));
    const bool has_arguments = first < argv.size();

    std::vector<std::string_view> variables;
    std::size_t variable_bytes = 0;
    each_word(words.env, [&](std::string_view variable) {
        if (variables.size() >= kMostVariables || !is_wanted(variable, words.environment)) return;
        variables.push_back(variable);
        variable_bytes += variable.size();
    });

    std::string& text = program.text;
    text.clear();
    text.reserve(exe.size() + words.comm.size() + args.size() + words.exepath.size() + words.cwd.size() +
                 words.script.size() + variable_bytes + 1);
    text.append(exe).append(words.comm);
    if (has_arguments) text.append(1, ' ').append(args);
    const std::size_t line_end = text.size();
    std::ranges::replace(text.begin() + static_cast<std::ptrdiff_t>(exe.size() + words.comm.size()), text.end(), '\0',
                         ' ');
    text.append(words.exepath).append(words.cwd).append(words.script);

    const std::string_view all = text;
    program.exe = all.substr(0, exe.size());
    program.comm = all.substr(exe.size(), words.comm.size());
    program.cmdline = all.substr(exe.size(), line_end - exe.size());
    program.args = has_arguments ? all.substr(line_end - args.size(), args.size()) : std::string_view();
    std::size_t at = line_end;
    const auto next = [&](std::size_t size) {
        const std::string_view part = all.substr(at, size);
        at += size;
        return part;
    };
    program.exepath = next(words.exepath.size());
    program.cwd = next(words.cwd.size());
    program.script = next(words.script.size());

    program.arguments.clear();
    if (!argv.empty()) {
        program.arguments.push_back(program.exe);
        std::size_t place = 0;
        std::string_view rest = args;
        while (has_arguments && program.arguments.size() < kMostArguments) {
            const auto end = std::min(rest.find('\0'), rest.size());
            program.arguments.push_back(program.args.substr(place, end));
            if (end == rest.size()) break;
            place += end + 1;
            rest.remove_prefix(end + 1);
        }
    }
    program.environment.clear();
    for (const std::string_view variable : variables) {
        const std::size_t begin = text.size();
        text.append(variable);  // reserved: the views stay where they are
        program.environment.push_back(std::string_view(text).substr(begin, variable.size()));
    }
    program.environment_known = words.environment_known;
}

}  // namespace plimsoll::sensor
