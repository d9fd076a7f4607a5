#include "ledger/writer.h"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "host/temporary_tree.h"
#include "ledger/catalogue.h"
#include "ledger/proof.h"
#include "ledger/read_all.h"
#include "ledger/reader.h"
#include "ledger/segment.h"
#include "ledger/test_events.h"
#include "ledger/verify.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

namespace {

using model::Event;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WriterTest : public testing::Test {
protected:
    WriterOptions options(std::uint32_t rows = 50) {
        return {.path = path_, .host = "host", .segment_rows = rows, .reserve_bytes = 0, .clock = [this] {
                    return clock_;
                }};
    }
    std::unique_ptr<Writer> open(WriterOptions options) {
        auto writer = Writer::open(std::move(options));
        if (!writer) ADD_FAILURE() << writer.error().message;
        return writer ? std::move(*writer) : nullptr;
    }
    Event event(int n) {
        Event event(clock_);
        event.set("record.kind", "event");
        event.set("record.summary", "number " + std::to_string(n));
        return event;
    }
    /// Summaries of the ordinary records, in order.
    std::vector<std::string> summaries() {
        std::vector<std::string> out;
        for (const Event& event : read_all(path_)) {
            if (event.text("record.kind") == "event") out.emplace_back(event.text("record.summary"));
        }
        return out;
    }
    std::vector<Event> of_kind(std::string_view kind) {
        std::vector<Event> out;
        for (Event& event : read_all(path_)) {
            if (event.text("record.kind") == kind) out.push_back(std::move(event));
        }
        return out;
    }
    std::vector<std::string> expected(int count) {
        std::vector<std::string> out;
        for (int n = 0; n < count; ++n) out.push_back("number " + std::to_string(n));
        return out;
    }
    std::string newest_log() {
        std::string newest;
        for (const auto& entry : std::filesystem::directory_iterator(path_)) {
            if (parse_wal_name(entry.path().filename().string())) newest = std::max(newest, entry.path().string());
        }
        return newest;
    }

    host::TemporaryTree tree_;
    std::string path_ = tree_.at("/ledger");
    Nanoseconds clock_ = 1'763'000'000 * kSecond;
};

TEST_F(WriterTest, KeepsWhatItWasGivenAcrossSegmentsAndRuns) {
    for (int run = 0; run < 3; ++run) {
        const auto writer = open(options());
        for (int n = 0; n < 100; ++n) ASSERT_TRUE(writer->append(event(run * 100 + n)));
        ASSERT_TRUE(writer->close());
        EXPECT_EQ(writer->durable(), writer->status().next);
    }
    EXPECT_EQ(summaries(), expected(300));
    EXPECT_EQ(of_kind("start").size(), 3U);
    EXPECT_EQ(of_kind("stop").size(), 3U);
    EXPECT_EQ(of_kind("key").size(), 1U);
    EXPECT_GT(Catalogue::open_read_only(path_).value()->segments().value().size(), 5U);
}

TEST_F(WriterTest, APathMayBeginInTheFolderOfTheProcess) {
    const auto before = std::filesystem::current_path();
    const host::TemporaryTree tree;
    std::filesystem::current_path(tree.at("/"));
    for (const std::string path : {"l2", "./l3", "l4/"}) {
        auto writer = Writer::open({.path = path, .host = "host", .reserve_bytes = 0});
        ASSERT_TRUE(writer) << writer.error().message;
        Event event(7);
        event.set("record.kind", "event");
        ASSERT_TRUE((*writer)->append(event));
        ASSERT_TRUE((*writer)->close());
        const auto reader = Reader::open(path);
        ASSERT_TRUE(reader) << reader.error().message;
        EXPECT_GT((*reader)->size(), 2U);
        const auto report = verify({.path = path});
        ASSERT_TRUE(report);
        EXPECT_EQ(report->verdict, Verdict::ok);
        const auto proof = prove(path, 0);
        EXPECT_TRUE(proof) << proof.error().message;
    }
    std::filesystem::current_path(before);
}

TEST_F(WriterTest, ARecordsNumberIsItsPlace) {
    const auto writer = open(options());
    std::vector<RecordNumber> numbers;
    for (int n = 0; n < 120; ++n) numbers.push_back(writer->append(event(n)).value());
    ASSERT_TRUE(writer->close());
    const auto all = read_all(path_);
    for (int n = 0; n < 120; ++n) {
        EXPECT_EQ(all[numbers[static_cast<std::size_t>(n)]].text("record.summary"), "number " + std::to_string(n));
    }
}

TEST_F(WriterTest, NothingIsAcknowledgedBeforeItIsSynced) {
    const auto writer = open(options(1000));
    const RecordNumber before = writer->durable();
    const RecordNumber number = writer->append(event(0)).value();
    EXPECT_EQ(writer->durable(), before);
    EXPECT_GT(writer->commit().value(), number);
    EXPECT_THAT(summaries(), ElementsAre("number 0"));
}

TEST_F(WriterTest, ATickSyncsWhatHasWaitedLongEnough) {
    WriterOptions wanted = options(1000);
    wanted.commit_after = std::chrono::milliseconds(0);
    const auto writer = open(wanted);
    const RecordNumber number = writer->append(event(0)).value();
    writer->tick();
    EXPECT_GT(writer->durable(), number);
}

TEST_F(WriterTest, ASecondWriterIsRefusedWithTheHoldersPid) {
    const auto writer = open(options());
    const auto second = Writer::open(options());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("pid " + std::to_string(::getpid())));
}

