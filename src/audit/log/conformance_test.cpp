// What ausearch 3.0.9 and 4.2.1 answer to the queries of shared/data/audit/conformance, compared with this search: the
// events, the exit code, and the text of --raw. Where they differ on purpose, the reason stands here and in
// docs/audit-differences.md.

#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "audit/log/log_test_support.h"
#include "audit/log/search_options.h"

namespace plimsoll::audit {
namespace {

/// Queries whose answer is another one, and why.
const std::map<std::string, std::string> kOtherEvents{
    {"206", "NULs before a line hide its event from ausearch"},
    {"210", "one wrong byte in a header hides its event from ausearch"},
    {"212", "a line without type= hides its event from ausearch"},
};
const std::map<std::string, std::string> kOtherText{
    {"104", "ausearch adds a 0x1d to PROCTITLE records of ENRICHED logs that the log does not hold"},
};
/// ausearch 4.2.1 does not find io_uring events by task name.
const std::set<std::string> kOnly309{"128"};

std::string expected(const std::string& version, const std::string& number) {
    const std::string path = kData + "conformance/expected-" + version + "/" + number + ".out";
    if (std::filesystem::exists(path)) return read_text(path);
    if (!std::filesystem::exists(path + ".gz")) return "(none)";
    std::string text;
    const gzFile file = ::gzopen((path + ".gz").c_str(), "rb");
    char block[65536];
    for (int count = 0; (count = ::gzread(file, block, sizeof block)) > 0;)
        text.append(block, static_cast<size_t>(count));
    ::gzclose(file);
    return text;
}

/// MILLIS:SERIAL of every header in a text: interpreted or not.
std::set<std::string> ids_in(const std::string& text) {
    std::set<std::string> ids;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto header = line.find("msg=audit(");
        if (header == std::string::npos || header > line.find("type=") + 40) continue;
        const auto dot = line.find('.', header);
        ids.insert(line.substr(dot + 1, line.find(')', dot) - dot - 1));
    }
    return ids;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::ranges::sort(lines);
    return lines;
}

std::vector<std::string> numbers() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(kData + "conformance"))
        if (entry.path().extension() == ".cmd" && read_text(entry.path()).starts_with("ausearch"))
            found.push_back(entry.path().stem());
    std::ranges::sort(found);
    return found;
}

class Conformance : public testing::TestWithParam<std::string> {};

TEST_P(Conformance, AnswersAsAusearchDoes) {
    const std::string& number = GetParam();
    std::istringstream command(read_text(kData + "conformance/" + number + ".cmd"));
    std::vector<std::string> words;
    for (std::string word; command >> word;) words.push_back(word);
    words.erase(words.begin());
    SearchContext context;
    context.clock = {.now = 1795221600 * kSecond, .zone = Zone::utc, .boot = {}};
    auto request = parse_search(words, context);
    ASSERT_TRUE(request) << request.error().message;
    for (auto& path : request->inputs) path = kData + path;

    const std::string theirs = expected("3.0.9", number);
    for (const bool by_literals : {true, false}) {
        std::set<std::string> ids;
        std::vector<std::string> lines;
        for (const Found& found : search(request->inputs, request->query, {.by_literals = by_literals})) {
            ids.insert(found.id.substr(found.id.find(':') - 3));
            lines.insert(lines.end(), found.lines.begin(), found.lines.end());
        }
        if (request->format != FormatKind::csv) {
            if (kOtherEvents.contains(number)) {
                EXPECT_NE(ids, ids_in(theirs)) << "this difference is gone: " << kOtherEvents.at(number);
            } else {
                EXPECT_EQ(ids, ids_in(theirs));
            }
            const std::string later = expected("4.2.1", number);
            if (later != "(none)" && !kOnly309.contains(number)) {
                EXPECT_EQ(ids, ids_in(later));
            }
        }
        if (request->format == FormatKind::raw) {
            std::ranges::sort(lines);
            if (kOtherText.contains(number))
                EXPECT_NE(lines, lines_of(theirs));
            else
                EXPECT_EQ(lines, lines_of(theirs));
        }
        EXPECT_EQ(ids.empty() && request->format != FormatKind::csv ? "1" : "0",
                  read_text(kData + "conformance/expected-3.0.9/" + number + ".rc").substr(0, 1));
    }
}

INSTANTIATE_TEST_SUITE_P(Queries, Conformance, testing::ValuesIn(numbers()),
                         [](const auto& parameter) { return "query_" + parameter.param; });

}  // namespace
}  // namespace plimsoll::audit
