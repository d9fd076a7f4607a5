#include "app/who.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "rule/scope.h"

namespace plimsoll::app {

namespace {

using enrich::AccessChain;
using enrich::Strength;
using ledger::StoredRecord;

constexpr Nanoseconds kBefore = 600 * kSecond;  ///< how long before an act its connect may lie
constexpr Nanoseconds kAfter = 2 * kSecond;
constexpr Nanoseconds kLoginBefore = 90 * kDay;  ///< how long a login session may have lasted
constexpr std::uint64_t kMostAudit = 200'000;    ///< audit records read for one act
constexpr std::string_view kActs =
    "(record.kind = session or (record.kind = event and docker.type = container and docker.action in (create, start, "
    "restart, stop, kill, pause, unpause, rename, update, destroy, remove, commit, export, copy, archive-path, "
    "extract-to-dir, attach, prune)))";

std::string act_of(const model::Event& event) {
    if (event.text("record.kind") == "session") return fmt::format("exec “{}”", event.text("exec.command"));
    const std::string_view action = event.text("docker.action");
    if (action == "exec_create" || action == "exec_start") {
        return fmt::format("{} “{}”", action, event.text("exec.command"));
    }
    if (!action.empty()) return std::string(action);
    const std::string_view type = event.text("evt.type");  // what a process did
    if (type.starts_with("execve")) return fmt::format("{} “{}”", type, event.text("proc.cmdline"));
    const std::string_view on = event.text("fd.name").empty() ? event.text("fs.path.name") : event.text("fd.name");
    return on.empty() ? std::string(type) : fmt::format("{} {}", type, on);
}

std::string container_of(const model::Event& event) {
    for (const std::string_view text : {event.text("container.name"), event.text("docker.name"),
                                        event.text("container.id"), event.text("docker.id")}) {
        if (!text.empty()) return std::string(text);
    }
    return {};
}

Strength strength_of(std::string_view text) {
    if (text == "proved") return Strength::proved;
    return text == "inferred" ? Strength::inferred : Strength::unknown;
}

/// The chain that the recorder wrote into the record, when it led to somebody.
std::optional<AccessChain> stored_chain(const model::Event& event) {
    if (event.text("who.name").empty()) return std::nullopt;
    AccessChain chain;
    chain.person = event.text("who.name");
    chain.uid = event.number("who.uid");
    chain.loginuid = event.has("who.loginuid") ? event.integer("who.loginuid") : -1;
    chain.session = event.has("who.session") ? event.integer("who.session") : -1;
    chain.pid = event.has("who.pid") ? event.integer("who.pid") : -1;
    chain.tty = event.text("who.tty");
    chain.address = event.text("who.address");
    chain.exe = event.text("who.exe");
    chain.command = event.text("who.command");
    chain.strength = strength_of(event.text("who.strength"));
    const model::Reading links = event.read(model::FieldKey("who.links").id(), {});
    for (const model::Value& value : links.values) {
        const std::string text = model::to_text(value);
        const std::size_t colon = text.find(": ");
        if (colon == std::string::npos) continue;
        chain.links.push_back({text.substr(colon + 2), strength_of(text.substr(0, colon))});
    }
    return chain;
}

Result<rule::ExpressionPtr> condition_of(const std::string& text) {
    auto resolved = rule::resolve(text, {});
    if (!resolved) return Error{fmt::format("reading the condition {}", text)};
    return *resolved;
}

class Asking {
public:
    Asking(ledger::Reader& reader, const WhoQuestion& question) : reader_(reader), question_(question) {}

    Result<WhoAnswer> answer() {
        TRY(const bool found, by_number());
        if (!found) {
            TRY(const bool session, by_session());
            if (!session) TRY_VOID(by_container());
        }
        std::ranges::stable_sort(answer_.acts, {}, &AttributedAct::time);
        return std::move(answer_);
    }

private:
    Result<bool> by_number() {
        std::uint64_t number = 0;
        const std::string& text = question_.subject;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size()) return false;
        TRY(auto record, reader_.record(number));
        if (!record) return false;
        if (record->event.text("record.kind") == "alert" && record->event.has("alert.record")) {
            TRY(auto cause, reader_.record(record->event.number("alert.record")));
            if (cause) record = std::move(cause);
        }
        TRY_VOID(attribute(*record));
        return true;
    }

    Result<bool> by_session() {
        if (question_.subject.size() < 12) return false;
        TRY(const auto found,
            scan(fmt::format("record.kind = session and exec.id startswith {}", rule::quoted_item(question_.subject)),
                 1));
        for (const StoredRecord& record : found) TRY_VOID(attribute(record));
        return !found.empty();
    }

