// Parameters of the event: evt.arg, evt.rawarg, evt.args, evt.info.

#include <fcntl.h>
#include <sys/syscall.h>

#include <charconv>

#include "host/number.h"
#include "sensor/fields.h"
#include "sensor/names_flags.h"

namespace plimsoll::sensor {

namespace {

using K = ParamKind;
using model::Reading;

template <typename T>
void append_number(T number, std::string& out, int base = 10) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    for (char* at = digits.data(); at != end; ++at) out += *at >= 'a' ? static_cast<char>(*at - 'a' + 'A') : *at;
}

void write_descriptor(EventView& v, std::int64_t number, bool of_event, ParameterWords& out) {
    append_number(number, out.given);
    if (!of_event || number < 0) return;
    const DescriptorKind& kind = v.descriptor();
    if (kind.letter.empty()) return;
    out.meant.append("<").append(kind.letter).append(">");
    out.meant += v.raw.socket != nullptr ? v.tuple() : v.name();
}

void write_path(EventView& v, WireTag tag, ParameterWords& out) {
    const std::string_view wrote = v.raw.string(tag);
    out.there = v.raw.has(tag);
    out.given = wrote;
    if (wrote.empty() || wrote.starts_with('/')) return;
    const std::string_view full = tag == WIRE_NAME2 ? v.absolute_second(wrote) : v.absolute(wrote);
    if (full != wrote) {
        out.meant = full;
        return;
    }
    const WireTag kernels = tag == WIRE_NAME ? WIRE_PATH : WIRE_PATH2;  // below a folder that is not known
    if (v.raw.has(kernels)) out.meant = v.raw.string(kernels);
}

void write_user(EventView& v, std::uint32_t uid, ParameterWords& out) {
    append_number(uid, out.given);
    const WireCredentials* const who = v.credentials();
    if (v.around.users == nullptr || v.process == nullptr) return;
    if (v.process->in_container && v.process->container == nullptr) return;
    if (who != nullptr && uid == who->euid && who->ns_euid == who->euid && v.raw.head->euid == uid) {
        out.meant = v.user().user;
        return;
    }
    const std::string_view container = v.process->container == nullptr ? std::string_view() : v.process->container->id;
    out.meant = v.around.users->names(container, v.raw.head->pid, uid, UINT32_MAX).user;
}

void write_group(EventView& v, std::uint32_t gid, ParameterWords& out) {
    append_number(gid, out.given);
    if (v.around.users == nullptr || v.process == nullptr) return;
    if (v.process->in_container && v.process->container == nullptr) return;
    const std::string_view container = v.process->container == nullptr ? std::string_view() : v.process->container->id;
    out.meant = v.around.users->names(container, v.raw.head->pid, UINT32_MAX, gid).group;
}

/// Whether whoever runs the program could write its file: by its mode alone, or as root.
bool is_writable(const EventView& v, const WireFile& file) {
    constexpr std::uint64_t kDacOverride = 2;  // CAP_DAC_OVERRIDE
    const WireCredentials* const who = v.credentials();
    if (who == nullptr) return false;
    if ((who->effective & kDacOverride) != 0) return true;
    if (who->fsuid == file.uid) return (file.mode & 0200U) != 0;
    if (who->fsgid == file.gid) return (file.mode & 020U) != 0;
    return (file.mode & 02U) != 0;
}

void write_program_flags(EventView& v, std::string& out) {
    const Program* const runs = v.program();
    if (runs == nullptr) return;
    const std::size_t begin = out.size();
    const auto put = [&](bool set, std::string_view name) {
        if (!set) return;
        if (out.size() > begin) out += '|';
        out += name;
    };
    put(is_writable(v, runs->file), "EXE_WRITABLE");
    put(runs->file.layer == WIRE_UPPER || runs->file.layer == WIRE_COPIED_UP, "EXE_UPPER_LAYER");
    put((runs->flags & WIRE_MEMFD) != 0, "EXE_FROM_MEMFD");
    put(runs->file.layer == WIRE_LOWER, "EXE_LOWER_LAYER");
    if (out.size() == begin) out += '0';
}

void write_words(std::span<const std::string_view> words, std::string& out) {
    for (const std::string_view word : words) out.append(word).append(1, '.');
}

/// Of a program or a process; false when the kind is none of these.
bool write_program(EventView& v, const Param& param, ParameterWords& out) {
    const Program* const runs = v.program();
    const WireCredentials* const who = v.credentials();
    const auto task = [&](std::uint32_t WireTask::*member) {
        out.there = v.knows_task();
        if (out.there) append_number(v.process->task.*member, out.given);
    };
    const auto of_program = [&](auto give) {
        out.there = runs != nullptr;
        if (out.there) give(*runs);
    };
    const auto mask = [&](std::uint64_t WireCredentials::*member) {
        out.there = who != nullptr;
        if (out.there) write_capabilities(who->*member, out.given);
    };
    switch (param.kind) {
        case K::exe: of_program([&](const Program& p) { out.given = p.exe; }); return true;
        case K::exe_args:
            of_program([&](const Program& p) {
                if (!p.arguments.empty()) write_words(std::span(p.arguments).subspan(1), out.given);
            });
            return true;
        case K::environment:
            of_program([&](const Program& p) {
                out.there = p.environment_known;
                write_words(p.environment, out.given);
            });
            return true;
        case K::cwd: of_program([&](const Program& p) { out.given = p.cwd; }); return true;
        case K::exepath: of_program([&](const Program& p) { out.given = p.exepath; }); return true;
        case K::exe_flags: of_program([&](const Program&) { write_program_flags(v, out.given); }); return true;
        case K::exe_inode: of_program([&](const Program& p) { append_number(p.file.inode, out.given); }); return true;
        case K::exe_ctime: of_program([&](const Program& p) { append_number(p.file.ctime, out.given); }); return true;
        case K::exe_mtime: of_program([&](const Program& p) { append_number(p.file.mtime, out.given); }); return true;
        case K::comm:
            out.there = v.process != nullptr;
            if (out.there) out.given = v.process->comm;
            return true;
        case K::tid: append_number(v.raw.head->tid, out.given); return true;
        case K::pid: append_number(v.raw.head->pid, out.given); return true;
        case K::parent: task(&WireTask::parent); return true;
        case K::tty: task(&WireTask::tty); return true;
        case K::vpgid: task(&WireTask::ns_group); return true;
        case K::pgid: task(&WireTask::group); return true;
        case K::vtid:
        case K::vpid: task(&WireTask::ns_pid); return true;
        case K::cap_inheritable: mask(&WireCredentials::inheritable); return true;
        case K::cap_permitted: mask(&WireCredentials::permitted); return true;
        case K::cap_effective: mask(&WireCredentials::effective); return true;
        case K::loginuid:
            out.there = who != nullptr;
            if (out.there) append_number(static_cast<std::int32_t>(who->loginuid), out.given);
            return true;
        case K::euid: write_user(v, v.raw.head->euid, out); return true;
        case K::egid:
            out.there = who != nullptr;
            if (out.there) write_group(v, who->egid, out);
            return true;
        default: return false;
    }
}

void write(EventView& v, const Param& param, ParameterWords& out) {
    const bool numbers = v.raw.arguments != nullptr && !v.is(WIRE_FOLDED);
    const std::uint64_t number = v.argument(param.index % 6);
    const auto flags = [&](void (*writer)(std::uint64_t, std::string&)) {
        out.there = numbers;
        if (numbers) writer(number & 0xffffffffULL, out.given);
    };
    switch (param.kind) {
        case K::result:
            out.there = v.has_result();
            append_number(v.result(), out.given);
            if (v.result() < 0) out.meant = error_name(-v.result());
            return;
        case K::made_fd:
            if (v.result() >= 0) return write_descriptor(v, v.result(), true, out);
            append_number(v.result(), out.given);
            out.meant = error_name(-v.result());
            return;
        case K::fd:
        case K::other_fd:
            out.there = numbers;
            if (numbers) write_descriptor(v, static_cast<std::int32_t>(number), param.kind == K::fd, out);
            return;
        case K::folder_fd:
            out.there = numbers;
            if (!numbers) return;
            append_number(static_cast<std::int32_t>(number), out.given);
            if (static_cast<std::int32_t>(number) == AT_FDCWD) out.meant = "AT_FDCWD";
            return;
        case K::path: return write_path(v, WIRE_NAME, out);
        case K::path2: return write_path(v, WIRE_NAME2, out);
        case K::text:
        case K::text2:
        case K::data: {
            const WireTag tag = param.kind == K::text ? WIRE_NAME : param.kind == K::text2 ? WIRE_NAME2 : WIRE_DATA;
            out.there = v.raw.has(tag);
            out.given = v.raw.string(tag);
            if (!out.there && param.kind == K::text && v.is(WIRE_EXEC) && v.program() != nullptr) {
                out.there = true;
                out.given = v.program()->exepath;
            }
            return;
        }
        case K::number:
            out.there = numbers;
            append_number(static_cast<std::int64_t>(number) == static_cast<std::int32_t>(number)
                              ? static_cast<std::int64_t>(number)
                              : static_cast<std::int64_t>(static_cast<std::int32_t>(number)),
                          out.given);
            return;
        case K::hexadecimal:
            out.there = numbers;
            append_number(number, out.given, 16);
            return;
        case K::open_flags:
            write_open_flags(v.open_flags(), v.raw.file != nullptr && v.raw.file->created != 0,
                             v.raw.file == nullptr ? std::uint8_t{WIRE_NO_OVERLAY} : v.raw.file->layer, out.given);
            return;
        case K::open_mode: write_open_mode(v.open_mode(), out.given); return;
        case K::mode:
            out.there = numbers;
            write_mode(number & 07777U, out.given);
            return;
        case K::clone_flags: return flags(write_clone_flags);
        case K::unlink_flags: return flags(write_unlink_flags);
        case K::link_flags: return flags(write_link_flags);
        case K::rename_flags: return flags(write_rename_flags);
        case K::mount_flags: return flags(write_mount_flags);
        case K::umount_flags: return flags(write_umount_flags);
        case K::dup_flags: return flags(write_dup_flags);
        case K::memfd_flags: return flags(write_memfd_flags);
        case K::domain: return flags(write_domain);
        case K::socket_flags: return flags(write_socket_flags);
        case K::ptrace_request: return flags(write_ptrace_request);
        case K::bpf_command: return flags(write_bpf_command);
        case K::signal: return flags(write_signal);
        case K::socket_type:
            out.there = numbers;
            append_number(number & 0xfU, out.given);
            return;
        case K::tuple:
        case K::address:
            out.there = v.raw.socket != nullptr;
            out.given = v.tuple();
            return;
        case K::uid:
            out.there = numbers;
            if (numbers) write_user(v, static_cast<std::uint32_t>(number), out);
            return;
        case K::gid:
            out.there = numbers;
            if (numbers) write_group(v, static_cast<std::uint32_t>(number), out);
            return;
        case K::device:
            out.there = v.raw.file != nullptr;
            if (out.there) append_number(v.raw.file->device, out.given);
            return;
        case K::inode:
            out.there = v.raw.file != nullptr;
            if (out.there) append_number(v.raw.file->inode, out.given);
            return;
        case K::exit_status: append_number(v.result(), out.given); return;
        default:
            if (!write_program(v, param, out)) out.there = false;
            return;
    }
}

/// The number of the parameter that the brackets name; params.size() when there is none.
std::size_t index_of(EventView& v, std::string_view arg) {
    for (std::size_t i = 0; i < v.params().size(); ++i)
        if (v.params()[i].name == arg) return i;
    const auto number = host::number<std::size_t>(arg);
    return number && *number < v.params().size() ? *number : v.params().size();
}

/// Times and count of what was folded.
Reading folded(EventView& v, std::string_view arg) {
    if (!v.is(WIRE_FOLDED) || v.raw.arguments == nullptr) return Reading::missing();
    const auto& value = v.raw.arguments->value;
    const auto text = [&](std::uint64_t number) {
        std::string& out = v.builder();
        append_number(number, out);
        return v.kept(out);
    };
    const auto wall = [&](std::uint64_t time) { return text(time + static_cast<std::uint64_t>(v.around.boot_offset)); };
    if (arg == "count") return text(value[0]);
    if (arg == "first") return wall(value[1]);
    if (arg == "last") return wall(value[2]);
    return Reading::missing();
}

Reading argument(EventView& v, std::string_view arg) {
    const std::size_t index = index_of(v, arg);
    return index == v.params().size() ? folded(v, arg) : read_parameter(v, index);
}

/// The same with its own type, as the language expects it by the parameter's name.
Reading raw_argument(EventView& v, std::string_view arg) {
    const std::size_t index = index_of(v, arg);
    if (index == v.params().size()) return Reading::missing();
    const Param& param = v.params()[index];
    const bool numbers = v.raw.arguments != nullptr && !v.is(WIRE_FOLDED);
    const WireCredentials* const who = v.credentials();
    const Program* const runs = v.program();
    const auto number = [&]() -> std::optional<std::uint64_t> {
        if (numbers) return v.argument(param.index % 6);
        return std::nullopt;
    };
    const auto signed_if = [&](std::optional<std::uint64_t> one) {
        return one ? v.integer(static_cast<std::int32_t>(*one)) : Reading::missing();
    };
    switch (param.kind) {
        case K::result:
        case K::made_fd: return v.integer(v.result());
        case K::fd:
        case K::other_fd:
        case K::folder_fd: return signed_if(number());
        case K::number: return signed_if(number());
        case K::open_flags: return v.number(v.open_flags());
        case K::open_mode: return v.number(v.open_mode());
        case K::mode:
        case K::hexadecimal:
        case K::clone_flags:
        case K::unlink_flags:
        case K::link_flags:
        case K::rename_flags:
        case K::mount_flags:
        case K::umount_flags:
        case K::dup_flags:
        case K::memfd_flags:
        case K::socket_flags:
        case K::signal:
        case K::uid:
        case K::gid: {
            const auto one = number();
            return one ? v.number(*one & 0xffffffffULL) : Reading::missing();
        }
        case K::device: return v.raw.file == nullptr ? Reading::missing() : v.number(v.raw.file->device);
        case K::inode: return v.raw.file == nullptr ? Reading::missing() : v.number(v.raw.file->inode);
        case K::exe_inode: return runs == nullptr ? Reading::missing() : v.number(runs->file.inode);
        case K::exe_ctime: return runs == nullptr ? Reading::missing() : v.number(runs->file.ctime);
        case K::exe_mtime: return runs == nullptr ? Reading::missing() : v.number(runs->file.mtime);
        case K::cap_inheritable: return who == nullptr ? Reading::missing() : v.number(who->inheritable);
        case K::cap_permitted: return who == nullptr ? Reading::missing() : v.number(who->permitted);
        case K::cap_effective: return who == nullptr ? Reading::missing() : v.number(who->effective);
        case K::euid: return v.number(v.raw.head->euid);
        case K::egid: return who == nullptr ? Reading::missing() : v.number(who->egid);
        case K::loginuid:
            return who == nullptr ? Reading::missing() : v.integer(static_cast<std::int32_t>(who->loginuid));
        case K::tid: return v.integer(v.raw.head->tid);
        case K::pid: return v.integer(v.raw.head->pid);
        case K::parent: return v.knows_task() ? v.integer(v.process->task.parent) : Reading::missing();
        case K::vpgid: return v.knows_task() ? v.integer(v.process->task.ns_group) : Reading::missing();
        case K::pgid: return v.knows_task() ? v.integer(v.process->task.group) : Reading::missing();
        case K::vtid:
        case K::vpid: return v.knows_task() ? v.integer(v.process->task.ns_pid) : Reading::missing();
        case K::tty: return v.knows_task() ? v.number(v.process->task.tty) : Reading::missing();
        default: {
            ParameterWords& written = v.fresh_words();
            write(v, param, written);
            return written.there ? v.kept(written.given) : Reading::missing();
        }
    }
}

Reading all_arguments(EventView& v, std::string_view) {
    if (v.params().empty()) return Reading::missing();
    std::string out;
    for (const Param& param : v.params()) {
        ParameterWords& written = v.fresh_words();
        write(v, param, written);
        if (!out.empty()) out += ' ';
        out.append(param.name).append("=").append(written.there ? std::string_view(written.given) : "<NA>");
        if (!written.meant.empty()) out.append("(").append(written.meant).append(")");
    }
    return v.kept(out);
}

constexpr auto kRows = std::to_array<FieldRow>({
    {"evt.arg", argument},
    {"evt.rawarg", raw_argument},
    {"evt.args", all_arguments},
    {"evt.info", all_arguments},
});

}  // namespace

Reading read_parameter(EventView& v, std::size_t index) {
    if (index >= v.params().size() || index >= EventView::kMostParams) return Reading::missing();
    if ((v.params_ready >> index & 1U) != 0) return v.params_read[index];
    ParameterWords& written = v.fresh_words();
    write(v, v.params()[index], written);
    Reading out = Reading::missing();
    if (written.there) out = v.kept(written.meant.empty() ? written.given : written.meant);
    v.params_read[index] = out;
    v.params_ready |= 1U << index;
    return out;
}

std::span<const FieldRow> argument_fields() { return kRows; }

}  // namespace plimsoll::sensor
