#include "report/timeline_sentence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/timeline_process.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

constexpr std::size_t kMostCommand = 300;  ///< columns of a command inside a sentence
constexpr std::size_t kMostUser = 60;

using model::Event;
using model::FieldKey;

std::string attribute(const Event& event, std::string_view key) {
    return std::string(event.text("docker.attributes", key));
}

Nanoseconds length_of(const Event& event, FieldKey field) { return static_cast<Nanoseconds>(event.number(field)); }

void add_list(const Event& event, FieldKey field, std::string_view before, std::vector<std::string>& out) {
    for (const auto& value : event.read(field.id(), {}).values)
        out.push_back(std::string(before) + model::to_text(value));
}

std::string owner(const Event& event) {
    const auto project = event.text("container.compose.project");
    const auto service = event.text("container.compose.service");
    if (!project.empty())
        return fmt::format(" by compose (project {}{}{})", project, service.empty() ? "" : ", service ", service);
    if (const auto swarm = event.text("container.swarm.service"); !swarm.empty())
        return fmt::format(" by swarm service {}", swarm);
    if (const auto by = event.text("container.started_by"); !by.empty()) return fmt::format(" by {}", by);
    return {};
}

Telling created(const Event& event) {
    Telling out{.kind = "created", .text = "created" + owner(event)};
    if (const auto image = image_text(event); !image.empty()) out.text += " from " + image;
    if (event.is_true("container.image.new")) {
        out.tone = Tone::notice;
        out.text += "; this host had not used that image before";
    }
    if (const auto risks = words::risks(event); !risks.empty()) {
        out.tone = Tone::warning;
        out.details.push_back("risky settings: " + risks);
    }
    if (const auto command = event.text("container.command"); !command.empty())
        out.details.push_back(fmt::format("command: {}", command));
    return out;
}

Telling started(const Event& event) {
    Telling out{.kind = "started", .tone = Tone::good, .text = "started"};
    if (const auto by = event.text("container.started_by"); !by.empty()) out.text += fmt::format(" by {}", by);
    add_list(event, "container.networks.addresses", "address: ", out.details);
    return out;
}

Telling died(const Event& event) {
    Telling out{.kind = "died", .tone = Tone::warning, .text = "its main process ended"};
    const auto code = words::exit_code(event);
    if (code) {
        out.text += fmt::format(" with exit code {}", *code);
        if (const auto meaning = words::exit_meaning(*code); !meaning.empty()) out.text += ": " + meaning;
        if (*code == 0) out.tone = Tone::plain;
    } else {
        out.text += "; its exit code is not known";
    }
    if (event.is_true("container.oom_killed")) {
        out.text += ", killed by the kernel for want of memory";
        out.tone = Tone::severe;
    }
    if (event.has("container.lifetime")) {
        out.text += fmt::format(", after {}", words::span(length_of(event, "container.lifetime")));
    }
    return out;
}

Telling health(const Event& event) {
    auto status = std::string(event.text("container.health.status"));
    if (status.empty()) status = attribute(event, "health_status");
    if (status.empty()) status = attribute(event, "detail");
    const auto tone = status == "healthy" ? Tone::good : status == "unhealthy" ? Tone::warning : Tone::plain;
    return {.kind = "health", .tone = tone, .text = status.empty() ? "its health changed" : "became " + status};
}

Telling changed(const Event& event, std::string_view what) {
    Telling out{.kind = "changed", .tone = Tone::notice, .text = std::string(what)};
    add_list(event, "change.paths", "", out.details);
    return out;
}

Telling removed(const Event& event) {
    Telling out{.kind = "removed", .text = "removed"};
    if (event.has("container.lifetime"))
        out.text += fmt::format(", {} after its last start", words::span(length_of(event, "container.lifetime")));
    return out;
}

/// Was there when recording of its engine began.
Telling found(const Event& event) {
    Telling out{.kind = "found", .text = "was there when recording began"};
    const auto state = event.text("container.state");
    if (state == "running" && event.has("container.start_ts")) {
        const auto start = length_of(event, "container.start_ts");
        out.text += fmt::format(", running since {} ({})", words::minute(start), words::span(event.time() - start));
    } else if (state == "exited") {
        out.text += ", not running any more";
        if (const auto code = words::exit_code(event)) out.text += fmt::format(", exit code {}", *code);
    } else if (!state.empty()) {
        out.text += fmt::format(", {}", state == "created" ? "never started" : state);
    }
    if (const auto image = image_text(event); !image.empty()) out.text += "; image " + image;
    if (const auto risks = words::risks(event); !risks.empty()) {
        out.tone = Tone::warning;
        out.details.push_back("risky settings: " + risks);
    }
    add_list(event, "container.networks.addresses", "address: ", out.details);
    return out;
}

