// What is kept of an event in the ledger.

#include <algorithm>
#include <array>

#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::FieldKey;
using model::Reading;

/// Kept where they have a value, in the order of the table so that each goes behind the others. A truth that is false,
/// a terminal that is none, and the like are left out: see kOnlyWhenTrue.
constexpr auto kKept = [] {
    auto fields = std::to_array<FieldKey>({
        // what happened
        "evt.type",
        "evt.category",
        "evt.res",
        "evt.rawres",
        "evt.failed",
        "evt.hostname",
        "evt.count",
        "evt.is_open_read",
        "evt.is_open_write",
        "evt.is_open_exec",
        "evt.is_open_create",
        "evt.cpu",
        // of which process
        "proc.pid",
        "proc.vpid",
        "proc.ppid",
        "proc.pid.ts",
        "proc.name",
        "proc.exe",
        "proc.args",
        "proc.cmdline",
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
        "thread.tid",
        // who
        "user.uid",
        "user.name",
        "user.loginuid",
        "user.loginname",
        "group.gid",
        "group.name",
        // where
        "container.id",
        "container.full_id",
        "container.name",
        "container.image",
        "container.image.repository",
        "container.image.tag",
        "container.type",
        "k8s.ns.name",
        "k8s.pod.name",
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
        "fs.path.name",
        "fs.path.source",
        "fs.path.target",
    });
    std::ranges::sort(fields, {}, &FieldKey::id);
    return fields;
}();

constexpr auto kOnlyWhenTrue = std::to_array<FieldKey>(
    {"evt.failed", "evt.is_open_read", "evt.is_open_write", "evt.is_open_exec", "evt.is_open_create",
     "proc.is_exe_upper_layer", "proc.is_exe_from_memfd", "proc.is_container_healthcheck", "fd.is_upper_layer"});

/// Of these a reason why they are not known is kept too.
constexpr auto kUnknownKept = std::to_array<FieldKey>({"container.id", "container.name", "container.image"});

template <std::size_t N>
bool among(const std::array<FieldKey, N>& fields, FieldKey field) {
    return std::ranges::find(fields, field.id(), &FieldKey::id) != fields.end();
}

bool is_false(const Reading& reading) {
    const auto* const truth = reading.values.empty() ? nullptr : std::get_if<bool>(&reading.values[0]);
    return truth != nullptr && !*truth;
}

bool is_plain_one(FieldKey field, const Reading& reading) {
    const auto* const number = reading.values.empty() ? nullptr : std::get_if<std::uint64_t>(&reading.values[0]);
    return field.id() == FieldKey("evt.count").id() && number != nullptr && *number == 1;
}

/// Parameters that no other field tells. Data that was moved is not kept: it may hold secrets.
void put_parameters(EventView& view, model::Event& out) {
    constexpr FieldKey kArgument = "evt.arg";
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

}  // namespace

void write_kept(const model::Fields& event, EventView& view, model::Event& out) {
    out.set_time(view.time());
    for (const FieldKey field : kKept) {
        const Reading reading = event.read(field.id(), {});
        if (reading.state == Reading::State::unknown) {
            if (among(kUnknownKept, field)) out.put_unknown(field.id(), {}, reading.reason);
            continue;
        }
        if (reading.values.empty() || is_plain_one(field, reading)) continue;
        if (among(kOnlyWhenTrue, field) && is_false(reading)) continue;
        out.put_list(field.id(), {}, reading.values);
    }
    put_parameters(view, out);
    out.set("record.kind", "event");
    out.set("evt.source", "syscall");
}

}  // namespace plimsoll::sensor
