#include "audit/text/normalized.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "audit/record_types.h"
#include "audit/tables.h"
#include "audit/text/interpret.h"

namespace plimsoll::audit {

namespace {

struct Path {
    std::string name;
    std::string inode;
    std::string_view nametype;
    std::uint64_t mode = 0;
};

std::string text_of(const Record* record, std::string_view name) {
    const auto field = record != nullptr ? find(*record, name) : std::nullopt;
    if (!field) return {};
    return may_be_hex(record->type, name) ? decode(field->value, field->quoted) : std::string(field->value);
}

std::string claim_of(const LogEvent& event, std::string_view name) {
    for (const Record& record : event.records)
        if (const auto field = find_claim(record, name))
            return may_be_hex(record.type, name) ? decode(field->value, field->quoted) : std::string(field->value);
    return {};
}

/// The first value of a field that the kernel wrote, in any record of the event.
std::optional<RecordField> any_of(const LogEvent& event, std::string_view name, const Record** where = nullptr) {
    for (const Record& record : event.records) {
        if (record.type == kPath) continue;
        if (const auto field = find(record, name)) {
            if (where != nullptr) *where = &record;
            return field;
        }
    }
    return std::nullopt;
}

std::string user_text(const LogEvent& event, std::string_view name, ValueWriter& values) {
    const Record* record = nullptr;
    const auto field = any_of(event, name, &record);
    if (!field) return {};
    const std::string_view resolved = EnrichedCursor(record->enriched).value(name);
    if (!resolved.empty()) return std::string(resolved);
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(field->value.data(), field->value.data() + field->value.size(), id);
    return error == std::errc() ? std::string(values.user(id)) : std::string(field->value);
}

std::string_view subject_kind(const LogEvent& event) {
    const auto field = any_of(event, "uid");
    std::uint32_t uid = 0;
    if (!field ||
        std::from_chars(field->value.data(), field->value.data() + field->value.size(), uid).ec != std::errc())
        return "";
    if (uid == 0) return "privileged-acct";
    if (uid == 4294967295U) return "unset-acct";
    if (uid < 1000) return "service-acct";
    return uid < 60000 ? "user-acct" : "unknown-acct";
}

/// A relative name made absolute. The kernel's cwd has no links, so `..` at the begin may be taken off it.
std::string below(std::string_view cwd, std::string_view name) {
    for (;;) {
        if (name.starts_with("./")) {
            name.remove_prefix(2);
        } else if (name.starts_with("../") && cwd.rfind('/') != std::string_view::npos) {
            name.remove_prefix(3);
            cwd = cwd.substr(0, cwd.rfind('/'));
        } else {
            break;
        }
    }
    if (name == "." || name.empty()) return cwd.empty() ? "/" : std::string(cwd);
    return std::string(cwd) + (cwd.ends_with('/') ? "" : "/") + std::string(name);
}

std::vector<Path> paths_of(const LogEvent& event) {
    std::vector<Path> paths;
    const std::string cwd = text_of(event.first(kCwd), "cwd");
    for (const Record& record : event.records) {
        if (record.type != kPath) continue;
        Path path{.name = text_of(&record, "name"), .inode = text_of(&record, "inode"), .nametype = {}};
        if (const auto nametype = find(record, "nametype")) path.nametype = nametype->value;
        if (const auto mode = find(record, "mode"))
            std::from_chars(mode->value.data(), mode->value.data() + mode->value.size(), path.mode, 8);
        if (!path.name.starts_with('/') && !cwd.empty()) path.name = below(cwd, path.name);
        paths.push_back(std::move(path));
    }
    return paths;
}

std::string_view kind_of_mode(std::uint64_t mode) {
    switch (mode & 0170000U) {
        case 0140000: return "socket";
        case 0120000: return "symlink";
        case 0060000: return "block-device";
        case 0040000: return "directory";
        case 0020000: return "character-device";
        case 0010000: return "fifo";
        default: return "file";
    }
}

/// Programs that run others' text: their own name says nothing, that of the process may.
bool is_interpreter(std::string_view executable) {
    static constexpr auto kNames = std::to_array<std::string_view>(
        {"bash", "sh", "zsh", "ksh", "python", "perl", "ruby", "lua", "node", "php", "awk", "gawk"});
    std::string_view name = executable.substr(executable.rfind('/') + 1);
    while (!name.empty() && ((name.back() >= '0' && name.back() <= '9') || name.back() == '.')) name.remove_suffix(1);
    return std::ranges::find(kNames, name) != kNames.end();
}

void set_path(Normalized& out, const Path& path) {
    out.object = path.name;
    out.object_detail = path.inode;
}

void read_paths(const LogEvent& event, const CallMeaning& meaning, Normalized& out) {
    const std::vector<Path> paths = paths_of(event);
    if (paths.empty()) return;
    if (meaning.object == ObjectOf::rename) {
        const auto old = std::ranges::find(paths, "DELETE", &Path::nametype);
        const auto fresh = std::ranges::find(paths.rbegin(), paths.rend(), "CREATE", &Path::nametype);
        if (old != paths.end()) set_path(out, *old);
        if (fresh != paths.rend()) out.object2 = fresh->name;
        if (old != paths.end()) out.object_kind = kind_of_mode(old->mode);
        return;
    }
    auto path = std::ranges::find_if(paths, [](const Path& one) { return one.nametype != "PARENT"; });
    if (path == paths.end()) path = paths.begin();
    if (meaning.action == "mounted") {
        out.object2 = paths.front().name;
        return;
    }
    if (meaning.action == "executed" && path->inode.empty()) return;  // nothing was found at that name
    set_path(out, *path);
    if (meaning.action != "opened-file" && path->mode != 0) out.object_kind = kind_of_mode(path->mode);
    if (meaning.object == ObjectOf::second_path) out.object2 = paths.front().name;
}

/// chmod's mode and chown's owner are the second object.
void read_new_value(const LogEvent& event, std::string_view call, ValueWriter& values, Normalized& out) {
    const bool by_descriptor = call == "chmod" || call == "fchmod" || call == "chown";
    const bool at = call == "fchmodat" || call == "fchmodat2";
    if (!by_descriptor && !at) return;
    const Record* record = event.first(kSyscall);
    const std::string_view name = at ? "a2" : "a1";
    const auto field = find(*record, name);
    if (!field) return;
    Call full;
    std::uint64_t number = 0;
    std::string_view rest;
    if (const auto arch = find(*record, "arch"); arch && read_number(arch->value, 16, number, rest))
        full.arch = static_cast<std::uint32_t>(number);
    if (const auto one = find(*record, "syscall"); one && read_number(one->value, 10, number, rest))
        full.number = static_cast<unsigned>(number);
    if (!read_number(field->value, 16, full.arguments[at ? 2 : 1], rest)) return;
    Buffer text;
    values.put(text, FieldKind::register_, {.type = kSyscall, .name = name, .value = field->value, .enriched = {}},
               full);
    out.object2 = text.text();
}

std::string call_name(const LogEvent& event) {
    const Record* record = event.first(kSyscall);
    if (record == nullptr) return {};
    const auto arch = find(*record, "arch");
    const auto call = find(*record, "syscall");
    std::uint64_t arch_number = 0;
    std::uint64_t number = 0;
    std::string_view rest;
    if (!arch || !call || !read_number(arch->value, 16, arch_number, rest) ||
        !read_number(call->value, 10, number, rest))
        return {};
    return std::string(syscall_name(static_cast<std::uint32_t>(arch_number), static_cast<unsigned>(number)));
}

void read_call(const LogEvent& event, ValueWriter& values, Normalized& out) {
    out.kind = "audit-rule";
    const std::string call = call_name(event);
    const CallMeaning* meaning = event.first(kUringop) == nullptr ? meaning_of_call(call) : nullptr;
    if (meaning == nullptr) {
        out.action = out.key.empty() ? "triggered-unknown-audit-rule" : "triggered-audit-rule";
        out.object = out.key;
        out.object_kind = "admin-defined-rule";
        return;
    }
    out.action = meaning->action;
    out.object_kind = meaning->object_kind;
    switch (meaning->object) {
        case ObjectOf::socket:
            if (const Record* record = event.first(kSockaddr)) {
                const auto saddr = find(*record, "saddr");
                Buffer text;
                if (saddr)
                    values.put(text, FieldKind::socket,
                               {.type = kSockaddr, .name = "saddr", .value = saddr->value, .enriched = {}}, {});
                // Netlink has no address that means something to a reader
                if (text.text().find("netlink") == std::string_view::npos) out.object = text.text();
            }
            break;
        case ObjectOf::process:
            if (const Record* record = event.first(kObjPid)) out.object = text_of(record, "ocomm");
            break;
        case ObjectOf::self:
            out.object = text_of(event.first(kSyscall), "exe");
            out.how = call;
            break;
        case ObjectOf::path:
        case ObjectOf::rename:
        case ObjectOf::second_path:
            read_paths(event, *meaning, out);
            read_new_value(event, call, values, out);
            break;
        case ObjectOf::key:
        case ObjectOf::none: break;
    }
}

void read_config_change(const LogEvent& event, Normalized& out) {
    const Record* record = event.first(kConfigChange);
    const std::string op = text_of(record, "op");
    if (!op.empty()) out.action = op;
    out.object = text_of(record, "key");
    if (out.object == "(null)") out.object.clear();
    std::ranges::replace(out.object, '\1', ' ');
    if (!out.object.empty()) return;
    // op=set audit_enabled=1 old=1: what was set has a name of its own
    FieldCursor cursor(record->body);
    while (const auto field = cursor.next()) {
        if (!field->name.starts_with("audit_")) continue;
        out.object = field->name;
        return;
    }
}

void read_type(const LogEvent& event, std::uint32_t type, ValueWriter& values, Normalized& out) {
    const TypeMeaning* meaning = meaning_of_type(type);
    out.kind = meaning != nullptr ? meaning->kind : "unknown";
    out.action = meaning != nullptr ? meaning->action : "did-unknown";
    out.object_kind = meaning != nullptr ? meaning->object_kind : "unknown";
    if (type == kConfigChange) {
        read_config_change(event, out);
    } else if (type == kLogin) {
        out.object = user_text(event, "auid", values);
        out.subject = user_text(event, "old-auid", values);
        if (out.subject == "unset") out.subject = "system";
    } else if (type == kUserCmd) {
        out.object = claim_of(event, "cmd");
    } else if (out.object_kind == "account" || out.object_kind == "user-session") {
        out.object = claim_of(event, "acct");
        const bool by_terminal = type == 1105 || type == 1106 || type == 1109 || type == 1112 || type == 1113;
        if (by_terminal) out.object = claim_of(event, "terminal");
        if (out.object.empty()) {
            std::uint32_t id = 0;
            const std::string text = claim_of(event, "id");
            if (std::from_chars(text.data(), text.data() + text.size(), id).ec == std::errc())
                out.object = type == 1116 || type == 1117 || type == 1132 ? values.group(id) : values.user(id);
        }
    } else if (out.object_kind == "service") {
        out.object = claim_of(event, "unit");
    } else if (out.object_kind == "virtual-machine") {
        out.object = claim_of(event, "vm");
    }
    if (type >= kDaemonFirst && type <= kDaemonLast) {
        out.subject_kind = "auditd";
        out.how = type == 1200 ? "init" : type == 1202 || type >= 1207 ? "" : "signal";
    }
}

}  // namespace

Normalized normalized(const LogEvent& event, ValueWriter& values) {
    Normalized out;
    if (event.records.empty()) return out;
    const std::uint32_t type = event.records.front().type;
    out.type = type_name(type);
    out.session = "unset";
    if (const auto session = any_of(event, "ses"); session && session->value != "4294967295")
        out.session = session->value;
    out.subject = user_text(event, "auid", values);
    if (out.subject == "unset") out.subject = "system";
    out.acting_as = user_text(event, "uid", values);
    out.subject_kind = subject_kind(event);
    if (const auto label = any_of(event, "subj")) out.subject_label = label->value;
    if (const auto label = any_of(event, "obj")) out.object_label = label->value;
    const Record* const call = event.first(kSyscall);
    const Record* const uring = event.first(kUringop);
    if (const Record* by = uring != nullptr ? uring : call) {
        out.key = text_of(by, "key");
        if (out.key == "(null)") out.key.clear();
        std::ranges::replace(out.key, '\1', ' ');
        const std::string success = text_of(by, "success");
        out.result = success == "yes" ? "success" : success == "no" ? "failed" : "";
    }
    if (type == kSyscall || type == kUringop ||
        (type >= kPath && type <= 1339 && call != nullptr && type != kConfigChange))
        read_call(event, values, out);
    else
        read_type(event, type, values, out);
    if (out.result.empty()) {
        std::string result = claim_of(event, "res");
        if (result.empty())
            if (const auto field = any_of(event, "res")) result = field->value;
        out.result = result == "1" || result.starts_with("success") || result == "yes" ? "success"
                     : result == "0" || result.starts_with("fail") || result == "no"   ? "failed"
                                                                                       : "";
    }
    if (out.how.empty() && out.subject_kind != "auditd") {
        out.how = claim_of(event, "exe");
        const Record* record = nullptr;
        if (const auto exe = any_of(event, "exe", &record)) {
            out.how = decode(exe->value, exe->quoted);
            if (is_interpreter(out.how)) out.how = text_of(record, "comm");
        }
    }
    return out;
}

}  // namespace plimsoll::audit
