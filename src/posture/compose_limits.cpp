#include <fmt/format.h>

#include <array>
#include <charconv>

#include "posture/compose_parts.h"

namespace plimsoll::posture {

namespace {

constexpr char kMemory[] = "Memory";
constexpr char kMemorySwap[] = "MemorySwap";
constexpr char kMemoryReservation[] = "MemoryReservation";
constexpr char kShmSize[] = "ShmSize";
constexpr char kCpuShares[] = "CpuShares";
constexpr char kCpuQuota[] = "CpuQuota";
constexpr char kCpuPeriod[] = "CpuPeriod";
constexpr char kCpuRealtimeRuntime[] = "CpuRealtimeRuntime";
constexpr char kCpuRealtimePeriod[] = "CpuRealtimePeriod";
constexpr char kPidsLimit[] = "PidsLimit";
constexpr char kOomScoreAdj[] = "OomScoreAdj";

template <const char* Member>
void bytes(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    if (const auto size = bytes_of(value, key, draft)) draft.host[Member] = *size;
}

template <const char* Member>
void integer(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    if (const auto number = integer_of(value, key, draft)) draft.host[Member] = *number;
}

void cpus(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    const auto number = number_of(value, key, draft);
    if (number && *number >= 0 && *number < 1e6) draft.host["NanoCpus"] = static_cast<std::int64_t>(*number * 1e9);
}

void cpuset(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.host["CpusetCpus"] = text_of(value, key, draft);
}

void oom_kill_disable(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    if (const auto truth = truth_of(value, key, draft)) draft.host["OomKillDisable"] = *truth;
}

void ulimits(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, limit] : value.entries) {
        const ComposeNode* soft = limit.is_map() ? limit.find("soft") : &limit;
        const ComposeNode* hard = limit.is_map() ? limit.find("hard") : &limit;
        if (soft == nullptr || hard == nullptr) {
            draft.problem(limit, key, fmt::format("{} needs soft and hard", name.text));
            continue;
        }
        const auto low = integer_of(*soft, key, draft);
        const auto high = integer_of(*hard, key, draft);
        if (low && high) draft.host["Ulimits"].push_back({{"Name", name.text}, {"Soft", *low}, {"Hard", *high}});
    }
}

void restart(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    const std::string text = text_of(value, key, draft);
    const auto colon = text.find(':');
    std::int64_t most = 0;
    if (colon != std::string::npos) {
        const auto [end, fault] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), most);
        if (fault != std::errc() || end != text.data() + text.size())
            draft.problem(value, key, fmt::format("'{}' is no restart policy", text));
    }
    draft.host["RestartPolicy"] = {{"Name", text == "false" ? "no" : text.substr(0, colon)},
                                   {"MaximumRetryCount", most}};
}

void logging(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    nlohmann::json config = {{"Type", "json-file"}, {"Config", nlohmann::json::object()}};
    for (const auto& [name, part] : value.entries) {
        if (name.text == "driver")
            config["Type"] = text_of(part, key, draft);
        else if (name.text == "options")
            for (const auto& [option, text] : part.entries) config["Config"][option.text] = text.text;
        else
            draft.problem(name, key, fmt::format("'{}' is not read", name.text));
    }
    draft.host["LogConfig"] = config;
}

void healthcheck(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    static constexpr std::array<std::string_view, 7> kKnown = {"test",         "interval",       "timeout", "retries",
                                                               "start_period", "start_interval", "disable"};
    report_unknown(value, key, kKnown, draft);
    if (const ComposeNode* disable = value.find("disable");
        disable != nullptr && truth_of(*disable, key, draft) == true) {
        draft.config["Healthcheck"] = {{"Test", {"NONE"}}};
        return;
    }
    const ComposeNode* test = value.find("test");
    if (test == nullptr) return;
    std::vector<std::string> words = texts_of(*test, key, draft);
    if (test->is_scalar()) words.insert(words.begin(), "CMD-SHELL");
    draft.config["Healthcheck"] = {{"Test", words}};
}

void device_request(const ComposeNode& device, std::string_view key, ServiceDraft& draft) {
    nlohmann::json request = {{"Driver", ""}, {"Capabilities", nlohmann::json::array()}};
    if (const ComposeNode* driver = device.find("driver")) request["Driver"] = text_of(*driver, key, draft);
    const ComposeNode* capabilities = device.find("capabilities");
    request["Capabilities"].push_back(capabilities == nullptr ? std::vector<std::string>{"gpu"}
                                                              : texts_of(*capabilities, key, draft));
    draft.host["DeviceRequests"].push_back(request);
}

