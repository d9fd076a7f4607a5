#include "source/engine/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace plimsoll::source {

namespace {

using Tree = nlohmann::json;  // sorts the names of its objects

constexpr std::size_t kMostDepth = 16;
constexpr std::size_t kMostItems = 512;
constexpr std::size_t kMostChangeText = 256;
constexpr const char* kMask = "***";
constexpr std::array kSettings = {"Config", "HostConfig", "Mounts", "Name", "NetworkSettings"};

/// Copies a stranger's JSON into a tree whose size, depth and texts are bounded.
class Reducer {
public:
    explicit Reducer(std::size_t budget) : budget_(budget) {}

    Tree copy(const Json& from, std::size_t depth = 0) {
        if (depth > kMostDepth || budget_ == 0) return "…";
        switch (from.kind()) {
            case Json::Kind::nothing:
            case Json::Kind::null: return nullptr;
            case Json::Kind::boolean: return from.truth_or(false);
            case Json::Kind::number:
                spend(8);
                if (const auto whole = from.integer()) return *whole;
                return from.number().value_or(0);
            case Json::Kind::text: return text(*from.text());
            case Json::Kind::array: {
                Tree out = Tree::array();
                from.each([&](Json item) {
                    if (out.size() < kMostItems) out.push_back(copy(item, depth + 1));
                });
                return out;
            }
            case Json::Kind::object: break;
        }
        Tree out = Tree::object();
        from.each_member([&](std::string_view name, Json member) {
            if (out.size() >= kMostItems || budget_ == 0) return;
            out[text(name)] = copy(member, depth + 1);
        });
        return out;
    }

    std::string text(std::string_view from) {
        std::string out = bounded(from, std::min(kMostSnapshotText, budget_));
        spend(out.size() + 4);
        return out;
    }

private:
    void spend(std::size_t bytes) { budget_ -= std::min(budget_, bytes); }

