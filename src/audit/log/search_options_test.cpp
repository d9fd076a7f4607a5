#include "audit/log/search_options.h"

#include <gmock/gmock.h>

#include "audit/log/checkpoint.h"
#include "audit/log/log_test_support.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

SearchContext context() {
    static const host::Accounts accounts{
        .users = {{.name = "alice", .uid = 4242, .gid = 4242, .home = {}, .shell = {}}},
        .groups = {{.name = "docker", .gid = 106, .members = {}}},
        .other_sources = {}};
    // Saturday 21 November 2026, 12:34:56 UTC
    return {.clock = {.now = 1795264496 * kSecond, .zone = Zone::utc, .boot = 1795200000 * kSecond},
            .accounts = &accounts};
}

SearchRequest read(std::vector<std::string> words) {
    auto request = parse_search(words, context());
    EXPECT_TRUE(request) << request.error().message;
    return request ? *request : SearchRequest{};
}

std::string fault(std::vector<std::string> words) {
    const auto request = parse_search(words, context());
    return request ? "(none)" : request.error().message;
}

TEST(SearchOptions, ReadsAusearchsHabits) {
    const auto request = read({"-if",       "audit.log", "-k",  "docker-sock", "-m",  "SYSCALL,user_cmd",
                               "-m",        "1302",      "-ul", "alice",       "-ui", "-1",
                               "-gi",       "docker",    "-sv", "no",          "-e",  "EACCES",
                               "-p",        "17",        "-x",  "runc",        "-w",  "-i",
                               "--just-one"});
    const Query& query = request.query;
    EXPECT_EQ(request.inputs, std::vector<std::string>{"audit.log"});
    EXPECT_EQ(query.key, "docker-sock");
    EXPECT_EQ(query.types, (std::vector<std::uint32_t>{1300, 1123, 1302}));
    ASSERT_EQ(query.users.size(), 2U);
    EXPECT_EQ(query.users[0].id, 4242U);
    EXPECT_EQ(query.users[1].id, UINT32_MAX);
    EXPECT_EQ(query.groups.at(0).id, 106U);
    EXPECT_EQ(query.success, false);
    EXPECT_EQ(query.exit, -13);
    EXPECT_EQ(query.pid, 17);
    EXPECT_TRUE(query.whole_words);
    EXPECT_TRUE(request.just_one);
    EXPECT_EQ(request.format, FormatKind::interpret);
}

TEST(SearchOptions, HasTheAccountAndTheLinesInJson) {
    const SearchRequest request = read({"--json", "--records", "--account", "-"});
    EXPECT_EQ(request.format, FormatKind::json);
    EXPECT_TRUE(request.shown.records);
    EXPECT_EQ(request.account, "-");
}

TEST(SearchOptions, ReadsACondition) {
    const auto request = read({"evt.type = connect", "--raw", "--key=a"});
    EXPECT_EQ(request.query.condition, "evt.type = connect");
    EXPECT_EQ(request.query.key, "a");
    EXPECT_EQ(request.format, FormatKind::raw);
}

TEST(SearchOptions, ReadsCallsByTheirNumbersOfAnArchitecture) {
    EXPECT_EQ(read({"-sc", "connect"}).query.syscall, 42U);
    EXPECT_EQ(read({"-sc", "connect", "--arch", "b32"}).query.syscall, 362U);
    EXPECT_EQ(read({"-sc", "59"}).query.arch, std::nullopt);
}

/// No version of ausearch finds io_uring's operations by the name of the call.
TEST(SearchOptions, FindsWhatIoUringDidByTheNameOfTheCall) {
    for (const char* log : {"uring.log", "uring-sqpoll.log"}) {
        const auto request = read({"-sc", "connect", "-k", log == std::string("uring.log") ? "docker-sock" : "C"});
        EXPECT_FALSE(search({kData + log}, request.query).empty()) << log;
    }
    EXPECT_THAT(search({kData + "uring.log"}, read({"-sc", "openat"}).query), testing::IsEmpty());
    EXPECT_THAT(search({kData + "uring.log"}, read({"-ua", "alice"}).query), testing::SizeIs(1));
}

TEST(SearchOptions, SaysWhatIsWrong) {
    EXPECT_EQ(fault({"-zz"}), "unknown option -zz");
    EXPECT_EQ(fault({"-k"}), "-k needs a value");
    EXPECT_EQ(fault({"-ua", "bogus"}), "-ua: no user on this host is called 'bogus'");
    EXPECT_EQ(fault({"-m", "FOO"}), "-m: no record type is called 'FOO'");
    EXPECT_EQ(fault({"-sc", "foo"}), "--syscall: no system call is called 'foo'");
    EXPECT_EQ(fault({"-p", "abc"}), "-p: process id must be a number, not 'abc'");
    EXPECT_EQ(fault({"--raw=1"}), "--raw takes no value");
    EXPECT_THAT(fault({"-ts", "13/45/26"}), testing::StartsWith("-ts: "));
    EXPECT_THAT(fault({"a = 1", "b = 2"}), testing::StartsWith("one condition is enough"));
}