TEST_F(WriterTest, ATornTailIsCutAndTold) {
    {
        const auto writer = open(options(1000));
        for (int n = 0; n < 5; ++n) ASSERT_TRUE(writer->append(event(n)));
    }
    std::ofstream(newest_log(), std::ios::app | std::ios::binary) << "half a frame";
    ASSERT_TRUE(open(options(1000))->close());
    EXPECT_EQ(summaries(), expected(5));
    const auto losses = of_kind("loss");
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_THAT(std::string(losses[0].text("loss.reason")), HasSubstr("12 bytes"));
    ASSERT_TRUE(open(options(1000))->close());
    EXPECT_EQ(of_kind("loss").size(), 1U) << "told once";
}

TEST_F(WriterTest, ALogDamagedInTheMiddleIsKeptAside) {
    {
        const auto writer = open(options(1000));
        for (int n = 0; n < 20; ++n) ASSERT_TRUE(writer->append(event(n)));
    }
    const std::string log = newest_log();
    std::string bytes = host::read_file({}, log).value();
    const std::size_t at = bytes.find("number 10");
    bytes[at] = 'X';
    std::ofstream(log, std::ios::binary) << bytes;

    ASSERT_TRUE(open(options(1000))->close());
    EXPECT_EQ(summaries(), expected(10));
    EXPECT_EQ(host::read_file({}, log + ".damaged").value(), bytes);
    ASSERT_EQ(of_kind("loss").size(), 1U);
    EXPECT_THAT(std::string(of_kind("loss")[0].text("loss.reason")), HasSubstr("damaged"));
}

TEST_F(WriterTest, AnInterruptedSealLeavesNoTrace) {
    {
        const auto writer = open(options(50));
        for (int n = 0; n < 30; ++n) ASSERT_TRUE(writer->append(event(n)));
    }
    // As a crash between renaming a segment and making the next log leaves it: both hold the same rows.
    const std::string log = newest_log();
    const std::string bytes = host::read_file({}, log).value();
    {
        const auto writer = open(options(50));
        for (int n = 30; n < 60; ++n) ASSERT_TRUE(writer->append(event(n)));
    }
    ASSERT_FALSE(std::filesystem::exists(log));
    std::ofstream(log, std::ios::binary) << bytes;
    std::ofstream(path_ + "/segments/0000000000099999.seg.tmp") << "half";
    ASSERT_TRUE(open(options(50))->close());
    EXPECT_EQ(summaries(), expected(60));
    EXPECT_FALSE(std::filesystem::exists(log));
    EXPECT_FALSE(std::filesystem::exists(path_ + "/segments/0000000000099999.seg.tmp"));
}

