#include "audit/summary/facts.h"

#include <algorithm>
#include <charconv>

#include "audit/record_types.h"
#include "audit/tables.h"
#include "audit/tables_decode.h"
#include "audit/text/interpret.h"

namespace plimsoll::audit {

namespace {

template <typename T>
void set_number(std::optional<T>& to, std::string_view text, int base = 10) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (!to && error == std::errc()) to = value;
}

void set_text(std::string& to, const RecordField& field) {
    if (!to.empty() || field.value.empty()) return;
    if (field.quoted || !append_hex_decoded(to, field.value)) to = field.value;
}

void set_plain(std::string& to, const RecordField& field) {
    if (to.empty()) to = field.value;
}

void add_keys(Facts& facts, const RecordField& field) {
    if (field.value == "(null)" && !field.quoted) return;
    const std::string text = decode(field.value, field.quoted);
    std::string_view rest = text;
    for (;;) {
        const std::size_t at = rest.find('\1');
        const std::string_view key = rest.substr(0, at);
        if (!key.empty() && std::ranges::find(facts.keys, key) == facts.keys.end()) facts.keys.emplace_back(key);
        if (at == std::string_view::npos) return;
        rest.remove_prefix(at + 1);
    }
}

Outcome outcome_of(std::string_view word) {
    if (word.starts_with('1') || word == "yes" || word.starts_with("success")) return Outcome::success;
    if (word.starts_with('0') || word == "no" || word.starts_with("fail")) return Outcome::failed;
    return Outcome::unset;
}

void read_socket(const Record& record, Facts& facts) {
    const auto field = find(record, "saddr");
    if (!field) return;
    SocketAddress address = socket_address(field->value);
    constexpr unsigned kUnix = 1;
    if (address.address.empty()) return;
    if (address.family == kUnix)
        facts.files.push_back(std::move(address.address));
    else if (facts.host.empty())
        facts.host = std::move(address.address);
}

/// avc:  denied  { read write } for …
void read_decision(const Record& record, Facts& facts) {
    const std::size_t open = record.body.find("{ ");
    const std::size_t close = record.body.find(" }");
    if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return;
    facts.permission = record.body.substr(open + 2, close - open - 2);
    const bool denied = record.body.find("denied") < open;
    facts.decision = denied ? "denied" : "granted";
    if (facts.outcome == Outcome::unset) facts.outcome = denied ? Outcome::failed : Outcome::success;
}

std::optional<std::string> find_cwd(const LogEvent& event) {
    const Record* record = event.first(kCwd);
    const auto cwd = record != nullptr ? find(*record, "cwd") : std::nullopt;
    return cwd ? std::optional(decode(cwd->value, cwd->quoted)) : std::nullopt;
}

void read_field(const RecordField& field, const Record& record, Facts& facts) {
    const std::string_view name = field.name;
    if (name == "auid") {
        if (field.claim) return;
        if (!facts.loginuid && !record.enriched.empty())
            facts.loginuid_name = EnrichedCursor(record.enriched).value("auid");
        set_number(facts.loginuid, field.value);
    } else if (name == "pid") {
        if (!field.claim) set_number(facts.pid, field.value);
    } else if (name == "ses") {
        if (!field.claim) set_plain(facts.session, field);
    } else if (name == "comm") {
        set_text(facts.comm, field);
    } else if (name == "exe") {
        set_text(facts.executable, field);
    } else if (name == "tty" || name == "terminal") {
        set_plain(facts.terminal, field);
    } else if (name == "hostname") {
        // Programs that know no name write ?, and the address behind it
        if (facts.host.empty() || facts.host == "?") facts.host = field.value;
    } else if (name == "addr") {
        if (field.claim && (facts.host.empty() || facts.host == "?")) facts.host = field.value;
    } else if (name == "acct") {
        set_text(facts.account, field);
    } else if (name == "key") {
        if (!field.claim) add_keys(facts, field);
    } else if (name == "res" || name == "result") {
        if (facts.outcome == Outcome::unset) facts.outcome = outcome_of(field.value);
    } else if (name == "data") {
        if (facts.input.empty()) facts.input = field.value, facts.input_quoted = field.quoted;
    } else if (name == "scontext" || name == "subj") {
        set_plain(facts.subject, field);
    } else if (name == "tcontext" || name == "obj") {
        set_plain(facts.object, field);
    } else if (name == "tclass") {
        set_plain(facts.object_class, field);
    } else if (name == "syscall") {
        if (!field.claim) set_number(facts.syscall, field.value);
    } else if (name == "arch") {
        std::optional<std::uint32_t> arch;
        if (!field.claim) set_number(arch, field.value, 16);
        if (arch) facts.arch = *arch;
    } else if (name == "name" && (record.type == kAvc || (record.type >= 1800 && record.type <= 1899))) {
        facts.files.push_back(decode(field.value, field.quoted));
    }
}

}  // namespace

bool Facts::has(std::uint32_t wanted) const { return std::ranges::find(types, wanted) != types.end(); }

bool Facts::has_between(std::uint32_t first, std::uint32_t last) const {
    return std::ranges::any_of(types, [&](std::uint32_t one) { return one >= first && one <= last; });
}

void read_facts(const LogEvent& event, Facts& facts) {
    facts.id = event.id;
    facts.types.clear();
    facts.outcome = Outcome::unset;
    facts.loginuid.reset();
    facts.pid.reset();
    facts.syscall.reset();
    facts.arch = 0;
    for (std::string* text : {&facts.session, &facts.comm, &facts.executable, &facts.terminal, &facts.host,
                              &facts.account, &facts.loginuid_name, &facts.subject, &facts.object, &facts.object_class,
                              &facts.permission, &facts.decision, &facts.input})
        text->clear();
    facts.keys.clear();
    facts.files.clear();
    for (const Record& record : event.records) facts.types.push_back(record.type);
    facts.type = facts.types.empty() ? 0 : facts.types.front();

    // The operation of io_uring says how it went; the call around it only that it was handed in
    for (const std::uint32_t type : {kUringop, kSyscall}) {
        const Record* record = event.first(type);
        const auto success = record != nullptr ? find(*record, "success") : std::nullopt;
        if (success && facts.outcome == Outcome::unset) facts.outcome = outcome_of(success->value);
    }
    for (const Record& record : event.records) {
        switch (record.type) {
            case kCwd:
            case kExecve:
            case kBprmFcaps:
            case kProctitle: continue;
            case kPath:
                if (const auto name = find(record, "name")) facts.files.push_back(decode(name->value, name->quoted));
                // As aureport does, and for this form alone
                if (!facts.files.empty() && facts.files.back().starts_with("../"))
                    if (const auto cwd = find_cwd(event)) facts.files.back() = *cwd + "/" + facts.files.back();
                continue;
            case kSockaddr: read_socket(record, facts); continue;
            case kAvc:
            case kUserAvc: read_decision(record, facts); break;
            default: break;
        }
        FieldCursor cursor(record.body);
        while (const auto field = cursor.next()) read_field(*field, record, facts);
    }
}

}  // namespace plimsoll::audit