    std::size_t budget_;
};

void mask_environment(Tree& config) {
    const auto found = config.find("Env");
    if (found == config.end() || !found->is_array()) return;
    for (Tree& item : *found) {
        if (!item.is_string()) continue;
        const auto& text = item.get_ref<const std::string&>();
        const auto equals = text.find('=');
        if (equals != std::string::npos) item = text.substr(0, equals + 1) + kMask;
    }
}

void mask_log_options(Tree& host) {
    if (!host.is_object() || !host.contains("LogConfig")) return;
    Tree& log = host["LogConfig"];
    if (!log.is_object() || !log.contains("Config") || !log["Config"].is_object()) return;
    for (auto& [name, value] : log["Config"].items()) {
        for (const char* word : {"token", "secret", "password", "key", "credentials"}) {
            if (icontains(name, word)) value = kMask;
        }
    }
}

Tree networks_of(const Json& inspect, Reducer& reduce) {
    Tree out = Tree::object();
    inspect.at("NetworkSettings.Networks").each_member([&](std::string_view name, Json network) {
        if (out.size() >= kMostItems) return;
        Tree kept = Tree::object();
        for (const char* member : {"Aliases", "GlobalIPv6Address", "IPAddress", "MacAddress", "NetworkID"}) {
            const Json value = network[member];
            if (!value.is_null()) kept[member] = reduce.copy(value);
        }
        out[reduce.text(name)] = std::move(kept);
    });
    return out;
}

std::string dumped(const Tree& tree) { return tree.dump(-1, ' ', false, Tree::error_handler_t::replace); }

/// The engine lists mounts in a new order each time.
Tree sorted_mounts(Tree mounts) {
    if (!mounts.is_array()) return mounts;
    const auto place = [](const Tree& mount) {
        return mount.is_object() && mount.contains("Destination") ? dumped(mount["Destination"]) : std::string();
    };
    std::stable_sort(mounts.begin(), mounts.end(), [&](const Tree& a, const Tree& b) { return place(a) < place(b); });
    return mounts;
}

Tree parsed(std::string_view text) {
    Tree tree = Tree::parse(text, nullptr, false);
    return tree.is_discarded() ? Tree(nullptr) : tree;
}

std::string shown(const Tree& value) {
    if (value.is_null()) return "none";
    return bounded(value.is_string() ? value.get<std::string>() : dumped(value), kMostChangeText);
}

/// What an engine leaves out as well as writes: another version of it must not look like a change.
bool is_default(const Tree& value) {
    return value.is_null() || ((value.is_object() || value.is_array()) && value.empty()) || value == "" ||
           value == false || value == 0;
}

void compare(const std::string& path, const Tree& before, const Tree& after, std::vector<std::string>& out) {
    if (before == after || out.size() >= kMostChanges) return;
    if ((before.is_null() || after.is_null()) && is_default(before) && is_default(after)) return;
    const bool objects = (before.is_object() || before.is_null()) && (after.is_object() || after.is_null()) &&
                         (before.is_object() || after.is_object());
    if (!objects) {
        out.push_back(fmt::format("{}: {} -> {}", path, shown(before), shown(after)));
        return;
    }
    const Tree nothing;
    const auto member = [&](const Tree& of, const std::string& name) -> const Tree& {
        if (!of.is_object()) return nothing;
        const auto found = of.find(name);
        return found == of.end() ? nothing : *found;
    };
    std::vector<std::string> names;
    for (const Tree* side : {&before, &after}) {
        if (!side->is_object()) continue;
        for (const auto& [name, value] : side->items()) names.push_back(name);
    }
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    for (const std::string& name : names) {
        compare(path.empty() ? name : path + "." + name, member(before, name), member(after, name), out);
    }
}

Tree settings_tree(std::string_view snapshot) {
    Tree whole = parsed(snapshot);
    Tree out = Tree::object();
    if (!whole.is_object()) return out;
    for (const char* part : kSettings) {
        if (const auto found = whole.find(part); found != whole.end()) out[part] = std::move(*found);
    }
    return out;
}

}  // namespace

std::string bounded(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return fmt::format("{}… ({} bytes in all)", text.substr(0, end), text.size());
}

std::string snapshot(const Json& inspect) {
    Reducer reduce(kMostSnapshotBytes);
    Tree out = Tree::object();
    for (const char* part : {"Id", "Name", "Created", "Image", "RestartCount"}) out[part] = reduce.copy(inspect[part]);
    if (const std::string_view name = inspect["Name"].text_or(""); name.starts_with('/'))
        out["Name"] = reduce.text(name.substr(1));  // as people write it
    Tree state = Tree::object();
    for (const char* part :
         {"Status", "Running", "Paused", "Restarting", "OOMKilled", "ExitCode", "Pid", "StartedAt", "FinishedAt"}) {
        state[part] = reduce.copy(inspect["State"][part]);
    }
    out["State"] = std::move(state);
    out["HostConfig"] = reduce.copy(inspect["HostConfig"]);
    mask_log_options(out["HostConfig"]);
    out["NetworkSettings"]["Networks"] = networks_of(inspect, reduce);
    out["Mounts"] = sorted_mounts(reduce.copy(inspect["Mounts"]));
    out["Config"] = reduce.copy(inspect["Config"]);
    mask_environment(out["Config"]);
    return dumped(out);
}

std::string settings(std::string_view snapshot) { return dumped(settings_tree(snapshot)); }

Change changes(std::string_view before, std::string_view after) {
    Tree old = settings_tree(before);
    Tree fresh = settings_tree(after);
    Change out;
    compare("", old, fresh, out.paths);
    for (const char* part : kSettings) {
        if (!old.contains(part) || !fresh.contains(part) || old[part] != fresh[part]) continue;
        old.erase(part);
        fresh.erase(part);
    }
    out.before = dumped(old);
    out.after = dumped(fresh);
    return out;
}

}  // namespace plimsoll::source
