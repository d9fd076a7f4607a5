// For conditions and events made at random, and for the official rules on recorded events: what the filter drops makes
// no condition true.

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "rule/kernel_calls.h"
#include "rule/kernel_filter.h"
#include "rule/official_rules.h"
#include "rule/program.h"
#include "rule/scope.h"

namespace plimsoll::rule {
namespace {

using model::FileAct;
using Random = std::mt19937;

int pick(Random& random, int count) { return std::uniform_int_distribution(0, count - 1)(random); }

template <typename List>
const auto& any_of(Random& random, const List& list) {
    return list[static_cast<std::size_t>(pick(random, static_cast<int>(std::size(list))))];
}

const std::vector<std::string> kTexts = {"/etc/shadow",
                                         "/etc/",
                                         "/etc",
                                         "/etc/cron",
                                         "/bin/sh",
                                         "/bin/",
                                         "/usr/bin",
                                         "/lib/x/y.so",
                                         "/var/run/docker.sock",
                                         "/run/",
                                         "/var/",
                                         "var",
                                         "/var/lock/a",
                                         "/",
                                         "",
                                         "id_rsa",
                                         "/.ssh/",
                                         "/proc/self/fd/",
                                         "/proc/self/exe",
                                         "/proc/*/environ",
                                         "/home/*/.ssh/*",
                                         "*.sock",
                                         "environ",
                                         "/x/y/z",
                                         "a/b/c",
                                         "..",
                                         "../",
                                         "sh",
                                         "/tmp",
                                         "docker.sock"};

const std::vector<std::string> kKernelNames = {"/etc/shadow",
                                               "/etc/cron.d/x",
                                               "/usr/bin/sh",
                                               "/usr/lib/x/y.so",
                                               "/run/docker.sock",
                                               "/run/lock/a",
                                               "/tmp/id_rsa",
                                               "/home/a/.ssh/id_rsa",
                                               "/root/.ssh/authorized_keys",
                                               "/proc/7/environ",
                                               "/proc/7/fd/3",
                                               "/x/y/z",
                                               "/",
                                               "/tmp",
                                               "/usr/sbin/a",
                                               "/usr/lib64/ld.so",
                                               "/a/b/c",
                                               "/var/lib/x",
                                               "/bin/sh",
                                               "",
                                               "memfd:x",
                                               "/etc"};

const std::vector<std::string> kCallersNames = {
    "/proc/self/exe",   "/proc/self/fd/3",    "/proc/thread-self/root/etc/shadow",
    "/proc//self/fd/3", "../../etc/shadow",   "x",
    "/etc/../bin/sh",   "/proc/self/environ", "/tmp/x"};

const std::vector<std::string> kTypes = {
    "open",    "openat", "openat2", "creat", "unlink", "unlinkat", "rename", "renameat2",        "chmod",
    "connect", "setns",  "execve",  "mount", "dup",    "ptrace",   "getpid", "open_by_handle_at"};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

std::string random_check(Random& random) {
    const auto text = [&] { return quoted(any_of(random, kTexts)); };
    const auto list = [&] { return "(" + text() + ", " + text() + ")"; };
    static const std::vector<std::string> kFixed = {"evt.is_open_read = true",
                                                    "evt.is_open_write = true",
                                                    "evt.is_open_write = false",
                                                    "evt.is_open_read != true",
                                                    "evt.is_open_exec = true",
                                                    "evt.is_open_create = true",
                                                    "evt.is_open_exec != true",
                                                    "evt.rawres >= 0",
                                                    "evt.rawres < 0",
                                                    "evt.rawres in (0, 1, 2)",
                                                    "evt.rawres = -2",
                                                    "evt.rawres <= -1",
                                                    "evt.rawres > -1",
                                                    "evt.res = SUCCESS",
                                                    "evt.res != SUCCESS",
                                                    "evt.res startswith E",
                                                    "evt.res = EINPROGRESS",
                                                    "evt.failed = true",
                                                    "evt.failed = false",
                                                    "fd.num >= 0",
                                                    "fd.num = -1",
                                                    "container.id = host",
                                                    "container.id != host",
                                                    "container.id in (host, abc)",
                                                    "container.id = abc",
                                                    "fd.typechar = f",
                                                    "fd.typechar = 4",
                                                    "fd.type in (ipv4, ipv6)",
                                                    "evt.arg.flags contains O_CREAT",
                                                    "evt.arg.flags contains O_TRUNC",
                                                    "proc.name = app",
                                                    "proc.name in (sh, app)",
                                                    "proc.name exists",
                                                    "proc.cmdline contains x",
                                                    "fd.nameraw contains ../",
                                                    "fd.nameraw glob '*../*'"};
    static const std::vector<std::string> kNames = {"fd.name", "fd.name", "fd.name", "fd.directory", "fd.filename"};
    static const std::vector<std::string> kOne = {"=", "!=", "startswith", "endswith", "contains", "glob", "icontains"};
    static const std::vector<std::string> kMany = {
        "in", "pmatch", "startswith anyof", "endswith oneof", "contains allof", "glob anyof"};
    switch (pick(random, 8)) {
        case 0: return "evt.type = " + any_of(random, kTypes);
        case 1: return "evt.type in (" + any_of(random, kTypes) + ", " + any_of(random, kTypes) + ")";
        case 2: return pick(random, 3) == 0 ? "evt.type != " + any_of(random, kTypes) : "evt.type startswith open";
        case 3: return any_of(random, kFixed);
        case 4: return any_of(random, kFixed);
        case 5: return any_of(random, kNames) + " " + any_of(random, kMany) + " " + list();
        default: return any_of(random, kNames) + " " + any_of(random, kOne) + " " + text();
    }
}

std::string random_condition(Random& random, int depth) {
    const int kind = depth == 0 ? 0 : pick(random, 7);
    if (kind <= 1) return random_check(random);
    if (kind == 2) return "not (" + random_condition(random, depth - 1) + ")";
    const auto* word = kind <= 5 ? " and " : " or ";
    std::string out = "(" + random_condition(random, depth - 1);
    for (int i = pick(random, 3); i >= 0; --i) out += word + random_condition(random, depth - 1);
    return out + ")";
}

/// An event as the kernel sees it, and the names that its file goes by in user space.
struct Happened {
    KernelView view;
    std::string path;
    std::string second;
    std::string name;
    std::string type;
    std::string mode;  ///< r, w, b, t (read and truncated)
    bool creates = false;
    bool executable = false;

