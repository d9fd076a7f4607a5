// A reader beside a writer in another process, which writes, seals and prunes all the while.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "host/temporary_tree.h"
#include "ledger/reader.h"
#include "ledger/segment.h"
#include "rule/scope.h"

namespace plimsoll::ledger {
namespace {

/// What the two processes share.
struct Shared {
    std::atomic<std::int64_t> acknowledged = 0;  ///< every event up to this one is durable
    std::atomic<bool> stop = false;
};

class SharedMemory {
public:
    SharedMemory()
        : place_(::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
          shared_(new (place_) Shared) {}
    ~SharedMemory() { ::munmap(place_, sizeof(Shared)); }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    Shared* operator->() const { return shared_; }

private:
    void* place_;
    Shared* shared_;
};

constexpr Nanoseconds kBegin = 1'795'000'000 * kSecond;

/// Appends events 1, 2, 3, … until told to stop, and says which are durable.
void write_events(const std::string& path, std::optional<std::uint64_t> keep_bytes, const SharedMemory& shared) {
    auto writer =
        Writer::open({.path = path, .host = "test", .segment_rows = 400, .keep_bytes = keep_bytes, .reserve_bytes = 0});
    if (!writer) ::_exit(2);
    model::Event event;
    for (std::int64_t n = 1; !shared->stop; ++n) {
        event.clear(kBegin + n * 1'000'000);
        event.set("container.name", n % 3 == 0 ? "web" : "db");
        event.set("proc.args", "argument " + std::to_string(n));
        event.set_number("proc.pid", n);
        if (!(*writer)->append(event)) ::_exit(3);
        if (n % 7 == 0) {
            if (!(*writer)->commit()) ::_exit(4);
            shared->acknowledged = n;
        }
        if (n % 64 == 0) (*writer)->tick();
        if (n % 2048 == 0) ::usleep(1000);
    }
    ::_exit((*writer)->close() ? 0 : 5);
}

/// The writing process, for as long as this lives.
class WriterProcess {
public:
    WriterProcess(const std::string& path, std::optional<std::uint64_t> keep_bytes) : pid_(::fork()) {
        if (pid_ == 0) write_events(path, keep_bytes, shared_);
        while (shared_->acknowledged < 100) ::usleep(1000);
    }
    ~WriterProcess() { finish(); }
    WriterProcess(const WriterProcess&) = delete;
    WriterProcess& operator=(const WriterProcess&) = delete;

