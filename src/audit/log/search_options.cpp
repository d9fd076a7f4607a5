#include "audit/log/search_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "audit/tables.h"
#include "base/text.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

constexpr std::uint32_t kX86_64 = 0xc000003e;
constexpr std::uint32_t kI386 = 0x40000003;
constexpr std::uint32_t kAarch64 = 0xc00000b7;
constexpr std::uint32_t kUnset = std::numeric_limits<std::uint32_t>::max();

#if defined(__aarch64__)
constexpr std::uint32_t kHostArch = kAarch64;
#else
constexpr std::uint32_t kHostArch = kX86_64;
#endif

/// What is being read, and what names mean.
struct Draft {
    SearchRequest request;
    const SearchContext& context;
    std::string syscall;  ///< by name; its number depends on --arch, which may come later
};

using Apply = Result<void> (*)(Draft& draft, const std::string& value);

struct Row {
    WordOption option;
    Apply apply;
};

template <typename T>
Result<T> number_of(const std::string& value, std::string_view what) {
    if (const auto number = host::number<T>(value)) return *number;
    return Error{fmt::format("{} must be a number, not '{}'", what, value)};
}

bool is_number(const std::string& value) {
    const auto digits = value.find_first_not_of("0123456789", value.starts_with('-') ? 1 : 0);
    return digits == std::string::npos && value != "-" && !value.empty();
}

Result<std::uint32_t> id_of(const std::string& value, std::string_view what) {
    if (value == "unset") return kUnset;
    TRY(const auto number, number_of<std::int64_t>(value, what));
    if (number < -1 || number > kUnset) return Error{std::string(what) + " is out of range: " + value};
    return static_cast<std::uint32_t>(number);
}

Result<void> add_user(Draft& draft, const std::string& value, IdOf of) {
    std::uint32_t id = 0;
    if (is_number(value) || value == "unset") {
        TRY(id, id_of(value, "user id"));
    } else {
        const host::User* const user =
            draft.context.accounts == nullptr ? nullptr : draft.context.accounts->user(std::string_view(value));
        if (user == nullptr) return Error{"no user on this host is called '" + value + "'"};
        id = user->uid;
    }
    auto& users = draft.request.query.users;  // the same question once more replaces the first
    std::erase_if(users, [&](const Query::Id& known) { return known.of == of; });
    users.push_back({.of = of, .id = id});
    return {};
}

Result<void> add_group(Draft& draft, const std::string& value, IdOf of) {
    std::uint32_t id = 0;
    if (is_number(value) || value == "unset") {
        TRY(id, id_of(value, "group id"));
    } else {
        const host::Group* const group =
            draft.context.accounts == nullptr ? nullptr : draft.context.accounts->group(std::string_view(value));
        if (group == nullptr) return Error{"no group on this host is called '" + value + "'"};
        id = group->gid;
    }
    auto& groups = draft.request.query.groups;
    std::erase_if(groups, [&](const Query::Id& known) { return known.of == of; });
    groups.push_back({.of = of, .id = id});
    return {};
}

Result<void> set_exit(Draft& draft, const std::string& value) {
    if (is_number(value)) {
        TRY(draft.request.query.exit, number_of<std::int64_t>(value, "exit code"));
        return {};
    }
    const std::string_view name = std::string_view(value).substr(value.starts_with('-') ? 1 : 0);
    for (int number = 1; number < 4096; ++number) {
        if (errno_name(number) != name) continue;
        draft.request.query.exit = -number;
        return {};
    }
    return Error{"no error is called '" + value + "'"};
}

