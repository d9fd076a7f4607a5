// A disk that refuses to sync: fdatasync(2) is replaced in this program, as it behaves on a failing disk. The error is
// told once, and what was not synced is gone from the kernel's cache.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "host/temporary_tree.h"
#include "ledger/reader.h"
#include "ledger/test_events.h"
#include "ledger/verify.h"
#include "ledger/writer.h"

namespace {

/// The disk that the tests break: only logs are concerned, by their names.
struct Disk {
    bool fails = false;
    int refused = 0;
    std::map<std::string, off_t> synced;  ///< size of each log when it was synced last
};

Disk& disk() {
    static Disk one;
    return one;
}

std::string name_of(int fd) {
    std::string name(4096, '\0');
    const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size());
    name.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return name;
}

}  // namespace

extern "C" int fdatasync(int fd) {
    const std::string name = name_of(fd);
    const bool is_log = name.ends_with(".wal");
    if (is_log && disk().fails) {
        ++disk().refused;
        const auto known = disk().synced.find(name);
        if (known != disk().synced.end()) static_cast<void>(::ftruncate(fd, known->second));
        errno = EIO;
        return -1;
    }
    const auto result = static_cast<int>(::syscall(SYS_fdatasync, fd));
    struct stat facts {};
    if (is_log && result == 0 && ::fstat(fd, &facts) == 0) disk().synced[name] = facts.st_size;
    return result;
}

namespace plimsoll::ledger {
namespace {

using testing::HasSubstr;

struct FailingSync : testing::Test {
    host::TemporaryTree folder;
    WriterOptions options{.path = folder.at("/ledger"), .host = "test", .reserve_bytes = 0};

    ~FailingSync() override { disk() = {}; }

    [[nodiscard]] model::Event numbered(int n) const {
        model::Event event(now());
        event.set("record.kind", "event");
        event.set_number("exec.pid", n);
        return event;
    }
    [[nodiscard]] std::vector<std::int64_t> pids() const {
        std::vector<std::int64_t> found;
        const auto reader = Reader::open(options.path);
        check(reader.has_value());
        const auto report = (*reader)->scan({}, [&](const StoredRecord& record) {
            if (record.event.has("exec.pid")) found.push_back(record.event.integer("exec.pid"));
            return true;
        });
        check(report && report->faults.empty());
        return found;
    }
};

TEST_F(FailingSync, WhatTheDiskDidNotTakeIsNotAcknowledgedAndNotLost) {
    auto writer = std::move(*Writer::open(options));
    ASSERT_TRUE(writer->append(numbered(1)));
    ASSERT_TRUE(writer->commit());
    const RecordNumber before = writer->durable();

    disk().fails = true;
    const auto waiting = writer->append(numbered(2));
    ASSERT_TRUE(waiting) << "it is taken, and waits for the disk";
    const auto committed = writer->commit();
    ASSERT_FALSE(committed);
    EXPECT_THAT(committed.error().message, HasSubstr("Input/output error"));
    EXPECT_EQ(writer->durable(), before) << "not acknowledged";
    EXPECT_THAT(writer->status().fault, HasSubstr("Input/output error"));
    EXPECT_FALSE(writer->append(numbered(3))) << "while the disk fails what is new is refused, and counted";
    EXPECT_EQ(writer->status().refused, 1U);
    EXPECT_EQ(pids(), std::vector<std::int64_t>{1}) << "what is not on the disk is not shown as if it were";
    for (int i = 0; i < 3; ++i) writer->tick();
    EXPECT_GE(disk().refused, 2) << "it is tried again";
    EXPECT_EQ(writer->durable(), before);

    disk().fails = false;
    writer->tick();
    EXPECT_GT(writer->durable(), *waiting) << "the same bytes were written again";
    EXPECT_EQ(writer->status().fault, "");
    ASSERT_TRUE(writer->append(numbered(4)));
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(pids(), (std::vector<std::int64_t>{1, 2, 4}));
    EXPECT_EQ(verify({.path = options.path})->verdict, Verdict::ok);

    const auto reader = Reader::open(options.path);
    std::uint64_t told = 0;
    ASSERT_TRUE((*reader)->scan({}, [&](const StoredRecord& record) {
        if (record.event.text("record.kind") == "loss") told += record.event.number("loss.count");
        return true;
    }));
    EXPECT_EQ(told, 1U) << "the refused record is told of";
}

TEST_F(FailingSync, WhatIsSyncedBesideAndFailsWaitsAgainInOrder) {
    auto writer = std::move(*Writer::open(options));
    ASSERT_TRUE(writer->commit());
    const RecordNumber before = writer->durable();
    disk().fails = true;
    ASSERT_TRUE(writer->append(numbered(1)));
    EXPECT_EQ(writer->commit_beside().value(), before) << "it begins, and waits for nothing";
    ASSERT_TRUE(writer->append(numbered(2)));
    EXPECT_FALSE(writer->commit());
    EXPECT_EQ(writer->durable(), before);
    EXPECT_FALSE(writer->commit_beside()) << "while the disk fails it is as commit is";

    disk().fails = false;
    ASSERT_TRUE(writer->commit());
    const RecordNumber last = writer->append(numbered(3)).value();
    while (writer->commit_beside().value() <= last) std::this_thread::yield();
    EXPECT_EQ(pids(), (std::vector<std::int64_t>{1, 2, 3}));
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(verify({.path = options.path})->verdict, Verdict::ok);
}

TEST_F(FailingSync, AWriterThatEndsMeanwhileLeavesAWholeLedger) {
    auto writer = std::move(*Writer::open(options));
    ASSERT_TRUE(writer->append(numbered(1)));
    ASSERT_TRUE(writer->commit());
    disk().fails = true;
    ASSERT_TRUE(writer->append(numbered(2)));
    EXPECT_FALSE(writer->commit());
    EXPECT_FALSE(writer->close()) << "closing says that it could not";
    writer.reset();

    disk().fails = false;
    writer = std::move(*Writer::open(options));
    ASSERT_TRUE(writer->append(numbered(5)));
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(pids(), (std::vector<std::int64_t>{1, 5})) << "what was never acknowledged may be gone, nothing else";
    EXPECT_EQ(verify({.path = options.path})->verdict, Verdict::ok);
}

TEST_F(FailingSync, ASegmentIsSealedOnlyAfterItsRecordsAreOnDisk) {
    options.segment_rows = 64;
    auto writer = std::move(*Writer::open(options));
    ASSERT_TRUE(writer->commit());
    disk().fails = true;
    int taken = 0;
    for (int n = 1; n <= 100; ++n) taken += writer->append(numbered(n)) ? 1 : 0;
    EXPECT_LT(taken, 64) << "what does not fit into the segment is refused until the segment is on disk";
    EXPECT_EQ(writer->status().segments, 0U);
    EXPECT_TRUE(std::filesystem::is_empty(options.path + "/segments"));

    disk().fails = false;
    writer->tick();
    ASSERT_TRUE(writer->append(numbered(1000)));
    EXPECT_EQ(writer->status().segments, 1U);
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(verify({.path = options.path})->verdict, Verdict::ok);
    EXPECT_EQ(pids().size(), static_cast<std::size_t>(taken) + 1);
}

}  // namespace
}  // namespace plimsoll::ledger
