// What is kept of an event in the ledger.

#include <algorithm>
#include <array>

#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::FieldKey;
using model::Reading;

constexpr auto sorted = [](auto fields) {
    std::ranges::sort(fields, {}, &FieldKey::id);
    return fields;
};

/// Kept where they have a value, in the order of the table so that each goes behind the others. A truth that is false,
/// a terminal that is none, and the like are left out: see kOnlyWhenTrue.
constexpr auto kOfEvent = sorted(std::to_array<FieldKey>({
    // what happened
    "evt.source",
    "evt.type",
    "evt.category",
    "evt.res",
    "evt.rawres",
    "evt.failed",
    "evt.count",
    "evt.is_open_read",
    "evt.is_open_write",
    "evt.is_open_exec",
    "evt.is_open_create",
    "evt.truncated",
    "evt.cpu",
    // in which process
    "proc.pid.ts",
    "thread.tid",
    // on what
    "fd.num",
    "fd.type",
    "fd.name",
    "fd.nameraw",
    "fd.directory",
    "fd.filename",
    "fd.dev",
    "fd.ino",
    "fd.is_upper_layer",
    "fd.l4proto",
    "fd.is_server",
    "fd.connected",
    "fd.cip",
    "fd.cport",
    "fd.sip",
    "fd.sport",
    "fd.lip",
    "fd.lport",
    "fd.rip",
    "fd.rport",
    "fd.sip.name",
    "fd.rip.name",
    "dns.question.name",
    "dns.question.type",
    "fs.path.name",
    "fs.path.source",
    "fs.path.target",
}));

/// The same of event after event, until the process or one of its ancestors changes.
constexpr auto kOfProcess = sorted(std::to_array<FieldKey>({
    // where
    "evt.hostname",
    "container.id",
    "container.full_id",
    "container.name",
    "container.image",
    "container.image.repository",
    "container.image.tag",
    "container.type",
    "k8s.ns.name",
    "k8s.pod.name",
    // which process
    "proc.pid",
    "proc.vpid",
    "proc.ppid",
    "proc.name",
    "proc.exe",
    "proc.args",
    "proc.cmdline",
    "proc.script",
    "proc.exepath",
    "proc.cwd",
    "proc.tty",
    "proc.sid",
    "proc.pname",
    "proc.pcmdline",
    "proc.pexepath",
    "proc.sname",
    "proc.apid",
    "proc.aname",
    "proc.aexepath",
    "proc.is_exe_upper_layer",
    "proc.is_exe_from_memfd",
    "proc.is_container_healthcheck",
    "proc.exe_ino",
    // who
    "user.uid",
    "user.name",
    "user.loginuid",
    "user.loginname",
    "group.gid",
    "group.name",
}));

/// Kept of a program's beginning alone, and of a process's end.
constexpr auto kOfExec = std::to_array<FieldKey>({"thread.cap_effective", "audit.session"});
constexpr auto kOfExit = std::to_array<FieldKey>({"proc.duration"});

constexpr auto kOnlyWhenTrue = std::to_array<FieldKey>(
    {"evt.failed", "evt.is_open_read", "evt.is_open_write", "evt.is_open_exec", "evt.is_open_create", "evt.truncated",
     "proc.is_exe_upper_layer", "proc.is_exe_from_memfd", "proc.is_container_healthcheck", "fd.is_upper_layer"});

/// Of these a reason why they are not known is kept too.
constexpr auto kUnknownKept = std::to_array<FieldKey>({"container.id", "container.name", "container.image"});

template <std::size_t N>
constexpr auto marks(const std::array<FieldKey, N>& fields) {
    std::array<bool, model::kFields.size()> all{};
    for (const FieldKey field : fields) all[field.id()] = true;
    return all;
}
constexpr auto kIsOnlyWhenTrue = marks(kOnlyWhenTrue);
constexpr auto kIsUnknownKept = marks(kUnknownKept);

bool is_false(const Reading& reading) {
    const auto* const truth = reading.values.empty() ? nullptr : std::get_if<bool>(&reading.values[0]);
    return truth != nullptr && !*truth;
}

bool is_plain_one(FieldKey field, const Reading& reading) {
    const auto* const number = reading.values.empty() ? nullptr : std::get_if<std::uint64_t>(&reading.values[0]);
    return field.id() == FieldKey("evt.count").id() && number != nullptr && *number == 1;
}

