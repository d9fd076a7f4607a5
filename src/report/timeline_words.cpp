#include "report/timeline_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "base/time_words.h"

namespace plimsoll::report::words {

namespace {

using model::Event;

std::tm local(Nanoseconds time) {
    const Nanoseconds rest = ((time % kSecond) + kSecond) % kSecond;
    const std::time_t seconds = (time - rest) / kSecond;
    std::tm parts{};
    localtime_r(&seconds, &parts);
    return parts;
}

std::string formatted(Nanoseconds time, const char* form) {
    const std::tm parts = local(time);
    std::array<char, 96> text{};
    return {text.data(), std::strftime(text.data(), text.size(), form, &parts)};
}

struct Signal {
    int number;
    std::string_view name;
};

constexpr std::array kSignals = {
    Signal{1, "SIGHUP"},   Signal{2, "SIGINT"},    Signal{3, "SIGQUIT"},  Signal{4, "SIGILL"},   Signal{5, "SIGTRAP"},
    Signal{6, "SIGABRT"},  Signal{7, "SIGBUS"},    Signal{8, "SIGFPE"},   Signal{9, "SIGKILL"},  Signal{10, "SIGUSR1"},
    Signal{11, "SIGSEGV"}, Signal{12, "SIGUSR2"},  Signal{13, "SIGPIPE"}, Signal{14, "SIGALRM"}, Signal{15, "SIGTERM"},
    Signal{17, "SIGCHLD"}, Signal{18, "SIGCONT"},  Signal{19, "SIGSTOP"}, Signal{20, "SIGTSTP"}, Signal{24, "SIGXCPU"},
    Signal{25, "SIGXFSZ"}, Signal{28, "SIGWINCH"}, Signal{31, "SIGSYS"},
};

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string two(std::uint64_t big, std::string_view big_unit, std::uint64_t small, std::string_view small_unit) {
    if (small == 0) return fmt::format("{} {}", big, big_unit);
    return fmt::format("{} {} {} {}", big, big_unit, small, small_unit);
}

/// Mounts that hand the host to the container.
bool is_grave_source(std::string_view source) {
    static constexpr std::array<std::string_view, 12> kGrave = {
        "/", "/etc", "/root", "/proc", "/sys", "/dev", "/boot", "/usr", "/var", "/var/run", "/run", "/var/lib/docker"};
    return std::ranges::find(kGrave, source) != kGrave.end() || source.ends_with("docker.sock") ||
           source.ends_with("podman.sock") || source.ends_with("containerd.sock");
}

class Risks {
public:
    void add(std::string risk) {
        if (std::ranges::find(all_, risk) == all_.end()) all_.push_back(std::move(risk));
    }
    void mount(std::string_view source) {
        if (is_grave_source(source)) add(fmt::format("mounts {}", source));
    }
    [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(all_, ", ")); }

private:
    std::vector<std::string> all_;
};

void from_fields(const Event& event, Risks& risks) {
    if (event.is_true("container.privileged")) risks.add("privileged");
    if (event.is_true("container.host_pid")) risks.add("host's processes visible");
    if (event.is_true("container.host_network")) risks.add("host's network");
    if (event.is_true("container.host_ipc")) risks.add("host's IPC");
    for (const auto mount : split(event.text("container.mounts"), ' ')) {
        if (!mount.empty()) risks.mount(mount.substr(0, mount.find(':')));
    }
}

void from_json(const Event& event, Risks& risks) {
    const auto text = event.text("change.after");
    if (text.empty()) return;
    const auto document = JsonDocument::parse(text);
    if (!document) return;  // cut short or malformed: the fields above have said what they can
    const Json root = document->root();
    const Json host = root["HostConfig"].is_object() ? root["HostConfig"] : root;
    if (host["Privileged"].truth_or(false)) risks.add("privileged");
    if (host["PidMode"].text_or("") == "host") risks.add("host's processes visible");
    if (host["NetworkMode"].text_or("") == "host") risks.add("host's network");
    if (host["IpcMode"].text_or("") == "host") risks.add("host's IPC");
    if (host["UsernsMode"].text_or("") == "host") risks.add("no user namespace");
    host["CapAdd"].each([&](Json cap) { risks.add(fmt::format("capability {}", cap.text_or("?"))); });
    host["SecurityOpt"].each([&](Json option) {
        if (const auto value = option.text_or(""); value.ends_with("unconfined")) risks.add(std::string(value));
    });
    host["Devices"].each([&](Json device) { risks.add(fmt::format("device {}", device["PathOnHost"].text_or("?"))); });
    host["Binds"].each([&](Json bind) { risks.mount(bind.text_or("").substr(0, bind.text_or("").find(':'))); });
}

}  // namespace

std::string day(Nanoseconds time) {
    const std::tm parts = local(time);
    return fmt::format("{}, {} {}", formatted(time, "%A"), parts.tm_mday, formatted(time, "%B %Y"));
}

std::string clock(Nanoseconds time) { return formatted(time, "%H:%M:%S"); }
std::string moment(Nanoseconds time) { return formatted(time, "%F %H:%M:%S"); }

std::string minute(Nanoseconds time) {
    const std::tm parts = local(time);
    return fmt::format("{} {} {}", formatted(time, "%a"), parts.tm_mday, formatted(time, "%b %H:%M"));
}

std::string zone(Nanoseconds time) { return zone_name(time, Zone::local); }

