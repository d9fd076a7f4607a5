// How long questions take on 5 million audit-like records: our ledger's reader, and SQLite with the indexes that these
// questions need, on the same records in the same run. Warm: best of several.
//
//   query_bench [RECORDS [FOLDER [PART OF A NAME]]]

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>

#include "ledger/reader.h"
#include "ledger/writer.h"
#include "ledger_events.h"
#include "rule/scope.h"
#include "sqlite_events.h"

namespace {

using namespace plimsoll;
using Steady = std::chrono::steady_clock;

constexpr int kRuns = 7;

void require(bool holds, std::string_view what) {
    if (holds) return;
    fmt::print(stderr, "query_bench: {}\n", what);
    std::exit(1);
}

double cpu_ms() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

struct Best {
    double wall_ms = 1e18;
    double cpu_ms = 1e18;
    std::uint64_t rows = 0;
};

Best best_of(int runs, const std::function<std::uint64_t()>& run) {
    Best best;
    for (int i = 0; i < runs; ++i) {
        const auto begin = Steady::now();
        const double cpu = cpu_ms();
        best.rows = run();
        best.cpu_ms = std::min(best.cpu_ms, cpu_ms() - cpu);
        best.wall_ms = std::min(best.wall_ms, std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
    }
    return best;
}

void fill(const std::string& path, std::uint64_t records) {
    std::filesystem::remove_all(path);
    auto writer = ledger::Writer::open({.path = path, .host = "bench", .reserve_bytes = 0});
    require(writer.has_value(), "the ledger cannot be made");
    bench::EventGenerator generator;
    model::Event event;
    for (std::uint64_t i = 0; i < records; ++i) {
        generator.next(event);
        require((*writer)->append(event).has_value(), "a record was refused");
        if (i % 1024 == 0) (*writer)->tick();
    }
    require((*writer)->close().has_value(), "closing failed");
}

class Sqlite {
public:
    Sqlite(const std::string& path, std::uint64_t records) {
        const bool made = std::filesystem::exists(path);
        require(sqlite3_open(path.c_str(), &database_) == SQLITE_OK, "SQLite does not open");
        run("PRAGMA cache_size=-2000000; PRAGMA mmap_size=4000000000");
        if (!made) load(records);
    }
    ~Sqlite() { sqlite3_close(database_); }
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;

    /// Reads every column of every row of the answer; gives the number of rows.
    std::uint64_t rows(const std::string& query) {
        sqlite3_stmt* statement = nullptr;
        require(sqlite3_prepare_v2(database_, query.c_str(), -1, &statement, nullptr) == SQLITE_OK, query);
        std::uint64_t count = 0;
        std::size_t bytes = 0;
        while (sqlite3_step(statement) == SQLITE_ROW) {
            ++count;
            for (int i = 0; i < sqlite3_column_count(statement); ++i)
                bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
        }
        sqlite3_finalize(statement);
        return bytes == 0 ? 0 : count;
    }

private:
    void run(const char* text) { require(sqlite3_exec(database_, text, nullptr, nullptr, nullptr) == SQLITE_OK, text); }

    void load(std::uint64_t records) {
        run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
        {
            bench::SqliteEvents events(database_);
            run("BEGIN");
            bench::EventGenerator generator;
            model::Event event;
            for (std::uint64_t i = 0; i < records; ++i) {
                generator.next(event);
                require(events.insert(event), "SQLite does not insert");
            }
        }
        run("COMMIT");
        run(bench::SqliteEvents::kIndexes);
    }

    sqlite3* database_ = nullptr;
};

class Bench {
public:
    Bench(ledger::Reader& reader, Sqlite& sqlite, std::string_view wanted)
        : reader_(reader), sqlite_(sqlite), wanted_(wanted) {
        fmt::print("{:34} {:>8}  {:>10} {:>10} {:>10}  {:>10} {:>7}\n", "best of 7, warm, ms", "rows", "2 threads",
                   "1 thread", "1 thr. CPU", "SQLite", "ratio");
    }

    void find(std::string_view name, std::string_view condition, ledger::Query query, const std::string& sql,
              bool located_only = false) {
        query.condition = rule::resolve(condition, {}).value();
        // Located: the record's number and time, no other field.
        if (located_only) query.fields = {model::FieldKey("record.number").id()};
        const auto run = [&] {
            std::uint64_t fields = 0;
            const auto report = reader_.scan(query, [&](const ledger::StoredRecord& record) {
                fields += record.event.slots().size();
                return true;
            });
            require(report && report->faults.empty() && (report->matched == 0 || fields > 0), "a scan failed");
            return report->matched;
        };
        print(name, query, run, sql);
    }

    void count(std::string_view name, const std::string& sql) {
        ledger::Query query;
        const auto run = [&] {
            const auto counts = reader_.count(query, {model::FieldKey("evt.type").id()}, 3600 * kSecond);
            require(counts.has_value(), "counting failed");
            return static_cast<std::uint64_t>(counts->size());
        };
        print(name, query, run, sql);
    }

private:
    void print(std::string_view name, ledger::Query& query, const std::function<std::uint64_t()>& run,
               const std::string& sql) {
        if (!name.contains(wanted_)) return;
        query.threads = 2;
        const Best two = best_of(kRuns, run);
        query.threads = 1;
        const Best one = best_of(kRuns, run);
        const Best other = best_of(3, [&] { return sqlite_.rows(sql); });
        fmt::print("{:34} {:>8}  {:>10.2f} {:>10.2f} {:>10.2f}  {:>10.2f} {:>7.1f}\n", name, two.rows, two.wall_ms,
                   one.wall_ms, one.cpu_ms, other.wall_ms, other.wall_ms / two.wall_ms);
        std::fflush(stdout);
    }

    ledger::Reader& reader_;
    Sqlite& sqlite_;
    std::string_view wanted_;  ///< questions with this in their name are asked
};

/// A container with about 500 records in that time, and part of an argument that hardly any other record has.
std::pair<std::string, std::string> choose(ledger::Reader& reader, Nanoseconds from, Nanoseconds until) {
    ledger::Query query;
    query.since = from;
    query.until = until;
    const auto counts = reader.count(query, {model::FieldKey("container.id").id()}, 0);
    require(counts && !counts->empty(), "there is no container in the middle");
    const auto best = std::ranges::min_element(*counts, {}, [](const ledger::Count& count) {
        return count.count > 500 ? count.count - 500 : 500 - count.count;
    });
    std::string argument;
    query.condition = rule::resolve("proc.args exists and not proc.args contains \"--config\"", {}).value();
    query.limit = 1;
    const auto report = reader.scan(query, [&](const ledger::StoredRecord& record) {
        argument = record.event.text("proc.args");
        return true;
    });
    require(report && argument.size() > 8, "there are no arguments");
    return {best->group.front(), argument.substr(argument.size() / 3)};
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t records = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : bench::kEvents;
    const std::string folder = argc > 2 ? argv[2] : (std::filesystem::temp_directory_path() / "plimsoll-query-bench");
    std::filesystem::create_directories(folder);
    if (!std::filesystem::exists(folder + "/ledger/checkpoint")) fill(folder + "/ledger", records);
    Sqlite sqlite(folder + "/events.sqlite", records);
    auto reader = ledger::Reader::open(folder + "/ledger");
    require(reader.has_value(), "the ledger cannot be read");
    Bench bench(**reader, sqlite, argc > 3 ? argv[3] : "");

    const std::string all = "SELECT * FROM events WHERE ";
    const auto middle = (*reader)->record((*reader)->size() / 2);
    require(middle && *middle, "the record in the middle cannot be read");
    const Nanoseconds from = (*middle)->event.time();
    const Nanoseconds until = from + 600 * kSecond;
    const auto [container, arguments] = choose(**reader, from, until);
    bench.find("container + 10 minutes", "container.id = " + container, {.since = from, .until = until},
               all + fmt::format("container='{}' AND time>={} AND time<{}", container, from, until));
    for (const auto& [name, field, column, value] : {
             std::tuple{"executable", "proc.exepath", "exe", bench::kRareExe},
             std::tuple{"path", "fd.name", "path", bench::kRarePath},
             std::tuple{"container", "container.id", "container", bench::kRareContainer},
         }) {
        const auto condition = fmt::format("{} = {}", field, value);
        const auto where = fmt::format("{}='{}'", column, value);
        bench.find(fmt::format("rare {}: located", name), condition, {}, "SELECT id, time FROM events WHERE " + where,
                   true);
        bench.find(fmt::format("rare {}: all fields", name), condition, {}, all + where);
    }
    bench.count("counts by kind per hour", "SELECT kind, time/3600000000000, count(*) FROM events GROUP BY 1, 2");
    bench.find("substring in arguments", fmt::format("proc.args contains \"{}\"", arguments), {},
               all + fmt::format("args LIKE '%{}%'", arguments));
    bench.find("frequent substring, all fields", "proc.args contains \"--mode 7 --workers 16\"", {},
               all + "args LIKE '%--mode 7 --workers 16%'");
    bench.find("substring in arguments, nowhere", "proc.args contains no-such-thing", {},
               all + "args LIKE '%no-such-thing%'");
    bench.find("first match", fmt::format("proc.exepath = {}", bench::kRareExe), {.limit = 1},
               all + fmt::format("exe='{}' LIMIT 1", bench::kRareExe));
    return 0;
}
