#include "audit/log/matcher.h"

#include <algorithm>
#include <charconv>

#include "audit/fields.h"
#include "audit/record_types.h"
#include "audit/tables.h"

namespace plimsoll::audit {

namespace {

/// A number as records write it; ids and sessions that are unset may be written -1.
std::optional<std::int64_t> number_in(std::string_view value) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
    return number;
}

bool is_hex(std::string_view value) {
    return value.size() >= 2 && value.size() % 2 == 0 &&
           std::ranges::all_of(value, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
}

/// Calls `use` with the text that the field stands for, without a copy where it is written plainly; its answer.
template <typename Use>
bool with_text(const RecordField& field, const Use& use) {
    if (field.quoted || !is_hex(field.value)) return use(field.value);
    return use(std::string_view(decode(field.value, false)));
}

/// What the event's system call or io_uring operation came to; where there is neither, what records say in res=.
std::optional<bool> outcome_of(const LogEvent& event) {
    std::optional<bool> result;
    for (const Record& record : event.records) {
        if (record.type == kSyscall || record.type == kUringop) {
            if (const auto field = find(record, "success")) return field->value == "yes";
        }
        if (result) continue;
        FieldCursor cursor(record.body);
        while (const auto field = cursor.next()) {
            if (field->name != "res" && field->name != "result" && field->name != "success") continue;
            if (field->value == "yes" || field->value == "1" || field->value == "success") result = true;
            if (field->value == "no" || field->value == "0" || field->value == "failed") result = false;
        }
    }
    return result;
}

}  // namespace

Result<Matcher> Matcher::make(const Query& query, const host::Accounts* names) {
    Matcher made(query);
    made.names_ = names;
    using Kind = Test::Kind;
    const auto bits = [](std::uint32_t id) { return static_cast<std::uint64_t>(id); };
    if (query.pid) made.add_number({"pid"}, static_cast<std::uint64_t>(*query.pid));
    if (query.ppid) made.add_number({"ppid"}, static_cast<std::uint64_t>(*query.ppid));
    if (query.session) made.add_number({"ses"}, bits(*query.session));
    if (query.exit) made.add_number({"exit"}, static_cast<std::uint64_t>(*query.exit), true);
    for (const Query::Id& user : query.users) {
        switch (user.of) {
            case IdOf::any: made.add_number({"uid", "euid", "auid"}, bits(user.id)); break;
            case IdOf::real: made.add_number({"uid"}, bits(user.id)); break;
            case IdOf::effective: made.add_number({"euid"}, bits(user.id)); break;
            case IdOf::login: made.add_number({"auid"}, bits(user.id)); break;
        }
    }
    for (const Query::Id& group : query.groups) {
        if (group.of == IdOf::any)
            made.add_number({"gid", "egid"}, bits(group.id));
        else
            made.add_number({group.of == IdOf::effective ? "egid" : "gid"}, bits(group.id));
    }
    made.add_text(query.comm, {"comm"}, Kind::text, true);
    made.add_text(query.executable, {"exe"}, Kind::text, true);
    made.add_text(query.file, {"name", "path", "cwd", "file", "saddr"}, Kind::path, true);
    made.add_text(query.host, {"hostname", "addr", "laddr", "host", "saddr"}, Kind::host, true);
    made.add_text(query.key, {"key"}, Kind::key, false);
    made.add_text(query.terminal, {"tty", "terminal"}, Kind::text, true);
    made.add_text(query.subject, {"subj", "scontext"}, Kind::text, false);
    made.add_text(query.object, {"obj", "tcontext"}, Kind::text, false);
    made.add_text(query.context, {"subj", "scontext", "obj", "tcontext"}, Kind::text, false);
    made.add_text(query.uuid, {"uuid"}, Kind::text, true);
    made.add_text(query.guest, {"vm"}, Kind::text, true);
    if (made.tests_.size() > 64) return Error{"too many conditions at once"};
    if (!query.condition.empty()) {
        TRY(made.condition_, rule::compile(query.condition));
    }
    return made;
}

void Matcher::add_number(std::vector<std::string_view> names, std::uint64_t number, bool exact) {
    tests_.push_back({.kind = exact ? Test::Kind::exact : Test::Kind::number,
                      .names = std::move(names),
                      .text = {},
                      .number = number,
                      .claims = false});
}

void Matcher::add_text(const std::optional<std::string>& text, std::vector<std::string_view> names, Test::Kind kind,
                       bool claims) {
    if (text) tests_.push_back({.kind = kind, .names = std::move(names), .text = *text, .number = 0, .claims = claims});
}

bool Matcher::equal(std::string_view value, std::string_view wanted) const {
    return query_.whole_words ? value == wanted : value.find(wanted) != std::string_view::npos;
}

bool Matcher::holds(const Test& test, const Record& record, const RecordField& field) const {
    switch (test.kind) {
        case Test::Kind::exact: {
            const auto number = number_in(field.value);
            return number && static_cast<std::uint64_t>(*number) == test.number;
        }
        case Test::Kind::number: {
            const auto number = number_in(field.value);
            return number && static_cast<std::uint32_t>(*number) == static_cast<std::uint32_t>(test.number);
        }
        case Test::Kind::key:
            if (!field.quoted && field.value == "(null)") return false;
            return with_text(field, [&](std::string_view text) {
                for (;;) {  // several keys of one rule are joined by 0x01
                    const auto mark = text.find('\x01');
                    if (equal(text.substr(0, mark), test.text)) return true;
                    if (mark == std::string_view::npos) return false;
                    text.remove_prefix(mark + 1);
                }
            });
        case Test::Kind::path:
        case Test::Kind::host:
            if (field.name == "saddr") {
                const SocketAddress address = socket_address(field.value);
                const bool inet = address.family == 2 || address.family == 10;
                return inet == (test.kind == Test::Kind::host) && !address.address.empty() &&
                       equal(address.address, test.text);
            }
            if (field.name == "name" && record.type != 1302 && record.type != 1400) return false;
            return with_text(field, [&](std::string_view text) { return equal(text, test.text); });
        case Test::Kind::text: break;
    }
    return with_text(field, [&](std::string_view text) { return equal(text, test.text); });
}

bool Matcher::may_match(const LogEvent& event) const {
    const std::int64_t at = event.id.milliseconds;
    if (query_.since_ms && at < *query_.since_ms) return false;
    if (query_.until_ms && at > *query_.until_ms) return false;
    if (query_.serial && event.id.serial != *query_.serial) return false;
    if (!query_.nodes.empty() && std::ranges::find(query_.nodes, event.id.node) == query_.nodes.end()) return false;
    if (!query_.types.empty() && std::ranges::none_of(event.records, [&](const Record& record) {
            return std::ranges::find(query_.types, record.type) != query_.types.end();
        }))
        return false;
    if (query_.success && outcome_of(event) != query_.success) return false;
    if (!query_.syscall && !query_.arch) return true;
    return std::ranges::any_of(event.records, [&](const Record& record) {
        const auto number = [&](std::string_view name, int base) -> std::optional<std::uint32_t> {
            const auto field = find(record, name);
            std::uint32_t value = 0;
            if (!field ||
                std::from_chars(field->value.data(), field->value.data() + field->value.size(), value, base).ec !=
                    std::errc{})
                return std::nullopt;
            return value;
        };
        if (record.type == kUringop) return query_.uring && number("uring_op", 10) == *query_.uring;
        if (record.type != kSyscall && record.type != kSeccomp) return false;
        return (!query_.syscall || number("syscall", 10) == *query_.syscall) &&
               (!query_.arch || number("arch", 16) == *query_.arch);
    });
}

bool Matcher::condition_holds(const LogEvent& event) {
    const EventFields fields(event, names_);
    const auto truth = condition_->evaluate(fields);
    if (truth == rule::Truth::unknown) ++undecided_;
    return truth == rule::Truth::yes;
}

bool Matcher::matches(const LogEvent& event) {
    if (!may_match(event)) return false;
    const std::size_t count = tests_.size();
    std::uint64_t open = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    for (const Record& record : event.records) {
        if (open == 0) break;
        FieldCursor cursor(record.body);
        while (const auto field = cursor.next()) {
            for (std::size_t i = 0; i < count; ++i) {
                const Test& test = tests_[i];
                if ((open >> i & 1U) == 0 || (field->claim && !test.claims)) continue;
                if (std::ranges::find(test.names, field->name) == test.names.end()) continue;
                if (holds(test, record, *field)) open &= ~(std::uint64_t{1} << i);
            }
            if (open == 0) break;
        }
    }
    return open == 0 && (!condition_ || condition_holds(event));
}

}  // namespace plimsoll::audit
