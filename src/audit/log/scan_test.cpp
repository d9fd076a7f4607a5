#include "audit/log/scan.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>

#include "audit/log/log_test_support.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class DamagedTest : public testing::TestWithParam<std::string> {};

/// Twenty connects to docker.sock by key; each file of damaged/ still has all of them.
TEST_P(DamagedTest, LosesNoEvent) {
    std::set<std::string> expected;
    for (const Found& found : search({kData + "damaged/base.log"}, {})) expected.insert(found.id);
    ASSERT_THAT(expected, SizeIs(20));
    Query query;
    query.key = "docker-sock";
    for (const bool by_literals : {false, true}) {
        std::set<std::string> ids;
        for (const Found& found : search({kData + "damaged/" + GetParam()}, query, {.by_literals = by_literals}))
            EXPECT_TRUE(ids.insert(found.id).second) << found.id << " was told twice";
        EXPECT_THAT(ids, SizeIs(20));
        if (GetParam() != "huge-serial.log" && GetParam() != "node.log") {
            EXPECT_EQ(ids, expected);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedTest,
                         testing::Values("base.log", "base.log.gz", "blank-lines.log", "crlf.log", "dmesg-style.log",
                                         "dup-lines.log", "garbage-line.log", "huge-serial.log", "long-line.log",
                                         "lost-eoe-path.log", "node.log", "nul-block.log", "nul-prefix-line.log",
                                         "odd-hex.log", "reversed.log", "shuffled.log", "syslog-prefixed.log",
                                         "text-line.log", "trunc-last-line.log", "trunc-mid-line.log", "bad-header.log",
                                         "no-type.log", "unterminated-quote.log"),
                         [](const auto& parameter) {
                             std::string name = parameter.param;
                             std::ranges::replace_if(
                                 name, [](char c) { return c == '-' || c == '.'; }, '_');
                             return name;
                         });

TEST(Damaged, IsCounted) {
    const auto counts = [](const std::string& name) {
        ScanReport report;
        search({kData + "damaged/" + name}, {}, {}, &report);
        return report.counts;
    };
    EXPECT_EQ(counts("base.log").damaged_lines(), 0U);
    EXPECT_EQ(counts("base.log").lines, 100U);
    EXPECT_EQ(counts("base.log").events, 20U);
    EXPECT_EQ(counts("base.log").incomplete, 0U);
    EXPECT_EQ(counts("garbage-line.log").damaged_lines(), 1U);
    EXPECT_EQ(counts("text-line.log").damaged_lines(), 1U);
    EXPECT_EQ(counts("blank-lines.log").damaged_lines(), 0U);
    EXPECT_EQ(counts("nul-block.log").damaged[static_cast<std::size_t>(Damage::empty)], 1U);
    EXPECT_EQ(counts("bad-header.log").mended_lines(), 1U);
    EXPECT_EQ(counts("no-type.log").mended_lines(), 1U);
    EXPECT_EQ(counts("dup-lines.log").duplicates, 100U);
    EXPECT_EQ(counts("trunc-last-line.log").incomplete, 1U);
    EXPECT_EQ(counts("empty.log").lines, 0U);
}

/// Lines of the samples, blown up to several pieces: each round later and with serials of its own, records of events
/// shuffled among their neighbours.
std::string many_events(std::mt19937& random, std::size_t rounds, std::size_t disorder) {
    const std::string sample = read_text(kData + "sample-par-raw.log");
    std::vector<std::pair<std::size_t, std::string>> lines;
    for (std::size_t round = 0; round < rounds; ++round) {
        std::size_t begin = 0;
        while (begin < sample.size()) {
            const auto end = sample.find('\n', begin);
            std::string line = sample.substr(begin, end - begin);
            begin = end + 1;
            const auto header = line.find("audit(");
            const auto colon = line.find(':', header);
            const auto close = line.find(')', colon);
            const auto serial = std::stoull(line.substr(colon + 1, close - colon - 1)) + round * 10000;
            const auto seconds = std::stoull(line.substr(header + 6, 10)) + round * 60;
            line = line.substr(0, header + 6) + std::to_string(seconds) + line.substr(header + 16, 5) +
                   std::to_string(serial) + line.substr(close);
            lines.emplace_back(lines.size() + random() % (disorder + 1), std::move(line));
        }
    }
    std::ranges::stable_sort(lines, {}, [](const auto& line) { return line.first; });
    std::string out;
    for (const auto& line : lines) out += line.second + '\n';
    return out;
}

std::vector<Query> queries() {
    std::vector<Query> all(12);
    all[9].condition = "audit.keys intersects (docker-sock, nothing) and user.loginuid = 4242";
    all[10].condition = "proc.name contains unc and not proc.exepath endswith sh";
    all[11].condition = "user.loginuid = -1 or audit.serial = 5";
    all[0].key = "docker-sock";
    all[1].key = "exec";
    all[2].users = {{.of = IdOf::any, .id = 4242}};
    all[3].file = "docker.sock";
    all[4].exit = -2;
    all[5].success = false;
    all[6].types = {1309};
    all[7].comm = "runc";
    all[8].executable = "nowhere";
    return all;
}

TEST(Scan, FindsByLiteralsWhatReadingAllRecordsFinds) {
    std::mt19937 random(7);
    for (const std::size_t disorder : {0U, 3U, 40U, 300U}) {
        const host::TemporaryTree tree;
        write_text(tree.at("/log"), many_events(random, 4, disorder));
        for (const Query& query : queries()) {
            const auto slowly = search({tree.at("/log")}, query, {.threads = 1, .by_literals = false});
            const auto fast = search({tree.at("/log")}, query, {.threads = 1});
            const auto threads = search({tree.at("/log")}, query, {.threads = 3});
            const auto small = search({tree.at("/log")}, query, {.threads = 2, .piece = std::size_t{1} << 20});
            EXPECT_EQ(slowly, fast);
            EXPECT_EQ(slowly, threads);
            EXPECT_EQ(slowly, small);
        }
    }
}

TEST(Scan, IsNotMisledByASerialThatIsWrittenOtherwise) {
    const host::TemporaryTree tree;
    write_text(
        tree.at("/log"),
        "type=SYSCALL msg=audit(1700000000.001:01): arch=c000003e syscall=42 success=yes exit=0 key=\"docker-sock\"\n"
        "type=CWD msg=audit(1700000000.001:1): cwd=\"/srv/a/folder\"\n");
    Query query;
    query.key = "docker-sock";
    for (const bool by_literals : {true, false}) {
        const auto found = search({tree.at("/log")}, query, {.by_literals = by_literals});
        ASSERT_THAT(found, SizeIs(1));
        EXPECT_THAT(found[0].lines, SizeIs(2));
    }
}

TEST(Scan, GivesEachRecordOnce) {
    std::mt19937 random(3);
    const host::TemporaryTree tree;
    const std::string text = many_events(random, 6, 200);
    write_text(tree.at("/log"), text);
    std::multiset<std::string> lines;
    std::set<std::string> ids;
    for (const Found& found : search({tree.at("/log")}, {}, {.threads = 2, .piece = std::size_t{1} << 20})) {
        EXPECT_TRUE(ids.insert(found.id).second) << found.id;
        lines.insert(found.lines.begin(), found.lines.end());
    }
    std::multiset<std::string> expected;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = text.find('\n', begin);
        expected.insert(text.substr(begin, end - begin));
        begin = end + 1;
    }
    EXPECT_EQ(lines, expected);
}

TEST(Scan, ReadsARotatedSetAsOneLog) {
    std::mt19937 random(5);
    const std::string text = many_events(random, 5, 30);
    const host::TemporaryTree whole;
    write_text(whole.at("/log"), text);
    const auto expected = search({whole.at("/log")}, {}, {.threads = 1});

    // Cut in the middle of events; the oldest ones packed, one number missing.
    const host::TemporaryTree set;
    const auto cut = [&](std::size_t percent) { return text.find('\n', text.size() * percent / 100) + 1; };
    const std::size_t a = cut(20);
    const std::size_t b = cut(30);
    const std::size_t c = cut(55);
    const std::size_t d = cut(80);
    write_gzip(set.at("/audit.log.7.gz"), text.substr(0, a));
    write_zstd(set.at("/audit.log.5.zst"), text.substr(a, b - a));
    write_text(set.at("/audit.log.2"), text.substr(b, c - b));
    write_gzip(set.at("/audit.log.1.gz"), text.substr(c, d - c));
    write_text(set.at("/audit.log"), text.substr(d));
    write_text(set.at("/other.log"), "x");
    for (const unsigned threads : {1U, 3U}) {
        const auto found = search({set.at("")}, {}, {.threads = threads});
        EXPECT_EQ(sorted(found), sorted(expected));
    }
}

TEST(Scan, TellsOfPackedFilesThatEndEarly) {
    const host::TemporaryTree tree;
    std::string packed = read_text(kData + "damaged/base.log.gz");
    write_text(tree.at("/cut.gz"), packed.substr(0, packed.size() / 2));
    ScanReport report;
    const auto found = search({tree.at("/cut.gz")}, {}, {}, &report);
    EXPECT_GE(found.size(), 1U);
    ASSERT_THAT(report.faults, SizeIs(1));
    EXPECT_THAT(report.faults[0], testing::HasSubstr("ends before its end"));
    packed[packed.size() / 2] = static_cast<char>(~packed[packed.size() / 2]);
    write_text(tree.at("/broken.gz"), packed);
    search({tree.at("/broken.gz")}, {}, {}, &report);
    EXPECT_THAT(report.faults, SizeIs(1));
}

TEST(Scan, SurvivesALineOfManyMegabytes) {
    const std::string base = read_text(kData + "damaged/base.log");
    for (const bool first : {true, false}) {
        std::string text;
        std::size_t line = 0;
        for (std::size_t begin = 0; begin < base.size(); ++line) {
            const auto end = base.find('\n', begin);
            std::string_view record(base.data() + begin, end - begin);
            if (line == 20) {  // a SYSCALL
                const auto comm = record.find("comm=");
                text += first ? std::string(record) + " pad=" + std::string(40U << 20U, 'A')
                              : std::string(record.substr(0, comm)) + "pad=" + std::string(40U << 20U, 'A') + " " +
                                    std::string(record.substr(comm));
            } else {
                text += record;
            }
            text += '\n';
            begin = end + 1;
        }
        const host::TemporaryTree tree;
        write_text(tree.at("/log"), text);
        Query query;
        query.key = "docker-sock";
        ScanReport report;
        for (const bool by_literals : {true, false})
            EXPECT_THAT(search({tree.at("/log")}, query, {.by_literals = by_literals}, &report), SizeIs(20));
        EXPECT_EQ(report.counts.mended_lines(), 1U);
        write_gzip(tree.at("/log.gz"), text);
        EXPECT_THAT(search({tree.at("/log.gz")}, query, {}, &report), SizeIs(20));
    }
}

TEST(Scan, FindsARangeOfTime) {
    std::mt19937 random(11);
    const host::TemporaryTree tree;
    write_text(tree.at("/log"), many_events(random, 30, 20));
    Query query;
    query.since_ms = 1795221493000 + 600'000;
    query.until_ms = *query.since_ms + 60'000;
    ScanReport all;
    ScanReport some;
    const auto expected = search({tree.at("/log")}, query, {.by_time = false}, &all);
    EXPECT_GT(expected.size(), 100U);
    EXPECT_EQ(search({tree.at("/log")}, query, {}, &some), expected);
    EXPECT_LT(some.counts.bytes, all.counts.bytes / 4);
}

TEST(Scan, FindsARangeOfTimeWhereAClockWasSetBack) {
    std::mt19937 random(11);
    const host::TemporaryTree tree;
    const std::string day = many_events(random, 12, 20);
    write_text(tree.at("/log"), day + day);  // an hour lived twice
    Query query;
    query.since_ms = 1795221493000 + 300'000;
    query.until_ms = *query.since_ms + 30'000;
    const auto expected = search({tree.at("/log")}, query, {.by_time = false});
    EXPECT_EQ(search({tree.at("/log")}, query, {}), expected);
}

TEST(Scan, TellsOfAFileThatBecameShorter) {
    std::mt19937 random(2);
    const host::TemporaryTree tree;
    write_text(tree.at("/log"), many_events(random, 8, 0));
    const std::vector<std::string> paths{tree.at("/log")};
    auto files = open_logs(paths);
    ASSERT_TRUE(files);
    std::filesystem::resize_file(tree.at("/log"), 100'000);
    ScanReport report;
    const auto found = search(*files, {}, {.threads = 1}, &report);
    EXPECT_GT(found.size(), 50U);
    ASSERT_FALSE(report.faults.empty());
    EXPECT_THAT(report.faults[0], testing::HasSubstr("became shorter while it was read"));
}

TEST(Scan, FinishesTheLineThatIsBeingWritten) {
    const host::TemporaryTree tree;
    const std::string text = read_text(kData + "damaged/base.log");
    write_text(tree.at("/log"), text.substr(0, text.size() - 30));
    const std::vector<std::string> paths{tree.at("/log")};
    auto files = open_logs(paths);
    ASSERT_TRUE(files);
    write_text(tree.at("/log"), text + "type=LATER");
    const auto found = search(*files, {}, {});
    EXPECT_EQ(found, search({kData + "damaged/base.log"}, {}));
}

TEST(Scan, StopsWhenTheTakerHasEnough) {
    class One final : public EventTaker {
    public:
        explicit One(int& count) : count_(count) {}
        void event(const LogEvent&, const EventPlace&) override { ++count_; }
        bool deliver() override { return false; }

    private:
        int& count_;
    };
    std::mt19937 random(2);
    const host::TemporaryTree tree;
    write_text(tree.at("/log"), many_events(random, 8, 0));
    const std::vector<std::string> paths{tree.at("/log")};
    auto files = open_logs(paths);
    ASSERT_TRUE(files);
    int count = 0;
    const auto report = scan(*files, {}, [&] { return std::make_unique<One>(count); }, {.threads = 1});
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->stopped);
    EXPECT_LT(report->counts.bytes, std::filesystem::file_size(tree.at("/log")));
}

TEST(LogFile, SaysWhatCannotBeOpened) {
    const std::vector<std::string> missing{"/nowhere/audit.log"};
    const auto files = open_logs(missing);
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().message, "cannot open /nowhere/audit.log: No such file or directory");
    const host::TemporaryTree tree;
    const std::vector<std::string> empty{tree.at("")};
    EXPECT_FALSE(open_logs(empty));
}

