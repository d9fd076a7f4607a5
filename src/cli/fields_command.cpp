#include "cli/fields_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/text.h"
#include "cli/output.h"
#include "model/fields.h"

namespace plimsoll::cli {

namespace {

std::string_view brackets(model::Arg arg) {
    switch (arg) {
        case model::Arg::none: return "";
        case model::Arg::index_optional:
        case model::Arg::index_required: return "[N]";
        default: return "[KEY]";
    }
}

std::string as_text(const model::Field& field) {
    return fmt::format("{}{}  ({}; {})\n    {}\n", field.name, brackets(field.arg), model::type_name(field),
                       model::source_names(field), field.meaning);
}

std::string as_markdown(const model::Field& field) {
    std::string meaning;
    for (const char c : field.meaning) meaning += c == '|' ? std::string("\\|") : std::string(1, c);
    return fmt::format("| `{}{}` | {} | {} | {} |\n", field.name, brackets(field.arg), model::type_name(field),
                       model::source_names(field), meaning);
}

}  // namespace

void add_fields(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("fields", "List the fields that conditions can name");
    struct Arguments {
        std::string part;
        bool markdown = false;
    };
    auto arguments = std::make_shared<Arguments>();
    command.add_option("TEXT", arguments->part, "Only fields whose name or meaning contains this");
    command.add_flag("--markdown", arguments->markdown, "Write a Markdown table, as docs/reference/fields.md holds it");
    command.footer("Exit codes: 0 listed, 2 there is no such field.\nExample: plimsoll fields mount");
    command.callback([arguments, &exit] {
        std::string out =
            arguments->markdown ? "| field | type | supplied by | meaning |\n| --- | --- | --- | --- |\n" : "";
        bool found = false;
        for (const model::Field& field : model::kFields) {
            if (!icontains(field.name, arguments->part) && !icontains(field.meaning, arguments->part)) continue;
            found = true;
            out += arguments->markdown ? as_markdown(field) : as_text(field);
        }
        if (!found) {
            complain(fmt::format("no field's name or meaning contains '{}'", arguments->part));
            exit = kUsage;
            return;
        }
        exit = finish(out, kClean);
    });
}

}  // namespace plimsoll::cli
