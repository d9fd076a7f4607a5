#include "audit/text/value.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "audit/tables.h"
#include "audit/tables_decode.h"
#include "audit/tables_values.h"
#include "audit/text/input_text.h"
#include "audit/text/socket_text.h"

namespace plimsoll::audit {

namespace {

using enum FieldKind;

constexpr std::uint32_t kOpenat2 = 1337;

/// The words that stand for no value.
bool is_word(std::string_view value) { return value.empty() || value[0] == '(' || value[0] == '?'; }

void put_unknown(Buffer& out, std::string_view what, std::string_view value) {
    out.put("unknown-");
    out.put(what);
    out.put('(');
    out.put(value);
    out.put(')');
}

void put_exit(Buffer& out, std::string_view value) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || number >= 0) {
        out.put(value);
        return;
    }
    constexpr std::int64_t kLastError = 4095;  // linux/err.h, MAX_ERRNO
    const int code = number >= -kLastError ? static_cast<int>(-number) : 0;
    const std::string_view name = errno_name(code);
    if (name.empty()) {
        out.put(value);
        return;
    }
    out.put(name);
    const char* description = ::strerrordesc_np(code);
    if (description != nullptr) {
        out.put('(');
        out.put(description);
        out.put(')');
    }
    out.put(std::string_view(end, static_cast<std::size_t>(value.data() + value.size() - end)));
}

void put_session(Buffer& out, std::string_view value) {
    constexpr std::string_view kUnset = "4294967295";
    if (!value.starts_with(kUnset)) {
        out.put(value);
        return;
    }
    out.put("unset");
    const std::string_view rest = value.substr(kUnset.size());
    // The kernel forgets the blank: ses=4294967295op=remove_rule
    if (!rest.empty() && rest[0] >= 'a' && rest[0] <= 'z') out.put(' ');
    out.put(rest);
}

void put_permission(Buffer& out, std::uint64_t value) {
    constexpr std::uint64_t kAll = 15;
    const std::uint64_t bits = (value & kAll) == 0 ? kAll : value;
    bool any = false;
    const auto one = [&](std::uint64_t bit, std::string_view name) {
        if ((bits & bit) == 0) return;
        if (any) out.put(',');
        out.put(name);
        any = true;
    };
    one(4, "read");
    one(2, "write");
    one(1, "exec");
    one(8, "attr");
}

void put_resolve(Buffer& out, std::uint64_t value, std::string_view text) {
    std::string names;
    out.put(append_flags(names, resolve_names(), value, '|') ? std::string_view(names) : text);
}

}  // namespace

bool read_number(std::string_view text, int base, std::uint64_t& value, std::string_view& rest) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc()) return false;
    rest = text.substr(static_cast<std::size_t>(end - text.data()));
    return true;
}

ValueWriter::ValueWriter(const host::Accounts* accounts, Escape escape)
    : escape_(escape),
      users_(IdNames::Kind::user, accounts),
      groups_(IdNames::Kind::group, accounts),
      arguments_(users_, groups_) {}

void ValueWriter::put_id(Buffer& out, IdNames& names, const RawField& field) {
    if (!field.enriched.empty()) {
        put_text(out, field.enriched);
        return;
    }
    std::uint32_t id = 0;
    const char* last = field.value.data() + field.value.size();
    if (field.value == "-1") {
        out.put("unset");
        return;
    }
    const auto [end, error] = std::from_chars(field.value.data(), last, id);
    if (error != std::errc()) {
        put_part(out, field, field.value);
        return;
    }
    const IdNames::Name name = names.name(id);
    if (name.is_plain && keeps_plain_text())
        out.put(name.text);
    else
        put_text(out, name.text);
    if (end != last) put_part(out, field, std::string_view(end, static_cast<std::size_t>(last - end)));
}