std::string iso(Nanoseconds time) {
    std::string text = to_rfc3339(time);
    text.pop_back();
    return fmt::format("{}.{:06}+00:00", text, ((time % kSecond) + kSecond) % kSecond / 1000);
}

std::string range(Nanoseconds since, Nanoseconds until) {
    const auto short_clock = [](Nanoseconds time) {
        return formatted(time, local(time).tm_sec == 0 ? "%H:%M" : "%H:%M:%S");
    };
    if (day(since) == day(until - 1)) {
        const auto end = day(since) == day(until) ? short_clock(until) : std::string("24:00");
        return fmt::format("{}, {} to {} {}", day(since), short_clock(since), end, zone(since));
    }
    const auto end_zone = zone(until) == zone(since) ? std::string() : " " + zone(until);
    return fmt::format("{}, {} {} to {}, {}{}", day(since), short_clock(since), zone(since), day(until),
                       short_clock(until), end_zone);
}

std::string span(Nanoseconds length) {
    const auto ns = static_cast<std::uint64_t>(std::max<Nanoseconds>(length, 0));
    constexpr std::uint64_t kOne = kSecond;
    if (ns < kOne) return fmt::format("{} ms", ns / 1'000'000);
    if (ns < 10 * kOne) {
        const auto text = fmt::format("{:.1f}", static_cast<double>(ns) / 1e9);
        return (text.ends_with(".0") ? text.substr(0, text.size() - 2) : text) + " s";
    }
    const std::uint64_t seconds = ns / kOne;
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
    if (seconds < 86'400) return two(seconds / 3600, "h", seconds / 60 % 60, "min");
    return two(seconds / 86'400, seconds < 172'800 ? "day" : "days", seconds / 3600 % 24, "h");
}

std::string offset(Nanoseconds length) {
    const char sign = length < 0 ? '-' : '+';
    const std::uint64_t s = static_cast<std::uint64_t>(length < 0 ? -length : length) / kSecond;
    if (s == 0) return "0s";
    if (s < 60) return fmt::format("{}{}s", sign, s);
    if (s < 3600) return fmt::format("{}{}m{:02}s", sign, s / 60, s % 60);
    if (s < 86'400) return fmt::format("{}{}h{:02}m", sign, s / 3600, s / 60 % 60);
    return fmt::format("{}{}d{:02}h", sign, s / 86'400, s / 3600 % 24);
}

std::string bytes(std::uint64_t count) {
    static constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (count < 1024) return fmt::format("{} B", count);
    double value = static_cast<double>(count) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    const bool whole = value >= 99.95 || std::abs(value - std::round(value)) < 0.05;
    return whole ? fmt::format("{:.0f} {}", value, kUnits[unit]) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string_view signal_name(int number) {
    const auto* found = std::ranges::find(kSignals, number, &Signal::number);
    return found == kSignals.end() ? std::string_view() : found->name;
}

std::string signal_text(std::string_view text) {
    int number = static_cast<int>(number_of(text).value_or(0));
    for (const Signal& signal : kSignals) {
        if (text == signal.name || text == signal.name.substr(3)) number = signal.number;
    }
    const auto name = signal_name(number);
    return name.empty() ? std::string(text) : fmt::format("{} ({})", number, name);
}

std::string exit_meaning(std::int64_t code) {
    if (code == 0) return "ended by itself, without an error";
    if (code == 125) return "the engine could not run it";
    if (code == 126) return "its command cannot be executed";
    if (code == 127) return "its command was not found";
    if (code > 128 && code < 192) {
        const int number = static_cast<int>(code - 128);
        const auto name = signal_name(number);
        if (!name.empty()) return fmt::format("ended by {}", name);
    }
    return {};
}

std::string host_of(std::string_view origin) {
    const auto first = origin.find('/');
    const auto last = origin.rfind('/');
    if (!origin.starts_with("plimsoll/") || last == first) return std::string(origin);
    return std::string(origin.substr(first + 1, last - first - 1));
}

std::string short_digest(std::string_view digest) {
    constexpr std::string_view kAlgorithm = "sha256:";
    const bool named = digest.starts_with(kAlgorithm);
    return std::string(digest.substr(0, 12 + (named ? kAlgorithm.size() : 0)));
}

std::string_view container_id(const Event& event) {
    std::string_view id = event.text("container.id");
    if (id.empty()) id = event.text("container.full_id");
    if (id.empty() && event.text("docker.type") == "container") id = event.text("docker.id");
    if (id.empty() && (event.text("docker.type") == "network" || event.text("docker.type") == "volume"))
        id = event.text("docker.attributes", "container");
    return id.substr(0, 12);
}

std::optional<std::int64_t> exit_code(const Event& event) {
    if (event.has("container.exit_code")) return event.integer("container.exit_code");
    return number_of(event.text("docker.attributes", "exitCode"));
}

std::string_view action(const Event& event) {
    const auto action = event.text("docker.action");
    return action.empty() ? event.text("evt.type") : action;
}

bool is_health_check(const Event& event) {
    if (event.is_true("exec.healthcheck") || event.is_true("proc.is_container_healthcheck")) return true;
    const auto check = event.text("container.healthcheck");
    const auto command = event.text("exec.command");
    return !check.empty() && !command.empty() && (command.ends_with(check) || check.ends_with(command));
}

std::string risks(const Event& event) {
    Risks risks;
    from_fields(event, risks);
    from_json(event, risks);
    return risks.text();
}

}  // namespace plimsoll::report::words
