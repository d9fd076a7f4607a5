#include "audit/text/interpret.h"

#include <array>
#include <charconv>
#include <functional>
#include <span>

#include "audit/find_either.h"
#include "audit/record_types.h"
#include "audit/tables.h"
#include "audit/tables_decode.h"
#include "audit/text/escape.h"

namespace plimsoll::audit {

namespace {

/// Blanks between "audit(…):" and the first field: the records that continue an EXECVE have two.
std::string_view blanks_before(const Record& record) {
    const char* begin = record.line.data();
    const char* body = record.body.data();
    const std::less<> before;
    if (begin == nullptr || body == nullptr || before(body, begin) || before(begin + record.line.size(), body))
        return " ";
    const char* at = body;
    while (before(begin, at) && at[-1] == ' ') --at;
    const auto size = static_cast<std::size_t>(body - at);
    return {at, size < 3 ? size : 2};
}

/// At most 16 digits: a register's.
bool read_hex(const char*& at, const char* end, std::uint64_t& value) {
    const char* const begin = at;
    value = 0;
    for (; at < end && at - begin < 16; ++at) {
        const std::uint8_t digit = hex_digit(*at);
        if (digit > 15) break;
        value = value << 4U | digit;
    }
    return at != begin;
}

/// a0 to a3 stand one behind the other; `at` is where the value of a0 begins. What cannot be read is 0.
void read_arguments(const char* at, const char* end, Call& call) {
    for (unsigned i = 0; i < 4; ++i) {
        if (!read_hex(at, end, call.arguments[i])) return;
        if (end - at < 5 || at[0] != ' ' || at[1] != 'a' || at[2] != static_cast<char>('1' + i) || at[3] != '=') return;
        at += 4;
    }
}

/// What the record says of its call: looked for once, because a0 comes before what tells its meaning.
Call call_of(const Record& record) {
    Call call;
    if (record.type != kSyscall && record.type != kSeccomp) return call;
    const std::string_view body = record.body;
    const char* end = body.data() + body.size();
    // Kernel's fields in the kernel's order: the first of a name is the one, and it is near the begin
    const auto value_of = [&](std::string_view name) -> const char* {
        if (body.starts_with(name.substr(1))) return body.data() + name.size() - 1;
        const std::size_t at = body.find(name);
        return at == std::string_view::npos ? nullptr : body.data() + at + name.size();
    };
    std::uint64_t number = 0;
    if (const char* at = value_of(" arch=")) {
        if (read_hex(at, end, number) && number <= UINT32_MAX) call.arch = static_cast<std::uint32_t>(number);
    }
    if (const char* at = value_of(" syscall=")) {
        (void)std::from_chars(at, end, call.number);
    }
    if (const char* at = value_of(" a0=")) read_arguments(at, end, call);
    return call;
}

bool equals_lowered(std::string_view upper, std::string_view lower) {
    if (upper.size() != lower.size()) return false;
    for (std::size_t i = 0; i < upper.size(); ++i) {
        const char c = upper[i];
        const char expected = lower[i] == '-' ? '_' : lower[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '-' ? '_' : c) != expected) return false;
    }
    return true;
}

/// A field at its usual place, and what its value means.
struct Usual {
    FieldStart start;
    FieldKind kind;
};
// The last fields of the most frequent records in the order in which the kernel writes them.
constexpr auto kSyscallOrder = std::to_array<Usual>({
    {"auid=", FieldKind::user},
    {"uid=", FieldKind::user},
    {"gid=", FieldKind::group},
    {"euid=", FieldKind::user},
    {"suid=", FieldKind::user},
    {"fsuid=", FieldKind::user},
    {"egid=", FieldKind::group},
    {"sgid=", FieldKind::group},
    {"fsgid=", FieldKind::group},
    {"tty=", FieldKind::plain},
    {"ses=", FieldKind::session},
    {"comm=", FieldKind::text},
    {"exe=", FieldKind::text},
    {"subj=", FieldKind::plain},
    {"key=", FieldKind::key},
});
constexpr auto kPathOrder = std::to_array<Usual>({
    {"mode=", FieldKind::mode},
    {"ouid=", FieldKind::user},
    {"ogid=", FieldKind::group},
    {"rdev=", FieldKind::plain},
    {"obj=", FieldKind::plain},
    {"nametype=", FieldKind::plain},
    {"cap_fp=", FieldKind::capabilities},
    {"cap_fi=", FieldKind::capabilities},
    {"cap_fe=", FieldKind::plain},
    {"cap_fver=", FieldKind::plain},
    {"cap_frootid=", FieldKind::plain},
});
constexpr auto kCwdOrder = std::to_array<Usual>({{"cwd=", FieldKind::text}});
constexpr auto kTitleOrder = std::to_array<Usual>({{"proctitle=", FieldKind::title}});
constexpr auto kSocketOrder = std::to_array<Usual>({{"saddr=", FieldKind::socket}});

std::span<const Usual> usual_order(std::uint32_t type) {
    switch (type) {
        case kSyscall: return kSyscallOrder;
        case kPath: return kPathOrder;
        case kCwd: return kCwdOrder;
        case kProctitle: return kTitleOrder;
        case kSockaddr: return kSocketOrder;
        default: return {};
    }
}

/// Records that come with others again and again, word for word: what such a record means is worth remembering.
bool repeats(std::uint32_t type) {
    return type == kCwd || type == kProctitle || type == kExecve || type == kSockaddr || type == kBprmFcaps;
}

bool has_enriched_value(FieldKind kind) {
    return kind == FieldKind::user || kind == FieldKind::group || kind == FieldKind::syscall;
}

}  // namespace

