#include <gmock/gmock.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/temporary_tree.h"
#include "ledger/read_all.h"
#include "ledger/test_events.h"
#include "ledger/tree.h"
#include "ledger/writer.h"

// tools/read-ledger was written from docs/ledger-format.md and shares no code with the program: what the two say of a
// ledger must be the same, record by record.
namespace plimsoll::ledger {

namespace {

std::string hex(const Hash& hash) {
    std::string out;
    for (const std::uint8_t byte : hash) {
        out += "0123456789abcdef"[byte >> 4U];
        out += "0123456789abcdef"[byte & 15U];
    }
    return out;
}

std::vector<nlohmann::json> independently_read(const std::string& path) {
    const std::string command = "/usr/bin/python3 " PLIMSOLL_SOURCE_DIR "/tools/read-ledger " + path;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    check(pipe != nullptr);
    std::string text;
    std::array<char, 65536> buffer{};
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), size);
    EXPECT_EQ(::pclose(pipe), 0);
    std::vector<nlohmann::json> records;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        records.push_back(nlohmann::json::parse(text.substr(at, end - at)));
        at = end + 1;
    }
    return records;
}

TEST(ReadLedger, SaysTheSameAsWe) {
    if (std::system("/usr/bin/python3 -c 'import zstandard' 2>/dev/null") != 0)
        GTEST_SKIP() << "needs python3-zstandard";
    const host::TemporaryTree tree;
    const std::string path = tree.at("/ledger");
    {
        auto writer =
            Writer::open({.path = path, .host = "host", .segment_rows = 700, .reserve_bytes = 0, .clock = {}});
        ASSERT_TRUE(writer) << writer.error().message;
        RandomEvents wide(1);
        RandomEvents narrow(2, true);
        for (int n = 0; n < 1000; ++n) {
            ASSERT_TRUE((*writer)->append(wide.next()));
            ASSERT_TRUE((*writer)->append(narrow.next()));
        }
        model::Event known(42);
        known.set("container.id", std::string(64, 'a'));
        known.set_number("evt.rawres", -13);
        known.set_keyed("docker.attributes", "signal", "9");
        known.unknown("container.user", "permission denied");
        ASSERT_TRUE((*writer)->append(known));
    }
    FieldNumbers fields;
    const std::vector<std::string> rows = read_all_rows(path, fields);
    const auto records = independently_read(path);
    ASSERT_EQ(records.size(), rows.size());
    ASSERT_GT(rows.size(), 2000U);
    for (std::size_t n = 0; n < rows.size(); ++n) {
        ASSERT_EQ(records[n]["number"], n);
        ASSERT_EQ(records[n]["time"], row_time(rows[n])) << n;
        ASSERT_EQ(records[n]["leaf"], hex(leaf_hash(std::string_view(rows[n])))) << n;
        model::Event event;
        ASSERT_TRUE(decode_row(rows[n], fields, event));
        for (const auto& slot : event.slots()) {
            ASSERT_TRUE(records[n].contains(std::string(model::field(slot.field).name))) << n;
        }
    }
    const nlohmann::json& known = records[records.size() - 2];  // before `stop`
    EXPECT_EQ(known["container.id"], std::string(64, 'a'));
    EXPECT_EQ(known["evt.rawres"], -13);
    EXPECT_EQ(known["docker.attributes"]["signal"], "9");
    EXPECT_EQ(known["container.user"]["unknown"], "permission denied");
}

}  // namespace

}  // namespace plimsoll::ledger
