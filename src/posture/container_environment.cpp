#include <algorithm>
#include <array>

#include "base/text.h"
#include "posture/container_parts.h"
#include "posture/secrets.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FactStore;
using model::SubjectKind;

/// Which values of a variable make its program take any certificate.
enum class Switch : std::uint8_t { when_zero, when_no, when_yes, when_not_empty, whenever_set };

struct TlsVariable {
    std::string_view name;  ///< in small letters
    Switch how;
};

constexpr std::array kTlsVariables = {
    TlsVariable{"node_tls_reject_unauthorized", Switch::when_zero},
    TlsVariable{"pythonhttpsverify", Switch::when_zero},
    TlsVariable{"git_ssl_no_verify", Switch::whenever_set},
    TlsVariable{"npm_config_strict_ssl", Switch::when_no},
    TlsVariable{"yarn_strict_ssl", Switch::when_no},
    TlsVariable{"yarn_enable_strict_ssl", Switch::when_no},
    TlsVariable{"ssl_verify", Switch::when_no},
    TlsVariable{"verify_ssl", Switch::when_no},
    TlsVariable{"tls_verify", Switch::when_no},
    TlsVariable{"consul_http_ssl_verify", Switch::when_no},
    TlsVariable{"curl_insecure", Switch::when_yes},
    TlsVariable{"vault_skip_verify", Switch::when_yes},
    TlsVariable{"nomad_skip_verify", Switch::when_yes},
    TlsVariable{"helm_kubeinsecure_skip_tls_verify", Switch::when_yes},
    TlsVariable{"pip_trusted_host", Switch::when_not_empty},
    TlsVariable{"goinsecure", Switch::when_not_empty},
};

bool is_no(std::string_view value) {
    static constexpr std::array<std::string_view, 6> kNo = {"0", "false", "no", "off", "n", "f"};
    return std::ranges::find(kNo, value) != kNo.end();
}

bool disables_tls(std::string_view name, std::string_view value) {
    const std::string low = lowered(name);
    const auto* known = std::ranges::find(kTlsVariables, low, &TlsVariable::name);
    if (known == kTlsVariables.end()) return false;
    const std::string setting = lowered(trim(value));
    switch (known->how) {
        case Switch::when_zero: return setting == "0";
        case Switch::when_no: return is_no(setting);
        case Switch::when_yes: return !setting.empty() && !is_no(setting);
        case Switch::when_not_empty: return !setting.empty();
        case Switch::whenever_set: return true;
    }
    return false;
}

}  // namespace

void gather_environment(const ContainerReading& in, FactStore& store, Facts& out) {
    const auto image = in.engine.images.by_id.find(in.inspect["Image"].text_or(""));
    const std::vector<std::string> none;
    const auto& of_image = image == in.engine.images.by_id.end() ? none : image->second.environment;
    gather_variables(strings(in.inspect.at("Config.Env")), of_image, in.origin + " Config.Env", store, out);
}

void gather_variables(const std::vector<std::string>& variables, const std::vector<std::string>& of_image,
                      const std::string& origin, FactStore& store, const Facts& owner) {
    for (const std::string& variable : variables) {
        const auto equals = variable.find('=');
        const std::string_view name = std::string_view(variable).substr(0, equals);
        const std::string_view value =
            equals == std::string::npos ? std::string_view() : std::string_view(variable).substr(equals + 1);
        Facts& env = store.add(SubjectKind::env, name, name, &owner);
        env.set("env.name", name, origin);
        const auto sign = secret_in_variable(name, value);
        env.set("env.secret", sign && !sign->reference, origin);
        if (sign)
            env.set("env.secret.kind", sign->kind, origin);
        else
            env.absent("env.secret.kind", origin);
        env.set("env.reference", sign && sign->reference, origin);
        env.set("env.disables_tls", disables_tls(name, value), origin);
        env.set("env.from_image", std::ranges::find(of_image, variable) != of_image.end(), origin);
    }
}

}  // namespace plimsoll::posture