    Result<void> by_container() {
        const std::string word = rule::quoted_item(question_.subject);
        std::string mine = fmt::format("container.name = {}", word);
        const bool hex = question_.subject.size() >= 3 &&
                         question_.subject.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (hex) mine += fmt::format(" or container.full_id startswith {}", word);
        TRY(auto found, scan(fmt::format("({}) and {}", mine, kActs), question_.limit + 1));
        if (found.size() > question_.limit) {
            answer_.more = true;
            found.pop_back();  // newest first: the oldest
        }
        for (const StoredRecord& record : found) TRY_VOID(attribute(record));
        return {};
    }

    /// Newest first.
    Result<std::vector<StoredRecord>> scan(const std::string& condition, std::size_t limit) {
        ledger::Query query;
        TRY(query.condition, condition_of(condition));
        query.since = question_.since;
        query.until = question_.until;
        query.newest_first = true;
        query.limit = limit;
        std::vector<StoredRecord> found;
        TRY(const auto report, reader_.scan(query, [&](const StoredRecord& record) {
            found.push_back({record.number, record.event.clone()});
            return true;
        }));
        note(report);
        return found;
    }

    Result<void> attribute(const StoredRecord& record) {
        AttributedAct act{.number = record.number,
                          .time = record.event.time(),
                          .act = act_of(record.event),
                          .container = container_of(record.event),
                          .chain = {}};
        if (auto stored = stored_chain(record.event)) {
            answer_.audited = true;
            act.chain = std::move(*stored);
        } else if (record.event.text("evt.source") == "audit" || record.event.text("evt.source") == "syscall") {
            TRY(act.chain, inside(record.event));
        } else {
            TRY(act.chain, asked(record.event));
        }
        answer_.acts.push_back(std::move(act));
        return {};
    }

    /// Reads the audit records around the act.
    Result<AccessChain> asked(const model::Event& event) {
        const auto started = static_cast<Nanoseconds>(event.number("exec.start_ts"));
        const Nanoseconds time = started != 0 ? started : event.time();
        enrich::EngineAccess access;
        bool any = false;
        TRY_VOID(observe(
            access,
            "evt.source = audit and (syscall.type in (connect, socketcall, execve, execveat) or audit.uring = connect)",
            time - kBefore, time + kAfter, kMostAudit, any));
        answer_.audited |= any;
        std::optional<AccessChain> chain = access.chain(event);
        if (chain && chain->session > 0) {
            TRY_VOID(observe(
                access,
                fmt::format(
                    "evt.source = audit and audit.type in (USER_LOGIN, USER_START, CRED_ACQ) and audit.session = {}",
                    chain->session),
                time - kLoginBefore, time + kAfter, 16, any));
            chain = access.chain(event);
        }
        if (chain) return std::move(*chain);
        AccessChain nobody;
        nobody.links.push_back({any ? "nobody asked for it: the engine did it by itself"
                                    : "no audit record of that time: whether anybody asked cannot be said",
                                any ? Strength::inferred : Strength::unknown});
        return nobody;
    }

    Result<void> observe(enrich::EngineAccess& access, const std::string& condition, Nanoseconds since,
                         Nanoseconds until, std::uint64_t limit, bool& any) {
        ledger::Query query;
        TRY(query.condition, condition_of(condition));
        query.since = since;
        query.until = until;
        query.limit = limit;
        query.newest_first = true;
        TRY(const auto report, reader_.scan(query, [&](const StoredRecord& record) {
            access.observe(record.event);
            any = true;
            return true;
        }));
        note(report);
        return {};
    }