void gpus(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    if (value.is_scalar()) return device_request(value, key, draft);  // all
    if (!value.is_sequence()) draft.problem(value, key, "expected a list");
    for (const ComposeNode& item : value.items) device_request(item, key, draft);
}

void deploy_limits(const ComposeNode& limits, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, value] : limits.entries) {
        if (name.text == "memory")
            bytes<kMemory>(value, key, draft);
        else if (name.text == "cpus")
            cpus(value, key, draft);
        else if (name.text == "pids")
            integer<kPidsLimit>(value, key, draft);
        else if (name.text == "devices")
            gpus(value, key, draft);
        else
            draft.problem(name, key, fmt::format("resources.limits.{} is not read", name.text));
    }
}

void deploy_restart(const ComposeNode& policy, std::string_view key, ServiceDraft& draft) {
    std::string condition = "any";
    std::int64_t most = 0;
    static constexpr std::array<std::string_view, 4> kKnown = {"condition", "delay", "max_attempts", "window"};
    if (!is_map_of(policy, key, draft)) return;
    report_unknown(policy, key, kKnown, draft);
    if (const ComposeNode* node = policy.find("condition")) condition = text_of(*node, key, draft);
    if (const ComposeNode* node = policy.find("max_attempts")) most = integer_of(*node, key, draft).value_or(0);
    const std::string name = condition == "none" ? "no" : condition == "any" ? "unless-stopped" : condition;
    draft.host["RestartPolicy"] = {{"Name", name}, {"MaximumRetryCount", most}};
}

void deploy_resources(const ComposeNode& resources, std::string_view key, ServiceDraft& draft) {
    static constexpr std::array<std::string_view, 2> kKnown = {"limits", "reservations"};
    static constexpr std::array<std::string_view, 5> kReserved = {"cpus", "memory", "pids", "devices",
                                                                  "generic_resources"};
    if (!is_map_of(resources, key, draft)) return;
    report_unknown(resources, key, kKnown, draft);
    const ComposeNode* limits = resources.find("limits");
    if (limits != nullptr && is_map_of(*limits, key, draft)) deploy_limits(*limits, key, draft);
    const ComposeNode* reserved = resources.find("reservations");
    if (reserved == nullptr || !is_map_of(*reserved, key, draft)) return;
    report_unknown(*reserved, key, kReserved, draft);
    if (const ComposeNode* devices = reserved->find("devices")) gpus(*devices, key, draft);
}

void deploy(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    // Those that are not read below place containers and say nothing about one.
    static constexpr std::array<std::string_view, 9> kKnown = {"resources",     "restart_policy", "mode",
                                                               "replicas",      "labels",         "placement",
                                                               "endpoint_mode", "update_config",  "rollback_config"};
    report_unknown(value, key, kKnown, draft);
    if (const ComposeNode* policy = value.find("restart_policy")) deploy_restart(*policy, key, draft);
    if (const ComposeNode* resources = value.find("resources")) deploy_resources(*resources, key, draft);
}

}  // namespace

const std::vector<ServiceKey>& limit_keys() {
    static const std::vector<ServiceKey> kKeys = {
        {"mem_limit", bytes<kMemory>},
        {"memswap_limit", bytes<kMemorySwap>},
        {"mem_reservation", bytes<kMemoryReservation>},
        {"shm_size", bytes<kShmSize>},
        {"cpus", cpus},
        {"cpu_shares", integer<kCpuShares>},
        {"cpu_quota", integer<kCpuQuota>},
        {"cpu_period", integer<kCpuPeriod>},
        {"cpu_rt_runtime", integer<kCpuRealtimeRuntime>},
        {"cpu_rt_period", integer<kCpuRealtimePeriod>},
        {"cpuset", cpuset},
        {"pids_limit", integer<kPidsLimit>},
        {"oom_kill_disable", oom_kill_disable},
        {"oom_score_adj", integer<kOomScoreAdj>},
        {"ulimits", ulimits},
        {"restart", restart},
        {"logging", logging},
        {"healthcheck", healthcheck},
        {"gpus", gpus},
        {"deploy", deploy},  // after restart and mem_limit, which it overrides
    };
    return kKeys;
}

}  // namespace plimsoll::posture