TEST_F(WriterTest, TheCatalogueIsMadeAgainFromTheSegments) {
    {
        const auto writer = open(options());
        for (int n = 0; n < 200; ++n) ASSERT_TRUE(writer->append(event(n)));
    }
    const auto before = Catalogue::open_read_only(path_).value()->segments().value();
    std::ofstream(path_ + "/state.db") << std::string(5000, 'x');
    std::filesystem::remove(path_ + "/state.db-wal");
    ASSERT_TRUE(open(options())->close());
    const auto after = Catalogue::open_read_only(path_).value()->segments().value();
    ASSERT_EQ(after.size(), before.size());
    EXPECT_EQ(after.back().root, before.back().root);
    EXPECT_EQ(summaries(), expected(200));
}

TEST_F(WriterTest, AClockThatStepsBackKeepsTheOrder) {
    const auto writer = open(options());
    for (int n = 0; n < 120; ++n) {
        clock_ -= 10 * kSecond;
        ASSERT_TRUE(writer->append(event(n)));
        writer->tick();
    }
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(summaries(), expected(120));
}

TEST_F(WriterTest, DropsByAgeAndSaysSo) {
    WriterOptions wanted = options();
    wanted.keep_for = std::chrono::hours(24);
    {
        const auto writer = open(wanted);
        for (int n = 0; n < 200; ++n) ASSERT_TRUE(writer->append(event(n)));
        EXPECT_EQ(writer->status().first_kept, 0U);
    }
    const auto before = Catalogue::open_read_only(path_).value()->segments().value();
    clock_ += 2 * kDay;
    const auto writer = open(wanted);
    writer->tick();
    EXPECT_EQ(writer->status().segments, 0U);
    EXPECT_GE(writer->status().first_kept, 200U);
    ASSERT_TRUE(writer->close());
    const auto prunes = of_kind("prune");
    ASSERT_EQ(prunes.size(), 1U);
    EXPECT_EQ(prunes[0].number("ledger.pruned.first"), 0U);
    EXPECT_EQ(prunes[0].number("ledger.pruned.last"), before.back().first + before.back().rows - 1);
    EXPECT_EQ(prunes[0].text("ledger.pruned.root"), before.back().root);
    const auto after = Catalogue::open_read_only(path_).value()->segments().value();
    for (const SegmentRow& row : after) EXPECT_TRUE(row.pruned);
}

TEST_F(WriterTest, DropsBySize) {
    WriterOptions wanted = options();
    wanted.keep_bytes = 12000;
    const auto writer = open(wanted);
    for (int n = 0; n < 1000; ++n) ASSERT_TRUE(writer->append(event(n)));
    EXPECT_LE(writer->status().sealed_bytes, 12000U);
    EXPECT_GT(writer->status().segments, 0U);
    ASSERT_TRUE(writer->close());
    const auto left = summaries();
    EXPECT_EQ(left.back(), "number 999");
    EXPECT_LT(left.size(), 1000U);
}

TEST_F(WriterTest, ReplacesItsKeyWhenItIsOld) {
    WriterOptions wanted = options();
    clock_ = now();
    const auto writer = open(wanted);
    ASSERT_TRUE(writer->append(event(0)));
    clock_ += 25 * 3600 * kSecond;
    writer->tick();
    ASSERT_TRUE(writer->close());
    const auto keys = of_kind("key");
    ASSERT_GE(keys.size(), 2U);
    EXPECT_TRUE(keys[0].text("ledger.key.signature").empty());
    EXPECT_FALSE(keys[1].text("ledger.key.signature").empty());
    EXPECT_NE(keys[0].text("ledger.key"), keys[1].text("ledger.key"));
}