void ValueWriter::put_decoded(Buffer& out, FieldKind kind, const RawField& field) {
    if (field.quoted || is_word(field.value)) {
        put_part(out, field, field.value);
        return;
    }
    // The quote that ends msg='…' may stand right behind the value
    std::string_view value = field.value;
    std::string_view tail;
    if (value.ends_with('\'')) tail = value.substr(value.size() - 1), value.remove_suffix(1);
    const std::size_t begin = out.size();
    char* const room = out.room(value.size() / 2);
    if (!decode_hex(room, value)) {
        put_part(out, field, field.value);
        return;
    }
    std::size_t size = value.size() / 2;
    if (kind == title) {
        // The usual one needs nothing but blanks for its NULs
        while (size > 0 && room[size - 1] == '\0') --size;
        for (std::size_t i = 0; i < size; ++i)
            if (room[i] == '\0') room[i] = ' ';
    }
    if (kind != key && (escape_ == Escape::raw || (escape_ == Escape::tty && is_plain({room, size})))) {
        out.keep(size);
        out.put(tail);
        return;
    }
    decoded_.assign(room, size);
    out.cut(begin);
    if (kind == key) {
        std::string_view left = decoded_;
        for (std::size_t at = left.find('\1'); at != std::string_view::npos; at = left.find('\1')) {
            put_text(out, left.substr(0, at));
            out.put(" key=");
            left.remove_prefix(at + 1);
        }
        put_text(out, left);
    } else {
        put_text(out, decoded_);
    }
    out.put(tail);
}

void ValueWriter::put_syscall(Buffer& out, const RawField& field, const Call& call) {
    constexpr std::uint32_t kI386 = 0x40000003;
    constexpr unsigned kSocketCall = 102;
    std::uint64_t number = 0;
    std::string_view rest;
    if (!read_number(field.value, 10, number, rest)) {
        put_part(out, field, field.value);
        return;
    }
    const std::string_view name =
        number <= UINT32_MAX ? syscall_name(call.arch, static_cast<unsigned>(number)) : std::string_view();
    if (!name.empty())
        out.put(name);
    else if (!field.enriched.empty() && arch_name(call.arch) != "x86_64")
        put_text(out, field.enriched);  // of an architecture that we have no table of
    else
        put_unknown(out, "syscall", field.value);
    if (call.arch == kI386 && number == kSocketCall) {
        const std::string_view inner = name_of(socket_calls_names(), call.arguments[0]);
        if (!inner.empty()) {
            out.put('(');
            out.put(inner);
            out.put(')');
        }
    }
    if (!name.empty() && !rest.empty()) put_text(out, rest);
}

void ValueWriter::put_capabilities(Buffer& out, std::string_view value) {
    std::uint64_t set = 0;
    std::string_view rest;
    if (!read_number(value, 16, set, rest)) {
        put_text(out, value);
        return;
    }
    if (set == 0) {
        out.put("none");
    } else {
        if (set != set_) {
            set_ = set;
            set_text_.clear();
            for (unsigned bit = 0; bit < 64; ++bit) {
                if ((set >> bit & 1U) == 0) continue;
                if (!set_text_.empty()) set_text_ += ',';
                const std::string_view name = name_of(capabilities_names(), bit);
                if (name.empty())
                    set_text_ += "cap_" + std::to_string(bit);
                else
                    set_text_ += name;
            }
        }
        out.put(set_text_);
    }
    if (!rest.empty()) put_text(out, rest);
}

