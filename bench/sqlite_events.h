#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/event.h"

namespace plimsoll::bench {

/// The benchmarks' events as a table of SQLite, made by an engineer who wants the same answers: one column for each
/// field, and the indexes that the questions need. Borrows the database.
class SqliteEvents {
public:
    static constexpr const char* kIndexes =
        "CREATE INDEX by_container ON events(container, time); CREATE INDEX by_exe ON events(exe); "
        "CREATE INDEX by_path ON events(path)";

    explicit SqliteEvents(sqlite3* database) {
        constexpr const char* kTable =
            "CREATE TABLE events (id INTEGER PRIMARY KEY, time INTEGER, kind TEXT, container TEXT, image TEXT, pid "
            "INTEGER, ppid INTEGER, uid INTEGER, comm TEXT, exe TEXT, args TEXT, path TEXT, addr TEXT, port INTEGER, "
            "res INTEGER)";
        check(sqlite3_exec(database, kTable, nullptr, nullptr, nullptr) == SQLITE_OK);
        check(sqlite3_prepare_v2(database, "INSERT INTO events VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1, &insert_,
                                 nullptr) == SQLITE_OK);
    }
    ~SqliteEvents() { sqlite3_finalize(insert_); }
    SqliteEvents(const SqliteEvents&) = delete;
    SqliteEvents& operator=(const SqliteEvents&) = delete;

    [[nodiscard]] bool insert(const model::Event& event) {
        sqlite3_bind_int64(insert_, 1, event.time());
        text(2, event.text("evt.type"));
        text(3, event.text("container.id"));
        text(4, event.text("container.image"));
        sqlite3_bind_int64(insert_, 5, event.integer("proc.pid"));
        sqlite3_bind_int64(insert_, 6, event.integer("proc.ppid"));
        sqlite3_bind_int64(insert_, 7, static_cast<sqlite3_int64>(event.number("user.uid")));
        text(8, event.text("proc.name"));
        text(9, event.text("proc.exepath"));
        text(10, event.text("proc.args"));
        text(11, event.text("fd.name"));
        const auto reading = event.read(model::FieldKey("fd.sip").id(), {});
        address_ = reading.values.empty() ? "" : model::to_text(reading.values.front());
        text(12, address_);
        sqlite3_bind_int64(insert_, 13, static_cast<sqlite3_int64>(event.number("fd.sport")));
        sqlite3_bind_int64(insert_, 14, event.integer("evt.rawres"));
        const bool done = sqlite3_step(insert_) == SQLITE_DONE;
        sqlite3_reset(insert_);
        return done;
    }

private:
    void text(int at, std::string_view value) {
        if (value.empty()) {
            sqlite3_bind_null(insert_, at);
        } else {
            sqlite3_bind_text(insert_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
        }
    }

    sqlite3_stmt* insert_ = nullptr;
    std::string address_;  ///< bound while it is inserted
};

}  // namespace plimsoll::bench