constexpr FieldKey kArgument = "evt.arg";

/// Parameters that no other field tells. Data that was moved is not kept: it may hold secrets.
void put_parameters(EventView& view, model::Event& out) {
    using enum ParamKind;
    for (std::size_t i = 0; i < view.params().size(); ++i) {
        const Param& param = view.params()[i];
        const bool told = param.kind == result || param.kind == made_fd || param.kind == fd || param.kind == data ||
                          param.kind == device || param.kind == inode || (param.kind >= exe && param.kind != exe_flags);
        if (told && !view.is(WIRE_EXIT)) continue;
        const Reading reading = read_parameter(view, i);
        if (reading.state == Reading::State::present) out.put_list(kArgument.id(), param.name, reading.values);
    }
    if (!view.is(WIRE_FOLDED) || view.raw.arguments == nullptr) return;
    const auto& value = view.raw.arguments->value;
    const auto offset = static_cast<std::uint64_t>(view.around.boot_offset);
    out.set_keyed(kArgument, "first", std::to_string(value[1] + offset));
    out.set_keyed(kArgument, "last", std::to_string(value[2] + offset));
}

/// The variables that were to be kept, of a program that begins.
void put_environment(const EventView& view, model::Event& out) {
    if (!view.is(WIRE_EXEC) || view.program() == nullptr) return;
    for (const std::string_view each : view.program()->environment) {
        const auto end = each.find('=');
        if (end != std::string_view::npos) out.set_keyed("proc.env", each.substr(0, end), each.substr(end + 1));
    }
}

/// What a field is of, which some events have not: of these no value need be asked for.
enum Part : std::uint8_t { a_socket = 1, a_file = 2, paths = 4 };

constexpr auto kPartOf = [] {
    std::array<std::uint8_t, model::kFields.size()> all{};
    for (const FieldKey field : std::to_array<FieldKey>(
             {"fd.l4proto", "fd.is_server", "fd.cip", "fd.cport", "fd.sip", "fd.sport", "fd.lip", "fd.lport", "fd.rip",
              "fd.rport", "fd.sip.name", "fd.rip.name", "dns.question.name", "dns.question.type"}))
        all[field.id()] = a_socket;
    for (const FieldKey field : std::to_array<FieldKey>({"fd.dev", "fd.ino", "fd.is_upper_layer"}))
        all[field.id()] = a_file;
    for (const FieldKey field : std::to_array<FieldKey>({"fs.path.name", "fs.path.source", "fs.path.target"}))
        all[field.id()] = paths;
    return all;
}();

std::uint8_t parts_of(const EventView& view) {
    return static_cast<std::uint8_t>((view.raw.socket != nullptr ? a_socket : 0) |
                                     (view.raw.file != nullptr ? a_file : 0) |
                                     (view.call->paths != Paths::none ? paths : 0));
}

void put_fields(std::span<const FieldKey> fields, std::uint8_t has, const model::Fields& event, model::Event& out) {
    for (const FieldKey field : fields) {
        if ((kPartOf[field.id()] & ~has) != 0) continue;
        const Reading reading = event.read(field.id(), {});
        if (reading.state == Reading::State::unknown) {
            if (kIsUnknownKept[field.id()]) out.put_unknown(field.id(), {}, reading.reason);
            continue;
        }
        if (reading.values.empty() || is_plain_one(field, reading)) continue;
        if (kIsOnlyWhenTrue[field.id()] && is_false(reading)) continue;
        out.put_list(field.id(), {}, reading.values);
    }
}

}  // namespace

void write_of_event(const model::Fields& event, EventView& view, model::Event& out) {
    out.set_time(view.time());
    static constexpr auto kBehind = std::ranges::lower_bound(kOfEvent, kArgument.id(), {}, &FieldKey::id);
    put_fields({kOfEvent.begin(), kBehind}, parts_of(view), event, out);
    put_parameters(view, out);
    put_fields({kBehind, kOfEvent.end()}, parts_of(view), event, out);
    put_environment(view, out);
    if (view.is(WIRE_EXEC)) put_fields(kOfExec, 0, event, out);
    if (view.is(WIRE_EXIT)) put_fields(kOfExit, 0, event, out);
    out.set("record.kind", "event");
}

void write_of_process(const model::Fields& event, model::Event& out) { put_fields(kOfProcess, 0, event, out); }

}  // namespace plimsoll::sensor
