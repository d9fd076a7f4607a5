#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "posture/compose_service.h"

namespace plimsoll::posture {

/// A service on its way from compose's form to the engine's.
struct ServiceDraft {
    std::string_view name;
    const ComposeProject& project;
    ComposeContext& context;
    nlohmann::json config = nlohmann::json::object();    ///< Config
    nlohmann::json host = nlohmann::json::object();      ///< HostConfig
    nlohmann::json mounts = nlohmann::json::array();     ///< Mounts
    nlohmann::json networks = nlohmann::json::object();  ///< NetworkSettings.Networks
    Variables environment;
    std::map<std::string, std::string, std::less<>> labels;

    /// Says at a node of the service what is wrong with it.
    void problem(const ComposeNode& at, std::string_view key, std::string_view what) const;
};

/// True for a map; any other value but none is a problem.
[[nodiscard]] bool is_map_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft);
/// Says which entries of a map below a key are not among the known ones; `x-` ones are nobody's business.
void report_unknown(const ComposeNode& map, std::string_view key, std::span<const std::string_view> known,
                    const ServiceDraft& draft);

// Values as compose writes them; nothing, and a problem, when they are something else.
[[nodiscard]] std::optional<bool> truth_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft);
[[nodiscard]] std::optional<double> number_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft);
[[nodiscard]] std::optional<std::int64_t> integer_of(const ComposeNode& node, std::string_view key,
                                                     const ServiceDraft& draft);
[[nodiscard]] std::optional<std::int64_t> bytes_of(const ComposeNode& node, std::string_view key,
                                                   const ServiceDraft& draft);  ///< 512m, 1.5gb, -1
[[nodiscard]] std::string text_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft);
[[nodiscard]] std::vector<std::string> texts_of(const ComposeNode& node, std::string_view key,
                                                const ServiceDraft& draft);  ///< one text is a list of one

/// How one key of a service is read.
using ServiceKeyReader = void (*)(const ComposeNode& value, std::string_view key, ServiceDraft& draft);

struct ServiceKey {
    std::string_view key;
    ServiceKeyReader read;
};

// The keys that this program reads, by family; compose_service.cpp walks them all.
[[nodiscard]] const std::vector<ServiceKey>& privilege_keys();
[[nodiscard]] const std::vector<ServiceKey>& limit_keys();
[[nodiscard]] const std::vector<ServiceKey>& item_keys();

}  // namespace plimsoll::posture