std::string_view EnrichedCursor::value(std::string_view name) {
    std::string_view rest = rest_;
    while (!rest.empty()) {
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos) return {};
        const std::string_view found = rest.substr(0, equals);
        rest.remove_prefix(equals + 1);
        std::string_view value;
        if (rest.starts_with('"')) {
            const std::size_t close = rest.find('"', 1);
            value = rest.substr(1, close == std::string_view::npos ? close : close - 1);
            rest.remove_prefix(close == std::string_view::npos ? rest.size() : close + 1);
        } else {
            value = rest.substr(0, rest.find(' '));
            rest.remove_prefix(value.size());
        }
        while (rest.starts_with(' ')) rest.remove_prefix(1);
        if (equals_lowered(found, name)) {
            rest_ = rest;
            return value;
        }
    }
    return {};
}

Interpreter::Interpreter(const host::Accounts* accounts, Escape escape, Zone zone, bool iso_times)
    : clock_(zone, iso_times), values_(accounts, escape) {}

void Interpreter::put_head(const EventId& id) {
    if (head_id_ == id && head_node_ == id.node && head_.size() != 0) return;
    head_id_ = id;
    head_node_ = id.node;
    head_id_.node = head_node_;
    head_.clear();
    head_.put(" msg=audit(");
    clock_.put_moment(head_, id.milliseconds);
    head_.put(':');
    head_.put_number(id.serial);
    head_.put(") :");
}

void Interpreter::put_record(Buffer& out, const Record& record) {
    if (!record.id.node.empty()) {
        out.put("node=");
        values_.put_around(out, record.id.node);
        out.put(' ');
    }
    const std::string_view name = type_name(record.type);
    out.put("type=");
    if (name.empty()) {
        out.put("UNKNOWN[");
        out.put_number(record.type);
        out.put(']');
    } else {
        out.put(name);
    }
    put_head(record.id);
    out.put(head_.text());
    out.put(blanks_before(record));
    put_body(out, record);
    out.put('\n');
}

bool Interpreter::put_call_begin(Buffer& out, const CallBegin& begin) {
    const std::string_view arch = arch_name(begin.call.arch);
    const std::string_view call = syscall_name(begin.call.arch, begin.call.number);
    // Of others auditd may have appended the name; i386 has a call that is many
    if (arch.empty() || call.empty() || arch == "i386") return false;
    out.put("arch=");
    out.put(arch);
    out.put(" syscall=");
    out.put(call);
    out.put(begin.between);
    if (begin.exit[0] == '-')
        values_.put(out, FieldKind::exit, {.type = kSyscall, .name = "exit", .value = begin.exit, .clean = true},
                    begin.call);
    else
        out.put(begin.exit);
    constexpr std::array<std::string_view, 4> kNames = {" a0=", " a1=", " a2=", " a3="};
    for (unsigned i = 0; i < kNames.size(); ++i) {
        out.put(kNames[i]);
        values_.put_argument(out, begin.call, i, begin.arguments[i]);
    }
    out.put(begin.behind);
    return true;
}

