#include <algorithm>
#include <array>

#include "base/text.h"
#include "enrich/engine_access.h"

namespace plimsoll::enrich {

namespace {

std::string_view basename(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Options of the command line itself that take the next word.
bool takes_a_word(std::string_view option) {
    static constexpr auto kOptions = std::to_array<std::string_view>(
        {"-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey",
         // podman's
         "--url", "--connection", "--identity", "--root", "--runroot", "--storage-driver", "--storage-opt",
         "--cgroup-manager", "--runtime", "--runtime-flag", "--events-backend", "--tmpdir", "--conmon", "--hooks-dir",
         "--network-config-dir", "--network-cmd-path", "--volumepath", "--module", "--out", "--imagestore"});
    return std::ranges::find(kOptions, option) != kOptions.end();
}

struct Effect {
    std::string_view action;
    std::array<std::string_view, 8> verbs;
    std::array<std::string_view, 4> by_the_way = {};
};

constexpr std::array kEffects = {
    Effect{"create", {"run", "create", "compose", "build", "stack", "service", "play", "kube"}},
    Effect{"start", {"run", "start", "restart", "compose", "stack", "service", "play", "kube"}},
    Effect{"restart", {"restart", "compose"}},
    Effect{"attach", {"run", "attach", "start", "compose"}},
    Effect{"exec_create", {"exec", "compose"}},
    Effect{"exec_start", {"exec", "compose"}},
    Effect{"exec_die", {"exec", "compose"}},
    Effect{"session", {"exec", "compose"}},
    Effect{"kill", {"kill", "stop", "restart", "rm", "compose"}, {"run", "start", "attach"}},
    Effect{"stop", {"stop", "restart", "rm", "compose"}},
    Effect{"pause", {"pause", "compose"}},
    Effect{"unpause", {"unpause", "compose"}},
    Effect{"rename", {"rename", "compose"}},
    Effect{"update", {"update"}},
    Effect{"commit", {"commit", "build"}},
    Effect{"export", {"export"}},
    Effect{"copy", {"cp"}},
    Effect{"archive-path", {"cp"}},
    Effect{"extract-to-dir", {"cp"}},
    Effect{"destroy", {"rm", "prune", "compose", "system", "remove"}, {"run", "build"}},
    Effect{"pull", {"pull", "compose", "image"}, {"run", "create", "build"}},
    Effect{"push", {"push", "image", "compose"}},
    Effect{"load", {"load", "image"}},
    Effect{"import", {"import", "image"}},
    Effect{"tag", {"tag", "build", "image", "buildx"}},
    Effect{"untag", {"rmi", "image", "system", "prune"}},
    Effect{"delete", {"rmi", "image", "system", "prune"}},
};

}  // namespace

std::string_view engine_verb(std::string_view command_line) {
    bool first = true;
    bool skip = false;
    for (const std::string_view word : split(command_line, ' ')) {
        if (word.empty()) continue;
        if (first) {
            first = false;
            const std::string_view program = basename(word);
            if (program == "docker-compose" || program == "podman-compose") return "compose";
            if (program != "docker" && program != "podman" && program != "nerdctl") return {};
            continue;
        }
        if (skip) {
            skip = false;
            continue;
        }
        if (word.starts_with('-')) {
            skip = takes_a_word(word);
            continue;
        }
        if (word == "container") continue;  // `docker container exec` is `docker exec`
        return word;
    }
    return {};
}

Leads verb_leads_to(std::string_view verb, std::string_view action) {
    const auto effect = std::ranges::find(kEffects, action, &Effect::action);
    if (effect == kEffects.end()) return Leads::directly;
    if (std::ranges::find(effect->verbs, verb) != effect->verbs.end()) return Leads::directly;
    return std::ranges::find(effect->by_the_way, verb) != effect->by_the_way.end() ? Leads::by_the_way : Leads::never;
}

}  // namespace plimsoll::enrich