    /// The kernel's name, the caller's through /proc, the other one by the usual links.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> out = {path.empty() ? name : path};
        if (name.starts_with("/proc/")) out.push_back(name);
        static const std::vector<std::pair<std::string, std::string>> kLinks = {
            {"/usr/bin", "/bin"},     {"/usr/sbin", "/sbin"}, {"/usr/lib", "/lib"},
            {"/usr/lib64", "/lib64"}, {"/run", "/var/run"},   {"/run/lock", "/var/lock"}};
        for (const auto& [kernel, other] : kLinks) {
            if (path == kernel || path.starts_with(kernel + "/")) out.push_back(other + path.substr(kernel.size()));
        }
        if (!second.empty()) out.push_back(second);
        return out;
    }

    [[nodiscard]] FieldMap record(const std::string& file) const {
        FieldMap out;
        const auto set = [&](const char* field, const std::string& value) {
            const auto done = out.set(field, {value});
            EXPECT_TRUE(done) << field << " " << value;
        };
        set("evt.type", type);
        set("container.id", view.in_container ? "abc" : "host");
        set("proc.name", std::string(view.program));
        set("proc.cmdline", "x");
        set("evt.rawres", view.failed ? "-2" : "3");
        set("evt.res", view.failed ? "ENOENT" : "SUCCESS");
        set("evt.failed", view.failed ? "true" : "false");
        const bool open = type.starts_with("open") || type == "creat";
        set("evt.is_open_read", open && mode != "w" ? "true" : "false");
        set("evt.is_open_write", open && (mode == "w" || mode == "b") ? "true" : "false");
        set("evt.is_open_exec", executable ? "true" : "false");
        set("evt.is_open_create", creates ? "true" : "false");
        set("evt.arg.flags", std::string(creates ? "O_CREAT" : "") + (mode == "t" ? "|O_TRUNC" : ""));
        if (!open) {
            set("fd.typechar", "4");
            set("fd.type", "ipv4");
            set("fd.num", "3");
        } else {
            set("fd.typechar", "f");
            set("fd.type", "file");
            set("fd.num", view.failed ? "-1" : "3");
        }
        if (view.acts != 0) {
            set("fd.name", file);
            set("fd.nameraw", name);
            const auto slash = file.rfind('/');
            set("fd.filename", slash == std::string::npos ? file : file.substr(slash + 1));
            if (slash != std::string::npos) set("fd.directory", slash == 0 ? "/" : file.substr(0, slash));
        }
        return out;
    }
};

std::uint32_t bit(FileAct act) { return 1U << static_cast<unsigned>(act); }

std::uint32_t acts_of(const Happened& event, const detail::KernelCall& call, bool directory) {
    if (const auto act = detail::act_of(call)) {
        return bit(call.name == "unlinkat" && directory ? FileAct::rmdir : *act);
    }
    if (!detail::opens(call)) return 0;
    if (event.view.failed) return bit(FileAct::failed);
    std::uint32_t acts = 0;
    if (event.mode != "w") acts |= bit(FileAct::read);
    if (event.mode != "r") acts |= bit(FileAct::write);
    if (event.creates) acts |= bit(FileAct::create);
    if (event.executable) acts |= bit(FileAct::execute);
    return acts;
}

void happen(Random& random, Happened& event) {
    event.type = any_of(random, kTypes);
    const auto calls = detail::kernel_calls();
    const auto call = std::ranges::find(calls, event.type, &detail::KernelCall::name);
    ASSERT_NE(call, calls.end()) << event.type;
    event.path = any_of(random, kKernelNames);
    event.name = pick(random, 2) == 0 ? event.path : any_of(random, kCallersNames);
    event.second = event.type.starts_with("rename") ? any_of(random, kKernelNames) : "";
    event.mode = event.type == "creat" ? "w" : any_of(random, std::vector<std::string>{"r", "r", "w", "b", "t"});
    event.creates = event.type == "creat" || (event.type.starts_with("open") && pick(random, 3) == 0);
    event.executable = event.creates && pick(random, 2) == 0;
    event.view.call = call->number;
    event.view.failed = pick(random, 3) == 0;
    event.view.in_container = pick(random, 3) != 0;
    event.view.program = pick(random, 2) == 0 ? "app" : "cat";
    event.view.acts = acts_of(event, *call, pick(random, 2) == 0);
    event.view.path = event.path;
    event.view.name = event.name;
    event.view.second_path = event.second;
}

TEST(KernelFilterProperty, WhatIsDroppedMakesNoConditionTrue) {
    Random random(20261121);
    int dropped = 0;
    int dropped_file = 0;
    int sent = 0;
    int matched = 0;
    for (int round = 0; round < 2000; ++round) {
        const auto text = random_condition(random, 3);
        const auto condition = resolve(text, {});
        ASSERT_TRUE(condition) << text << condition.error().message;
        ProgramBuilder builder;
        ASSERT_TRUE(builder.add(*condition)) << text;
        const auto program = std::move(builder).build();
        Evaluator evaluator(program);
        const bool host = pick(random, 4) != 0;
        const auto filter = kernel_filter(std::vector{*condition}, host);
        for (int n = 0; n < 30; ++n) {
            Happened event;
            happen(random, event);
            if (!host) event.view.in_container = true;
            const bool passes = sends(filter, event.view);
            ++(passes ? sent : dropped);
            dropped_file += !passes && event.view.acts != 0 ? 1 : 0;
            for (const auto& file : event.names()) {
                const auto record = event.record(file);
                evaluator.start(record);
                const bool holds = evaluator.evaluate(0) == Truth::yes;
                matched += holds ? 1 : 0;
                ASSERT_TRUE(passes || !holds)
                    << text << "\n"
                    << event.type << " " << event.path << " as " << file << ", written " << event.name << ", mode "
                    << event.mode << event.creates << event.executable << ", failed " << event.view.failed
                    << ", in a container " << event.view.in_container;
            }
        }
    }
    EXPECT_GT(dropped, 10000);
    EXPECT_GT(dropped_file, 3000);
    EXPECT_GT(sent, 5000);
    EXPECT_GT(matched, 3000);
}

/// What the kernel would have seen of a recorded event.
KernelView view_of(const official::Recorded& event) {
    KernelView view;
    const auto calls = detail::kernel_calls();
    const auto call = std::ranges::find(calls, event.type, &detail::KernelCall::name);
    if (call == calls.end()) return {.call = 60};  // an event of no call is always sent
    view.call = call->number;
    view.failed = event.text("evt.rawres").starts_with("-");
    view.in_container = event.text("container.id") != "host";
    if (const auto act = detail::act_of(*call)) view.acts = bit(*act);
    if (detail::opens(*call)) {
        if (view.failed) view.acts = bit(FileAct::failed);
        const auto flags = event.text("evt.arg.flags");
        const auto has = [&](const char* flag) { return flags.find(flag) != std::string::npos; };
        if (!view.failed && event.text("evt.is_open_read") == "true") view.acts |= bit(FileAct::read);
        if (!view.failed && (event.text("evt.is_open_write") == "true" || has("O_TRUNC")))
            view.acts |= bit(FileAct::write);
        if (!view.failed && has("O_CREAT")) view.acts |= bit(FileAct::create);
        if (!view.failed && event.text("evt.is_open_exec") == "true") view.acts |= bit(FileAct::execute);
    }
    return view;
}

TEST(KernelFilterProperty, OfficialRulesGetEveryRecordedEventThatTheyFireOn) {
    if (!official::is_here()) GTEST_SKIP() << "the shared cases are not here";
    const auto sets = official::rules();
    const auto rules = official::enabled(sets);
    std::set<std::string> names;
    for (const auto* rule : rules) names.insert(rule->name);
    const auto filter = kernel_filter(rules);
    int fired = 0;
    int dropped = 0;
    for (const auto& event : official::events()) {
        KernelView view = view_of(event);
        const auto path = event.text("fd.name");
        const auto name = event.text("fd.nameraw");
        const auto program = event.text("proc.name");
        view.path = path;
        view.name = name;
        view.program = program;
        const bool fires = std::ranges::any_of(event.matches, [&](const auto& rule) { return names.contains(rule); });
        fired += fires ? 1 : 0;
        const bool passes = sends(filter, view);
        dropped += passes ? 0 : 1;
        EXPECT_TRUE(passes || !fires) << "event " << event.id << " " << event.type << " " << path;
    }
    EXPECT_GT(fired, 20);
    EXPECT_GT(dropped, 300);
    RecordProperty("dropped", dropped);
}

}  // namespace
}  // namespace plimsoll::rule
