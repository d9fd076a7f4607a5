#include "app/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/sink_settings.h"
#include "base/text.h"
#include "host/file.h"
#include "host/user_file.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostConfig = 256 * 1024;
constexpr std::string_view kSinks = "alerts.sinks";

using rule::YamlNode;

Error at(const YamlNode& node, const std::string& name, std::string_view message) {
    return Error{fmt::format("{}:{}:{}: {}", name, node.at.line, node.at.column, message)};
}

const Setting* find_setting(std::string_view path) {
    const auto found = std::ranges::find(settings(), path, &Setting::name);
    return found == settings().end() ? nullptr : &*found;
}

bool is_section(std::string_view path) {
    const std::string prefix = std::string(path) + ".";
    return kSinks.starts_with(prefix) ||
           std::ranges::any_of(settings(), [&](const Setting& setting) { return setting.name.starts_with(prefix); });
}

/// The key in this section that looks most like what was written.
std::string nearest_key(std::string_view section, std::string_view key) {
    std::string best;
    const auto offer = [&](std::string_view name) {
        if (!section.empty()) {
            if (!name.starts_with(section) || name.size() <= section.size() || name[section.size()] != '.') return;
            name.remove_prefix(section.size() + 1);
        }
        const std::string_view candidate = name.substr(0, name.find('.'));
        if (best.empty() || edit_distance(key, candidate) < edit_distance(key, best)) best = candidate;
    };
    for (const Setting& setting : settings()) offer(setting.name);
    offer(kSinks);
    return best;
}

Result<void> read_sinks(const YamlNode& value, const std::string& name, Config& config) {
    if (!value.is_sequence()) return at(value, name, "expected a list of sinks, each with 'name' and 'type'");
    for (const YamlNode& item : value.items) {
        const YamlNode* place = &item;
        auto sink = read_sink(item, place);
        if (!sink) return at(*place, name, sink.error().message);
        const bool twice =
            std::ranges::any_of(config.agent.sinks, [&](const auto& other) { return other.name == sink->name; });
        if (twice) return at(item, name, fmt::format("there are two sinks called '{}'", printable(sink->name)));
        config.agent.sinks.push_back(std::move(*sink));
    }
    return {};
}

Result<void> read_setting(const Setting& setting, const YamlNode& value, const std::string& name, Config& config) {
    const auto look = [&](const YamlNode& node) -> Result<void> {
        if (!node.is_scalar()) return {};  // `set` refuses it
        if (auto good = setting.holds(node.text); !good) return at(node, name, good.error().message);
        return {};
    };
    // An empty text means the same as none where the default is none.
    const bool may_be_empty = setting.fallback.empty() && setting.form != "list of text";
    if (setting.holds != nullptr && value.is_sequence()) {
        for (const YamlNode& item : value.items) TRY_VOID(look(item));
    } else if (setting.holds != nullptr && !(may_be_empty && value.text.empty())) {
        TRY_VOID(look(value));
    }
    if (auto done = setting.set(config, value); !done) return at(value, name, done.error().message);
    return {};
}

Result<void> read_section(const YamlNode& node, const std::string& section, const std::string& name, Config& config) {
    if (node.is_null()) return {};
    if (!node.is_map())
        return at(node, name,
                  section.empty() ? std::string("expected settings, for example 'audit:'")
                                  : fmt::format("expected settings below '{}'", section));
    for (const auto& [key, value] : node.entries) {
        if (node.find(key.text) != &value)
            return at(key, name, fmt::format("'{}' is given twice", printable(key.text)));
        const std::string path = section.empty() ? key.text : section + "." + key.text;
        if (path == kSinks) {
            TRY_VOID(read_sinks(value, name, config));
        } else if (const Setting* setting = find_setting(path)) {
            TRY_VOID(read_setting(*setting, value, name, config));
        } else if (is_section(path)) {
            TRY_VOID(read_section(value, path, name, config));
        } else {
            return at(key, name,
                      fmt::format("there is no setting '{}'; did you mean '{}'?", printable(path),
                                  nearest_key(section, key.text)));
        }
    }
    return {};
}

/// A witness needs both its address and its key: without the key nobody could tell its signature from another.
Result<void> check_witness(const YamlNode& document, const std::string& name, const Config& config) {
    const WitnessConfig& witness = config.agent.witness;
    if (witness.url.empty() == witness.key.empty()) return {};
    const YamlNode* section = document.find("witness");
    return at(section == nullptr ? document : *section, name,
              fmt::format("'witness' needs '{}' too", witness.url.empty() ? "url" : "key"));
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& name) {
    Config config;
    const auto documents = rule::parse_yaml(text, 1);
    if (!documents)
        return Error{fmt::format("{}:{}:{}: {}", name, documents.error().at.line, documents.error().at.column,
                                 documents.error().message)};
    for (const YamlNode& document : *documents) {
        TRY_VOID(read_section(document, "", name, config));
        TRY_VOID(check_witness(document, name, config));
    }
    return config;
}

Result<Config> read_config(const std::string& path) {
    if (!path.empty()) {
        TRY(const std::string text, host::read_user_file(path, kMostConfig));
        return parse_config(text, path);
    }
    TRY(const auto text, host::read_if_exists({}, kConfigFile, kMostConfig));
    return text ? parse_config(*text, kConfigFile) : Result<Config>(Config{});
}

std::string config_reference() {
    std::string out =
        "# plimsoll.yaml\n\nMade by `plimsoll config reference`. The file stands in /etc/plimsoll/plimsoll.yaml; "
        "`plimsoll config check` reads it and names line and column of what is wrong.\n";
    std::string section;
    const auto row = [&out](std::string_view name, std::string_view form, std::string_view fallback,
                            std::string_view meaning) {
        out += fmt::format("| `{}` | {} | {} | {} |\n", name, form,
                           fallback.empty() ? std::string() : fmt::format("`{}`", fallback), meaning);
    };
    for (const Setting& setting : settings()) {
        const std::string_view name = setting.name.substr(0, setting.name.find('.'));
        if (section != name)
            out += fmt::format("\n## {}\n\n| setting | form | default | meaning |\n| --- | --- | --- | --- |\n", name);
        section = name;
        row(setting.name, setting.form, setting.fallback, setting.meaning);
    }
    out +=
        "\n## alerts.sinks\n\nA list; each item has these.\n\n| setting | form | default | meaning |\n| --- | --- | "
        "--- | --- |\n";
    for (const SinkSetting& setting : sink_settings())
        row(setting.name, setting.form, setting.fallback, setting.meaning);
    return out;
}

void apply(const Config& config, AuditRequest& request) {
    request.allowed_images.insert(request.allowed_images.end(), config.allowed_images.begin(),
                                  config.allowed_images.end());
    request.rule_files.insert(request.rule_files.begin(), config.rule_files.begin(), config.rule_files.end());
    request.waiver_files.insert(request.waiver_files.begin(), config.waiver_files.begin(), config.waiver_files.end());
    if (config.log_lines && request.log_lines == AuditRequest{}.log_lines) request.log_lines = *config.log_lines;
}

}  // namespace plimsoll::app