Result<void> add_types(Draft& draft, const std::string& value) {
    for (const std::string_view name : split(value, ',')) {
        if (name == "ALL" || name == "all") continue;
        auto type = host::number<std::uint32_t>(name);
        if (!type) {
            std::string upper(name);
            std::ranges::transform(upper, upper.begin(),
                                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
            type = type_number(upper);
        }
        if (!type) return Error{"no record type is called '" + std::string(name) + "'"};
        draft.request.query.types.push_back(*type);
    }
    return {};
}

Result<void> set_arch(Draft& draft, const std::string& value) {
    auto& arch = draft.request.query.arch;
    if (value == "b64")
        arch = kHostArch;
    else if (value == "b32")
        arch = kI386;
    else if (value == "x86_64")
        arch = kX86_64;
    else if (value == "i386" || value == "i486" || value == "i586" || value == "i686")
        arch = kI386;
    else if (value == "aarch64" || value == "arm64")
        arch = kAarch64;
    else if (const auto number = host::number<std::uint32_t>(value, 16))
        arch = *number;
    else
        return Error{"unknown architecture '" + value + "'"};
    return {};
}

Result<void> set_success(Draft& draft, const std::string& value) {
    if (value != "yes" && value != "no") return Error{"success is yes or no, not '" + value + "'"};
    draft.request.query.success = value == "yes";
    return {};
}

Result<void> set_format(Draft& draft, const std::string& value) {
    const auto kind = format_kind(value);
    if (!kind) {
        std::string names;
        for (const auto name : format_names()) names += (names.empty() ? "" : ", ") + std::string(name);
        return Error{"unknown format '" + value + "'; there are " + names};
    }
    draft.request.format = *kind;
    return {};
}

Result<void> set_escape(Draft& draft, const std::string& value) {
    const auto mode = escape_mode(value);
    if (!mode) return Error{"unknown way to escape '" + value + "'; there are raw, tty, shell, shell_quote"};
    draft.request.shown.escape = *mode;
    return {};
}

Result<void> set_start(Draft& draft, const std::string& value) {
    draft.request.since_checkpoint = value == "checkpoint";
    if (draft.request.since_checkpoint) return {};
    TRY(draft.request.query.since_ms, parse_search_time(value, false, draft.context.clock));
    return {};
}

Result<void> set_end(Draft& draft, const std::string& value) {
    TRY(draft.request.query.until_ms, parse_search_time(value, true, draft.context.clock));
    return {};
}

template <auto Member>
Result<void> set_text(Draft& draft, const std::string& value) {
    draft.request.query.*Member = value;
    return {};
}

template <auto Member, bool Value = true>
Result<void> set_flag(Draft& draft, const std::string&) {
    draft.request.*Member = Value;
    return {};
}

template <auto Member>
Result<void> set_shown(Draft& draft, const std::string&) {
    draft.request.shown.*Member = true;
    return {};
}

template <FormatKind Kind>
Result<void> set_kind(Draft& draft, const std::string&) {
    draft.request.format = Kind;
    return {};
}

template <IdOf Of>
Result<void> user(Draft& draft, const std::string& value) {
    return add_user(draft, value, Of);
}
template <IdOf Of>
Result<void> group(Draft& draft, const std::string& value) {
    return add_group(draft, value, Of);
}

Result<void> ignore(Draft&, const std::string&) { return {}; }

Result<void> set_serial(Draft& draft, const std::string& value) {
    TRY(draft.request.query.serial, number_of<std::uint64_t>(value, "serial number"));
    return {};
}

template <auto Member>
Result<void> set_pid(Draft& draft, const std::string& value) {
    TRY(draft.request.query.*Member, number_of<std::int64_t>(value, "process id"));
    return {};
}

constexpr auto
    kRows =
        std::to_array<Row>(
            {
                {{"--event", "-a", "SERIAL", "Events of that serial number"}, set_serial},
                {{"--arch", "", "ARCH", "Calls of that architecture: b64, b32, x86_64, i386, aarch64"}, set_arch},
                {{"--comm", "-c", "TEXT", "Name of the task"}, set_text<&Query::comm>},
                {{"--exit", "-e", "CODE", "Exit code of the call, a number or the name of an error"}, set_exit},
                {{"--file", "-f", "TEXT", "Path of a file or of a unix socket, or working directory"},
                 set_text<&Query::file>},
                {{"--gid-all", "-ga", "GROUP", "Real or effective group"}, group<IdOf::any>},
                {{"--gid-effective", "-ge", "GROUP", "Effective group"}, group<IdOf::effective>},
                {{"--gid", "-gi", "GROUP", "Real group"}, group<IdOf::real>},
                {{"--host", "-hn", "TEXT", "Host or address of a login or of a socket"}, set_text<&Query::host>},
                {{"--key", "-k", "TEXT", "Key of the rule"}, set_text<&Query::key>},
                {{"--message", "-m", "TYPES", "Record types, commas between; may be given again"}, add_types},
                {{"--node", "-n", "NAME", "Host that the log names in node=; may be given again"},
                 [](Draft& draft, const std::string& value) -> Result<void> {
                     draft.request.query.nodes.push_back(value);
                     return {};
                 }},
                {{"--object", "-o", "TEXT", "Security context of the object"}, set_text<&Query::object>},
                {{"--pid", "-p", "PID", "Process"}, set_pid<&Query::pid>},
                {{"--ppid", "-pp", "PID", "Parent process"}, set_pid<&Query::ppid>},
                {{"--syscall", "-sc", "CALL", "System call, by name or number; names are those of --arch"},
                 [](Draft& draft, const std::string& value) -> Result<void> {
                     draft.syscall = value;
                     return {};
                 }},
                {{"--context", "-se", "TEXT", "Security context of subject or object"}, set_text<&Query::context>},
                {{"--session", "", "ID", "Login session"},
                 [](Draft& draft, const std::string& value) -> Result<void> {
                     TRY(draft.request.query.session, id_of(value, "session"));
                     return {};
                 }},
                {{"--subject", "-su", "TEXT", "Security context of the subject"}, set_text<&Query::subject>},
                {{"--success", "-sv", "yes|no", "Whether it succeeded"}, set_success},
                {{"--start", "-ts", "TIME", "From that time on"}, set_start},
                {{"--end", "-te", "TIME", "Up to that time"}, set_end},
                {{"--terminal", "-tm", "TEXT", "Terminal"}, set_text<&Query::terminal>},
                {{"--uid-all", "-ua", "USER", "Real, effective or login user"}, user<IdOf::any>},
                {{"--uid-effective", "-ue", "USER", "Effective user"}, user<IdOf::effective>},
                {{"--uid", "-ui", "USER", "Real user"}, user<IdOf::real>},
                {{"--loginuid", "-ul", "USER", "Login user; -1 or unset for none"}, user<IdOf::login>},
                {{"--uuid", "-uu", "TEXT", "Virtual machine, by id"}, set_text<&Query::uuid>},
                {{"--vm-name", "-vm", "TEXT", "Virtual machine, by name"}, set_text<&Query::guest>},
                {{"--word", "-w", "", "Texts must match as a whole"},
                 [](Draft& draft, const std::string&) -> Result<void> {
                     draft.request.query.whole_words = true;
                     return {};
                 }},
                {{"--executable", "-x", "TEXT", "Path of the program"}, set_text<&Query::executable>},
                {{"--input", "-if", "PATH",
                  "File, directory of a rotated set, or - for standard input; may be given again"},
                 [](Draft& draft, const std::string& value) -> Result<void> {
                     draft.request.inputs.push_back(value);
                     return {};
                 }},
                {{"--input-logs", "", "", "The system's logs, even if standard input is a pipe"},
                 set_flag<&SearchRequest::system_logs>},
                {{"--interpret", "-i", "", "Names in place of numbers"}, set_kind<FormatKind::interpret>},
                {{"--raw", "-r", "", "Records as they stand in the log"}, set_kind<FormatKind::raw>},
                {{"--format", "", "FORMAT", "raw, default, interpret, csv, text, json, ocsf, ecs"}, set_format},
                {{"--json", "", "", "One JSON object for an event: --format json"}, set_kind<FormatKind::json>},
                {{"--records", "", "", "json, ocsf, ecs: the lines of the log too"},
                 set_shown<&FormatOptions::records>},
                {{"--escape", "", "WAY", "What becomes of dangerous bytes: raw, tty, shell, shell_quote"}, set_escape},
                {{"--extra-keys", "", "", "csv: the key too"}, set_shown<&FormatOptions::extra_keys>},
                {{"--extra-labels", "", "", "csv: security contexts too"}, set_shown<&FormatOptions::extra_labels>},
                {{"--extra-obj2", "", "", "csv: the second object too"}, set_shown<&FormatOptions::extra_obj2>},
                {{"--extra-time", "", "", "csv: parts of the time too"}, set_shown<&FormatOptions::extra_time>},
                {{"--just-one", "", "", "Stop behind the first event"}, set_flag<&SearchRequest::just_one>},
                {{"--checkpoint", "", "FILE", "Only events that came since FILE was last written here"},
                 [](Draft& draft, const std::string& value) -> Result<void> {
                     draft.request.checkpoint = value;
                     return {};
                 }},
                {{"--line-buffered", "-l", "", "Write each event at once"}, set_flag<&SearchRequest::line_buffered>},
                {{"--eoe-timeout", "", "SECONDS",
                  "Accepted; records of an event are found however far in time they stand"},
                 ignore},
                {{"--debug", "", "", "Accepted; damaged lines are always counted"}, ignore},
                {{"--iso-times", "", "", "Times as 2026-11-21T00:37:44.061Z"}, set_shown<&FormatOptions::iso_times>},
                {{"--utc", "", "", "Read and show times in UTC"}, ignore},
                {{"--threads", "", "N", "Threads to read with; 0: one for each processor"},
                 [](Draft& draft, const std::string& value) -> Result<void> {
                     TRY(draft.request.threads, number_of<unsigned>(value, "--threads"));
                     if (draft.request.threads > 64) return Error{"--threads: at most 64"};
                     return {};
                 }},
                {{"--all-records", "", "", "Read every record, also where searching for a text would do"},
                 set_flag<&SearchRequest::all_records>},
                {{"--whole-log", "", "", "Read the whole log, also where times would tell which part"},
                 set_flag<&SearchRequest::whole_log>},
                {{"--quiet", "-q", "", "No account of what was read"}, set_flag<&SearchRequest::quiet>},
                {{"--account", "", "FILE", "The account as JSON, into FILE; - is standard error"},
                 [](Draft& draft, const std::string& value) -> Result<void> {
                     if (value.empty()) return Error{"needs the name of a file, or -"};
                     draft.request.account = value;
                     return {};
                 }},
            });

constexpr auto kOptions = [] {
    std::array<WordOption, kRows.size()> options{};
    for (std::size_t i = 0; i < kRows.size(); ++i) options[i] = kRows[i].option;
    return options;
}();

const Row* row_of(std::string_view word) {
    for (const Row& row : kRows)
        if (word == row.option.name || (word == row.option.short_name && !word.empty())) return &row;
    return nullptr;
}

Result<void> resolve_syscall(Draft& draft) {
    if (draft.syscall.empty()) return {};
    Query& query = draft.request.query;
    query.syscall = host::number<unsigned>(draft.syscall);
    if (query.syscall) return {};
    const std::uint32_t arch = query.arch.value_or(kHostArch);
    query.syscall = syscall_number(arch, draft.syscall);
    if (!query.syscall) return Error{"no system call is called '" + draft.syscall + "'"};
    for (unsigned operation = 0; operation < 256 && !query.uring && !query.arch; ++operation)
        if (uring_name(operation) == draft.syscall) query.uring = operation;
    if (!query.arch) query.arch = arch;  // the number means another call elsewhere
    return {};
}

}  // namespace

