#include "source/container_log_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>

#include "host/engine_stream.h"
#include "host/http_client.h"
#include "source/container_log_frames.h"
#include "source/engine/event_record.h"

namespace plimsoll::source {

namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 500ms;                  ///< how often the inventory is looked at
constexpr Nanoseconds kReport = 10 * kSecond;  ///< at most one report of losses in this time, for each container
constexpr double kBurst = 10;                  ///< seconds' worth of lines that may come at once

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, stop, time, [] { return false; });
}

/// Lets through so many lines a second on average.
class Rate {
public:
    explicit Rate(double per_second) : per_second_(per_second), left_(per_second * kBurst) {}
    bool take() {
        const auto time = std::chrono::steady_clock::now();
        left_ = std::min(per_second_ * kBurst, left_ + per_second_ * std::chrono::duration<double>(time - at_).count());
        at_ = time;
        if (left_ < 1) return false;
        left_ -= 1;
        return true;
    }

private:
    double per_second_;
    double left_;
    std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
};

/// Lines of one container that were not recorded.
struct Lost {
    std::uint64_t lines = 0;
    Nanoseconds from = 0, until = 0, reported = 0;
    void add(Nanoseconds time) {
        if (lines++ == 0) from = time;
        until = time;
    }
};

}  // namespace

