#include "posture/daemon_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json.h"

namespace plimsoll::posture {

namespace {

/// One setting that flags and daemon.json share (docs.docker.com/reference/cli/dockerd).
struct Known {
    std::string_view name;  ///< in daemon.json
    std::string_view flag;  ///< without dashes; equal to the name when empty
    bool boolean;
    std::string_view otherwise;
};

constexpr std::array kKnown = {
    Known{"debug", "", true, "false"},
    Known{"log-level", "", false, "info"},
    Known{"icc", "", true, "true"},
    Known{"iptables", "", true, "true"},
    Known{"ip6tables", "", true, "false"},
    Known{"ip-forward", "", true, "true"},
    Known{"ip-masq", "", true, "true"},
    Known{"userland-proxy", "", true, "true"},
    Known{"live-restore", "", true, "false"},
    Known{"no-new-privileges", "", true, "false"},
    Known{"userns-remap", "", false, ""},
    Known{"seccomp-profile", "", false, ""},
    Known{"selinux-enabled", "", true, "false"},
    Known{"cgroup-parent", "", false, ""},
    Known{"exec-opts", "exec-opt", false, ""},
    Known{"storage-driver", "", false, ""},
    Known{"storage-opts", "storage-opt", false, ""},
    Known{"log-driver", "", false, "json-file"},
    Known{"log-opts", "log-opt", false, ""},
    Known{"insecure-registries", "insecure-registry", false, ""},
    Known{"registry-mirrors", "registry-mirror", false, ""},
    Known{"authorization-plugins", "authorization-plugin", false, ""},
    Known{"experimental", "", true, "false"},
    Known{"default-ulimits", "default-ulimit", false, ""},
    Known{"default-runtime", "", false, "runc"},
    Known{"default-ipc-mode", "", false, "private"},
    Known{"default-cgroupns-mode", "", false, ""},
    Known{"default-shm-size", "", false, "64M"},
    Known{"runtimes", "add-runtime", false, ""},
    Known{"ip", "", false, "0.0.0.0"},
    Known{"hosts", "host", false, ""},
    Known{"tls", "", true, "false"},
    Known{"tlsverify", "", true, "false"},
    Known{"tlscacert", "", false, "~/.docker/ca.pem"},
    Known{"tlscert", "", false, "~/.docker/cert.pem"},
    Known{"tlskey", "", false, "~/.docker/key.pem"},
    Known{"data-root", "", false, "/var/lib/docker"},
    Known{"exec-root", "", false, "/var/run/docker"},
    Known{"containerd", "", false, ""},
    Known{"bridge", "", false, ""},
    Known{"bip", "", false, ""},
    Known{"group", "", false, "docker"},
    Known{"api-cors-header", "", false, ""},
    Known{"metrics-addr", "", false, ""},
    Known{"raw-logs", "", true, "false"},
    Known{"http-proxy", "", false, ""},
    Known{"https-proxy", "", false, ""},
    Known{"allow-direct-routing", "", true, "false"},
    Known{"firewall-backend", "", false, ""},
    Known{"pidfile", "", false, "/var/run/docker.pid"},
};

const Known* known_flag(std::string_view flag) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kShort = {
        {{"D", "debug"}, {"H", "host"}, {"l", "log-level"}, {"s", "storage-driver"}, {"b", "bridge"}, {"G", "group"}}};
    for (const auto& [letter, name] : kShort) {
        if (flag == letter) flag = name;
    }
    const auto found = std::ranges::find_if(
        kKnown, [&](const Known& known) { return flag == (known.flag.empty() ? known.name : known.flag); });
    return found == kKnown.end() ? nullptr : &*found;
}

const Known* known_name(std::string_view name) {
    const auto found = std::ranges::find(kKnown, name, &Known::name);
    return found == kKnown.end() ? nullptr : &*found;
}

unsigned major_version(std::string_view version) {
    unsigned major = 0;
    std::from_chars(version.data(), version.data() + version.size(), major);
    return major;
}

std::string value_text(Json value) {
    switch (value.kind()) {
        case Json::Kind::text: return std::string(value.text_or(""));
        case Json::Kind::array: {
            std::string joined;
            value.each([&](Json item) {
                joined += (joined.empty() ? "" : ",") + (item.text() ? std::string(*item.text()) : item.dump());
            });
            return joined;
        }
        case Json::Kind::object: {
            std::string joined;
            value.each_member([&](std::string_view key, Json item) {
                joined += fmt::format("{}{}={}", joined.empty() ? "" : ",", key,
                                      item.text() ? std::string(*item.text()) : item.dump());
            });
            return joined;
        }
        default: return value.dump();
    }
}

class Reader {
public:
    explicit Reader(DaemonSettings& out) : out_(out) {}