    [[nodiscard]] std::int64_t acknowledged() const { return shared_->acknowledged; }
    int finish() {
        if (pid_ <= 0) return status_;
        shared_->stop = true;
        ::waitpid(pid_, &status_, 0);
        pid_ = 0;
        return status_;
    }

private:
    SharedMemory shared_;
    pid_t pid_;
    int status_ = 0;
};

rule::ExpressionPtr condition(std::string_view text) { return rule::resolve(text, {}).value(); }

TEST(ReaderLive, EveryAcknowledgedRecordIsSeenOnceWhileTheWriterSeals) {
    const host::TemporaryTree tree;
    WriterProcess writer(tree.at("/ledger"), std::nullopt);
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader) << reader.error().message;
    std::uint64_t segments = 0;
    for (int n = 0; n < 40 || (segments < 4 && n < 5000); ++n) {
        const std::int64_t acknowledged = writer.acknowledged();
        std::int64_t expected = 1;
        Query query;
        query.condition = condition("proc.pid > 0");
        query.threads = static_cast<unsigned>(1 + n % 3);
        const auto report = (*reader)->scan(query, [&](const StoredRecord& record) {
            EXPECT_EQ(record.event.integer("proc.pid"), expected);
            EXPECT_EQ(record.event.text("proc.args"), "argument " + std::to_string(expected));
            ++expected;
            return !testing::Test::HasFailure();
        });
        ASSERT_TRUE(report) << report.error().message;
        ASSERT_TRUE(report->faults.empty()) << report->faults.front();
        ASSERT_GT(expected, acknowledged);
        segments = report->segments;
    }
    EXPECT_EQ(writer.finish(), 0);
    EXPECT_GT(segments, 3U);
}

TEST(ReaderLive, ATailSeesEveryRecordOnceOverSeals) {
    const host::TemporaryTree tree;
    WriterProcess writer(tree.at("/ledger"), std::nullopt);
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader);
    Query query;
    query.condition = condition("proc.pid exists");
    std::int64_t expected = 1;
    RecordNumber next = 0;
    const auto look = [&] {
        query.first = next;
        const auto report = (*reader)->scan(query, [&](const StoredRecord& record) {
            EXPECT_EQ(record.event.integer("proc.pid"), expected++);
            return !testing::Test::HasFailure();
        });
        ASSERT_TRUE(report);
        ASSERT_TRUE(report->faults.empty()) << report->faults.front();
        next = report->next;
    };
    while (expected < 8000 && !HasFailure()) look();
    const std::int64_t acknowledged = writer.acknowledged();
    EXPECT_EQ(writer.finish(), 0);
    look();
    EXPECT_GT(expected, acknowledged);
}

TEST(ReaderLive, WhatRetentionRemovesIsNotReportedAsMissing) {
    const host::TemporaryTree tree;
    WriterProcess writer(tree.at("/ledger"), 20'000);
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader);
    RecordNumber first_kept = 0;
    for (int n = 0; n < 40 || (first_kept < 800 && n < 20000); ++n) {
        const std::int64_t acknowledged = writer.acknowledged();
        std::int64_t before = 0;
        std::optional<RecordNumber> number;
        Query query;
        query.condition = condition("proc.pid > 0");
        query.threads = static_cast<unsigned>(1 + n % 2);
        const auto report = (*reader)->scan(query, [&](const StoredRecord& record) {
            const auto pid = record.event.integer("proc.pid");
            EXPECT_GT(pid, before);  // a part may be pruned under the scan; nothing comes twice or out of order
            EXPECT_TRUE(!number || record.number > *number);
            before = pid;
            number = record.number;
            return true;
        });
        ASSERT_TRUE(report) << report.error().message;
        ASSERT_TRUE(report->faults.empty()) << report->faults.front();
        first_kept = (*reader)->first_kept();
        if (before >= acknowledged) continue;
        // On a machine that is busy the rest may have been pruned under the scan.
        ASSERT_GT(first_kept, number.value_or(0) + static_cast<RecordNumber>(acknowledged - before));
    }
    EXPECT_EQ(writer.finish(), 0);
    EXPECT_GT(first_kept, 0U);
}

/// A ledger of some segments and a log, closed.
void write_ledger(const std::string& path) {
    auto writer = Writer::open({.path = path, .host = "test", .segment_rows = 400, .reserve_bytes = 0});
    ASSERT_TRUE(writer) << writer.error().message;
    for (std::int64_t n = 1; n <= 2000; ++n) {
        model::Event event(kBegin + n * kSecond);
        event.set_number("proc.pid", n);
        event.set("proc.args", "argument " + std::to_string(n * 7919));
        ASSERT_TRUE((*writer)->append(event));
    }
    ASSERT_TRUE((*writer)->close());
}

std::vector<std::int64_t> pids(Reader& reader, std::vector<std::string>& faults) {
    std::vector<std::int64_t> out;
    Query query;
    query.condition = condition("proc.pid > 0");
    const auto report = reader.scan(query, [&](const StoredRecord& record) {
        out.push_back(record.event.integer("proc.pid"));
        return true;
    });
    EXPECT_TRUE(report);
    if (report) faults = report->faults;
    return out;
}

TEST(Reader, ADamagedSegmentIsNamedAndTheOthersAreRead) {
    const host::TemporaryTree tree;
    write_ledger(tree.at("/ledger"));
    const std::string path = tree.at("/ledger/segments/" + segment_name(800));
    ASSERT_TRUE(std::filesystem::exists(path));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader);
    std::vector<std::string> faults;
    EXPECT_EQ(pids(**reader, faults).size(), 1600U);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_NE(faults[0].find("records 800 to 1199"), std::string::npos) << faults[0];
    Query query;
    EXPECT_FALSE((*reader)->count(query, {}, 0));
    ScanReport report;
    EXPECT_TRUE((*reader)->count(query, {}, 0, &report));
    EXPECT_EQ(report.faults.size(), 1U);
}

