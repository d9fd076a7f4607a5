#include "source/journal/daemon_log_source.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>

#include "base/json.h"
#include "base/text.h"
#include "host/file.h"
#include "source/engine/checkpoint.h"
#include "source/engine/event_record.h"
#include "source/journal/followed_file.h"
#include "source/journal/journal.h"

namespace plimsoll::source {

namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 500ms;    ///< how often a file is looked at
constexpr auto kAgain = 5000ms;  ///< after a failure
constexpr Nanoseconds kSaveEvery = 5 * kSecond;

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, stop, time, [] { return false; });
}

/// The part behind `name=` of the state file, one such line each.
std::string saved(const std::string& file, std::string_view name) {
    if (file.empty()) return {};
    const auto text = host::read_if_exists({}, file, 64 * 1024);
    if (!text || !*text) return {};
    for (const std::string_view line : split(**text, '\n')) {
        if (line.starts_with(name) && line.substr(name.size()).starts_with('='))
            return std::string(line.substr(name.size() + 1));
    }
    return {};
}

/// Saves the position now and then, and at the end.
class Saver {
public:
    explicit Saver(std::string file) : file_(std::move(file)) {}
    void save(const std::string& text, bool at_once = false) {
        if (file_.empty() || text == saved_ || (!at_once && now() - at_ < kSaveEvery)) return;
        if (write_atomically(file_, text)) {
            saved_ = text;
            at_ = now();
        }
    }

private:
    std::string file_;
    std::string saved_;
    Nanoseconds at_ = 0;
};

std::string_view level_of(int priority) {
    if (priority <= 2) return "fatal";
    if (priority == 3) return "error";
    if (priority == 4) return "warning";
    return priority == 7 ? "debug" : "info";
}

}  // namespace

DaemonLogSource::DaemonLogSource(DaemonLogOptions options) : options_(std::move(options)) {
    status_.name = "daemon log " + (options_.file.empty() ? std::string("journal") : options_.file);
    status_.fault = "not open yet";
}

SourceStatus DaemonLogSource::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void DaemonLogSource::connected(bool is, std::string fault) {
    const std::lock_guard lock(mutex_);
    status_.connected = is;
    status_.fault = std::move(fault);
}

model::Event daemon_line_record(std::string_view text, Nanoseconds time, std::string_view unit, int priority) {
    DaemonLine line = parse_daemon_line(text);
    if (line.level.empty()) line.level = level_of(priority);
    if (line.kind == "other" && (line.level == "error" || line.level == "fatal")) line.kind = "error";
    model::Event out(line.time.value_or(time));
    out.set("evt.type", "line");
    out.set("evt.source", "daemon-log");
    out.set("record.kind", "line");
    out.set("log.line", text);
    out.set("log.level", line.level);
    out.set("log.unit", unit);
    out.set("log.kind", line.kind);
    if (!line.method.empty()) out.set("api.method", line.method);
    if (!line.path.empty()) out.set("api.path", line.path);
    return out;
}

void DaemonLogSource::tell(Outlet& outlet, Nanoseconds time, std::string_view text, std::string_view unit, int priority,
                           bool cut) {
    model::Event record = daemon_line_record(text, time, unit, priority);
    if (cut) {
        record.set("record.malformed", "the line is longer than allowed; its beginning is kept");
        const std::lock_guard lock(mutex_);
        ++status_.malformed;
    }
    const Nanoseconds when = record.time();
    if (!outlet.put(std::move(record))) return;
    const std::lock_guard lock(mutex_);
    ++status_.events;
    status_.last_event = when;
    status_.note.clear();
}

void DaemonLogSource::follow_file(Outlet& outlet, const std::stop_token& stop) {
    FollowedFile file(options_.file, options_.line_bytes);
    Saver saver(options_.state_file);
    const std::string position = saved(options_.state_file, "file");
    FilePosition from;
    if (std::sscanf(position.c_str(), "%lu:%lu:%lu", &from.device, &from.inode, &from.offset) == 3)
        file.resume(from);
    else
        file.skip_to_end();
    const std::string unit = options_.file.substr(options_.file.rfind('/') + 1);
    const auto text = [&file] {
        const FilePosition at = file.position();
        return fmt::format("file={}:{}:{}\n", at.device, at.inode, at.offset);
    };
    std::vector<Line> lines;
    while (!stop.stop_requested()) {
        const auto more = file.read(lines);
        connected(more.has_value(), more ? std::string() : more.error().message);
        for (const Line& line : lines) tell(outlet, now(), line.text, unit, 6, line.cut == Line::Cut::too_long);
        lines.clear();
        if (more) saver.save(text());
        if (!more || !*more) pause(more ? kLook : kAgain, stop);
    }
    if (file.position().inode != 0) saver.save(text(), true);
}

void DaemonLogSource::follow_journal(Outlet& outlet, const std::stop_token& stop) {
    auto journal = Journal::open(options_.journal_folder, options_.units, options_.line_bytes);
    if (!journal) {
        connected(false, journal.error().message);
        return pause(kAgain, stop);
    }
    Saver saver(options_.state_file);
    std::string cursor = saved(options_.state_file, "cursor");
    if (cursor.empty()) {
        (*journal)->skip_to_end();
    } else if (!(*journal)->resume(cursor)) {
        outlet.put(loss_record("log-lines", 0, 0, now(), "the journal no longer has the entry that was read last"));
    }
    connected(true, {});
    {
        const std::lock_guard lock(mutex_);
        if (status_.events == 0)
            status_.note = fmt::format("no new entry of {} so far", fmt::join(options_.units, ", "));
    }
    JournalEntry entry;
    bool any = false;
    while (!stop.stop_requested()) {
        const auto got = (*journal)->next(entry);
        if (!got) {
            connected(false, got.error().message);
            break;
        }
        if (*got) {
            any = true;
            tell(outlet, entry.time, entry.message, entry.unit, entry.priority,
                 entry.message.size() >= options_.line_bytes);
            continue;
        }
        if (any) saver.save("cursor=" + (*journal)->cursor() + "\n");
        (*journal)->wait(kLook);
    }
    if (any) saver.save("cursor=" + (*journal)->cursor() + "\n", true);
}

void DaemonLogSource::run(Outlet& outlet, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (options_.file.empty())
            follow_journal(outlet, stop);
        else
            follow_file(outlet, stop);
    }
}

}  // namespace plimsoll::source