    /// An act inside a container: the session that its process belongs to, else the container's start.
    Result<AccessChain> inside(const model::Event& event) {
        const std::string_view container = event.text("container.id");
        if (container.empty() && event.has("container.id")) {  // it is unknown: a user's number may be anybody's
            AccessChain chain;
            chain.links.push_back({"whether its process ran in a container is not known", Strength::unknown});
            return chain;
        }
        if (container.empty() || container == "host") return with_login(event);
        const std::int64_t pid = event.integer("proc.pid");
        const std::int64_t parent = event.integer("proc.ppid");
        ledger::Query query;
        TRY(query.condition,
            condition_of(fmt::format("container.id = {} and (record.kind = session or (record.kind = event and "
                                     "docker.type = container and docker.action = start))",
                                     rule::quoted_item(container))));
        query.since = event.time() - 30 * kDay;
        std::optional<StoredRecord> start;
        std::optional<StoredRecord> session;
        bool proved = false;
        std::size_t open = 0;
        TRY(const auto report, reader_.scan(query, [&](const StoredRecord& record) {
            if (record.event.text("record.kind") != "session") {
                if (record.event.time() <= event.time() + kAfter) start = {record.number, record.event.clone()};
                return record.event.time() <= event.time() + kAfter;
            }
            const auto began = static_cast<Nanoseconds>(record.event.number("exec.start_ts"));
            if (began > event.time() + kSecond || record.event.time() + kSecond < event.time()) return true;
            const std::int64_t of = record.event.integer("exec.pid");
            if (of > 0 && (of == pid || of == parent)) {
                proved = true;
                session = {record.number, record.event.clone()};
            } else if (!proved) {
                ++open;
                session = {record.number, record.event.clone()};
            }
            return true;
        }));
        note(report);
        // Podman has no daemon: what runs inside descends from the login. A daemon's containers may carry the login of
        // whoever restarted the daemon.
        const model::Event* const engine = start ? &start->event : session ? &session->event : nullptr;
        const bool podman = engine != nullptr && engine->text("container.type") == "podman";
        if (podman && event.has("user.loginuid") && event.integer("user.loginuid") >= 0) return on_host(event);
        const bool by_session = session && (proved || open == 1);
        if (!by_session && !start) {
            AccessChain nobody;
            nobody.links.push_back(
                {"neither a session nor a start of this container is in the ledger", Strength::unknown});
            return nobody;
        }
        const model::Event& origin = by_session ? session->event : start->event;
        AccessChain chain;
        if (auto stored = stored_chain(origin)) {
            chain = std::move(*stored);
        } else {
            TRY(chain, asked(origin));
        }
        const std::string process = fmt::format("process {} {}", pid, event.text("proc.exepath"));
        if (by_session && proved) {
            chain.links.push_back(
                {fmt::format("{} is that of session {}, or its child", process, origin.text("exec.id").substr(0, 12)),
                 Strength::proved});
        } else if (by_session) {
            chain.links.push_back({fmt::format("{}: session {} was the only one open in the container at that time",
                                               process, origin.text("exec.id").substr(0, 12)),
                                   Strength::inferred});
        } else {
            chain.links.push_back(
                {fmt::format("{}: no exec session was open, so it belongs to what the container was started for",
                             process),
                 Strength::inferred});
        }
        chain.strength = std::max(chain.strength, chain.links.back().strength);
        return chain;
    }

    /// io_uring's own thread writes no login into its record: it is that of the process's last record that has one.
    Result<AccessChain> with_login(const model::Event& event) {
        if (event.has("user.loginuid") || event.integer("proc.pid") <= 0) return on_host(event);
        ledger::Query query;
        TRY(query.condition, condition_of(fmt::format("evt.source = audit and proc.pid = {} and user.loginuid exists",
                                                      event.integer("proc.pid"))));
        query.since = event.time() - kLoginBefore;
        query.until = event.time() + 1;
        query.newest_first = true;
        query.limit = 1;
        std::optional<AccessChain> chain;
        TRY(const auto report, reader_.scan(query, [&](const StoredRecord& record) {
            chain = on_host(record.event);
            return false;
        }));
        note(report);
        const bool told = chain.has_value();
        if (!told) chain = on_host(event);
        chain->links.push_back(
            {told ? "io_uring's own thread did it, whose record has no login: it is that of an earlier record of its "
                    "process"
                  : "whose login that is cannot be said: io_uring's own thread did it, and its record has none",
             told ? Strength::inferred : Strength::unknown});
        chain->strength = chain->links.back().strength;
        return std::move(*chain);
    }

    /// An act of a process that carries the login itself: the one that the kernel's own record names.
    AccessChain on_host(const model::Event& event) {
        AccessChain chain;
        chain.uid = event.number("user.uid");
        chain.loginuid = event.has("user.loginuid") ? event.integer("user.loginuid") : -1;
        chain.session = event.has("audit.session") ? event.integer("audit.session") : -1;
        chain.pid = event.integer("proc.pid");
        chain.exe = event.text("proc.exepath");
        chain.tty = event.text("audit.tty");
        chain.command = event.text("audit.title");
        answer_.audited = true;
        const std::string user =
            event.text("user.name").empty() ? fmt::format("user {}", chain.uid) : std::string(event.text("user.name"));
        if (chain.loginuid >= 0) {
            chain.person = event.text("user.loginname").empty() ? fmt::format("user {}", chain.loginuid)
                                                                : std::string(event.text("user.loginname"));
            chain.links.push_back(
                {fmt::format("{} logged in (login uid {}, session {}): set at login, kept by the kernel", chain.person,
                             chain.loginuid, chain.session),
                 Strength::proved});
        } else {
            chain.person = user;
            if (event.has("user.loginuid"))
                chain.links.push_back({"no login: a service, or older than auditing", Strength::proved});
        }
        chain.links.push_back(
            {fmt::format("process {} {} as {}: the kernel's audit record", chain.pid, chain.exe, user),
             Strength::proved});
        chain.strength = Strength::proved;
        return chain;
    }

    void note(const ledger::ScanReport& report) {
        for (const std::string& fault : report.faults) {
            if (std::ranges::find(answer_.faults, fault) == answer_.faults.end()) answer_.faults.push_back(fault);
        }
    }

    ledger::Reader& reader_;
    const WhoQuestion& question_;
    WhoAnswer answer_;
};

}  // namespace

Result<WhoAnswer> who(ledger::Reader& reader, const WhoQuestion& question) { return Asking(reader, question).answer(); }

}  // namespace plimsoll::app