std::string with_path(std::string_view words, const Event& event) {
    const auto path = attribute(event, "path");
    return path.empty() ? std::string(words) : fmt::format("{}: {}", words, path);
}

std::optional<Telling> of_container(const Event& event, std::string_view action) {
    if (action == "create") return created(event);
    if (action == "found") return found(event);
    if (action == "start") return started(event);
    if (action == "die" || action == "died") return died(event);
    if (action == "health_status") return health(event);
    if (action == "update") return changed(event, "settings changed");
    if (action == "destroy" || action == "remove") return removed(event);
    if (action == "rename") {
        const auto old = attribute(event, "oldName");
        const auto from = old.starts_with('/') ? old.substr(1) : old;
        return changed(
            event, fmt::format("renamed{}{} to {}", from.empty() ? "" : " from ", from, event.text("container.name")));
    }
    if (action == "kill") {
        const auto signal = attribute(event, "signal");
        return Telling{.kind = "signal",
                       .tone = signal == "9" || signal == "SIGKILL" ? Tone::warning : Tone::notice,
                       .text = signal.empty() ? "was sent a signal" : "was sent signal " + words::signal_text(signal)};
    }
    if (action == "oom")
        return Telling{
            .kind = "memory", .tone = Tone::severe, .text = "ran out of memory; the kernel killed a process in it"};
    if (action == "commit")
        return Telling{.kind = "copied", .tone = Tone::notice, .text = "its file system was made into an image"};
    if (action == "export")
        return Telling{.kind = "copied", .tone = Tone::notice, .text = "its whole file system was copied out"};
    if (action == "copy" || action == "archive-path")
        return Telling{.kind = "copied", .tone = Tone::notice, .text = with_path("files were copied out of it", event)};
    if (action == "extract-to-dir")
        return Telling{.kind = "copied", .tone = Tone::notice, .text = with_path("files were copied into it", event)};
    struct Row {
        std::string_view action;
        std::string_view kind;
        Tone tone;
        std::string_view text;
    };
    static constexpr std::array kRows = {
        Row{"stop", "stopped", Tone::plain, "stopped by request"},
        Row{"restart", "restarted", Tone::notice, "restarted by request"},
        Row{"pause", "paused", Tone::notice, "paused"},
        Row{"unpause", "resumed", Tone::plain, "went on after a pause"},
        Row{"attach", "attached", Tone::notice, "somebody attached to its main process"},
        Row{"detach", "attached", Tone::quiet, "somebody detached from its main process"},
        Row{"top", "looked at", Tone::quiet, "its processes were listed"},
        Row{"checkpoint", "copied", Tone::notice, "its memory was written to disk (checkpoint)"},
    };
    for (const Row& row : kRows) {
        if (row.action == action)
            return Telling{.kind = std::string(row.kind), .tone = row.tone, .text = std::string(row.text)};
    }
    if (action.starts_with("exec_") || action == "resize" || action == "init" || action == "cleanup" ||
        action == "sync" || action == "mount" || action == "unmount")
        return std::nullopt;  // told with the session, or steps of the engine that follow from others
    return Telling{.kind = "event", .tone = Tone::quiet, .text = fmt::format("the engine reported “{}”", action)};
}

std::optional<Telling> of_network(const Event& event, std::string_view action) {
    const auto name = event.text("docker.name").empty() ? event.text("docker.id") : event.text("docker.name");
    if (action != "connect" && action != "disconnect")
        return Telling{.kind = "network", .tone = Tone::plain, .text = fmt::format("network {}: {}", name, action)};
    Telling out{.kind = "network", .text = fmt::format("{} network {}", action == "connect" ? "joined" : "left", name)};
    // What comes with a start or an end is part of that; what happens to a running container is not.
    if (event.text("container.state") == "running") out.tone = Tone::notice;
    if (name == "host" && action == "connect") out.tone = Tone::warning;
    if (const auto address = attribute(event, "address"); !address.empty()) {
        out.text += fmt::format("{} {}", action == "connect" ? " as" : ", where it was", address);
        return out;
    }
    for (const auto& value : event.read(FieldKey("container.networks.addresses").id(), {}).values) {
        const auto address = model::to_text(value);
        if (action == "connect" && address.starts_with(fmt::format("{}=", name)))
            out.text += fmt::format(" as {}", address.substr(name.size() + 1));
    }
    return out;
}