    void defaults(std::string_view version) {
        for (const Known& known : kKnown) {
            const bool on_since_27 = known.name == "ip6tables" && major_version(version) >= 27;
            out_.all.emplace(known.name, Setting{on_since_27 ? "true" : std::string(known.otherwise), "default"});
        }
    }

    void flags(std::span<const std::string> arguments) {
        for (std::size_t i = 1; i < arguments.size(); ++i) {
            std::string_view argument = arguments[i];
            if (!argument.starts_with('-') || argument.size() < 2) continue;
            argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
            const auto equals = argument.find('=');
            const std::string_view name = argument.substr(0, equals);
            std::optional<std::string_view> value;
            if (equals != std::string_view::npos) value = argument.substr(equals + 1);
            if (name == "config-file") {
                if (!value && i + 1 < arguments.size()) value = arguments[++i];
                out_.config_file = value.value_or("");
                continue;
            }
            const Known* known = known_flag(name);
            if (known == nullptr) continue;
            if (known->boolean) {
                if (!value) value = "true";
            } else if (!value && i + 1 < arguments.size()) {
                value = arguments[++i];
            }
            give(*known, known->boolean ? boolean(value.value_or("")) : std::string(value.value_or("")),
                 fmt::format("flag --{}", name));
        }
    }

    void file(Json root, const std::string& path) {
        root.each_member([&](std::string_view name, Json value) {
            const Known* known = known_name(name);
            if (known == nullptr) {
                out_.all.insert_or_assign(std::string(name), Setting{value_text(value), path});
                return;
            }
            if (known->boolean && value.kind() != Json::Kind::boolean) {
                out_.conflicts.push_back(fmt::format("{}: {} should be true or false", path, name));
                return;
            }
            const Setting& present = out_.all.find(known->name)->second;
            if (present.origin.starts_with("flag")) {
                out_.conflicts.push_back(fmt::format("{} is given as {} and in {}", name, present.origin, path));
                return;
            }
            out_.all.insert_or_assign(std::string(name), Setting{value_text(value), path});
        });
    }

private:
    static std::string boolean(std::string_view text) {
        return text == "true" || text == "1" || text == "t" || text == "T" || text == "TRUE" || text == "True"
                   ? "true"
                   : "false";
    }

    void give(const Known& known, std::string value, std::string origin) {
        Setting& setting = out_.all.find(known.name)->second;
        const bool adds_up = !known.flag.empty();
        if (adds_up && setting.origin.starts_with("flag")) value = setting.value + "," + value;
        setting = {std::move(value), std::move(origin)};
    }

    DaemonSettings& out_;
};

}  // namespace

const Setting* DaemonSettings::find(std::string_view name) const {
    const auto found = all.find(name);
    return found == all.end() ? nullptr : &found->second;
}

bool DaemonSettings::is_true(std::string_view name) const {
    const Setting* setting = find(name);
    return setting != nullptr && setting->value == "true";
}

DaemonSettings read_daemon_settings(
    std::span<const std::string> command_line, std::string_view default_config, std::string_view engine_version,
    const std::function<Result<std::optional<std::string>>(const std::string& path)>& read_config) {
    DaemonSettings settings;
    settings.config_file = default_config;
    Reader reader(settings);
    reader.defaults(engine_version);
    reader.flags(command_line);
    const auto text = read_config(settings.config_file);
    if (!text) {
        settings.conflicts.push_back(text.error().message);
    } else if (*text && !(*text)->empty()) {
        if (const auto document = JsonDocument::parse(**text); document && document->root().is_object())
            reader.file(document->root(), settings.config_file);
        else
            settings.conflicts.push_back(settings.config_file + " is not a JSON object");
    }
    return settings;
}

}  // namespace plimsoll::posture