TEST(SearchTime, ReadsWordsDatesAndNumbers) {
    const auto since = [](std::vector<std::string> words) {
        words.insert(words.begin(), "-ts");
        return read(words).query.since_ms.value_or(-1);
    };
    const auto until = [](std::vector<std::string> words) {
        words.insert(words.begin(), "-te");
        return read(words).query.until_ms.value_or(-1);
    };
    constexpr std::int64_t kToday = 1795219200'000;
    constexpr std::int64_t kNow = 1795264496'000;
    EXPECT_EQ(since({"recent"}), kNow - 600'000);
    EXPECT_EQ(since({"this-hour"}), kToday + 12 * 3'600'000);
    EXPECT_EQ(since({"today"}), kToday);
    EXPECT_EQ(since({"yesterday"}), kToday - 86'400'000);
    EXPECT_EQ(since({"this-week"}), kToday - 6 * 86'400'000LL);  // Sunday
    EXPECT_EQ(since({"week-ago"}), kToday - 7 * 86'400'000LL);
    EXPECT_EQ(since({"this-month"}), kToday - 20 * 86'400'000LL);
    EXPECT_EQ(since({"boot"}), 1795200000'000);
    EXPECT_EQ(since({"11/21/26", "00:37:44"}), 1795221464'000);
    EXPECT_EQ(since({"11/21/2026", "00:37"}), 1795221420'000);
    EXPECT_EQ(since({"00:37:44"}), 1795221464'000);
    EXPECT_EQ(since({"2026-11-21T00:37:44Z"}), 1795221464'000);
    EXPECT_EQ(since({"2026-11-21", "00:37:44"}), 1795221464'000);
    EXPECT_EQ(since({"1795221464"}), 1795221464'000);
    EXPECT_EQ(since({"15m"}), kNow - 900'000);
    EXPECT_EQ(until({"now"}), kNow);
    EXPECT_EQ(until({"today"}), kNow);
    EXPECT_EQ(until({"11/21/26", "00:37:44"}), 1795221464'999);
    EXPECT_EQ(until({"11/21/26"}), kToday + 86'399'999);
    EXPECT_EQ(until({"2026-11-21"}), kToday + 86'399'999);
    EXPECT_TRUE(read({"-ts", "checkpoint"}).since_checkpoint);
}

TEST(Checkpoint, GoesOnBehindTheLastEvent) {
    const host::TemporaryTree tree;
    const std::string text = read_text(kData + "damaged/base.log");
    const auto half = text.find("type=SYSCALL", text.size() / 2);
    write_text(tree.at("/log"), text.substr(0, half));
    const std::vector<std::string> paths{tree.at("/log")};
    auto files = open_logs(paths);
    ASSERT_TRUE(files);
    const auto last = last_event(*files, INT64_MAX);
    ASSERT_TRUE(last);
    ASSERT_TRUE(write_checkpoint(tree.at("/checkpoint"), *last));

    const auto before = search(*files, {});
    write_text(tree.at("/log"), text);
    files = open_logs(paths);
    const auto read = read_checkpoint(tree.at("/checkpoint"));
    ASSERT_TRUE(read && *read);
    const auto place = find_checkpoint(*files, **read);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->byte, half);
    auto after = search(*files, {}, {.first_file = place->file, .first_byte = place->byte});
    EXPECT_EQ(before.size() + after.size(), 20U);
    auto all = before;
    all.insert(all.end(), after.begin(), after.end());
    EXPECT_EQ(all, search(*files, {}));
}

TEST(Checkpoint, ReadsWhatAusearchWrote) {
    const host::TemporaryTree tree;
    write_text(tree.at("/c"), "dev=0xFE00\ninode=5333919\noutput=- 1795221475.024:4215 0x4B1\n");
    const auto read = read_checkpoint(tree.at("/c"));
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->device, 0xFE00U);
    EXPECT_EQ((*read)->inode, 5333919U);
    EXPECT_EQ((*read)->milliseconds, 1795221475024);
    EXPECT_EQ((*read)->serial, 4215U);
    EXPECT_EQ((*read)->type, 1201U);
    write_text(tree.at("/c"), "bad\n");
    EXPECT_FALSE(read_checkpoint(tree.at("/c")));
    write_text(tree.at("/c"), "inode=1\n");
    EXPECT_FALSE(read_checkpoint(tree.at("/c")));
    EXPECT_EQ(read_checkpoint(tree.at("/none")).value(), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::audit