std::optional<Telling> of_volume(const Event& event, std::string_view action) {
    const auto name = event.text("docker.name").empty() ? event.text("docker.id") : event.text("docker.name");
    if (action == "mount") {
        const auto to = attribute(event, "destination");
        const auto writable = attribute(event, "read/write");
        return Telling{.kind = "volume",
                       .text = fmt::format("volume {} mounted{}{}{}", name, to.empty() ? "" : " at ", to,
                                           writable == "false" ? ", read-only" : "")};
    }
    if (action == "unmount") return Telling{.kind = "volume", .text = fmt::format("volume {} unmounted", name)};
    return Telling{.kind = "volume", .text = fmt::format("volume {}: {}", name, action)};
}

Telling loss(const Event& event) {
    const auto what = event.text("loss.what");
    Telling out{.kind = "gap", .tone = Tone::gap, .text = "not recorded"};
    if (!what.empty()) out.text += fmt::format(": {}", what);
    if (event.has("loss.count")) out.text += fmt::format(", {} of them", event.number("loss.count"));
    if (event.has("loss.from") && event.has("loss.until")) {
        const auto from = length_of(event, "loss.from");
        out.text += fmt::format(", for {}", words::span(length_of(event, "loss.until") - from));
    }
    if (const auto reason = event.text("loss.reason"); !reason.empty()) out.text += fmt::format(" ({})", reason);
    return out;
}

Telling alert(const Event& event) {
    const auto priority = event.text("alert.priority");
    Telling out{.kind = "alert", .tone = tone_of_priority(priority)};
    out.text = fmt::format("{}: {}", priority.empty() ? "alert" : priority, event.text("alert.rule"));
    if (const auto output = event.text("alert.output"); !output.empty()) out.details.emplace_back(output);
    if (const auto folded = event.number("alert.folded"); folded > 0)
        out.details.push_back(fmt::format("{} equal alerts were folded into it", folded));
    return out;
}

/// An engine that cannot be reached, or is back.
Telling reach(const Event& event, bool back) {
    const auto endpoint = event.text("docker.endpoint");
    Telling out{.kind = "gap", .tone = Tone::gap};
    out.text = fmt::format("engine {} {}", endpoint, back ? "is in reach again" : "could not be reached");
    if (back && event.has("loss.from"))
        out.text += fmt::format(" after {}", words::span(event.time() - length_of(event, "loss.from")));
    if (const auto reason = event.text("loss.reason"); !reason.empty()) out.text += fmt::format(" ({})", reason);
    return out;
}

void add_asker(const Event& event, Telling& told) {
    if (const auto person = asked_by(event); !person.empty()) told.details.push_back("asked for by " + person);
}

/// What a process did.
Telling tell_act(const Event& event) {
    Telling told = tell_process(event);
    if (event.text("evt.source") == "syscall" && told.kind == "ran") add_asker(event, told);
    return told;
}

std::optional<Telling> of_engine(const Event& event) {
    const auto type = event.text("docker.type");
    const auto action = words::action(event);
    if (type == "container" || type == "pod" || (type.empty() && !words::container_id(event).empty()))
        return of_container(event, action);
    if (type == "network") return of_network(event, action);
    if (type == "volume") return of_volume(event, action);
    if (action == "engine_down" || action == "engine_up") return reach(event, action == "engine_up");
    const auto name = event.text("docker.name").empty() ? event.text("docker.id") : event.text("docker.name");
    return Telling{.kind = type.empty() ? "event" : std::string(type),
                   .text = fmt::format("{}{}{}: {}", type, type.empty() || name.empty() ? "" : " ", name,
                                       action.empty() ? "an event without a name" : action)};
}

}  // namespace

std::string_view to_text(Tone tone) {
    switch (tone) {
        case Tone::quiet: return "quiet";
        case Tone::plain: return "plain";
        case Tone::good: return "good";
        case Tone::notice: return "notice";
        case Tone::warning: return "warning";
        case Tone::severe: return "severe";
        case Tone::gap: return "gap";
    }
    return "plain";
}

Tone tone_of_priority(std::string_view priority) {
    static constexpr std::array<std::string_view, 4> kSevere = {"Emergency", "Alert", "Critical", "Error"};
    if (std::ranges::find(kSevere, priority) != kSevere.end()) return Tone::severe;
    if (priority == "Warning") return Tone::warning;
    return priority == "Notice" ? Tone::notice : Tone::plain;
}

