// What keeping 5 million audit-like events costs: the ledger whole and by parts, and beside it SQLite with the indexes
// that the queries need, JSON lines with zstd, and the size of auditd's text. Processor time of the process, kernel
// included; the events are made beforehand.
//
//   ledger_bench [EVENTS [FOLDER [floor|ledger|sqlite|json|all]]]

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/crc32c.h"
#include "ledger/row.h"
#include "ledger/segment.h"
#include "ledger/tree.h"
#include "ledger/wal.h"
#include "ledger/writer.h"
#include "ledger_events.h"
#include "sqlite_events.h"

namespace {

using namespace plimsoll;

constexpr std::uint64_t kBatch =
    100;  // events that are prepared together: few enough to stay in the cache, as those of a source do

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double processor_time() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

struct Row {
    std::string what;
    double cpu = 0;
    double wall = 0;
    std::uint64_t bytes = 0;
};

void print(const Row& row, std::uint64_t events) {
    const auto count = static_cast<double>(events);
    fmt::print("{:46} {:8.3f} {:12.0f} {:10.2f} {:9.2f}\n", row.what, row.cpu / count * 1e6,
               row.cpu > 0 ? count / row.cpu : 0, static_cast<double>(row.bytes) / count, row.wall);
    std::fflush(stdout);
}

void require(bool holds, std::string_view what) {
    if (holds) return;
    fmt::print(stderr, "ledger_bench: {}\n", what);
    std::exit(1);
}

std::uint64_t folder_bytes(const std::string& path) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) bytes += entry.file_size();
    }
    return bytes;
}

/// Feeds all events to `take`, a prepared batch at a time; only `take` and `end` are measured.
Row measure(std::string what, std::uint64_t events, const std::function<void(const model::Event&)>& take,
            const std::function<std::uint64_t()>& end) {
    Row row{.what = std::move(what)};
    bench::EventGenerator generator;
    std::vector<model::Event> batch(kBatch);
    const auto timed = [&row](const auto& work) {
        const double cpu = processor_time();
        const auto wall = std::chrono::steady_clock::now();
        work();
        row.cpu += processor_time() - cpu;
        row.wall += std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
    };
    for (std::uint64_t done = 0; done < events; done += kBatch) {
        for (model::Event& event : batch) generator.next(event);
        timed([&] {
            for (const model::Event& event : batch) take(event);
        });
    }
    timed([&] { row.bytes = end(); });
    print(row, events);
    return row;
}

std::string joined_json(const model::Event& event) {
    std::string out = fmt::format("{{\"time\":{}", event.time());
    for (const auto& slot : event.slots()) {
        const auto& value = event.values(slot).front();
        out += ",\"";
        out += model::field(slot.field).name;
        out += "\":";
        const bool quoted = value.index() == 0 || value.index() >= 5;
        if (quoted) out += '"';
        if (const auto* text = std::get_if<std::string_view>(&value)) {
            out += *text;  // the generator makes nothing that needs escaping
        } else {
            out += model::to_text(value);
        }
        if (quoted) out += '"';
    }
    return out + "}\n";
}

/// The records that Linux audit writes for such an event: SYSCALL, EXECVE or PATH or SOCKADDR, CWD, PROCTITLE.
std::size_t audit_text(const model::Event& event, std::uint64_t serial) {
    const std::string stamp =
        fmt::format("msg=audit({}.{:03}:{}): ", event.time() / kSecond, event.time() / 1'000'000 % 1000, serial);
    const std::string_view exe = event.text("proc.exepath");
    const std::string_view args = event.text("proc.args");
    std::size_t size = 0;
    size +=
        fmt::format(
            "type=SYSCALL {}arch=c000003e syscall=257 success=yes exit={} a0=ffffff9c a1=7ffd1c2f5e30 a2=80000 a3=0 "
            "items=1 ppid={} pid={} auid=4294967295 uid={} gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 "
            "tty=(none) "
            "ses=4294967295 comm=\"{}\" exe=\"{}\" subj=docker-default key=\"containers\"\n",
            stamp, event.integer("evt.rawres"), event.integer("proc.ppid"), event.integer("proc.pid"),
            event.number("user.uid"), event.text("proc.name"), exe)
            .size();
    size += fmt::format("type=PROCTITLE {}proctitle=\n", stamp).size() + 2 * (exe.size() + args.size());
    if (!args.empty()) size += fmt::format("type=EXECVE {}argc=7 a0=\"{}\" {}\n", stamp, exe, args).size() + 30;
    if (event.has("fd.sip"))
        size += fmt::format("type=SOCKADDR {}saddr=020001BB0A0000010000000000000000\n", stamp).size();
    if (!args.empty() || event.has("fd.name")) {
        size += fmt::format("type=CWD {}cwd=\"/srv\"\n", stamp).size();
        size += fmt::format(
                    "type=PATH {}item=0 name=\"{}\" inode=1311145 dev=00:2f mode=0100755 ouid=0 ogid=0 rdev=00:00 "
                    "nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0\n",
                    stamp, event.has("fd.name") ? event.text("fd.name") : exe)
                    .size();
    }
    return size;
}

