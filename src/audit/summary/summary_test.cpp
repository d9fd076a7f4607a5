#include "audit/summary/summary.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "audit/summary/summary_options.h"

namespace plimsoll::audit {
namespace {

std::string line(std::string_view type, unsigned millis, unsigned serial, std::string_view body) {
    return "type=" + std::string(type) + " msg=audit(1795221463." + std::to_string(millis) + ":" +
           std::to_string(serial) + "): " + std::string(body) + "\n";
}

std::string connect_event(unsigned serial, std::string_view comm, std::string_view success = "yes") {
    const std::string name(comm);
    return line("SYSCALL", 745, serial,
                "arch=c000003e syscall=42 success=" + std::string(success) +
                    " exit=0 a0=3 a1=1 a2=2 a3=0 items=1 ppid=1 pid=77 auid=1000 uid=0 gid=0 tty=pts0 ses=5 comm=\"" +
                    name + "\" exe=\"/usr/bin/" + name + "\" key=\"sock\"") +
           line("SOCKADDR", 745, serial, "saddr=01002F72756E2F782E736F636B00") +
           line("PATH", 745, serial, "item=0 name=\"/run/x.sock\" inode=1 dev=fe:00 mode=0140660 nametype=NORMAL") +
           line("PROCTITLE", 745, serial, "proctitle=78");
}

/// A log file of its own for each test.
class Summary : public ::testing::Test {
protected:
    std::vector<LogFile> logs(const std::string& text) {
        path_ = std::filesystem::temp_directory_path() / ("summary_test." + std::to_string(::getpid()));
        std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
        auto files = open_logs(std::vector<std::string>{path_.string()});
        EXPECT_TRUE(files);
        return std::move(*files);
    }
    void TearDown() override { std::filesystem::remove(path_); }

    static std::string report(const std::vector<LogFile>& files, const ReportOptions& options,
                              std::uint64_t* rows = nullptr) {
        std::string out;
        const auto result = write_report(files, Query{}, options, 1, [&](std::string_view text) {
            out += text;
            return true;
        });
        EXPECT_TRUE(result);
        if (rows != nullptr) *rows = result->rows;
        return out;
    }

