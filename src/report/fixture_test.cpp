#include "report/fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "report/digest.h"

namespace plimsoll::report::fixture {

using model::AuditReport;
using model::Check;
using model::Finding;
using model::Outcome;
using model::Severity;
using model::SubjectKind;

Finding& add(AuditReport& report, std::uint32_t check, std::uint32_t object, Outcome outcome, std::string message) {
    Finding finding{.check = check, .object = object, .outcome = outcome, .message = std::move(message)};
    auto& summary = report.objects[object];
    if (outcome == Outcome::fail) ++summary.failed[rank(report.checks[check].severity)];
    if (outcome == Outcome::pass) ++summary.passed;
    if (outcome == Outcome::unknown) ++summary.unknown;
    return report.findings.emplace_back(std::move(finding));
}

namespace {

void waive(AuditReport& report, Finding& finding, std::uint32_t waiver) {
    finding.waiver = waiver;
    ++report.waivers[waiver].used;
    --report.objects[finding.object].failed[rank(report.checks[finding.check].severity)];
}

std::vector<Check> ordinary_checks() {
    return {
        {"container-engine-socket",
         "The engine's socket is mounted",
         "Whoever can write to the socket can start a container that owns the host.",
         "docker run … without -v /var/run/docker.sock; give the service a filtering proxy instead",
         Severity::critical,
         SubjectKind::container,
         {"cis-1.8:5.32", "mitre:T1611"},
         {"escape"}},
        {"container-runs-as-root",
         "Runs as root",
         "A process that breaks out keeps its user.",
         "USER 10001 in the Dockerfile\nor: docker run --user 10001:10001",
         Severity::medium,
         SubjectKind::container,
         {"cis-1.8:4.1"},
         {"hardening"}},
        {"container-privileged",
         "Runs privileged",
         "A privileged container has every capability and every device.",
         "docker run --cap-drop ALL --cap-add NET_BIND_SERVICE",
         Severity::critical,
         SubjectKind::container,
         {"cis-1.8:5.5", "nist-800-190:4.4.3"},
         {"escape"}},
        {"container-memory-limit",
         "No memory limit",
         "One container can starve all others.",
         "docker update --memory 512m NAME",
         Severity::medium,
         SubjectKind::container,
         {"cis-1.8:5.11"},
         {"resources"}},
        {"container-port-world",
         "Ports are reachable from every network",
         "A published port bypasses the host's firewall.",
         "docker run -p 127.0.0.1:5432:5432",
         Severity::high,
         SubjectKind::port,
         {"cis-1.8:5.14"},
         {"network"}},
        {"daemon-icc",
         "Containers may talk to each other by default",
         "Neighbours reach each other's services.",
         R"({ "icc": false } in /etc/docker/daemon.json)",
         Severity::low,
         SubjectKind::daemon,
         {"cis-1.8:2.2"},
         {}},
        {"host-kernel-lockdown",
         "Kernel lockdown is off",
         "Root could change the running kernel.",
         "lockdown=integrity",
         Severity::low,
         SubjectKind::host,
         {},
         {}},
        {"image-healthcheck",
         "The image has no health check",
         "A hung service looks alive.",
         "HEALTHCHECK CMD …",
         Severity::info,
         SubjectKind::image,
         {"cis-1.8:4.6"},
         {}},
        {"host-patch-policy",
         "Security updates are applied in time",
         "Known holes stay open.",
         "",
         Severity::medium,
         SubjectKind::host,
         {},
         {}},
    };
}

void ordinary_paths(AuditReport& report) {
    auto& socket = add(report, 0, 2, Outcome::fail, "ci-runner mounts /var/run/docker.sock read-write");
    socket.path = 0;
    socket.evidence = {{"mount.source", "/var/run/docker.sock", "GET /containers/4f1c/json: Mounts[0].Source"},
                       {"mount.rw", "true", "GET /containers/4f1c/json: Mounts[0].RW"}};
    auto& root = add(report, 1, 2, Outcome::fail, "ci-runner runs as uid 0 without a user namespace");
    root.path = 0;
    root.evidence = {{"container.user.uid", "0", "/proc/2214/status: Uid"}};
    auto& privileged = add(report, 2, 3, Outcome::fail, "backup is privileged and sees 214 devices");
    privileged.path = 1;
    privileged.is_new = true;
    report.paths = {{"engine-socket-to-root",
                     "From the container to root on the host through the engine",
                     "whoever controls ci-runner owns web-01",
                     "ci-runner can ask the engine to start a container with / mounted",
                     "remove the socket mount of ci-runner",
                     Severity::critical,
                     2,
                     {0, 1},
                     {"mitre:T1611"},
                     std::nullopt},
                    {"privileged-device",
                     "From a privileged container to the host's disk",
                     "every file of web-01 can be read and changed",
                     "",
                     "drop --privileged from backup",
                     Severity::critical,
                     3,
                     {2},
                     {"mitre:T1611"},
                     std::nullopt}};
}

}  // namespace

AuditReport ordinary() {
    AuditReport report{.version = "0.1.0", .host = "web-01", .started = "2026-11-17T03:00:00Z", .seconds = 0.84};
    report.engines = {"docker 20.10.24 at unix:///var/run/docker.sock"};
    report.problems = {"reading /etc/docker/daemon.json: permission denied"};
    report.checks = ordinary_checks();
    report.objects = {{SubjectKind::host, "web-01", "web-01", "Debian 12, kernel 6.1", 71},
                      {SubjectKind::daemon, "docker", "docker", "20.10.24, overlay2", 88},
                      {SubjectKind::container, "4f1c0a7be812", "ci-runner", "gitlab-runner:16, running 12 days", 8},
                      {SubjectKind::container, "9b2d17aa0c55", "backup", "restic:0.17, running 3 hours", 20}};
    for (const auto* name : {"shop", "shop-db", "mail", "wiki", "metrics"}) {
        report.objects.push_back(
            {SubjectKind::container, fmt::format("{:0>12}", report.objects.size()), name, "running 3 days", 62});
    }
    report.objects.push_back({SubjectKind::image, "sha256:aa17", "shop:1.27", "214 MB, 9 layers", 95});
    report.waivers = {
        {"w-mail-root", "Postfix drops privileges itself", "mail team", "2027-03-31", "/etc/plimsoll/waivers.yaml", 4},
        {"w-old", "Until the migration", "anna", "2026-06-30", "/etc/plimsoll/waivers.yaml", 11, true},
        {"w-lost", "Legacy", "ben", "", "/etc/plimsoll/waivers.yaml", 18}};
    ordinary_paths(report);

    auto& ports = add(report, 4, 5, Outcome::fail, "shop-db publishes 14 ports on 0.0.0.0");
    for (int i = 0; i < 6; ++i) {
        ports.items.push_back({fmt::format("{}/tcp", 5432 + i),
                               fmt::format("0.0.0.0:{0} → {0}/tcp", 5432 + i),
                               {{"port.host_ip", "0.0.0.0", "GET /containers/5/json: NetworkSettings.Ports"}},
                               i == 1 ? 3U : 1U});
    }
    ports.items_total = 14;
    for (std::uint32_t i = 3; i < 9; ++i) {
        add(report, 3, i, Outcome::fail, fmt::format("{} may use all 16 GB of the host", report.objects[i].name))
            .is_new = i == 7;
    }
    waive(report, add(report, 1, 6, Outcome::fail, "mail runs as uid 0"), 0);
    add(report, 5, 1, Outcome::fail, "icc is true, which is the default");
    add(report, 6, 0, Outcome::fail, "lockdown is [none]");
    add(report, 7, 9, Outcome::fail, "shop:1.27 has no HEALTHCHECK");
    for (std::uint32_t i = 4; i < 6; ++i) {
        add(report, 1, i, Outcome::unknown).reason =
            "/proc/PID/status of the container could not be read: permission denied";
    }
    add(report, 0, 9, Outcome::not_applicable).reason = "an image has no mounts";
    add(report, 8, 0, Outcome::manual).reason = "compare the installed kernel with the vendor's advisories";
    for (std::uint32_t i = 4; i < 9; ++i) {
        add(report, 0, i, Outcome::pass);
        add(report, 2, i, Outcome::pass);
    }
    report.score = 41;
    report.score_explanation =
        "100 less 40 for the worst path, less the mean loss of the objects; a path caps the score at 45.";
    report.has_baseline = true;
    report.resolved_since_baseline = 4;
    return report;
}

AuditReport healthy() {
    AuditReport report{.version = "0.1.0", .host = "quiet-01", .started = "2026-11-17T03:00:00Z", .seconds = 0.31};
    report.engines = {"docker 27.3.1 at unix:///var/run/docker.sock"};
    report.checks = ordinary_checks();
    for (int i = 0; i < 12; ++i) {
        report.objects.push_back(
            {SubjectKind::container, fmt::format("{:0>12}", i), fmt::format("app-{}", i), "running", 100});
    }
    report.objects.push_back({SubjectKind::host, "quiet-01", "quiet-01", "Debian 12", 97});
    add(report, 6, 12, Outcome::fail, "lockdown is [none]");
    for (std::uint32_t i = 0; i < 12; ++i) {
        for (std::uint32_t c = 0; c < 4; ++c) add(report, c, i, Outcome::pass);
    }
    add(report, 8, 12, Outcome::manual).reason = "compare with the vendor's advisories";
    report.score = 97;
    report.score_explanation = "100 less the mean loss of the objects.";
    return report;
}

AuditReport empty() {
    AuditReport report{.version = "0.1.0", .host = "bare-01", .started = "2026-11-17T03:00:00Z", .seconds = 0.002};
    report.problems = {"no engine answered at unix:///var/run/docker.sock: no such file"};
    return report;
}

AuditReport hostile() {
    const std::string esc =
        "\x1b]0;owned\x07\x1b[2J\xc2\x9b"
        "31m";
    const std::string html = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&--><!--]]>";
    const std::string markdown = "| `x` ```\n# h\n[a](javascript:x) @root #1 https://evil.example/ **b** <b>";
    const std::string formula = "=HYPERLINK(\"http://evil.example\",\"x\")";
    const std::string bidi =
        "a\xe2\x80\xae"
        "txt.exe\xe2\x80\xac\xe2\x80\x8b\xef\xbb\xbf";
    const std::string broken("\xff\xfe\xc3(\xed\xa0\x80\x00\xef\xbf\xbf", 11);
    const std::string all = esc + html + markdown + bidi + broken;

    AuditReport report{.version = "0.1.0", .host = all, .started = "2026-11-17T03:00:00Z", .seconds = 1.5};
    report.engines = {all};
    report.problems = {all, "\r\nforged line"};
    report.checks = {{"hostile-" + html,
                      all,
                      all,
                      "echo ```\n````\n" + all,
                      Severity::critical,
                      SubjectKind::container,
                      {all},
                      {all}},
                     {"hostile-2", formula, formula, formula, Severity::high, SubjectKind::env, {formula}, {}}};
    for (const auto& name :
         {all, formula, std::string(5000, 'A') + html, "+1" + esc, "-2\r\n" + markdown, "@" + broken, bidi}) {
        report.objects.push_back({SubjectKind::container, "id" + all, name, all, 10});
    }
    report.waivers = {{all, all, all, all, all, 1, true}, {"w2", all, all, all, all, 2}};
    for (std::uint32_t i = 0; i < 7; ++i) {
        auto& finding = add(report, i % 2, i, Outcome::fail, i == 3 ? std::string(100'000, 'x') : all);
        finding.evidence = {{"container.name", all, all}};
        finding.items = {
            {all, all, {{all, all, all}}}, {formula, "\t" + formula, {}}, {std::string(5000, '\x1b'), "", {}}};
        finding.items_total = 4'000'000'000;
        finding.reason = all;
    }
    report.findings[0].path = 0;
    waive(report, report.findings[5], 1);
    report.paths = {{all, all, all, all, all, Severity::critical, 0, {0, 1}, {all}, std::nullopt}};
    add(report, 0, 6, Outcome::unknown, all).reason = all;
    add(report, 1, 6, Outcome::manual, all).reason = all;
    add(report, 0, 5, Outcome::not_applicable, all).reason = all;
    add(report, 1, 5, Outcome::pass, all).evidence = {{all, all, all}};
    report.score = -7;
    report.score_explanation = all;
    return report;
}

AuditReport crowd(std::uint32_t containers, std::uint32_t checks) {
    AuditReport report{.version = "0.1.0", .host = "big-01", .started = "2026-11-17T03:00:00Z", .seconds = 6.2};
    report.engines = {"docker 27.3.1 at unix:///var/run/docker.sock"};
    for (std::uint32_t c = 0; c < checks; ++c) {
        report.checks.push_back({fmt::format("check-{:03}", c),
                                 fmt::format("Check number {} holds", c),
                                 "Why.",
                                 "fix it",
                                 static_cast<Severity>(c % 5),
                                 SubjectKind::container,
                                 {"cis-1.8:5.1"},
                                 {}});
    }
    for (std::uint32_t o = 0; o < containers; ++o) {
        report.objects.push_back(
            {SubjectKind::container, fmt::format("{:012}", o), fmt::format("worker-{}", o), "worker:3", 60});
    }
    for (std::uint32_t o = 0; o < containers; ++o) {
        for (std::uint32_t c = 0; c < checks; ++c) {
            const bool fails = c % 25 == 3 || (o % 100 == 1 && c == 9);
            if (!fails) {
                add(report, c, o, Outcome::pass);
                continue;
            }
            auto& finding = add(report, c, o, Outcome::fail, fmt::format("worker-{} has value {}", o, c));
            finding.evidence = {{"container.name", report.objects[o].name, "GET /containers/json"}};
        }
    }
    report.score = 52;
    report.score_explanation = "100 less the mean loss of the objects.";
    return report;
}

TEST(Fixture, every_report_keeps_the_contract_of_its_indexes) {
    for (const auto& report : {ordinary(), healthy(), empty(), hostile(), crowd(10, 10)}) {
        EXPECT_LE(digest(report).passed, report.findings.size());
    }
}

}  // namespace plimsoll::report::fixture
