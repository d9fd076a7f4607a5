#include "app/config.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <span>

#include "base/text.h"
#include "host/file.h"
#include "host/user_file.h"
#include "rule/yaml.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostConfig = 256 * 1024;

using rule::YamlNode;

Error at(const YamlNode& node, const std::string& name, std::string_view message) {
    return Error{fmt::format("{}:{}:{}: {}", name, node.at.line, node.at.column, message)};
}

std::string_view nearest(std::string_view key, std::span<const std::string_view> known) {
    std::string_view best = known.front();
    for (const std::string_view candidate : known) {
        if (edit_distance(key, candidate) < edit_distance(key, best)) best = candidate;
    }
    return best;
}

Result<bool> accept(const YamlNode& key, std::span<const std::string_view> known, const std::string& name) {
    for (const std::string_view candidate : known) {
        if (key.text == candidate) return true;
    }
    return at(
        key, name,
        fmt::format("there is no setting '{}'; did you mean '{}'?", printable(key.text), nearest(key.text, known)));
}

Result<std::vector<std::string>> texts(const YamlNode& value, const std::string& name) {
    std::vector<std::string> all;
    if (value.is_scalar()) return std::vector<std::string>{value.text};
    if (!value.is_sequence()) return at(value, name, "expected a list of texts");
    for (const YamlNode& item : value.items) {
        if (!item.is_scalar()) return at(item, name, "expected a text");
        all.push_back(item.text);
    }
    return all;
}

Result<bool> read_audit(const YamlNode& audit, const std::string& name, Config& config) {
    static constexpr std::array<std::string_view, 5> kKeys = {"fail_on", "allowed_images", "rules", "waivers",
                                                              "log_lines"};
    if (!audit.is_map()) return at(audit, name, "expected settings below 'audit'");
    for (const auto& [key, value] : audit.entries) {
        TRY_VOID(accept(key, kKeys, name));
        if (key.text == "fail_on") {
            if (!model::parse_severity(value.text))
                return at(value, name, "expected info, low, medium, high or critical");
            config.fail_on = value.text;
        } else if (key.text == "log_lines") {
            unsigned lines = 0;
            const auto [end, fault] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), lines);
            if (fault != std::errc() || end != value.text.data() + value.text.size() || lines > 10000)
                return at(value, name, "expected a number from 0 to 10000");
            config.log_lines = lines;
        } else {
            TRY(auto list, texts(value, name));
            (key.text == "allowed_images" ? config.allowed_images
             : key.text == "rules"        ? config.rule_files
                                          : config.waiver_files) = std::move(list);
        }
    }
    return true;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& name) {
    Config config;
    const auto documents = rule::parse_yaml(text, 1);
    if (!documents)
        return Error{fmt::format("{}:{}:{}: {}", name, documents.error().at.line, documents.error().at.column,
                                 documents.error().message)};
    for (const YamlNode& document : *documents) {
        if (document.is_null()) continue;
        if (!document.is_map()) return at(document, name, "expected settings, for example 'audit:'");
        for (const auto& [key, value] : document.entries) {
            static constexpr std::array<std::string_view, 1> kKeys = {"audit"};
            TRY_VOID(accept(key, kKeys, name));
            TRY_VOID(read_audit(value, name, config));
        }
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

void apply(const Config& config, AuditRequest& request) {
    request.allowed_images.insert(request.allowed_images.end(), config.allowed_images.begin(),
                                  config.allowed_images.end());
    request.rule_files.insert(request.rule_files.begin(), config.rule_files.begin(), config.rule_files.end());
    request.waiver_files.insert(request.waiver_files.begin(), config.waiver_files.begin(), config.waiver_files.end());
    if (config.log_lines && request.log_lines == AuditRequest{}.log_lines) request.log_lines = *config.log_lines;
}

}  // namespace plimsoll::app