TEST_F(WriterTest, RecordsThatNumberFieldsAreItsOwn) {
    const auto writer = open(options());
    Event forged(clock_);
    forged.set("record.kind", "field");
    forged.set_unsigned("ledger.field.number", 90);
    EXPECT_FALSE(writer->append(forged));
    EXPECT_TRUE(writer->append(event(0)));
}

/// A file system of its own in memory, with room for this many bytes.
class SmallDisk {
public:
    SmallDisk(std::string path, std::size_t bytes) : path_(std::move(path)) {
        std::filesystem::create_directories(path_);
        mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + std::to_string(bytes)).c_str()) == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] bool make_read_only(bool read_only) const {
        return ::mount(nullptr, path_.c_str(), nullptr, read_only ? MS_REMOUNT | MS_RDONLY : +MS_REMOUNT, nullptr) == 0;
    }

private:
    std::string path_;
    bool mounted_ = false;
};

Event large_event(Nanoseconds time, int n) {
    Event event(time);
    event.set("record.kind", "event");
    event.set("record.summary", "number " + std::to_string(n));
    std::string noise;
    std::mt19937 random(static_cast<unsigned>(n));
    for (int i = 0; i < 1000; ++i) noise += static_cast<char>(random());
    event.set("record.raw", noise);
    return event;
}

TEST_F(WriterTest, AFullDiskKeepsTheOldAndTellsWhatItRefused) {
    const SmallDisk disk(tree_.at("/small"), 1 << 20);
    if (!disk.mounted()) GTEST_SKIP() << "needs root";
    path_ = tree_.at("/small/ledger");
    const std::string ballast = tree_.at("/small/ballast");
    std::ofstream(ballast, std::ios::binary) << std::string(300'000, 'x');
    const auto writer = open(options(100));
    std::vector<std::string> kept;
    std::uint64_t refused = 0;
    for (int n = 0; n < 1500; ++n) {
        if (writer->append(large_event(clock_, n))) {
            kept.push_back("number " + std::to_string(n));
        } else {
            ++refused;
        }
    }
    EXPECT_GT(refused, 0U);
    EXPECT_EQ(writer->status().refused, refused);
    EXPECT_FALSE(writer->status().fault.empty());

    std::filesystem::remove(ballast);
    writer->tick();
    EXPECT_EQ(writer->status().fault, "");
    ASSERT_TRUE(writer->append(event(9999)));
    kept.emplace_back("number 9999");
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(summaries(), kept);
    const auto losses = of_kind("loss");
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].number("loss.count"), refused);
    EXPECT_TRUE(losses[0].has("loss.from") && losses[0].has("loss.until"));
}

TEST_F(WriterTest, AFullDiskDropsTheOldestWhenTold) {
    const SmallDisk disk(tree_.at("/small"), 2 << 20);
    if (!disk.mounted()) GTEST_SKIP() << "needs root";
    path_ = tree_.at("/small/ledger");
    WriterOptions wanted = options(100);
    wanted.when_full = WhenFull::drop_oldest;
    wanted.reserve_bytes = 600'000;
    const auto writer = open(wanted);
    for (int n = 0; n < 3000; ++n) ASSERT_TRUE(writer->append(large_event(clock_, n))) << n << writer->status().fault;
    EXPECT_EQ(writer->status().refused, 0U);
    EXPECT_GT(writer->status().first_kept, 0U);
    ASSERT_TRUE(writer->close());
    EXPECT_EQ(summaries().back(), "number 2999");
}

TEST_F(WriterTest, ADiskThatBecomesReadOnlyIsAFaultAndNotACrash) {
    const SmallDisk disk(tree_.at("/small"), 4 << 20);
    if (!disk.mounted()) GTEST_SKIP() << "needs root";
    path_ = tree_.at("/small/ledger");
    ASSERT_TRUE(open(options())->close());
    ASSERT_TRUE(disk.make_read_only(true));
    const auto refused = Writer::open(options());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("Read-only"));
    ASSERT_TRUE(disk.make_read_only(false));
    EXPECT_TRUE(open(options())->append(event(1)));
}

}  // namespace

}  // namespace plimsoll::ledger