void floor(std::uint64_t events) {
    ledger::FieldNumbers fields;
    const auto number = [&](const model::Event& event) {
        for (const auto& slot : event.slots()) {
            if (fields.number(slot.field)) continue;
            const auto& field = model::field(slot.field);
            require(fields.add(fields.next(), field.name, model::type_name(field)).has_value(),
                    "a field has no number");
        }
    };
    std::string rows;
    const auto encode = [&](const model::Event& event) {
        number(event);
        rows.clear();
        require(ledger::encode_row(event, fields, rows).has_value(), "a row cannot be encoded");
    };
    std::uint64_t bytes = 0;
    std::uint64_t sum = 0;
    measure(
        "floor: row encoding", events, [&](const auto& event) { encode(event), bytes += rows.size(); },
        [&] { return bytes; });
    measure(
        "floor: row encoding + crc32c", events, [&](const auto& event) { encode(event), sum += ledger::crc32c(rows); },
        [] { return 0U; });
    ledger::Hash last{};
    measure(
        "floor: row encoding + leaf hash", events,
        [&](const auto& event) { encode(event), last = ledger::leaf_hash(std::string_view(rows)); }, [] { return 0U; });
    ledger::Tree tree;
    measure(
        "floor: tree alone (no leaf hashes)", events, [&](const auto&) { tree.add(last); }, [] { return 0U; });
    ledger::SegmentBuilder builder(0);
    std::uint64_t next = 0;
    std::uint64_t sealed = 0;
    const std::string root(32, '\0');
    measure(
        "floor: row encoding + columns", events,
        [&](const auto& event) {
            encode(event);
            require(builder.add(rows).has_value(), "a row does not fit");
            ++next;
            if (!builder.full()) return;
            sealed += builder.finish(fields, root, {}).size();
            builder.reset(next);
        },
        [&] { return sealed + builder.finish(fields, root, {}).size(); });
    if (sum == 1) fmt::print("\n");
}

Row run_ledger(const std::string& folder, std::uint64_t events) {
    const std::string path = folder + "/ledger";
    std::filesystem::remove_all(path);
    auto writer = ledger::Writer::open({.path = path, .host = "bench"});
    require(writer.has_value(), writer ? "" : writer.error().message);
    unsigned until_tick = 0;
    return measure(
        "ledger: log, fdatasync, columns, tree, seal", events,
        [&](const auto& event) {
            require((*writer)->append(event).has_value(), "a record was refused");
            if (++until_tick % 1024 == 0) (*writer)->tick();
        },
        [&] {
            require((*writer)->close().has_value(), "closing failed");
            return folder_bytes(path);
        });
}

Row run_sqlite(const std::string& folder, std::uint64_t events) {
    const std::string path = folder + "/events.sqlite";
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
    sqlite3* database = nullptr;
    const auto run = [&](const char* text) {
        require(sqlite3_exec(database, text, nullptr, nullptr, nullptr) == SQLITE_OK, text);
    };
    require(sqlite3_open(path.c_str(), &database) == SQLITE_OK, "SQLite does not open");
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536");
    std::optional<bench::SqliteEvents> table(database);
    run(bench::SqliteEvents::kIndexes);
    run("BEGIN");
    std::uint64_t count = 0;
    Row row = measure(
        "SQLite, 3 indexes, 10,000 a transaction", events,
        [&](const model::Event& event) {
            require(table->insert(event), "SQLite does not insert");
            if (++count % 10000 == 0) run("COMMIT; BEGIN");
        },
        [&] {
            run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
            return std::filesystem::file_size(path);
        });
    table.reset();
    sqlite3_close(database);
    return row;
}

void run_json(std::uint64_t events) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    std::string block;
    std::string packed;
    std::uint64_t raw = 0;
    std::uint64_t bytes = 0;
    const auto pack = [&] {
        packed.resize(ZSTD_compressBound(block.size()));
        raw += block.size();
        bytes += ZSTD_compressCCtx(context, packed.data(), packed.size(), block.data(), block.size(), 1);
        block.clear();
    };
    measure(
        "JSON lines, zstd-1 in blocks of 4 MiB, no disk", events,
        [&](const model::Event& event) {
            block += joined_json(event);
            if (block.size() >= std::size_t{4} << 20U) pack();
        },
        [&] {
            pack();
            return bytes;
        });
    ZSTD_freeCCtx(context);
    fmt::print("{:46} {:8} {:12} {:10.2f}\n", "  the same, not compressed", "", "",
               static_cast<double>(raw) / static_cast<double>(events));
    std::uint64_t audit = 0;
    bench::EventGenerator generator;
    model::Event event;
    for (std::uint64_t i = 0; i < events; ++i) {
        generator.next(event);
        audit += audit_text(event, i);
    }
    fmt::print("{:46} {:8} {:12} {:10.2f}\n", "auditd's text of these events", "", "",
               static_cast<double>(audit) / static_cast<double>(events));
}

}  // namespace

int main(int count, char** words) {
    const std::uint64_t wanted = count > 1 ? std::strtoull(words[1], nullptr, 10) : bench::kEvents;
    const std::uint64_t events = (wanted + kBatch - 1) / kBatch * kBatch;
    const std::string folder = count > 2 ? words[2] : std::filesystem::temp_directory_path() / "plimsoll-ledger-bench";
    const std::string_view part = count > 3 ? words[3] : "all";
    const auto asked = [&](std::string_view name) { return part == "all" || part == name; };
    std::filesystem::create_directories(folder);
    fmt::print("{} events\n{:46} {:>8} {:>12} {:>10} {:>9}\n", events, "", "us/event", "events/s", "B/event", "wall s");
    if (asked("floor")) floor(events);
    Row ours;
    Row theirs;
    if (asked("ledger")) ours = run_ledger(folder, events);
    if (asked("sqlite")) theirs = run_sqlite(folder, events);
    if (asked("json")) run_json(events);
    if (ours.cpu > 0 && theirs.cpu > 0) {
        fmt::print("the ledger takes 1/{:.1f} of SQLite's time and 1/{:.1f} of its space\n", theirs.cpu / ours.cpu,
                   static_cast<double>(theirs.bytes) / static_cast<double>(ours.bytes));
    }
}