void Interpreter::put_path_begin(Buffer& out, const PathBegin& begin) {
    const bool is_clean = is_plain(begin.name);
    out.put(begin.before);
    if (begin.quoted && is_clean)
        out.put(begin.name);
    else
        values_.put(out, FieldKind::text,
                    {.type = kPath, .name = "name", .value = begin.name, .quoted = begin.quoted, .clean = is_clean},
                    {});
    out.put(begin.behind);
}

void Interpreter::put_body(Buffer& out, const Record& record) {
    const std::uint32_t type = record.type;
    std::string_view rest = record.body;
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    // What differs between records of one process, or of one file, stands in their begin
    bool ending = repeats(type);
    bool begun = false;  // a call whose begin is written
    if (!values_.keeps_plain_text()) {
        // For a shell much of it looks otherwise
    } else if (type == kSyscall && read_call_begin(rest, call_begin_) && put_call_begin(out, call_begin_)) {
        begun = ending = true;
        rest = call_begin_.rest;
    } else if (type == kPath && read_path_begin(rest, path_begin_)) {
        put_path_begin(out, path_begin_);
        ending = true;
        rest = path_begin_.rest;
    }
    ending = ending && ToldBefore::fits(rest, record.enriched);
    if (ending) {
        if (const std::string_view told = told_.find(type, rest, record.enriched); told.data() != nullptr) {
            out.put(told);
            out.put(' ');
            return;
        }
    }
    EnrichedCursor enriched(record.enriched);
    const Call call = begun ? call_begin_.call : call_of(record);
    if (begun && !record.enriched.empty()) (void)enriched.value("syscall");
    const bool is_clean = is_plain(rest);  // then nothing that stands around values needs to be looked at again
    const std::size_t before = out.size();
    const bool of_call = put_fields(out, record, rest, is_clean, call, enriched);
    if (ending && is_clean && !of_call) told_.keep(type, rest, record.enriched, out.text_from(before));
    out.put(' ');
}

bool Interpreter::put_fields(Buffer& out, const Record& record, std::string_view fields, bool is_clean,
                             const Call& call, EnrichedCursor& enriched) {
    const std::uint32_t type = record.type;
    const char* at = fields.data();
    const char* const end = at + fields.size();
    const char* written = at;  // what is before is in `out`
    const auto flush = [&](const char* until) {
        const std::string_view around(written, static_cast<std::size_t>(until - written));
        if (is_clean)
            out.put(around);
        else
            values_.put_around(out, around);
        written = until;
    };
    std::span<const Usual> usual = usual_order(type);
    bool of_call = false;
    while (at < end) {
        RawField field{.type = type, .name = {}, .value = {}, .clean = is_clean, .enriched = {}};
        FieldKind kind = FieldKind::plain;
        const auto is_next = [&] {
            return !usual.empty() && usual.front().start.begins(at, static_cast<std::size_t>(end - at));
        };
        if (!is_next() && !usual.empty()) usual = usual.subspan(1);  // subj= and obj= may be missing
        if (is_next()) {
            field.name = usual.front().start.name();
            kind = usual.front().kind;
            at += field.name.size();
            usual = usual.subspan(1);
        } else {
            usual = {};
            const char* name = at;
            for (at = find_either(at, end, '=', ' '); at < end && *at == ' '; at = find_either(at, end, '=', ' '))
                name = ++at;
            if (at == end) break;
            field.name = {name, static_cast<std::size_t>(at - name)};
            if (field.name.starts_with('\'') || field.name.starts_with('(')) field.name.remove_prefix(1);
            kind = field_kind(type, field.name, static_cast<std::size_t>(end - field.name.data()));
        }
        const char* const value = ++at;
        if (kind == FieldKind::nested) continue;
        if (at < end && (*at == '"' || *at == '\'')) {
            const char quote = *at;
            ++at;
            at = find_either(at, end, quote, quote);
            field.quoted = quote == '"';
            field.value = {value + 1, static_cast<std::size_t>(at - value - 1)};
            if (at < end) ++at;
        } else {
            at = find_either(at, end, ' ', ' ');
            field.value = {value, static_cast<std::size_t>(at - value)};
        }
        if (kind != FieldKind::plain) {
            if (has_enriched_value(kind) && !record.enriched.empty()) field.enriched = enriched.value(field.name);
            of_call = of_call || kind == FieldKind::register_ || kind == FieldKind::syscall;
            flush(value);
            values_.put(out, kind, field, call);
            written = at;
        }
        if (at < end && *at == ' ') ++at;
    }
    flush(end);
    return of_call;
}

}  // namespace plimsoll::audit
