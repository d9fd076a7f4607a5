#include "report/junit.h"

#include <fmt/format.h>

#include <vector>

#include "report/digest.h"
#include "report/escape.h"

namespace plimsoll::report {

namespace {

using model::AuditReport;
using model::Finding;
using model::Outcome;

struct Tally {
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;

    void add(const Tally& other) {
        tests += other.tests;
        failures += other.failures;
        errors += other.errors;
        skipped += other.skipped;
    }
    [[nodiscard]] std::string attributes() const {
        return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")", tests, failures, errors, skipped);
    }
};

std::string element(std::string_view name, std::string_view message, std::string_view type, std::string_view body) {
    auto out = fmt::format("      <{} message=\"{}\"", name, markup(message));
    if (!type.empty()) out += fmt::format(" type=\"{}\"", markup(type));
    return body.empty() ? out + "/>\n" : fmt::format("{}>{}</{}>\n", out, markup_lines(body), name);
}

std::string details(const AuditReport& report, const Finding& finding) {
    std::string out;
    for (const auto& item : finding.items) {
        out += "- " + bounded(item.message.empty() ? item.name : item.message, 500) + "\n";
    }
    if (const auto left = items_left_out(finding, finding.items.size()); left > 0)
        out += fmt::format("and {} more\n", left);
    for (const auto& one : finding.evidence) {
        out +=
            fmt::format("{} = {} ({})\n", bounded(one.field, 200), bounded(one.value, 500), bounded(one.origin, 200));
    }
    const auto& remedy = check_of(report, finding).remedy;
    return remedy.empty() ? out : out + "What to do: " + remedy;
}

std::string outcome(const AuditReport& report, const Finding& finding, Tally& tally) {
    const auto skip = [&](std::string_view why, std::string_view text) {
        ++tally.skipped;
        return element("skipped", fmt::format("{}: {}", why, bounded(text, 1000)), {}, {});
    };
    if (finding.outcome == Outcome::pass) return {};
    if (finding.outcome == Outcome::not_applicable) return skip("not applicable", finding.reason);
    if (finding.waiver) return skip("waived", report.waivers[*finding.waiver].reason);
    if (finding.outcome == Outcome::manual) return skip("a person must look", finding.reason);
    if (finding.outcome == Outcome::unknown) {
        ++tally.errors;
        return element("error", bounded(finding.reason, 1000), "unknown", {});
    }
    ++tally.failures;
    return element("failure", bounded(saying(report, finding), 1000), to_text(check_of(report, finding).severity),
                   details(report, finding));
}

std::string test_case(std::string_view class_name, std::string_view id, std::string_view title,
                      std::string_view inside) {
    auto out = fmt::format("    <testcase classname=\"{}\" name=\"{} {}\" time=\"0\"", markup(class_name),
                           markup(bounded(id, 100)), markup(bounded(title, 200)));
    return inside.empty() ? out + "/>\n" : fmt::format("{}>\n{}    </testcase>\n", out, inside);
}

std::string suite(const AuditReport& report, std::string_view name, const Tally& tally, std::string_view cases) {
    return fmt::format("  <testsuite name=\"{}\" {} hostname=\"{}\" timestamp=\"{}\" time=\"0\">\n{}  </testsuite>\n",
                       markup(name), tally.attributes(), markup(bounded(report.host, 200)), markup(report.started),
                       cases);
}

/// The engine could not be asked, or a file not read: no check names it, yet the run is not whole.
std::string problems(const AuditReport& report, Tally& total) {
    if (report.problems.empty()) return {};
    Tally tally;
    std::string cases;
    for (const auto& problem : report.problems) {
        ++tally.tests;
        ++tally.errors;
        cases += test_case("problems", "problem", problem, element("error", bounded(problem, 1000), "problem", {}));
    }
    total.add(tally);
    return suite(report, "problems", tally, cases);
}

std::string paths(const AuditReport& report, Tally& total) {
    if (report.paths.empty()) return {};
    Tally tally;
    std::string cases;
    for (const auto& path : report.paths) {
        ++tally.tests;
        ++(path.waiver ? tally.skipped : tally.failures);
        const auto inside =
            path.waiver ? element("skipped", "waived: " + bounded(report.waivers[*path.waiver].reason, 1000), {}, {})
                        : element("failure", bounded(path.consequence, 1000), to_text(path.severity),
                                  bounded(path.message, 2000) + "\nWhat to do: " + path.remedy);
        cases += test_case("attack path", path.id, path.title, inside);
    }
    total.add(tally);
    return suite(report, "attack paths", tally, cases);
}

}  // namespace

std::string render_junit(const AuditReport& report, const Options& /*options*/) {
    const Digest sums = digest(report);
    std::vector<std::string> cases(report.objects.size());
    std::vector<Tally> tallies(report.objects.size());
    std::vector<std::string> names;
    for (const auto& object : report.objects)
        names.push_back(fmt::format("{} {}", to_text(object.kind), bounded(called(object), 200)));
    for (const Finding& finding : report.findings) {
        Tally& tally = tallies[finding.object];
        ++tally.tests;
        const auto& check = check_of(report, finding);
        cases[finding.object] +=
            test_case(names[finding.object], check.id, check.title, outcome(report, finding, tally));
    }
    Tally total;
    std::string suites = problems(report, total) + paths(report, total);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        total.add(tallies[i]);
        suites += suite(report, names[i], tallies[i], cases[i]);
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plimsoll audit of {}, score {}, {}\" {} "
        "time=\"{:.3f}\">\n{}</testsuites>\n",
        markup(bounded(report.host, 200)), report.score, counted(failures(sums), "failure"), total.attributes(),
        report.seconds, suites);
}

}  // namespace plimsoll::report
