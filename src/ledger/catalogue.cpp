#include "ledger/catalogue.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cstdio>
#include <string_view>

#include "host/system_error.h"

namespace plimsoll::ledger {

namespace {

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS segments (first INTEGER PRIMARY KEY, rows INTEGER NOT NULL, min_time INTEGER NOT NULL,"
    " max_time INTEGER NOT NULL, bytes INTEGER NOT NULL, root BLOB NOT NULL, frontier BLOB NOT NULL,"
    " pruned INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID";

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

std::string blob(sqlite3_stmt* statement, int column) {
    const void* bytes = sqlite3_column_blob(statement, column);
    const int size = sqlite3_column_bytes(statement, column);
    return bytes == nullptr ? std::string()
                            : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::string path_of(const std::string& directory) { return directory + "/state.db"; }

}  // namespace

struct Catalogue::Database {
    sqlite3* handle = nullptr;

    ~Database() { sqlite3_close(handle); }

    [[nodiscard]] Error error(std::string_view doing) const {
        return {std::string(doing) + " state.db: " + sqlite3_errmsg(handle)};
    }
    Result<void> run(const char* text) {
        if (sqlite3_exec(handle, text, nullptr, nullptr, nullptr) != SQLITE_OK) return error("preparing");
        return {};
    }
    Result<Statement> prepare(std::string_view text) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(handle, text.data(), static_cast<int>(text.size()), &statement, nullptr) != SQLITE_OK) {
            return error("reading");
        }
        return Statement(statement);
    }
    static Result<std::unique_ptr<Database>> open(const std::string& path, int flags) {
        auto database = std::make_unique<Database>();
        if (sqlite3_open_v2(path.c_str(), &database->handle, flags, nullptr) != SQLITE_OK) {
            return database->error("opening");
        }
        sqlite3_busy_timeout(database->handle, 5000);
        return database;
    }
};

Catalogue::Catalogue(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Catalogue::~Catalogue() = default;

Result<std::unique_ptr<Catalogue>> Catalogue::open(const std::string& directory) {
    const std::string path = path_of(directory);
    for (bool again = false;; again = true) {
        TRY(auto database, Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
        ::chmod(path.c_str(), 0600);
        auto made = database->run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=32");
        if (made) made = database->run(kSchema);
        if (made) return std::unique_ptr<Catalogue>(new Catalogue(std::move(database)));
        const int code = sqlite3_errcode(database->handle);
        if (again || (code != SQLITE_NOTADB && code != SQLITE_CORRUPT)) return Error(made.error());
        database.reset();
        if (::rename(path.c_str(), (path + ".damaged").c_str()) != 0) return host::system_error("renaming", path);
        ::unlink((path + "-wal").c_str());
        ::unlink((path + "-shm").c_str());
    }
}

Result<std::unique_ptr<Catalogue>> Catalogue::open_read_only(const std::string& directory) {
    const std::string path = path_of(directory);
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0 && host::means_absent(errno)) return std::unique_ptr<Catalogue>();
    TRY(auto database, Database::open(path, SQLITE_OPEN_READONLY));
    return std::unique_ptr<Catalogue>(new Catalogue(std::move(database)));
}

Result<void> Catalogue::put(const SegmentRow& row) {
    TRY(const Statement statement, database_->prepare("INSERT OR REPLACE INTO segments VALUES (?,?,?,?,?,?,?,?)"));
    sqlite3_bind_int64(statement.get(), 1, static_cast<sqlite3_int64>(row.first));
    sqlite3_bind_int64(statement.get(), 2, row.rows);
    sqlite3_bind_int64(statement.get(), 3, row.min_time);
    sqlite3_bind_int64(statement.get(), 4, row.max_time);
    sqlite3_bind_int64(statement.get(), 5, static_cast<sqlite3_int64>(row.bytes));
    sqlite3_bind_blob(statement.get(), 6, row.root.data(), static_cast<int>(row.root.size()), SQLITE_STATIC);
    sqlite3_bind_blob(statement.get(), 7, row.frontier.data(), static_cast<int>(row.frontier.size()), SQLITE_STATIC);
    sqlite3_bind_int(statement.get(), 8, row.pruned ? 1 : 0);
    if (sqlite3_step(statement.get()) != SQLITE_DONE) return database_->error("writing");
    return {};
}

Result<void> Catalogue::mark_pruned(RecordNumber first, RecordNumber last) {
    TRY(const Statement statement,
        database_->prepare("UPDATE segments SET pruned = 1 WHERE first >= ? AND first + rows - 1 <= ?"));
    sqlite3_bind_int64(statement.get(), 1, static_cast<sqlite3_int64>(first));
    sqlite3_bind_int64(statement.get(), 2, static_cast<sqlite3_int64>(last));
    if (sqlite3_step(statement.get()) != SQLITE_DONE) return database_->error("writing");
    return {};
}

Result<std::vector<SegmentRow>> Catalogue::segments() {
    TRY(const Statement statement,
        database_->prepare("SELECT first, rows, min_time, max_time, bytes, root, frontier, pruned FROM segments"
                           " ORDER BY first"));
    std::vector<SegmentRow> rows;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
        rows.push_back({.first = static_cast<RecordNumber>(sqlite3_column_int64(statement.get(), 0)),
                        .rows = static_cast<std::uint32_t>(sqlite3_column_int64(statement.get(), 1)),
                        .min_time = sqlite3_column_int64(statement.get(), 2),
                        .max_time = sqlite3_column_int64(statement.get(), 3),
                        .bytes = static_cast<std::uint64_t>(sqlite3_column_int64(statement.get(), 4)),
                        .root = blob(statement.get(), 5),
                        .frontier = blob(statement.get(), 6),
                        .pruned = sqlite3_column_int(statement.get(), 7) != 0});
    }
    if (code != SQLITE_DONE) return database_->error("reading");
    return rows;
}

}  // namespace plimsoll::ledger
