#include "posture/history.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "posture/secrets.h"

namespace plimsoll::posture {

namespace {

constexpr std::size_t kMostCommand = 4096;
constexpr std::array<std::string_view, 17> kInstructions = {
    "ADD",   "ARG",        "CMD",     "COPY", "ENTRYPOINT", "ENV",        "EXPOSE", "FROM",   "HEALTHCHECK",
    "LABEL", "MAINTAINER", "ONBUILD", "RUN",  "SHELL",      "STOPSIGNAL", "USER",   "WORKDIR"};

bool matches(std::string_view text, const RE2& pattern) {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

void drop_prefix(std::string_view& text, std::string_view prefix) {
    if (text.starts_with(prefix)) text = trim(text.substr(prefix.size()));
}

/// BuildKit writes the build arguments of a RUN as "|2 A=1 B=2 /bin/sh -c …".
void drop_build_arguments(std::string_view& text) {
    if (!text.starts_with('|')) return;
    const auto shell = text.find("/bin/sh -c ");
    if (shell != std::string_view::npos) text = text.substr(shell);
}

}  // namespace

HistoryStep parse_history(std::string_view created_by) {
    std::string_view text = trim(created_by);
    HistoryStep step;
    if (text.ends_with("# buildkit")) text = trim(text.substr(0, text.size() - 10));
    const auto word = text.substr(0, text.find(' '));
    if (std::ranges::find(kInstructions, word) != kInstructions.end() || word == "VOLUME") {
        step.instruction = word;
        text = trim(text.substr(word.size()));
        drop_build_arguments(text);
        drop_prefix(text, "/bin/sh -c ");
    } else {
        drop_build_arguments(text);
        const bool shell = text.starts_with("/bin/sh -c ");
        drop_prefix(text, "/bin/sh -c ");
        if (text.starts_with("#(nop)")) {
            text = trim(text.substr(6));
            step.instruction = text.substr(0, text.find(' '));
            text = trim(text.substr(step.instruction.size()));
        } else if (shell) {
            step.instruction = "RUN";
        }
    }
    step.command = text.substr(0, kMostCommand);
    return step;
}

void gather_layer(const HistoryStep& step, std::int64_t size, model::Facts& layer, std::string_view origin) {
    static const RE2 url("(?i)^(--[a-z]+=\\S+\\s+)*[\"\\[]*(https?|ftp|git)://");
    static const RE2 archive("(?i)\\.(tar|tgz|tar\\.(gz|bz2|xz|zst)|txz|tbz2)\\b");
    static const RE2 update(
        "\\b(apt-get|apt|aptitude)\\s+(-[^\\s]+\\s+)*update\\b|\\bapk\\s+(-[^\\s]+\\s+)*update\\b|\\b(yum|dnf|microdnf)"
        "\\s+(-[^\\s]+\\s+)*(makecache|check-update)\\b|\\bzypper\\s+(-[^\\s]+\\s+)*ref(resh)?\\b");
    static const RE2 install(
        "\\b(apt-get|apt|aptitude|yum|dnf|microdnf|zypper)\\s+(-[^\\s]+\\s+)*(install|upgrade|dist-upgrade|full-"
        "upgrade|in|build-dep)\\b|\\bapk\\s+(-[^\\s]+\\s+)*(add|upgrade)\\b");
    static const RE2 upgrade("\\b(apt-get|apt)\\s+(-[^\\s]+\\s+)*(dist-upgrade|full-upgrade)\\b");
    static const RE2 pipe(
        "\\b(curl|wget|fetch)\\b[^|;&]*\\|\\s*(sudo\\s+)?(ba|da|z|a|k)?sh\\b|\\b(ba|da|z)?sh\\s+(-c\\s+)?[\"']?(<\\(|"
        "\\$\\()\\s*(curl|wget)\\b");
    static const RE2 unverified(
        "\\bcurl\\b[^|;&]*\\s(-[a-zA-Z]*k[a-zA-Z]*|--insecure)\\b|--no-check-certificate|--allow-unauthenticated|--"
        "nogpgcheck|--no-gpg-checks|--allow-untrusted|--force-yes|--trusted-host|NODE_TLS_REJECT_UNAUTHORIZED=0|http\\."
        "sslVerify\\s+false|strict-ssl\\s+false");
    static const RE2 suid(
        "\\bchmod\\s+(-[^\\s]+\\s+)*([0-7]?[4-7][0-7]{3}|[ug+]*[ugo]*\\+[rwx]*s)\\b|--chmod=[4-7][0-7]{3}|\\bsetcap\\b|"
        "\\binstall\\s+[^;&|]*-m\\s*[4-7][0-7]{3}");
    static const RE2 sudo("\\b(install|add)\\b[^;&|]*\\bsudo\\b");
    static const RE2 sshd(
        "\\b(install|add)\\b[^;&|]*\\b(openssh-server|openssh-sftp-server|dropbear)\\b|\\bapk\\b[^;&|]*\\badd\\b[^;&|]*"
        "\\bopenssh\\b");
    static const RE2 world("\\bchmod\\s+(-[^\\s]+\\s+)*(0?[0-7]{2}[2367]|[oa]*\\+[rx]*w[rx]*|ugo\\+[rx]*w[rx]*)\\s");

    const bool add = step.instruction == "ADD";
    const bool run = step.instruction == "RUN" || step.instruction.empty();
    layer.set("layer.command", step.command, origin);
    layer.set("layer.instruction", step.instruction, origin);
    layer.set_number("layer.size", size, origin);
    layer.set("layer.adds_url", add && matches(step.command, url), origin);
    const bool classic_root =
        step.command.starts_with("file:") && step.command.ends_with(" in /");  // a base image's files
    layer.set("layer.adds_archive",
              add && !classic_root && !matches(step.command, url) && !matches(step.command, archive), origin);
    layer.set("layer.updates_alone", run && matches(step.command, update) && !matches(step.command, install), origin);
    layer.set("layer.upgrades", run && matches(step.command, upgrade), origin);
    layer.set("layer.pipes_to_shell", run && matches(step.command, pipe), origin);
    layer.set("layer.unverified_download", run && matches(step.command, unverified), origin);
    layer.set("layer.sets_suid", matches(step.command, suid), origin);
    layer.set("layer.secret", secret_in_text(step.command).has_value(), origin);
    layer.set("layer.installs_sudo", run && matches(step.command, sudo), origin);
    layer.set("layer.installs_sshd", run && matches(step.command, sshd), origin);
    layer.set("layer.world_writable", run && matches(step.command + " ", world), origin);
}

}  // namespace plimsoll::posture