TEST(Reader, AMissingSegmentIsAGapAndNotSilence) {
    const host::TemporaryTree tree;
    write_ledger(tree.at("/ledger"));
    std::filesystem::remove(tree.at("/ledger/segments/" + segment_name(400)));
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader);
    std::vector<std::string> faults;
    EXPECT_EQ(pids(**reader, faults).size(), 1600U);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_NE(faults[0].find("records 400 to 799"), std::string::npos) << faults[0];
}

TEST(Reader, ReadsALedgerWithoutItsCatalogue) {
    const host::TemporaryTree tree;
    write_ledger(tree.at("/ledger"));
    std::vector<std::string> faults;
    for (const char* name : {"/ledger/state.db", "/ledger/state.db-wal", "/ledger/state.db-shm"})
        std::filesystem::remove(tree.at(name));
    {
        const auto reader = Reader::open(tree.at("/ledger"));
        ASSERT_TRUE(reader);
        EXPECT_EQ(pids(**reader, faults).size(), 2000U);
        EXPECT_TRUE(faults.empty());
    }
    std::ofstream(tree.at("/ledger/state.db")) << "this is no database";
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader);
    EXPECT_EQ(pids(**reader, faults).size(), 2000U);
    EXPECT_TRUE(faults.empty());
    EXPECT_FALSE((*reader)->origin().empty());
}

TEST(Reader, ALongLogIsReadByColumnsFromTheSecondLookOnAndSaysTheSame) {
    const host::TemporaryTree tree;
    auto writer = Writer::open({.path = tree.at("/ledger"), .host = "test", .reserve_bytes = 0});
    ASSERT_TRUE(writer);
    const auto append = [&](std::int64_t n) {
        model::Event event(kBegin + n * kSecond);
        event.set_number("proc.pid", n);
        event.set("proc.args", "argument " + std::to_string(n % 100));
        ASSERT_TRUE((*writer)->append(event));
    };
    for (std::int64_t n = 1; n <= 20'000; ++n) append(n);
    ASSERT_TRUE((*writer)->commit());
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader);
    for (std::int64_t more = 20'000; more <= 26'000; more += 2000) {
        for (const bool newest : {false, true}) {
            Query query;
            query.condition = condition("proc.args contains \"argument 7\" and proc.pid > 100");
            query.newest_first = newest;
            std::vector<std::int64_t> found;
            const auto report = (*reader)->scan(query, [&](const StoredRecord& record) {
                found.push_back(record.event.integer("proc.pid"));
                return true;
            });
            ASSERT_TRUE(report);
            std::vector<std::int64_t> wanted;
            for (std::int64_t n = 101; n <= more; ++n) {
                if (std::to_string(n % 100).starts_with('7')) wanted.push_back(n);
            }
            if (newest) std::ranges::reverse(wanted);
            EXPECT_EQ(found, wanted);
            const auto counts = (*reader)->count(query, {}, 0);
            ASSERT_TRUE(counts && counts->size() == 1);
            EXPECT_EQ(counts->front().count, wanted.size());
            EXPECT_EQ(report->next, (*reader)->size());
        }
        for (std::int64_t n = more + 1; n <= more + 2000; ++n) append(n);
        ASSERT_TRUE((*writer)->commit());
    }
}

TEST(Reader, OneRecordByItsNumber) {
    const host::TemporaryTree tree;
    write_ledger(tree.at("/ledger"));
    const auto reader = Reader::open(tree.at("/ledger"));
    ASSERT_TRUE(reader);
    const RecordNumber end = (*reader)->size();
    for (const RecordNumber number : {RecordNumber{0}, RecordNumber{399}, RecordNumber{400}, end - 1}) {
        const auto record = (*reader)->record(number);
        ASSERT_TRUE(record && *record);
        EXPECT_EQ((*record)->number, number);
        EXPECT_EQ((*record)->event.number("record.number"), number);
    }
    const auto none = (*reader)->record(end);
    EXPECT_TRUE(none && !*none);
    EXPECT_FALSE(Reader::open(tree.at("/nowhere")));
}

}  // namespace
}  // namespace plimsoll::ledger
