// Examples of rules, checks and paths, as rule files write them.

#include <fmt/format.h>

#include "rule/loader.h"

namespace plimsoll::rule {

std::vector<Example> RuleLoader::State::examples_of(const Definition& from, std::string_view yes, std::string_view no,
                                                    const std::string& context) {
    std::vector<Example> out;
    const auto* node = from.value("examples");
    if (node == nullptr) return out;
    if (!node->is_map()) {
        error("LOAD_ERR_YAML_VALIDATE", fmt::format("'examples' must have the keys '{}' and '{}'", yes, no), context,
              node->at);
        return out;
    }
    for (const auto& [key, value] : node->entries) {
        if (key.text != yes && key.text != no) {
            error("LOAD_ERR_YAML_VALIDATE",
                  fmt::format("unknown key '{}' in 'examples': expected '{}' or '{}'", key.text, yes, no), context,
                  key.at);
            continue;
        }
        example_records(value, key.text == yes, context, out);
    }
    return out;
}

void RuleLoader::State::example_records(const YamlNode& node, bool expected, const std::string& context,
                                        std::vector<Example>& out) {
    if (node.is_sequence()) {
        for (const auto& item : node.items) {
            if (auto made = example_record(item, expected, context)) out.push_back(std::move(*made));
        }
    } else if (auto made = example_record(node, expected, context)) {
        out.push_back(std::move(*made));
    }
}

std::optional<Example> RuleLoader::State::example_record(const YamlNode& node, bool expected,
                                                         const std::string& context) {
    if (!node.is_map()) {
        error("LOAD_ERR_YAML_VALIDATE", "an example maps fields to values: {container.privileged: true}", context,
              node.at);
        return std::nullopt;
    }
    Example out;
    out.expected = expected;
    out.at = node.at;
    bool fine = true;
    for (const auto& [key, value] : node.entries) {
        Parsed<FieldUse> set = std::unexpected(Fault{});
        if (value.tag == "!unknown") {
            set =
                out.record.set_unknown(key.text, value.text.empty() ? "not known in this example" : value.text, key.at);
        } else if (value.is_null()) {
            set = out.record.set_absent(key.text, key.at);
        } else if (value.is_scalar()) {
            set = out.record.set(key.text, {value.text}, value.at);
        } else if (value.is_sequence()) {
            std::vector<std::string> texts;
            for (const auto& item : value.items) texts.push_back(item.text);
            set = out.record.set(key.text, texts, value.at);
        } else {
            set = std::unexpected(
                Fault{fmt::format("the value of '{}' must be a scalar or a sequence", key.text), value.at});
        }
        if (set) continue;
        error("LOAD_ERR_VALIDATE", set.error().message, context, set.error().at);
        fine = false;
    }
    if (!fine) return std::nullopt;
    return out;
}

}  // namespace plimsoll::rule
