// The event itself: evt.

#include <fcntl.h>

#include <charconv>

#include "sensor/fields.h"
#include "sensor/names_flags.h"

namespace plimsoll::sensor {

namespace {

using model::FieldKey;
using model::Reading;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::string_view kNotMeasured = "calls are seen when they return: how long they took is not measured";

Reading clock_text(EventView& v, FieldKey field) {
    v.clock.set_time(v.time());
    const Reading found = v.clock.read(field.id(), {});
    if (found.values.empty()) return Reading::missing();
    const auto* const text = std::get_if<std::string_view>(&found.values[0]);
    return text == nullptr ? v.value(found.values[0]) : v.kept(*text);
}

std::uint64_t since(std::uint64_t time, std::uint64_t from) { return time > from && from != 0 ? time - from : 0; }

Reading result_text(EventView& v, std::string_view) {
    if (!v.has_result()) return Reading::missing();
    if (v.result() >= 0) return v.text("SUCCESS");
    const std::string_view name = error_name(-v.result());
    if (!name.empty()) return v.text(name);
    return v.kept(std::to_string(v.result()));
}

bool failed(const EventView& v) { return v.has_result() && v.result() < 0; }

Reading failures(EventView& v, bool counted) { return v.number(failed(v) && counted ? 1 : 0); }

Reading moved(EventView& v, bool wanted) {
    if (!wanted || !v.is_call() || (v.call->flags & (reads | writes)) == 0) return Reading::missing();
    return v.number(v.result() < 0 ? 0 : static_cast<std::uint64_t>(v.result()));
}
bool in(const EventView& v) { return (v.call->flags & reads) != 0; }
bool out(const EventView& v) { return (v.call->flags & writes) != 0; }
bool file(const EventView& v) { return v.call->category == Category::file; }
bool net(const EventView& v) { return v.call->category == Category::net; }

bool opens_for(EventView& v, int access) {
    if (!v.is_open()) return false;
    const auto how = v.open_flags() & O_ACCMODE;
    return how == O_RDWR || how == O_ACCMODE || how == static_cast<std::uint64_t>(access);
}

Reading opens_executable(EventView& v, std::string_view) {
    constexpr std::uint64_t kExecute = 0111;
    return v.truth(v.is_open() && (v.open_mode() & kExecute) != 0);
}

/// Times that a folded event stands for.
std::uint64_t count(const EventView& v) {
    return v.is(WIRE_FOLDED) && v.raw.arguments != nullptr ? v.raw.arguments->value[0] : 1;
}

Category category(const EventView& v) {
    if (v.is(WIRE_SIGNAL)) return Category::signal;
    return v.is(WIRE_FORK) || v.is(WIRE_EXEC) || v.is(WIRE_EXIT) ? Category::process : v.call->category;
}

constexpr auto kRows = std::to_array<FieldRow>({
    {"evt.type", [](EventView& v, std::string_view) { return v.text(v.type()); }},
    {"evt.num", [](EventView& v, std::string_view) { return v.number(v.running); }},
    {"evt.time", [](EventView& v, std::string_view) { return clock_text(v, "evt.time"); }},
    {"evt.time.s", [](EventView& v, std::string_view) { return clock_text(v, "evt.time.s"); }},
    {"evt.time.iso8601", [](EventView& v, std::string_view) { return clock_text(v, "evt.time.iso8601"); }},
    {"evt.datetime", [](EventView& v, std::string_view) { return clock_text(v, "evt.datetime"); }},
    {"evt.datetime.s", [](EventView& v, std::string_view) { return clock_text(v, "evt.datetime.s"); }},
    {"evt.outputtime", [](EventView& v, std::string_view) { return clock_text(v, "evt.time"); }},
    {"evt.rawtime", [](EventView& v, std::string_view) { return v.number(static_cast<std::uint64_t>(v.time())); }},
    {"evt.rawtime.s",
     [](EventView& v, std::string_view) { return v.number(static_cast<std::uint64_t>(v.time()) / kSecondNs); }},
    {"evt.rawtime.ns",
     [](EventView& v, std::string_view) { return v.number(static_cast<std::uint64_t>(v.time()) % kSecondNs); }},
    {"evt.reltime", [](EventView& v, std::string_view) { return v.number(since(v.raw.head->time, v.first_time)); }},
    {"evt.reltime.s",
     [](EventView& v, std::string_view) { return v.number(since(v.raw.head->time, v.first_time) / kSecondNs); }},
    {"evt.reltime.ns",
     [](EventView& v, std::string_view) { return v.number(since(v.raw.head->time, v.first_time) % kSecondNs); }},
    {"evt.deltatime", [](EventView& v, std::string_view) { return v.number(since(v.raw.head->time, v.before_time)); }},
    {"evt.deltatime.s",
     [](EventView& v, std::string_view) { return v.number(since(v.raw.head->time, v.before_time) / kSecondNs); }},
    {"evt.deltatime.ns",
     [](EventView& v, std::string_view) { return v.number(since(v.raw.head->time, v.before_time) % kSecondNs); }},
    {"evt.latency", [](EventView&, std::string_view) { return Reading::cannot_know(kNotMeasured); }},
    {"evt.latency.s", [](EventView&, std::string_view) { return Reading::cannot_know(kNotMeasured); }},
    {"evt.latency.ns", [](EventView&, std::string_view) { return Reading::cannot_know(kNotMeasured); }},
    {"evt.latency.human", [](EventView&, std::string_view) { return Reading::cannot_know(kNotMeasured); }},
    {"evt.source", [](EventView& v, std::string_view) { return v.text("syscall"); }},
    {"evt.is_async", [](EventView& v, std::string_view) { return v.truth(false); }},
    {"evt.hostname", [](EventView& v, std::string_view) { return v.text_if(v.around.hostname); }},
    {"evt.dir", [](EventView& v, std::string_view) { return v.text("<"); }},
    {"evt.category", [](EventView& v, std::string_view) { return v.text(to_text(category(v))); }},
    {"evt.cpu", [](EventView& v, std::string_view) { return v.integer(v.raw.head->cpu); }},
    {"evt.buffer",
     [](EventView& v, std::string_view) {
         return v.raw.has(WIRE_DATA) ? v.text(v.raw.string(WIRE_DATA)) : Reading::missing();
     }},
    {"evt.buflen", [](EventView& v, std::string_view) { return moved(v, true); }},
    {"evt.buflen.in", [](EventView& v, std::string_view) { return moved(v, in(v)); }},
    {"evt.buflen.out", [](EventView& v, std::string_view) { return moved(v, out(v)); }},
    {"evt.buflen.file", [](EventView& v, std::string_view) { return moved(v, file(v)); }},
    {"evt.buflen.file.in", [](EventView& v, std::string_view) { return moved(v, file(v) && in(v)); }},
    {"evt.buflen.file.out", [](EventView& v, std::string_view) { return moved(v, file(v) && out(v)); }},
    {"evt.buflen.net", [](EventView& v, std::string_view) { return moved(v, net(v)); }},
    {"evt.buflen.net.in", [](EventView& v, std::string_view) { return moved(v, net(v) && in(v)); }},
    {"evt.buflen.net.out", [](EventView& v, std::string_view) { return moved(v, net(v) && out(v)); }},
    {"evt.res", result_text},
    {"evt.rawres",
     [](EventView& v, std::string_view) { return v.has_result() ? v.integer(v.result()) : Reading::missing(); }},
    {"evt.failed", [](EventView& v, std::string_view) { return v.truth(failed(v)); }},
    {"evt.is_io", [](EventView& v, std::string_view) { return v.truth(v.is_call() && (in(v) || out(v))); }},
    {"evt.is_io_read", [](EventView& v, std::string_view) { return v.truth(v.is_call() && in(v)); }},
    {"evt.is_io_write", [](EventView& v, std::string_view) { return v.truth(v.is_call() && out(v)); }},
    {"evt.io_dir",
     [](EventView& v, std::string_view) {
         return !v.is_call() || (!in(v) && !out(v)) ? Reading::missing() : v.text(in(v) ? "r" : "w");
     }},
    {"evt.is_wait", [](EventView& v, std::string_view) { return v.truth(v.call->category == Category::wait); }},
    {"evt.wait_latency", [](EventView&, std::string_view) { return Reading::cannot_know(kNotMeasured); }},
    {"evt.is_syslog",
     [](EventView& v, std::string_view) {
         return v.truth(v.is_call() && out(v) && v.raw.string(WIRE_ADDRESS).ends_with("/dev/log"));
     }},
    {"evt.count", [](EventView& v, std::string_view) { return v.number(count(v)); }},
    {"evt.count.error", [](EventView& v, std::string_view) { return failures(v, true); }},
    {"evt.count.error.file", [](EventView& v, std::string_view) { return failures(v, file(v)); }},
    {"evt.count.error.net", [](EventView& v, std::string_view) { return failures(v, net(v)); }},
    {"evt.count.error.memory",
     [](EventView& v, std::string_view) { return failures(v, v.call->category == Category::memory); }},
    {"evt.count.error.other",
     [](EventView& v, std::string_view) {
         return failures(v, !file(v) && !net(v) && v.call->category != Category::memory);
     }},
    {"evt.count.exit", [](EventView& v, std::string_view) { return v.number(1); }},
    {"evt.count.procinfo", [](EventView& v, std::string_view) { return v.number(0); }},
    {"evt.count.threadinfo", [](EventView& v, std::string_view) { return v.number(0); }},
    {"evt.is_open_read", [](EventView& v, std::string_view) { return v.truth(opens_for(v, O_RDONLY)); }},
    {"evt.is_open_write", [](EventView& v, std::string_view) { return v.truth(opens_for(v, O_WRONLY)); }},
    {"evt.is_open_exec", opens_executable},
    {"evt.truncated",
     [](EventView& v, std::string_view) {
         const bool of_event = v.raw.has(WIRE_CUT) || v.raw.has(WIRE_PATH_LOST);
         return v.truth(of_event || (v.program() != nullptr && (v.program()->flags & WIRE_CUT) != 0));
     }},
    {"evt.is_open_create",
     [](EventView& v, std::string_view) {
         return v.truth(v.is_open() && v.raw.file != nullptr && v.raw.file->created != 0);
     }},
    {"syscall.type",
     [](EventView& v, std::string_view) {
         return v.is_call() || v.is(WIRE_EXEC) || v.is(WIRE_FORK) ? v.text(v.type()) : Reading::missing();
     }},
});

}  // namespace

std::span<const FieldRow> event_fields() { return kRows; }

}  // namespace plimsoll::sensor
