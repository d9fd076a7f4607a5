#include "sensor/recording.h"

#include <fstream>

#include <gmock/gmock.h>

#include "host/temporary_tree.h"
#include "sensor/test_events.h"

namespace plimsoll::sensor {
namespace {

using testing::HasSubstr;

class RecordingTest : public testing::Test {
protected:
    std::string path() const { return tree.at("/recording"); }

    void write(std::size_t events) const {
        auto writer = RecordingWriter::create(path(), {.hostname = "host1", .boot_offset = -5});
        ASSERT_TRUE(writer) << writer.error().message;
        Container container{.id = kTestContainer, .name = "web", .image = "nginx:1", .privileged = true, .known = true};
        container.mounts.push_back({"/", "/host", "ro", true, "rslave"});
        container.labels.emplace_back("a", "b");
        ASSERT_TRUE((*writer)->container(container));
        for (std::size_t n = 0; n < events; ++n) {
            TestEvent event(WIRE_CALL);
            event.of(10, 100).at(n).call(257, 3).text(WIRE_NAME, "/etc/passwd" + std::to_string(n));
            ASSERT_TRUE((*writer)->event(event.bytes()));
        }
        ASSERT_TRUE((*writer)->finish());
    }

    struct Read {
        std::size_t events = 0;
        std::vector<Container> containers;
        std::string error;
    };
    Read read() const {
        Read out;
        auto reader = RecordingReader::open(path());
        if (!reader) return {.error = reader.error().message};
        EXPECT_EQ((*reader)->start().hostname, "host1");
        EXPECT_EQ((*reader)->start().boot_offset, -5);
        const auto whole = (*reader)->read(
            [&](std::span<const std::byte> bytes) {
                RawEvent event;
                ASSERT_TRUE(parse(bytes, event));
                EXPECT_EQ(event.head->time, out.events);
                EXPECT_EQ(event.string(WIRE_NAME), "/etc/passwd" + std::to_string(out.events));
                ++out.events;
            },
            [&](const Container& container) { out.containers.push_back(container); });
        if (!whole) out.error = whole.error().message;
        return out;
    }

    host::TemporaryTree tree;
};

TEST_F(RecordingTest, WhatWasWrittenIsReadAgain) {
    write(20'000);
    const Read back = read();
    EXPECT_EQ(back.error, "");
    EXPECT_EQ(back.events, 20'000U);
    ASSERT_EQ(back.containers.size(), 1U);
    EXPECT_EQ(back.containers[0].name, "web");
    EXPECT_TRUE(back.containers[0].privileged);
    EXPECT_EQ(back.containers[0].mounts.at(0).propagation, "rslave");
    EXPECT_EQ(back.containers[0].labels.at(0).second, "b");
    EXPECT_LT(std::filesystem::file_size(path()), 400'000U);  // 168 bytes each as they came
}

TEST_F(RecordingTest, ACutFileGivesWhatIsWholeAndSaysWhereItEnds) {
    write(20'000);
    std::filesystem::resize_file(path(), std::filesystem::file_size(path()) * 3 / 4);
    const Read back = read();
    EXPECT_GT(back.events, 10'000U);
    EXPECT_LT(back.events, 20'000U);
    EXPECT_THAT(back.error,
                HasSubstr("the file is cut off, after " + std::to_string(back.events) + " events, at byte"));
}

TEST_F(RecordingTest, ARecordingThatWasNeverFinishedIsCutOff) {
    {
        auto writer = RecordingWriter::create(path(), {.hostname = "host1", .boot_offset = -5});
        ASSERT_TRUE(writer);
        for (std::size_t n = 0; n < 20'000; ++n) {
            TestEvent event(WIRE_CALL);
            event.at(n).text(WIRE_NAME, "/etc/passwd" + std::to_string(n));
            ASSERT_TRUE((*writer)->event(event.bytes()));
        }
    }
    const Read back = read();
    EXPECT_GT(back.events, 10'000U);
    EXPECT_THAT(back.error, HasSubstr("cut off"));
}

TEST_F(RecordingTest, DamageIsFoundAndDoesNoHarm) {
    write(20'000);
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path()) / 4 * 3));
    file.write("garbage!", 8);
    file.close();
    auto reader = RecordingReader::open(path());
    ASSERT_TRUE(reader);
    EXPECT_FALSE((*reader)->read([](std::span<const std::byte>) {}, [](const Container&) {}));
}

TEST_F(RecordingTest, AnotherFileIsNoRecording) {
    tree.write("/recording", "PLIMSREX and more of it");
    EXPECT_THAT(read().error, HasSubstr("is no recording"));
    tree.write("/recording", std::string("PLIMSREC\2\0\0\0\0\0\0\0", 16));
    EXPECT_THAT(read().error, HasSubstr("is a recording of version 2; this program reads version 1"));
    tree.write("/recording", std::string("PLIMSREC\1\0\0\0\0\0\0\0", 16));
    EXPECT_THAT(read().error, HasSubstr("cut off"));
}

}  // namespace
}  // namespace plimsoll::sensor
