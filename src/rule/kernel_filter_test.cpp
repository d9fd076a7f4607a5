// What is asked of the kernel, derived from conditions: enough for every condition, and not much more.

#include "rule/kernel_filter.h"

#include <algorithm>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule/official_rules.h"
#include "rule/scope.h"

namespace plimsoll::rule {
namespace {

using model::FileAct;
using model::FileWish;
using model::KernelFilter;
using model::PathTest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint16_t kConnect = 42;
constexpr std::uint16_t kExecve = 59;
constexpr std::uint16_t kOpenat = 257;
constexpr std::uint16_t kSetns = 308;

KernelFilter filter_of(const std::string& text) {
    const auto condition = resolve(text, {});
    EXPECT_TRUE(condition) << text << ": " << (condition ? "" : condition.error().message);
    return kernel_filter(std::vector{*condition});
}

const FileWish& wish(const KernelFilter& filter, FileAct act) { return filter.files[static_cast<std::size_t>(act)]; }

std::uint32_t bit(FileAct act) { return 1U << static_cast<unsigned>(act); }

const std::string kOpens = "evt.type in (open, openat, openat2) and ";

/// What reading wants for a test of the file's name.
std::vector<PathTest> paths(const std::string& test) {
    const auto filter = filter_of(kOpens + "evt.is_open_read = true and " + test);
    EXPECT_FALSE(wish(filter, FileAct::read).all) << test;
    return wish(filter, FileAct::read).paths;
}

bool wants_all(const std::string& test) {
    return wish(filter_of(kOpens + "evt.is_open_read = true and " + test), FileAct::read).all;
}

PathTest exact(std::string text) { return {PathTest::Kind::exact, std::move(text)}; }
PathTest under(std::string text) { return {PathTest::Kind::under, std::move(text)}; }
PathTest name(std::string text) { return {PathTest::Kind::name, std::move(text)}; }
PathTest part(std::string text) { return {PathTest::Kind::part, std::move(text)}; }

TEST(KernelFilter, TestsOfAFilesNameBecomeTestsOfThePath) {
    EXPECT_THAT(paths("fd.name = /etc/shadow"), ElementsAre(exact("/etc/shadow")));
    EXPECT_THAT(paths("fd.name in (/etc/shadow, /etc/sudoers)"),
                ElementsAre(exact("/etc/shadow"), exact("/etc/sudoers")));
    EXPECT_THAT(paths("fd.name startswith /etc/ssh/"), ElementsAre(under("/etc/ssh")));
    EXPECT_THAT(paths("fd.name endswith /release_agent"), ElementsAre(name("release_agent")));
    EXPECT_THAT(paths("fd.name contains /.ssh/"), ElementsAre(part(".ssh")));
    EXPECT_THAT(paths("fd.name glob /proc/*/environ"), ElementsAre(name("environ")));
    EXPECT_THAT(paths("fd.name glob /home/*/.ssh/*"), ElementsAre(part(".ssh")));
    EXPECT_THAT(paths("fd.name pmatch (/etc/apt/sources.list.d)"), ElementsAre(under("/etc/apt/sources.list.d")));
    EXPECT_THAT(paths("fd.name pmatch (/home/*/secret)"), ElementsAre(part("secret")));
    EXPECT_THAT(paths("fd.directory = /etc/sudoers.d"), ElementsAre(under("/etc/sudoers.d")));
    EXPECT_THAT(paths("fd.filename in (.bashrc)"), ElementsAre(name(".bashrc")));
    EXPECT_THAT(paths("fd.name startswith anyof (/a/, /b/)"), ElementsAre(under("/a"), under("/b")));
}

TEST(KernelFilter, APrefixThatIsNoDirectoryIsWidenedToItsDirectory) {
    EXPECT_THAT(paths("fd.name startswith /root/.ssh"), ElementsAre(under("/root")));
    EXPECT_THAT(paths("fd.name startswith /dev/sd"), ElementsAre(under("/dev")));
    EXPECT_TRUE(wants_all("fd.name startswith /de"));
}

TEST(KernelFilter, WhatTheKernelCannotTestWantsEverything) {
    for (const auto* test : {"fd.name contains id_rsa", "fd.name endswith release_agent", "fd.name icontains /ETC/",
                             "fd.name regex '/etc/.*'", "not fd.name startswith /usr/", "fd.name != /usr/x",
                             "fd.name exists", "fd.name = val(proc.exepath)", "fd.filename startswith .",
                             "fd.directory = /", "fd.name glob *.so", "proc.cmdline contains x"}) {
        EXPECT_TRUE(wants_all(test)) << test;
    }
}

TEST(KernelFilter, NamesByTheUsualLinksAreNamedAsTheKernelNamesThem) {
    EXPECT_THAT(paths("fd.directory = /bin"), UnorderedElementsAre(under("/bin"), under("/usr/bin")));
    EXPECT_THAT(paths("fd.name = /lib64/ld.so"),
                UnorderedElementsAre(exact("/lib64/ld.so"), exact("/usr/lib64/ld.so")));
    EXPECT_THAT(paths("fd.name = /var/run/docker.sock"),
                UnorderedElementsAre(exact("/var/run/docker.sock"), exact("/run/docker.sock")));
    EXPECT_THAT(paths("fd.name = /var/lock/x"), UnorderedElementsAre(exact("/var/lock/x"), exact("/run/lock/x")));
    EXPECT_THAT(paths("fd.name startswith /var/"), testing::IsSupersetOf({under("/var"), under("/run")}));
}

TEST(KernelFilter, AConjunctionTakesItsMostSelectiveTestADisjunctionAll) {
    EXPECT_THAT(paths("fd.name startswith /etc/ and fd.name = /etc/shadow and proc.name = sshd"),
                ElementsAre(exact("/etc/shadow")));
    EXPECT_THAT(paths("(fd.name = /a or fd.name = /b)"), ElementsAre(exact("/a"), exact("/b")));
    EXPECT_THAT(paths("not (not fd.name = /a or proc.name = cat)"), ElementsAre(exact("/a")));
}

TEST(KernelFilter, ProgramsAndSpellingsStandInForPaths) {
    const auto tar = filter_of(kOpens + "evt.is_open_read = true and proc.name = tar and not fd.name startswith /usr");
    EXPECT_THAT(wish(tar, FileAct::read).programs, ElementsAre("tar"));
    EXPECT_THAT(wish(tar, FileAct::read).paths, IsEmpty());
    const auto climbing = filter_of(kOpens + "fd.name contains id_rsa and fd.nameraw contains ../");
    EXPECT_TRUE(wish(climbing, FileAct::read).climbing);
    EXPECT_FALSE(wish(climbing, FileAct::read).all);
}

TEST(KernelFilter, ActsAreThoseThatTheConditionCanHoldFor) {
    const auto read = filter_of(kOpens + "evt.is_open_read = true and fd.num >= 0 and fd.name = /a");
    EXPECT_THAT(wish(read, FileAct::read).paths, ElementsAre(exact("/a")));
    for (const auto act :
         {FileAct::write, FileAct::create, FileAct::execute, FileAct::directory, FileAct::failed, FileAct::unlink}) {
        EXPECT_TRUE(wish(read, act).empty()) << static_cast<int>(act);
    }
    const auto write = filter_of(kOpens + "evt.is_open_write = true and evt.rawres >= 0");
    EXPECT_TRUE(wish(write, FileAct::write).all);
    EXPECT_TRUE(wish(write, FileAct::read).empty());
    const auto executable = filter_of("evt.type in (open, creat) and evt.is_open_exec = true and evt.rawres >= 0");
    EXPECT_TRUE(wish(executable, FileAct::execute).all);
    EXPECT_TRUE(wish(executable, FileAct::create).empty());
    EXPECT_TRUE(wish(executable, FileAct::write).empty());
    const auto created = filter_of(kOpens + "fd.num >= 0 and evt.arg.flags contains O_CREAT and fd.directory = /dev");
    EXPECT_THAT(wish(created, FileAct::create).paths, ElementsAre(under("/dev")));
    EXPECT_TRUE(wish(created, FileAct::read).empty());
    const auto failed = filter_of(kOpens + "evt.res startswith E and fd.name = /a");
    EXPECT_THAT(wish(failed, FileAct::failed).paths, ElementsAre(exact("/a")));
    EXPECT_TRUE(wish(failed, FileAct::read).empty());
    const auto removed = filter_of("evt.type in (unlinkat) and fd.directory = /var/log");
    EXPECT_THAT(wish(removed, FileAct::unlink).paths, ElementsAre(under("/var/log")));
    EXPECT_THAT(wish(removed, FileAct::rmdir).paths, ElementsAre(under("/var/log")));
    EXPECT_TRUE(wish(removed, FileAct::rename).empty());
}

TEST(KernelFilter, ClaimsOfTheCallerDecideNothing) {
    EXPECT_TRUE(wish(filter_of("evt.type = rename and evt.arg.oldpath startswith /bin/"), FileAct::rename).all);
    EXPECT_TRUE(wish(filter_of("evt.type = chmod and evt.arg.mode contains S_ISUID"), FileAct::chmod).all);
}

TEST(KernelFilter, CallsWithoutAFileAreSentByNameAndOutcome) {
    const auto filter =
        filter_of("(evt.type = setns and evt.rawres >= 0) or (evt.type = connect and evt.failed = true)");
    EXPECT_TRUE(filter.succeeded[kSetns]);
    EXPECT_FALSE(filter.failed[kSetns]);
    EXPECT_TRUE(filter.failed[kConnect]);
    EXPECT_EQ(filter.succeeded.count(), 2U);  // connect too: one that is under way is both
    EXPECT_EQ(filter.failed.count(), 1U);
    EXPECT_TRUE(filter_of("evt.type = execve and evt.res = ENOENT").failed[kExecve]);
    EXPECT_FALSE(filter_of("evt.type = execve and evt.res = SUCCESS").failed[kExecve]);
    EXPECT_GT(filter_of("proc.name = sh").succeeded.count(), 300U);
    EXPECT_EQ(filter_of("evt.type != setns").succeeded[kSetns], false);
}

TEST(KernelFilter, TheHostIsLeftOutWhereConditionsNameContainers) {
    EXPECT_FALSE(filter_of("evt.type = setns and container.id != host").host);
    EXPECT_TRUE(filter_of("evt.type = setns").host);
    EXPECT_TRUE(filter_of("evt.type = setns and container.id = host").host);
    EXPECT_FALSE(filter_of("evt.type = execve and evt.rawres = 0").host);  // sent anyway
    const auto condition = resolve("evt.type = setns and container.id = host", {});
    EXPECT_TRUE(kernel_filter(std::vector{*condition}, false).succeeded.none());
}

TEST(KernelFilter, WhatIsSentOnDemandIsAskedForWhereItIsRead) {
    EXPECT_TRUE(filter_of("evt.type = execve and proc.env icontains x").environment);
    EXPECT_TRUE(filter_of("evt.type = recvfrom and evt.buffer bcontains cafe").data);
    EXPECT_FALSE(filter_of("evt.type = recvfrom").data);
    EXPECT_TRUE(filter_of("evt.type = connect and fd.sip.name endswith .example").names);
    EXPECT_FALSE(filter_of("evt.type = connect and fd.sip = 192.0.2.1").names);
    const auto set = load_rules("r",
                                "- {rule: r, desc: d, condition: evt.type = execve, output: '%proc.env', "
                                "priority: INFO}");
    const std::vector<const Rule*> rules = {&set.rules[0]};
    EXPECT_TRUE(kernel_filter(rules).environment);
}

TEST(KernelFilter, UnitedWantsWhatEitherWants) {
    const auto both = united(filter_of(kOpens + "fd.name = /a"), filter_of(kOpens + "fd.name = /b"));
    EXPECT_THAT(wish(both, FileAct::read).paths, ElementsAre(exact("/a"), exact("/b")));
    EXPECT_TRUE(wish(united(both, filter_of("evt.type = openat")), FileAct::read).all);
}

TEST(KernelFilter, NamesOfProcAreJudgedAsTheCallerWroteThem) {
    const auto filter = filter_of(kOpens + "fd.name startswith /proc/self/fd/");
    KernelView view{.call = kOpenat, .acts = bit(FileAct::write), .path = "/tmp/x", .name = "/proc/self/fd/3"};
    EXPECT_TRUE(sends(filter, view));
    view.name = "/proc//self/fd/3";  // not normal: it may lead anywhere
    EXPECT_TRUE(sends(filter, view));
    view.name = "/tmp/x";
    EXPECT_FALSE(sends(filter, view));
    view.path = "/proc/7/fd/3";  // the kernel knows no /proc/self
    EXPECT_TRUE(sends(filter, view));
}

KernelView reading(std::string_view path) {
    return {.call = kOpenat, .acts = bit(FileAct::read), .path = path, .name = path, .program = "app"};
}

TEST(KernelFilter, OfficialRulesDoNotWantTheReadingOfOrdinaryFiles) {
    if (!official::is_here()) GTEST_SKIP() << "the shared cases are not here";
    for (const std::size_t files : {1U, 3U}) {
        const auto sets = official::rules(files);
        const auto rules = official::enabled(sets);
        const auto filter = kernel_filter(rules);
        for (const auto* path : {"/usr/lib/x86_64-linux-gnu/libc.so.6", "/tmp/x", "/app/data.bin"})
            EXPECT_FALSE(sends(filter, reading(path))) << path << "\n" << explain_kernel_filter(rules);
        EXPECT_TRUE(sends(filter, reading("/etc/shadow")));
        auto climbing = reading("/etc/passwd");
        climbing.name = "../../etc/passwd";
        EXPECT_TRUE(sends(filter, climbing));
    }
}

TEST(KernelFilter, IsExplainedInWords) {
    const auto set = load_rules("r", R"y(
- {rule: secrets, desc: d, condition: "evt.type in (openat) and evt.is_open_read = true and fd.num >= 0 and
   fd.name in (/etc/shadow, /etc/gshadow)", output: o, priority: INFO}
- {rule: keys, desc: d, condition: "container.id != host and evt.type in (openat, openat2) and fd.num >= 0 and
   evt.is_open_read = true and (fd.name contains /.ssh/ or fd.name = /etc/shadow)", output: o, priority: INFO}
- {rule: namespaces, desc: d, condition: "evt.type in (setns, unshare) and evt.rawres >= 0", output: o, priority: INFO}
)y");
    std::vector<const Rule*> rules;
    for (const auto& rule : set.rules) rules.push_back(&rule);
    EXPECT_EQ(explain_kernel_filter(rules), R"(Of all processes the kernel sends, beside their beginnings and ends:
files opened for reading
  /etc/gshadow: secrets
  /etc/shadow: secrets; keys
  with a part .ssh: keys
calls
  unshare that succeeded, setns that succeeded: namespaces
)");
}

}  // namespace
}  // namespace plimsoll::rule