std::string image_text(const Event& event) {
    const auto image = event.text("container.image");
    auto digest = event.text("container.image.digest");
    if (digest.empty()) digest = event.text("container.image.id");
    if (image.empty()) return words::short_digest(digest);
    if (digest.empty() || image.find(digest) != std::string_view::npos) return std::string(image);
    return fmt::format("{} ({})", image, words::short_digest(digest));
}

Telling tell_session(const Event& event) {
    Telling out{.kind = "exec", .tone = Tone::notice};
    const auto command = event.text("exec.command");
    const auto user = event.text("exec.user");
    const auto not_known = [&event](FieldKey field) {
        return event.read(field.id(), {}).state == model::Reading::State::unknown;
    };
    // A command may be as long as its writer likes; what follows it must still be read.
    out.text = command.empty() ? "a command that is not known" : fmt::format("“{}”", shortened(command, kMostCommand));
    if (not_known("exec.user"))
        out.text += " as a user that is not known";
    else
        out.text += user.empty() ? " as the container's own user" : fmt::format(" as {}", shortened(user, kMostUser));
    if (not_known("exec.privileged")) out.text += ", with privileges that are not known";
    if (event.is_true("exec.tty")) out.text += ", with a terminal";
    if (event.is_true("exec.privileged")) {
        out.text += ", with all privileges";
        out.tone = Tone::warning;
    }
    const bool failed = event.text("evt.type") == "exec_failed";
    if (failed)
        out.text += "; did not start";
    else if (event.has("exec.duration"))
        out.text += fmt::format(", for {}", words::span(length_of(event, "exec.duration")));
    const bool ended = event.has("exec.exit_code");
    if (ended) {
        const auto code = event.integer("exec.exit_code");
        out.text += fmt::format(", exit code {}", code);
        if (const auto meaning = words::exit_meaning(code); code != 0 && !meaning.empty())
            out.text += fmt::format(" ({})", meaning);
    } else if (!failed) {
        out.text += event.has("exec.start_ts") ? "; its end was not seen" : "; neither start nor end was seen";
    }
    add_asker(event, out);
    return out;
}

std::optional<Telling> tell_alerting_act(const Event& event) {
    if (!model::is_act_alert(event)) return std::nullopt;
    return tell_act(event);
}

std::optional<Telling> tell(const Event& event) {
    const auto kind = event.text("record.kind");
    if (const auto why = event.text("record.malformed"); !why.empty()) {
        auto told = kind == "event" && event.has("docker.action") ? of_engine(event) : std::nullopt;
        if (told) {
            told->details.push_back(fmt::format("not as it should be: {}", why));
            return told;
        }
        return Telling{
            .kind = "unread", .tone = Tone::gap, .text = fmt::format("a record that could not be read: {}", why)};
    }
    const auto source = event.text("evt.source");
    if (kind == "event" && (source == "audit" || source == "syscall")) return tell_act(event);
    if (kind == "event" || kind.empty()) {
        auto told = of_engine(event);
        if (told) add_asker(event, *told);
        return told;
    }
    if (kind == "session") return tell_session(event);
    if (kind == "alert") return alert(event);
    if (kind == "loss") return loss(event);
    if (kind == "line") {
        const auto level = event.text("log.level");
        const bool bad = level == "error" || level == "fatal";
        return Telling{
            .kind = "log", .tone = bad ? Tone::warning : Tone::quiet, .text = std::string(event.text("log.line"))};
    }
    if (kind == "start") return Telling{.kind = "recorder", .tone = Tone::gap, .text = "the recorder started"};
    if (kind == "stop") return Telling{.kind = "recorder", .tone = Tone::gap, .text = "the recorder stopped"};
    return std::nullopt;
}

std::string sentence(const Event& event) {
    if (const auto told = tell(event)) return told->text;
    if (const auto summary = event.text("record.summary"); !summary.empty()) return std::string(summary);
    const auto kind = event.text("record.kind");
    const auto action = words::action(event);
    if (kind == "sample")
        return fmt::format("memory {}, processor {:.1f} %", words::bytes(event.number("usage.memory")), [&] {
            const auto reading = event.read(FieldKey("usage.cpu").id(), {});
            const auto* value = reading.values.empty() ? nullptr : std::get_if<double>(&reading.values[0]);
            return value == nullptr ? 0.0 : *value;
        }());
    if (kind == "ack")
        return fmt::format("alert {} acknowledged by {}", event.number("ack.alert"), event.text("ack.by"));
    return fmt::format("{} {}", kind, action);
}

}  // namespace plimsoll::report