    std::filesystem::path path_;
};

std::string value_of(const std::string& overview, const std::string& label) {
    const std::size_t at = overview.find("Number of " + label + ": ");
    if (at == std::string::npos) return "no such line";
    const std::size_t begin = overview.find(": ", at) + 2;
    return overview.substr(begin, overview.find('\n', begin) - begin);
}

TEST_F(Summary, OverviewCountsAnEventOnceHoweverItsRecordsAreMixedOrDoubled) {
    const std::string one = connect_event(7, "docker");
    const std::string change = line("CONFIG_CHANGE", 745, 8, "auid=1000 ses=1 op=add_rule key=\"k\" list=4 res=1");
    const std::string login = line("USER_LOGIN", 746, 9,
                                   "pid=3 uid=0 auid=1000 ses=5 msg='op=login acct=\"bob\" exe=\"/usr/sbin/sshd\" "
                                   "hostname=? addr=10.0.0.9 terminal=ssh res=failed'");
    Overview overview{OverviewOptions{}};
    overview.read(change + one + login + change + one, true);
    const std::string text = overview.text(Zone::utc, false);
    EXPECT_EQ(value_of(text, "events"), "3");
    EXPECT_EQ(value_of(text, "changes in configuration"), "1");
    EXPECT_EQ(value_of(text, "failed logins"), "1");
    EXPECT_EQ(value_of(text, "logins"), "0");
    EXPECT_EQ(value_of(text, "users"), "1");
    EXPECT_EQ(value_of(text, "host names"), "1");
    EXPECT_EQ(value_of(text, "files"), "1");
    EXPECT_EQ(value_of(text, "keys"), "2");
    EXPECT_EQ(value_of(text, "process IDs"), "2");
    EXPECT_NE(text.find("Range of time in logs: 11/21/26 00:37:43.745 - 11/21/26 00:37:43.746"), std::string::npos);
}

TEST_F(Summary, OverviewCountsEachCallOfAProcessWhoseRecordsEndAlike) {
    std::string log;
    for (unsigned i = 0; i < 6; ++i)
        log += line("SYSCALL", 745, 100 + i,
                    "arch=c000003e syscall=2 success=" + std::string(i % 3 == 0 ? "no" : "yes") +
                        " exit=0 a0=" + std::to_string(i) + " ppid=1 pid=" + std::to_string(i) +
                        " auid=1000 uid=0 tty=pts0 comm=\"" + (i < 4 ? "cat" : "dog") + "\" exe=\"/bin/x\" key=\"k\"");
    // An outcome behind the login user, as no kernel writes it, is one for each call
    for (unsigned i = 0; i < 3; ++i)
        log += line("SYSCALL", 745, 200 + i, "arch=c000003e pid=9 auid=1001 success=no comm=\"odd\" tty=(none)");
    Overview overview{OverviewOptions{}};
    overview.read(log, true);
    const std::string text = overview.text(Zone::utc, false);
    EXPECT_EQ(value_of(text, "failed syscalls"), "5");
    EXPECT_EQ(value_of(text, "users"), "2");
    EXPECT_EQ(value_of(text, "commands"), "3");
    EXPECT_EQ(value_of(text, "executables"), "1");
    EXPECT_EQ(value_of(text, "terminals"), "2");
    EXPECT_EQ(value_of(text, "keys"), "1");
    EXPECT_EQ(value_of(text, "process IDs"), "7");
}

TEST_F(Summary, OverviewIsTheSameInOnePieceAndInMany) {
    std::string text;
    for (unsigned i = 1; i < 60000; ++i)
        text += connect_event(i, i % 3 == 0 ? "docker" : "ctr", i % 5 == 0 ? "no" : "yes");
    const auto files = logs(text);
    ASSERT_GT(text.size(), 20U << 20);
    Overview whole{OverviewOptions{}};
    whole.read(text, true);
    Overview pieces{OverviewOptions{}};
    ASSERT_TRUE(make_overview(files, {}, 3, pieces));
    EXPECT_EQ(pieces.text(Zone::utc, false), whole.text(Zone::utc, false));
    EXPECT_EQ(value_of(pieces.text(Zone::utc, false), "events"), "59999");
    EXPECT_EQ(value_of(pieces.text(Zone::utc, false), "failed syscalls"), "11999");
}

TEST_F(Summary, OverviewOfWhatFailedLeavesTheRestOut) {
    const auto files = logs(connect_event(1, "docker", "no") + connect_event(2, "ctr"));
    Overview overview{OverviewOptions{}};
    ASSERT_TRUE(make_overview_of_events(files, Query{}, false, 1, overview));
    EXPECT_EQ(value_of(overview.text(Zone::utc, false), "events"), "1");
    EXPECT_EQ(value_of(overview.text(Zone::utc, false), "executables"), "1");
}

TEST_F(Summary, DamagedLinesAreCountedAndHideNothing) {
    Overview overview{OverviewOptions{}};
    overview.read(
        std::string("\0\0\0\nrubbish\n", 12) + "type=NO_SUCH msg=audit(1.000:1): a=1\n" + connect_event(7, "docker"),
        true);
    EXPECT_EQ(overview.events(), 2U);  // a type that no table has is still an event
    EXPECT_EQ(overview.damaged(), 1U);
}

TEST_F(Summary, ListsAndCountsHaveAureportsLayout) {
    const auto files = logs(connect_event(1, "docker") + connect_event(2, "ctr") + connect_event(3, "docker"));
    ReportOptions options;
    options.zone = Zone::utc;
    options.kind = ReportKind::key;
    EXPECT_EQ(report(files, options),
              "\nKey Report\n===============================================\n# date time key success exe auid event\n"
              "===============================================\n"
              "1. 11/21/26 00:37:43 sock yes /usr/bin/docker 1000 1\n"
              "2. 11/21/26 00:37:43 sock yes /usr/bin/ctr 1000 2\n"
              "3. 11/21/26 00:37:43 sock yes /usr/bin/docker 1000 3\n");
    options.kind = ReportKind::executable;
    options.summary = true;
    EXPECT_EQ(report(files, options),
              "\nExecutable Summary Report\n=================================\ntotal  file\n"
              "=================================\n2  /usr/bin/docker\n1  /usr/bin/ctr\n");
    options.json = true;
    EXPECT_EQ(report(files, options),
              "{\"total\":2,\"file\":\"/usr/bin/docker\"}\n{\"total\":1,\"file\":\"/usr/bin/ctr\"}\n");
    options.summary = false;
    options.kind = ReportKind::syscall;
    options.interpret = true;
    EXPECT_EQ(report(files, options).substr(0, 104),
              "{\"time\":\"2026-11-21T00:37:43.745Z\",\"syscall\":\"connect\",\"pid\":\"77\",\"comm\":\"docker\","
              "\"auid\":\"unknown(1000)\"");
}

TEST_F(Summary, SaysWhenThereIsNothingOfInterest) {
    const auto files = logs(connect_event(1, "docker"));
    ReportOptions options;
    options.kind = ReportKind::login;
    std::uint64_t rows = 1;
    EXPECT_TRUE(report(files, options, &rows).ends_with("<no events of interest were found>\n\n"));
    EXPECT_EQ(rows, 0U);
}

TEST(ValueCounts, TellsApartSoManyValuesAndCountsTheOthersTogether) {
    ValueCounts counts({.values = 2, .bytes = 100});
    for (const auto* value : {"a", "b", "c", "b", "c", "c"}) counts.add(value);
    const auto rows = counts.rows();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].value, "b");
    EXPECT_EQ(counts.others(), 3U);
    ReportOptions options;
    options.kind = ReportKind::command;
    options.summary = true;
    EXPECT_EQ(summary_rows(options, counts), "2  b\n1  a\n3  (others, not told apart)\n");
}

TEST(SummaryOptions, ReadsAureportsWords) {
    const SearchClock clock{.now = 1795221463 * kSecond, .zone = Zone::utc, .boot = std::nullopt};
    const auto request = parse_summary(std::vector<std::string>{"-ts", "11/21/26", "00:37:44", "-k", "--summary", "-i",
                                                                "--failed", "-if", "x.log", "-nc"},
                                       clock);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->what, SummaryRequest::What::report);
    EXPECT_EQ(request->report.kind, ReportKind::key);
    EXPECT_TRUE(request->report.summary && request->report.interpret && request->report.without_config);
    EXPECT_EQ(request->report.success, std::optional(false));
    EXPECT_EQ(request->overview.since_ms, std::optional(std::int64_t{1795221464000}));
    EXPECT_EQ(request->inputs, std::vector<std::string>{"x.log"});
    EXPECT_FALSE(parse_summary(std::vector<std::string>{"--tty", "--summary"}, clock));
    EXPECT_FALSE(parse_summary(std::vector<std::string>{"-ts"}, clock));
    EXPECT_EQ(parse_summary(std::vector<std::string>{"-zz"}, clock).error().message,
              "'-zz' is no option of auditd summary");
    EXPECT_EQ(parse_summary({}, clock)->what, SummaryRequest::What::overview);
}

}  // namespace
}  // namespace plimsoll::audit