std::span<const WordOption> search_options() { return kOptions; }

Result<SearchRequest> parse_search(std::span<const std::string> words, const SearchContext& context) {
    SearchContext seen = context;  // times are read in UTC wherever --utc stands
    if (std::ranges::find(words, "--utc") != words.end()) seen.clock.zone = Zone::utc;
    Draft draft{.request = {}, .context = seen, .syscall = {}};
    draft.request.shown.accounts = seen.accounts;
    draft.request.shown.zone = seen.clock.zone;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string word = words[i];
        std::optional<std::string> joined;
        if (const auto equals = word.find('='); word.starts_with("--") && equals != std::string::npos) {
            joined = word.substr(equals + 1);
            word.resize(equals);
        }
        const Row* const row = row_of(word);
        if (row == nullptr) {
            if (word.starts_with('-')) return Error{"unknown option " + word};
            if (!draft.request.query.condition.empty())
                return Error{"one condition is enough; put it in quotes: " + words[i]};
            draft.request.query.condition = words[i];
            continue;
        }
        std::string value;
        if (!row->option.value.empty()) {
            if (!joined && i + 1 == words.size()) return Error{word + " needs a value"};
            if (joined)
                value = *joined;
            else
                value = words[++i];
            const bool time = row->apply == &set_start || row->apply == &set_end;
            if (time && !joined && time_words(words.subspan(i)) == 2) value += " " + words[++i];
        } else if (joined) {
            return Error{word + " takes no value"};
        }
        if (const auto applied = row->apply(draft, value); !applied) return Error(applied.error()).during(word);
    }
    if (const auto resolved = resolve_syscall(draft); !resolved) return Error(resolved.error()).during("--syscall");
    return std::move(draft.request);
}

}  // namespace plimsoll::audit