void ValueWriter::put_by_number(Buffer& out, FieldKind kind, const RawField& field) {
    const bool decimal = kind == capability || kind == signal || kind == filter || kind == uring ||
                         kind == netfilter_family || kind == netfilter_hook || kind == icmp_type || kind == protocol;
    const bool octal = kind == mode || kind == octal_mode || (kind == open_flags && field.type == kOpenat2);
    std::string_view text = field.value;
    if (!decimal && !octal && text.starts_with("0x")) text.remove_prefix(2);
    std::uint64_t value = 0;
    std::string_view rest;
    if (!read_number(text, decimal ? 10 : octal ? 8 : 16, value, rest)) {
        put_part(out, field, field.value);
        return;
    }
    const std::string_view digits = field.value.substr(0, field.value.size() - rest.size());
    const auto named = [&](std::string_view name, std::string_view what) {
        if (name.empty())
            put_unknown(out, what, digits);
        else
            out.put(name);
    };
    switch (kind) {
        case mode: put_mode(out, value); break;
        case octal_mode:
            out.put('0');
            out.put_octal(value & 07777U, 3);
            break;
        case permission: put_permission(out, value); break;
        case capability: named(name_of(capabilities_names(), value), "capability"); break;
        case signal: named(name_of(signals_names(), value), "signal"); break;
        case filter: named(name_of(filters_names(), value), "list"); break;
        case seccomp: named(name_of(seccomp_names(), value & 0xFFFF0000U), "seccomp-code"); break;
        case personality: put_personality(out, value, digits); break;
        case open_flags: put_open_flags(out, value); break;
        case map_flags: put_map_flags(out, value); break;
        case resolve: put_resolve(out, value, digits); break;
        case ioctl: {
            const std::string_view name = name_of(ioctls_names(), value & UINT32_MAX);
            if (name.empty()) {
                out.put("0x");
                out.put_hex(value & UINT32_MAX);
            } else {
                out.put(name);
            }
            break;
        }
        case uring: {
            const std::string_view name =
                value <= UINT32_MAX ? uring_name(static_cast<unsigned>(value)) : std::string_view();
            out.put(name.empty() ? digits : name);
            break;
        }
        case netfilter_family: named(name_of(netfilter_families_names(), value), "netfilter-protocol"); break;
        case netfilter_hook: named(name_of(netfilter_hooks_names(), value), "hook"); break;
        case icmp_type: named(name_of(icmp_types_names(), value), "icmp-type"); break;
        case protocol: {
            const std::string_view name = name_of(protocols_names(), value);
            out.put(name.empty() ? "undefined protocol" : name);
            break;
        }
        default: out.put(digits);
    }
    if (!rest.empty()) put_text(out, rest);
}

void ValueWriter::put_checked(Buffer& out, FieldKind kind, const RawField& field, const Call& call) {
    if (keeps_plain_text() || kind == key) {
        const std::size_t begin = out.size();
        put_value(out, kind, field, call);
        if (field.clean || escape_ == Escape::raw || is_plain(out.text_from(begin))) return;
        // Whatever way such a byte came: escaping what is escaped changes nothing
        const std::string written(out.text_from(begin));
        out.cut(begin);
        put_escaped(out, written, Escape::tty);
        return;
    }
    // For a shell all of a value is one word, the blanks of an address and the bars between flags included
    const Escape escape = std::exchange(escape_, Escape::raw);
    Buffer whole;
    put_value(whole, kind, field, call);
    escape_ = escape;
    put_text(out, whole.text());
}

void ValueWriter::put_value(Buffer& out, FieldKind kind, const RawField& field, const Call& call) {
    switch (kind) {
        case plain:
        case nested: put_part(out, field, field.value); return;
        case FieldKind::user: put_id(out, users_, field); return;
        case FieldKind::group: put_id(out, groups_, field); return;
        case text:
        case title:
        case key: put_decoded(out, kind, field); return;
        case syscall: put_syscall(out, field, call); return;
        case arch: {
            std::uint64_t value = 0;
            std::string_view rest;
            const bool read = read_number(field.value, 16, value, rest) && value <= UINT32_MAX;
            const std::string_view name = read ? arch_name(static_cast<std::uint32_t>(value)) : std::string_view();
            if (name.empty()) {
                out.put("unknown-elf-type(");
                put_part(out, field, field.value);
                out.put(')');
            } else {
                out.put(name);
                if (!rest.empty()) put_text(out, rest);
            }
            return;
        }
        case exit: put_exit(out, field.value); return;
        case register_: arguments_.put(out, call, static_cast<unsigned>(field.name.back() - '0'), field.value); return;
        case socket: put_socket(out, field.value, escape_); return;
        case session: put_session(out, field.value); return;
        case capabilities: put_capabilities(out, field.value); return;
        case result:
            if (field.value.starts_with('1') && (field.value.size() == 1 || field.value[1] == '\''))
                out.put("yes"), put_text(out, field.value.substr(1));
            else if (field.value.starts_with('0') && (field.value.size() == 1 || field.value[1] == '\''))
                out.put("no"), put_text(out, field.value.substr(1));
            else
                put_part(out, field, field.value);
            return;
        case yes_no: out.put(field.value.empty() || field.value == "0" ? "no" : "yes"); return;
        case fanotify: out.put(field.value == "1" ? "allow" : field.value == "2" ? "deny" : "unknown"); return;
        case input: put_input(out, field.value); return;
        default: put_by_number(out, kind, field); return;
    }
}

}  // namespace plimsoll::audit
