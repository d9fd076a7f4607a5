#include "cli/man_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/version.h"
#include "cli/output.h"

namespace plimsoll::cli {

namespace {

/// Text for roff: backslashes, hyphens and leading dots mean themselves.
std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n'))
            out += std::string("\\&") + c;
        else
            out += c;
    }
    return out;
}

void write_options(const CLI::App& command, std::string& out) {
    for (const CLI::Option* option : command.get_options()) {
        std::string name = option->get_name(false, true);
        for (std::size_t at = name.find(','); at != std::string::npos; at = name.find(',', at + 2))
            name.insert(at + 1, " ");
        const bool takes_value = option->get_items_expected_max() > 0;
        out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(name),
                           takes_value ? " \\fI" + roff(option->get_type_name()) + "\\fR" : "",
                           roff(option->get_description()));
    }
}

void write_command(const CLI::App& command, const std::string& prefix, std::string& out) {
    out += fmt::format(".SS {} {}\n{}.\n", roff(prefix), roff(command.get_name()), roff(command.get_description()));
    write_options(command, out);
    if (const std::string footer = command.get_footer(); !footer.empty()) out += fmt::format(".PP\n{}\n", roff(footer));
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
        write_command(*sub, prefix + " " + command.get_name(), out);
}

std::string page(const CLI::App& root) {
    std::string out =
        fmt::format(".TH PLIMSOLL 8 \"\" \"plimsoll {}\" \"System administration\"\n.SH NAME\nplimsoll \\- {}\n",
                    kVersion, roff(root.get_description()));
    out += ".SH SYNOPSIS\n.B plimsoll\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.SH COMMANDS\n";
    for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; }))
        write_command(*command, "plimsoll", out);
    out +=
        ".SH EXIT STATUS\nEach command says its own above.\n.TP\n0\nDone, and nothing was found.\n.TP\n1\nSomething "
        "was "
        "found: findings at or above \\-\\-fail\\-on, a ledger that was altered, examples that fail.\n";
    out += ".TP\n2\nWrong usage, or a file of the user that is broken.\n.TP\n3\nIt could not be found out.\n";
    out +=
        ".SH FILES\n.TP\n/etc/plimsoll/plimsoll.yaml\nConfiguration.\n.TP\n/etc/plimsoll/rules.d/*.yaml\nOwn rules and "
        "waivers, read after the shipped ones.\n";
    out +=
        ".SH ENVIRONMENT\n.TP\nDOCKER_HOST, DOCKER_CONTEXT, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, DOCKER_CONFIG\nName "
        "the engine, as for the docker client.\n.TP\nNO_COLOR\nNo colours.\n";
    return out;
}

}  // namespace

void add_man(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("man", "Write the manual page, made from the same source as --help");
    command.footer("Exit codes: 0 written, 3 it could not be written.\nExample: plimsoll man | man -l -");
    command.callback([&root, &exit] { exit = print(page(root)) ? kClean : kUnknown; });
}

}  // namespace plimsoll::cli