bool matches_glob(std::string_view glob, std::string_view text) {
    std::size_t g = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    while (t < text.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            star_text = t;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
            ++g;
            ++t;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

ContainerLogSource::ContainerLogSource(ContainerLogOptions options) : options_(std::move(options)) {
    status_.name = "container logs " + options_.endpoint.to_text();
    status_.fault = "not started yet";
}

SourceStatus ContainerLogSource::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void ContainerLogSource::count(std::uint64_t events, std::uint64_t lost, Nanoseconds last) {
    const std::lock_guard lock(mutex_);
    status_.events += events;
    status_.lost += lost;
    status_.last_event = std::max(status_.last_event, last);
}

bool ContainerLogSource::chosen(const ContainerRecord& container) const {
    for (const std::string& name : options_.names) {
        if (matches_glob(name, container.name)) return true;
    }
    for (const std::string& wanted : options_.labels) {
        const auto equals = wanted.find('=');
        const auto label = container.labels.find(wanted.substr(0, equals));
        if (label == container.labels.end()) continue;
        if (equals == std::string::npos || matches_glob(std::string_view(wanted).substr(equals + 1), label->second))
            return true;
    }
    return false;
}

void ContainerLogSource::follow(Container container, Nanoseconds from, Outlet& outlet, const std::stop_token& stop) {
    const std::string target = fmt::format("/containers/{}/logs?follow=1&stdout=1&stderr=1&timestamps=1&since={}.{:09}",
                                           host::url_part(container->id), from / kSecond, from % kSecond);
    Nanoseconds heard = from;
    const auto remember = [&] {
        const std::lock_guard lock(mutex_);
        heard_[container->id] = heard;
    };
    remember();
    const host::StreamLimits limits{.head = std::chrono::hours(24 * 365)};  // nothing may come before the first line
    auto stream = host::EngineStream::open(options_.endpoint, target, limits, stop);
    if (!stream) {
        const std::lock_guard lock(mutex_);
        if (!stop.stop_requested())
            faults_[container->id] = fmt::format("{}: {}", container->name, stream.error().message);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        faults_.erase(container->id);
    }
    LogFrames frames(container->tty, options_.line_bytes);
    Rate rate(options_.lines_per_second);
    Lost lost{.reported = now() - kReport};
    std::vector<LogLine> lines;
    std::vector<char> buffer(std::size_t{16} * 1024);
    const auto report = [&](bool at_once) {
        if (lost.lines == 0 || (!at_once && now() - lost.reported < kReport)) return;
        model::Event record = loss_record("log-lines", lost.lines, lost.from, lost.until,
                                          "it writes more lines than are allowed, or than the recorder takes");
        describe(*container, record);
        if (!outlet.offer(std::move(record)) && !at_once) return;
        lost = {.reported = now()};
    };
    const auto tell = [&](LogLine& found) {
        std::string_view text = found.line.text;
        Nanoseconds time = now();
        if (const auto blank = text.find(' '); blank != std::string_view::npos && blank < 40) {
            if (const auto stamp = parse_rfc3339(text.substr(0, blank))) {
                time = *stamp;
                text.remove_prefix(blank + 1);
            }
        }
        if (time <= from) return;  // told before the connection broke
        heard = std::max(heard, time);
        if (!rate.take()) {
            lost.add(time);
            return count(0, 1, time);
        }
        model::Event record(time);
        describe(*container, record);
        record.set("evt.type", "line");
        record.set("evt.source", "container-log");
        record.set("record.kind", "line");
        record.set("log.line", text);
        record.set("log.stream", found.stream);
        if (found.line.cut == Line::Cut::too_long)
            record.set("record.malformed", "the line is longer than allowed; its beginning is kept");
        if (outlet.offer(std::move(record))) return count(1, 0, time);
        lost.add(time);
        count(0, 1, time);
    };
    while (true) {
        const auto got = (*stream)->read(buffer);
        if (!got || *got == 0) break;
        frames.add({buffer.data(), *got}, lines);
        for (LogLine& line : lines) tell(line);
        lines.clear();
        remember();
        report(false);
    }
    frames.finish(lines);
    for (LogLine& line : lines) tell(line);
    report(true);
    remember();
}

/// Nothing to follow is no fault, unless nobody says what runs.
void ContainerLogSource::say(std::size_t chosen, std::size_t left_out) {
    const std::string doubt = options_.inventory->doubt();
    const std::lock_guard lock(mutex_);
    status_.connected = doubt.empty() || !followers_.empty();
    status_.fault = doubt.empty() ? std::string() : "which containers run is not known: " + doubt;
    if (left_out > 0)
        status_.fault =
            fmt::format("{} containers are not followed: at most {} at once", left_out, options_.most_containers);
    else if (!faults_.empty() && doubt.empty())
        status_.fault = faults_.begin()->second;
    status_.note = chosen == 0 && doubt.empty() ? "no running container matches the selection" : "";
}

void ContainerLogSource::run(Outlet& outlet, const std::stop_token& stop) {
    const Nanoseconds begin = now();
    std::map<std::string, std::chrono::steady_clock::time_point> again;
    while (!stop.stop_requested()) {
        std::erase_if(followers_, [&](auto& entry) {
            if (!entry.second->done) return false;
            again[entry.first] = std::chrono::steady_clock::now() + 2s;  // a stopped container's stream ends at once
            return true;
        });
        const std::vector<Container> all = options_.inventory->all();
        std::size_t left_out = 0;
        std::size_t matching = 0;
        std::map<std::string, Nanoseconds> heard;
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(heard_, [&](const auto& entry) {
                return !followers_.contains(entry.first) && !options_.inventory->find(entry.first);
            });
            std::erase_if(faults_, [&](const auto& entry) {
                const Container container = options_.inventory->find(entry.first);
                return !container || !container->running;
            });
            heard = heard_;
        }
        for (const Container& container : all) {
            if (!container->running || !chosen(*container)) continue;
            ++matching;
            if (followers_.contains(container->id)) continue;
            if (const auto due = again.find(container->id);
                due != again.end() && due->second > std::chrono::steady_clock::now())
                continue;
            if (followers_.size() >= options_.most_containers) {
                ++left_out;
                continue;
            }
            const auto known = heard.find(container->id);
            const Nanoseconds from = known != heard.end() ? known->second : begin;
            auto follower = std::make_unique<Follower>();
            Follower& slot = *follower;
            slot.thread = std::jthread([this, container, from, &outlet, &slot](const std::stop_token& own) {
                follow(container, from, outlet, own);
                slot.done = true;
            });
            followers_.emplace(container->id, std::move(follower));
        }
        say(matching, left_out);
        pause(kLook, stop);
    }
    for (auto& [id, follower] : followers_) follower->thread.request_stop();
    followers_.clear();  // joins
}

}  // namespace plimsoll::source
