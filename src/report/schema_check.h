#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// Test support: reads documents against a published schema.
namespace plimsoll::report {

/// The part of JSON Schema that the schemas of docs/reference use; a keyword that it does not know is a fault.
class Schema {
public:
    using json = nlohmann::json;

    explicit Schema(const std::string& path) {
        std::ifstream file(path);
        root_ = json::parse(file);
    }

    std::vector<std::string> faults(const json& document) {
        faults_.clear();
        walk(root_, document, "");
        return faults_;
    }

private:
    static bool has_type(const json& value, const std::string& type) {
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "integer") return value.is_number_integer();
        if (type == "number") return value.is_number();
        if (type == "boolean") return value.is_boolean();
        return type == "null" && value.is_null();
    }

    void walk(const json& schema, const json& value, const std::string& where) {
        const auto fault = [&](const std::string& what) { faults_.push_back(where + ": " + what); };
        for (const auto& [keyword, rule] : schema.items()) {
            if (keyword == "$ref") {
                walk(root_.at(json::json_pointer(rule.get<std::string>().substr(1))), value, where);
            } else if (keyword == "type") {
                const auto types = rule.is_array() ? rule : json::array({rule});
                if (std::ranges::none_of(types, [&](const json& type) { return has_type(value, type); }))
                    fault("wrong type");
            } else if (keyword == "const") {
                if (value != rule) fault("is not " + rule.dump());
            } else if (keyword == "enum") {
                if (std::ranges::find(rule, value) == rule.end()) fault("not in the list");
            } else if (keyword == "required") {
                for (const std::string key : rule) {
                    if (value.is_object() && !value.contains(key)) fault("lacks " + key);
                }
            } else if (keyword == "properties") {
                if (!value.is_object()) continue;
                for (const auto& [key, inner] : value.items()) {
                    if (rule.contains(key)) {
                        walk(rule[key], inner, where + "/" + key);
                    } else {
                        fault("has " + key + ", which the schema does not know");
                    }
                }
            } else if (keyword == "items") {
                for (std::size_t i = 0; i < value.size(); ++i) walk(rule, value[i], fmt::format("{}/{}", where, i));
            } else if (keyword != "additionalProperties" && !keyword.starts_with('$') && keyword != "title" &&
                       keyword != "description") {
                fault("unknown keyword " + keyword);
            }
        }
    }

    json root_;
    std::vector<std::string> faults_;
};

}  // namespace plimsoll::report