TEST(LogFile, OrdersARotatedSet) {
    const host::TemporaryTree tree;
    for (const char* name : {"/audit.log", "/audit.log.1", "/audit.log.10.gz", "/audit.log.2.zst",
                             "/audit.log-20261120", "/audit.log-20261119.gz", "/audit.log.bak", "/audit.logs"})
        write_text(tree.at(name), "x");
    const auto set = rotated_set(tree.at(""), "audit.log");
    ASSERT_TRUE(set);
    std::vector<std::string> names;
    for (const auto& path : *set) names.push_back(path.substr(path.rfind('/') + 1));
    EXPECT_THAT(names, testing::ElementsAre("audit.log-20261119.gz", "audit.log-20261120", "audit.log.10.gz",
                                            "audit.log.2.zst", "audit.log.1", "audit.log"));
}

TEST(Literals, AreFoundWhereverTheyStand) {
    std::mt19937 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 300, 'a');
        for (char& c : text) c = "ab\n"[random() % 3];
        std::string wanted(1 + random() % 6, 'a');
        for (char& c : wanted) c = "ab"[random() % 2];
        for (std::size_t from = 0; from < text.size(); from += 1 + random() % 40)
            EXPECT_EQ(find_literal(text, wanted, from), text.find(wanted, from));
    }
}

}  // namespace
}  // namespace plimsoll::audit
