// The one mapping from the records of an audit event to the field table: a row for each field.
#include "audit/field_rows.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "model/fields.h"

namespace plimsoll::audit {

namespace {

using Context = FieldContext;
using Out = FieldValues;

constexpr std::int64_t kUnset = 4294967295;

std::string_view bounded(std::string_view text, std::size_t most = kMostText) { return text.substr(0, most); }

void give_text(std::string_view text, Out& out, std::size_t most = kMostText) {
    if (!text.empty()) out.text(bounded(text, most));
}

template <Known field>
void text(const Context& c, Out& out) {
    give_text(c.facts.text(field), out);
}

template <Known field>
void number(const Context& c, Out& out) {
    if (const auto value = c.facts.number(field)) out.number(*value);
}

template <Known field>
void id(const Context& c, Out& out) {
    if (const auto value = c.facts.number(field); value && *value >= 0) out.count(static_cast<std::uint64_t>(*value));
}

/// Login ids: the kernel's 4294967295 is none.
template <Known field>
void login(const Context& c, Out& out) {
    if (const auto value = c.facts.number(field)) out.number(*value == kUnset ? -1 : *value);
}

// ---- names of ids ----

/// What auditd resolved: UPPER-CASE name beside the record.
std::string_view enriched(const Context& c, std::string_view name) {
    const auto& text = c.facts.main().enriched;
    if (text.empty()) return {};
    FieldCursor cursor(text);
    while (const auto field = cursor.next()) {
        if (field->name == name && field->value != "unset" && field->value != "?" &&
            !field->value.starts_with("unknown("))
            return field->value;
    }
    return {};
}

std::string_view user_name(const Context& c, Known field, std::string_view upper) {
    if (const auto name = enriched(c, upper); !name.empty()) return name;
    const auto value = c.facts.number(field);
    if (!value || *value < 0 || *value == kUnset || c.names == nullptr) return {};
    const host::User* user = c.names->user(static_cast<std::uint32_t>(*value));
    return user == nullptr ? std::string_view() : std::string_view(user->name);
}

std::string_view group_name(const Context& c) {
    if (const auto name = enriched(c, "GID"); !name.empty()) return name;
    const auto value = c.facts.number(Known::gid);
    if (!value || *value < 0 || c.names == nullptr) return {};
    const host::Group* group = c.names->group(static_cast<std::uint32_t>(*value));
    return group == nullptr ? std::string_view() : std::string_view(group->name);
}

// ---- the call ----

bool failed(const Context& c) { return c.facts.get(Known::success).text == "no"; }

bool is_open(std::string_view call) {
    return call == "open" || call == "openat" || call == "openat2" || call == "creat" || call == "open_by_handle_at";
}

std::uint64_t octal(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 8);
    return value;
}

/// How a file was opened, for calls that open one.
std::optional<OpenFlags> read_open_flags(const Context& c) {
    const std::string_view call = c.facts.call();
    if (call.empty() || !is_open(call)) return std::nullopt;
    const auto reg = [&](Known field) { return c.facts.hex(field).value_or(0); };
    if (call == "creat") return OpenFlags{O_CREAT | O_WRONLY | O_TRUNC, reg(Known::a1)};
    if (call == "open") return OpenFlags{reg(Known::a1), reg(Known::a2)};
    if (call == "openat") return OpenFlags{reg(Known::a2), reg(Known::a3)};
    if (call == "open_by_handle_at") return OpenFlags{reg(Known::a2), 0};
    if (!c.facts.has(Known::oflag)) return std::nullopt;  // openat2 keeps them in memory; a record of its own tells
    OpenFlags out{octal(c.facts.get(Known::oflag).text), 0};
    for (const OtherFact& other : c.facts.others()) {
        if (other.type == 1337 && other.name == "mode") out.mode = octal(other.value.text);
    }
    return out;
}

template <typename Test>
void open_test(const Context& c, Out& out, Test test) {
    if (!c.open_read) {
        c.open = read_open_flags(c);
        c.open_read = true;
    }
    if (c.open) out.truth(test(*c.open));
}

void type(const Context& c, Out& out) {
    if (!c.facts.call().empty()) return out.text(c.facts.call());
    const std::string_view name = type_name(c.facts.main().type);
    if (name.empty()) return out.own(std::to_string(c.facts.main().type));
    char* const lower = out.store().room(name.size());
    std::ranges::transform(name, lower, [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    out.text({lower, name.size()});
}

void result_name(const Context& c, Out& out) {
    if (!c.facts.has(Known::success)) return;
    if (!failed(c)) return out.text("SUCCESS");
    const auto exit = c.facts.number(Known::exit);
    if (!exit || *exit >= 0) return;
    const auto name = errno_name(static_cast<int>(-*exit));
    if (name.empty())
        out.own(std::to_string(-*exit));
    else
        out.text(name);
}

void result(const Context& c, Out& out) {
    std::string_view said = c.facts.get(Known::success).text;
    if (said.empty()) said = c.facts.get(Known::res).text;
    if (said.empty()) {
        for (const OtherFact& claim : c.facts.claims()) {
            if (claim.name == "res" || claim.name == "result") said = claim.value.text;
        }
    }
    if (said == "yes" || said == "1" || said == "success") out.text("success");
    if (said == "no" || said == "0" || said == "failed") out.text("failed");
}

void arch(const Context& c, Out& out) {
    const auto value = c.facts.hex(Known::arch);
    if (!value) return;
    const auto name = arch_name(static_cast<std::uint32_t>(*value));
    out.text(name.empty() ? c.facts.get(Known::arch).text : name);
}

void uring(const Context& c, Out& out) {
    const auto value = c.facts.number(Known::uring_op);
    if (!value || *value < 0) return;
    const auto name = uring_name(static_cast<unsigned>(*value));
    out.text(name.empty() ? c.facts.get(Known::uring_op).text : name);
}

void keys(const Context& c, Out& out) {
    std::string_view all = c.facts.text(Known::key);
    while (!all.empty()) {
        const auto end = std::min(all.find('\x01'), all.size());
        if (end > 0) out.text(bounded(all.substr(0, end)));
        all.remove_prefix(std::min(end + 1, all.size()));
        if (out.all().size() >= 64) return;
    }
}

void types(const Context& c, Out& out) {
    for (const Record& record : c.facts.event().records) {
        if (out.all().size() >= 64) return;
        const auto name = type_name(record.type);
        if (name.empty())
            out.own(std::to_string(record.type));
        else
            out.text(name);
    }
}

void main_type(const Context& c, Out& out) {
    const auto name = type_name(c.facts.main().type);
    if (name.empty())
        out.own(std::to_string(c.facts.main().type));
    else
        out.text(name);
}

// ---- the process ----

void joined(const std::vector<std::string>& words, std::size_t first, std::string_view before, Out& out) {
    std::size_t size = before.size();
    for (std::size_t i = first; i < words.size(); ++i) size += (size > 0 ? 1 : 0) + words[i].size();
    if (size == 0) return;
    char* const room = out.store().room(size);
    char* at = room;
    const auto put = [&](std::string_view text) {
        if (!text.empty()) std::memcpy(at, text.data(), text.size());
        at += text.size();
    };
    put(before);
    for (std::size_t i = first; i < words.size(); ++i) {
        if (at != room) *at++ = ' ';
        put(words[i]);
    }
    out.text({room, size});
}

void exe(const Context& c, Out& out) {
    if (!c.facts.arguments().empty()) give_text(c.facts.arguments().front(), out);
}
void args(const Context& c, Out& out) { joined(c.facts.arguments(), 1, {}, out); }
void cmdline(const Context& c, Out& out) {
    std::string_view name = c.facts.text(Known::comm);
    if (name.empty() && c.facts.arguments().empty()) return;
    if (name.empty()) name = c.facts.arguments().front();
    joined(c.facts.arguments(), 1, name, out);
}
void title(const Context& c, Out& out) { joined(c.facts.title(), 0, {}, out); }

std::string_view terminal(const Context& c) {
    const std::string_view name = c.facts.text(Known::tty);
    return name;
}

/// The kernel's number of a terminal by its name: pts0 is 136:0, tty1 is 4:1, ttyS0 is 4:64.
void tty_number(const Context& c, Out& out) {
    if (!c.facts.has(Known::tty)) return;
    const std::string_view name = terminal(c);
    if (name.empty()) return out.count(0);
    const auto number_after = [&](std::string_view prefix) -> std::optional<unsigned> {
        unsigned value = 0;
        if (!name.starts_with(prefix) || name.size() == prefix.size()) return std::nullopt;
        const char* const end = name.data() + name.size();
        const auto [at, error] = std::from_chars(name.data() + prefix.size(), end, value);
        return error == std::errc{} && at == end && value < 1U << 20U ? std::optional(value) : std::nullopt;
    };
    if (const auto pts = number_after("pts")) return out.count((136 + *pts / 256) << 8U | *pts % 256);
    if (const auto serial = number_after("ttyS")) return out.count(4U << 8U | (64 + *serial));
    if (const auto console = number_after("tty")) return out.count(4U << 8U | *console);
}

// ---- files and sockets ----

/// Whose address a call names: the other end's, or its own.
enum class End : std::uint8_t { none, server, client, local };
End end_of(std::string_view call, std::string_view uring) {
    const auto is = [&](std::string_view name) { return call == name || uring == name; };
    if (is("connect") || is("sendto") || is("sendmsg") || is("sendmmsg")) return End::server;
    if (is("accept") || is("accept4") || is("getpeername") || is("recvfrom") || is("recvmsg")) return End::client;
    if (is("bind") || is("getsockname") || is("listen")) return End::local;
    return End::none;
}

struct Socket {
    const SocketAddress* address = nullptr;
    End end = End::none;
};
Socket socket_of(const Context& c) {
    const SocketAddress* address = c.facts.address();
    if (address == nullptr) return {};
    std::string_view uring;
    if (const auto value = c.facts.number(Known::uring_op); value && *value >= 0)
        uring = uring_name(static_cast<unsigned>(*value));
    const End end = end_of(c.facts.call(), uring);
    return {address, end == End::none ? End::server : end};
}

bool is_ip(const SocketAddress& address) { return address.family == AF_INET || address.family == AF_INET6; }

template <End... ends>
void ip(const Context& c, Out& out) {
    const Socket socket = socket_of(c);
    if (socket.address == nullptr || !is_ip(*socket.address) || !((socket.end == ends) || ...)) return;
    model::Ip value;
    if (model::parse_ip(socket.address->address, value)) out.ip(value);
}

template <End... ends>
void port(const Context& c, Out& out) {
    const Socket socket = socket_of(c);
    if (socket.address == nullptr || !is_ip(*socket.address) || !((socket.end == ends) || ...)) return;
    out.count(socket.address->port);
}

void family(const Context& c, Out& out) {
    const SocketAddress* address = c.facts.address();
    if (address == nullptr) return;
    if (is_ip(*address)) out.text("ip");
    if (address->family == AF_UNIX) out.text("unix");
}

/// The file that a call is about. None for what runs a program: that is proc.exepath.
const PathFact* file_of(const Context& c) { return c.facts.is_exec() ? nullptr : c.facts.subject(); }

std::string_view file_name(const Context& c) {
    const PathFact* file = file_of(c);
    return file == nullptr ? std::string_view() : c.facts.full_path(*file);
}

void fd_name(const Context& c, Out& out) {
    if (const SocketAddress* address = c.facts.address(); address != nullptr)
        return give_text(address->family == AF_UNIX && !address->address.empty() ? address->address : address->text,
                         out);
    give_text(file_name(c), out);
}

void fd_directory(const Context& c, Out& out) {
    const std::string_view name = file_name(c);
    const auto slash = name.rfind('/');
    if (slash != std::string_view::npos) give_text(slash == 0 ? name.substr(0, 1) : name.substr(0, slash), out);
}

void fd_filename(const Context& c, Out& out) {
    const std::string_view name = file_name(c);
    give_text(name.substr(name.rfind('/') + 1), out);
}

void fd_number(const Context& c, Out& out) {
    const std::string_view call = c.facts.call();
    if (is_open(call) || call == "socket" || call.starts_with("accept")) return number<Known::exit>(c, out);
    const bool first = end_of(call, {}) != End::none || call.starts_with("fch") || call == "ftruncate" ||
                       call == "fsetxattr" || call == "fremovexattr" || call == "finit_module";
    if (!first || c.facts.syscall() == "socketcall") return;
    if (const auto value = c.facts.hex(Known::a0)) out.number(static_cast<std::int32_t>(*value));
}

/// Calls with two paths: what it was before, and after.
bool has_two(std::string_view call) { return call.starts_with("rename") || call.starts_with("link"); }
const PathFact* source_of(const Context& c) {
    if (!has_two(c.facts.call())) return nullptr;
    const PathFact* gone = c.facts.path_of("DELETE");
    return gone != nullptr ? gone : c.facts.path_of("NORMAL");
}
const PathFact* target_of(const Context& c) {
    if (c.facts.call().starts_with("symlink")) return nullptr;  // its text is no path of a record
    return has_two(c.facts.call()) ? c.facts.path_of("CREATE") : nullptr;
}
const PathFact* only_of(const Context& c) {
    return has_two(c.facts.call()) || c.facts.has(Known::saddr) ? nullptr : file_of(c);
}

template <const PathFact* (*which)(const Context&)>
void full(const Context& c, Out& out) {
    if (const PathFact* path = which(c)) give_text(c.facts.full_path(*path), out);
}
template <const PathFact* (*which)(const Context&)>
void raw(const Context& c, Out& out) {
    if (const PathFact* path = which(c)) give_text(c.facts.raw_path(*path), out);
}

void paths(const Context& c, Out& out) {
    for (const PathFact& path : c.facts.paths()) out.text(bounded(c.facts.full_path(path)));
}
void inodes(const Context& c, Out& out) {
    for (const PathFact& path : c.facts.paths()) {
        if (path.inode.empty()) continue;
        const std::string_view device = bounded(path.device, 32);
        const std::string_view inode = bounded(path.inode, 32);
        char* const room = out.store().room(device.size() + 1 + inode.size());
        if (!device.empty()) std::memcpy(room, device.data(), device.size());
        room[device.size()] = ':';
        std::memcpy(room + device.size() + 1, inode.data(), inode.size());
        out.text({room, device.size() + 1 + inode.size()});
    }
}
void nametypes(const Context& c, Out& out) {
    for (const PathFact& path : c.facts.paths()) {
        if (!path.kind.empty()) out.text(bounded(path.kind, 32));
    }
}
void saddr(const Context& c, Out& out) {
    if (const SocketAddress* address = c.facts.address()) give_text(address->text, out);
}

constexpr auto kUnsorted = std::to_array<FieldRow>({
    {"record.kind", [](const Context&, Out& out) { out.text("event"); }},
    {"evt.source", [](const Context&, Out& out) { out.text("audit"); }},
    {"evt.type", type},
    {"evt.num", [](const Context& c, Out& out) { out.count(c.facts.event().id.serial); }},
    {"evt.hostname", [](const Context& c, Out& out) { give_text(c.facts.event().id.node, out, 256); }},
    {"evt.res", result_name},
    {"evt.rawres", number<Known::exit>},
    {"evt.failed", [](const Context& c, Out& out) { if (c.facts.has(Known::success)) out.truth(failed(c)); }},
    {"evt.is_open_read", [](const Context& c, Out& out) {
         open_test(c, out, [](OpenFlags f) { return (f.flags & O_ACCMODE) != O_WRONLY && (f.flags & O_PATH) == 0; }); }},
    {"evt.is_open_write", [](const Context& c, Out& out) {
         open_test(c, out, [](OpenFlags f) { return (f.flags & O_ACCMODE) != O_RDONLY; }); }},
    {"evt.is_open_create", [](const Context& c, Out& out) {
         open_test(c, out, [](OpenFlags f) { return (f.flags & O_CREAT) != 0; }); }},
    {"evt.is_open_exec", [](const Context& c, Out& out) {
         open_test(c, out, [](OpenFlags f) { return (f.flags & O_CREAT) != 0 && (f.mode & 0111U) != 0; }); }},
    {"syscall.type", [](const Context& c, Out& out) { give_text(c.facts.syscall(), out); }},
    {"proc.pid", number<Known::pid>},
    {"proc.ppid", number<Known::ppid>},
    {"proc.name", text<Known::comm>},
    {"proc.exepath", text<Known::exe>},
    {"proc.exe", exe},
    {"proc.args", args},
    {"proc.cmdline", cmdline},
    {"proc.cwd", [](const Context& c, Out& out) { give_text(c.facts.text(Known::cwd), out); }},
    {"proc.tty", tty_number},
    {"user.uid", id<Known::uid>},
    {"user.name", [](const Context& c, Out& out) { if (!c.contained) give_text(user_name(c, Known::uid, "UID"), out); }},
    {"user.loginuid", login<Known::auid>},
    {"user.loginname", [](const Context& c, Out& out) { give_text(user_name(c, Known::auid, "AUID"), out); }},
    {"group.gid", id<Known::gid>},
    {"group.name", [](const Context& c, Out& out) { if (!c.contained) give_text(group_name(c), out); }},
    {"fd.num", fd_number},
    {"fd.name", fd_name},
    {"fd.directory", fd_directory},
    {"fd.filename", fd_filename},
    {"fd.sockfamily", family},
    {"fd.ip", ip<End::server, End::client, End::local>},
    {"fd.port", port<End::server, End::client, End::local>},
    {"fd.rip", ip<End::server, End::client>},
    {"fd.rport", port<End::server, End::client>},
    {"fd.sip", ip<End::server, End::local>},
    {"fd.sport", port<End::server, End::local>},
    {"fd.cip", ip<End::client>},
    {"fd.cport", port<End::client>},
    {"fd.lip", ip<End::local>},
    {"fd.lport", port<End::local>},
    {"fs.path.name", full<only_of>},
    {"fs.path.nameraw", raw<only_of>},
    {"fs.path.source", full<source_of>},
    {"fs.path.sourceraw", raw<source_of>},
    {"fs.path.target", full<target_of>},
    {"fs.path.targetraw", raw<target_of>},
    {"audit.serial", [](const Context& c, Out& out) { out.count(c.facts.event().id.serial); }},
    {"audit.node", [](const Context& c, Out& out) { give_text(c.facts.event().id.node, out, 256); }},
    {"audit.type", main_type},
    {"audit.types", types},
    {"audit.keys", keys},
    {"audit.result", result},
    {"audit.session", login<Known::ses>},
    {"audit.tty", [](const Context& c, Out& out) { give_text(terminal(c), out); }},
    {"audit.arch", arch},
    {"audit.euid", id<Known::euid>},
    {"audit.egid", id<Known::egid>},
    {"audit.paths", paths},
    {"audit.inodes", inodes},
    {"audit.nametypes", nametypes},
    {"audit.saddr", saddr},
    {"audit.uring", uring},
    {"audit.title", title},
    {"audit.op", text<Known::op>},
    {"audit.incomplete", [](const Context& c, Out& out) {
         if (const std::string why = c.facts.incomplete(); !why.empty()) out.own(why); }},
});

constexpr auto kRows = [] {
    auto rows = kUnsorted;
    std::ranges::sort(rows, {}, [](const FieldRow& row) { return row.field.id(); });
    return rows;
}();

constexpr std::uint8_t kNoRow = 255;
constexpr auto kRowOf = [] {
    std::array<std::uint8_t, model::kFields.size()> index{};
    index.fill(kNoRow);
    for (std::size_t i = 0; i < kRows.size(); ++i) index[kRows[i].field.id()] = static_cast<std::uint8_t>(i);
    return index;
}();
static_assert(kRows.size() < kNoRow);

}  // namespace

std::span<const FieldRow> field_rows() { return kRows; }

const FieldRow* field_row(model::FieldId field) {
    return field < kRowOf.size() && kRowOf[field] != kNoRow ? &kRows[kRowOf[field]] : nullptr;
}

}  // namespace plimsoll::audit
