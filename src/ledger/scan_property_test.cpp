// For conditions, ranges and records made at random: what a scan of segments and logs gives is what asking every record
// gives, in the same order; and what is counted on codes is what counting the records gives.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>

#include "host/temporary_tree.h"
#include "ledger/reader.h"
#include "ledger/segment.h"
#include "ledger/wal.h"
#include "rule/program.h"
#include "rule/scope.h"

namespace plimsoll::ledger {
namespace {

using Random = std::mt19937;

std::size_t pick(Random& random, std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
}

template <typename T, std::size_t N>
const T& one_of(Random& random, const std::array<T, N>& choices) {
    return choices[pick(random, N)];
}

constexpr Nanoseconds kBegin = 1'795'000'000 * kSecond;

constexpr std::array kNames = {"web", "db", "cache", "", "we\xff", "deadbeefdeadbeef", "DEADBEEFDEADBEEF"};
constexpr std::array kTypes = {"start", "die", "exec_create", "execve", "openat"};

model::Event random_event(Random& random, Nanoseconds time) {
    model::Event event(time);
    const auto sometimes = [&](std::size_t of) { return pick(random, of) == 0; };
    if (!sometimes(8)) event.set("evt.type", one_of(random, kTypes));
    if (!sometimes(4)) event.set("container.name", one_of(random, kNames));
    if (sometimes(40)) event.unknown("container.name", "chance");
    if (!sometimes(3)) event.set("container.id", "0123456789abcdef" + std::to_string(10 + pick(random, 30)));
    if (!sometimes(3)) event.set("proc.args", "-x /tmp/" + std::to_string(pick(random, 5000)) + " --quiet");
    if (sometimes(2)) event.set_number("exec.exit_code", static_cast<std::int64_t>(pick(random, 9)) - 4);
    if (sometimes(2))
        event.set_unsigned("usage.memory", pick(random, 50) == 0 ? ~std::uint64_t{0} : pick(random, 1000));
    if (sometimes(3)) event.set_real("usage.cpu", static_cast<double>(pick(random, 200)) / 2);
    if (sometimes(2)) event.set("exec.tty", sometimes(2));
    if (sometimes(3)) event.set_keyed("docker.attributes", "signal", one_of(random, std::array{"9", "15", "web"}));
    if (sometimes(3)) event.set_keyed("docker.attributes", "exitCode", std::to_string(pick(random, 3)));
    if (sometimes(3)) {
        std::vector<std::string> items;
        for (auto n = pick(random, 3); n > 0; --n) items.emplace_back(one_of(random, kNames));
        event.set_list("alert.tags", items);
    }
    if (sometimes(60)) event.set_unsigned("evt.rawtime", 17);
    if (sometimes(50)) event.put(model::FieldKey("usage.pids").id(), {}, model::Value(std::string_view("many")));
    if (sometimes(5)) event.set_unsigned("usage.pids", pick(random, 20));
    return event;
}

std::string random_check(Random& random) {
    const auto time = kBegin + static_cast<Nanoseconds>(pick(random, 4000)) * kSecond;
    switch (pick(random, 9)) {
        case 0:
            return "evt.rawtime " + std::string(one_of(random, std::array{"<", ">=", "=", "!="})) + " " +
                   std::to_string(time);
        case 1: return "evt.time.iso8601 startswith " + to_rfc3339(time).substr(0, 16);
        case 2: return "proc.args contains /" + std::to_string(pick(random, 5000));
        case 3: return "container.id = 0123456789abcdef" + std::to_string(10 + pick(random, 32));
        case 4:
            return "record.number " + std::string(one_of(random, std::array{"<", ">", "="})) + " " +
                   std::to_string(pick(random, 4000));
        case 5:
            return "usage.memory " + std::string(one_of(random, std::array{"<", ">=", "!=", "="})) + " " +
                   std::to_string(pick(random, 1000));
        default: break;
    }
    return one_of(random, std::array<std::string, 36>{"container.name = web",
                                                      "container.name != web",
                                                      "container.name in (db, cache)",
                                                      "container.name exists",
                                                      "container.name = deadbeefdeadbeef",
                                                      "container.name contains dbeef",
                                                      "container.name startswith w",
                                                      "container.name icontains DEAD",
                                                      "container.name glob *b",
                                                      "container.name regex w.*",
                                                      "container.name endswith e",
                                                      "tolower(container.name) = deadbeefdeadbeef",
                                                      "len(container.name) > 3",
                                                      "container.name = nobody",
                                                      "container.name = oneof (web, db)",
                                                      "container.name = val(docker.attributes[signal])",
                                                      "container.name != val(evt.type)",
                                                      "evt.type = execve",
                                                      "evt.type in (start, die)",
                                                      "evt.type exists",
                                                      "exec.exit_code < 0",
                                                      "exec.exit_code in (-4, 3)",
                                                      "exec.exit_code = 99",
                                                      "usage.cpu > 49.5",
                                                      "exec.tty = true",
                                                      "exec.tty != true",
                                                      "docker.attributes[signal] = 9",
                                                      "docker.attributes.exitCode != 0",
                                                      "docker.attributes[signal] contains we",
                                                      "docker.attributes[none] exists",
                                                      "alert.tags in (web, db)",
                                                      "alert.tags intersects (cache)",
                                                      "alert.tags exists",
                                                      "usage.pids > 10",
                                                      "record.kind = field",
                                                      "evt.rawtime.s > 1795001000"});
}

std::string random_condition(Random& random, int depth) {
    switch (depth == 0 ? 0 : pick(random, 4)) {
        case 0: return random_check(random);
        case 1: return "not (" + random_condition(random, depth - 1) + ")";
        default: {
            const auto* word = pick(random, 2) == 0 ? " and " : " or ";
            std::string out = "(" + random_condition(random, depth - 1);
            for (auto i = pick(random, 3) + 1; i > 0; --i) out += word + random_condition(random, depth - 1);
            return out + ")";
        }
    }
}

/// A ledger's folder as a writer leaves it, made without one, and all its records in memory.
class MadeLedger {
public:
    MadeLedger(Random& random, std::size_t records, std::uint32_t segment_rows, std::uint32_t page_rows) {
        Nanoseconds time = kBegin;
        while (rows_.size() < records) {
            time += static_cast<Nanoseconds>(pick(random, 2000)) * kSecond / 1000;
            if (pick(random, 500) == 0) time -= 60 * kSecond;  // the clock stepped back
            add(random_event(random, time));
        }
        std::size_t row = 0;
        for (; rows_.size() - row > segment_rows + segment_rows / 3; row += segment_rows) {
            SegmentBuilder builder(row, segment_rows, page_rows);
            for (std::size_t i = row; i < row + segment_rows; ++i) EXPECT_TRUE(builder.add(rows_[i]));
            tree_.write("/segments/" + segment_name(row), builder.finish(fields_, std::string(32, 'r'), ""));
        }
        const std::string name = wal_name(row);
        std::string log = encode_wal_head({.first = row, .frontier = "", .fields = fields_});
        for (; row < rows_.size(); ++row) {
            const std::size_t at = log.size();
            log.append(kFrameHead, '\0');
            log += rows_[row];
            close_frame(log, at);
        }
        tree_.write("/" + name, log + "half");  // a frame that is being written
        for (RecordNumber number = 0; number < rows_.size(); ++number) {
            StoredRecord record{.number = number, .event = model::Event()};
            EXPECT_TRUE(decode_row(rows_[number], fields_, record.event));
            record.event.set_unsigned("record.number", number);
            records_.push_back(std::move(record));
        }
    }

    [[nodiscard]] const std::vector<StoredRecord>& records() const { return records_; }
    [[nodiscard]] std::string path() const { return tree_.at(""); }

private:
    void add(const model::Event& event) {
        for (const auto& slot : event.slots()) {
            if (fields_.number(slot.field)) continue;
            const model::Field& field = model::field(slot.field);
            const FieldNumbers::Entry entry{.number = fields_.next(),
                                            .name = std::string(field.name),
                                            .type = model::type_name(field),
                                            .id = slot.field};
            rows_.push_back(encode_field_row(event.time(), entry));
            EXPECT_TRUE(fields_.add(entry.number, entry.name, entry.type));
        }
        std::string row;
        EXPECT_TRUE(encode_row(event, fields_, row));
        rows_.push_back(std::move(row));
    }
    host::TemporaryTree tree_;
    FieldNumbers fields_;
    std::vector<std::string> rows_;
    std::vector<StoredRecord> records_;
};

std::string text_of(const model::Event& event) {
    std::string out = std::to_string(event.time());
    for (const auto& slot : event.slots()) {
        out += "|" + std::string(model::field(slot.field).name) + "[" + std::string(slot.key) +
               "]=" + std::string(slot.reason);
        for (const auto& value : event.values(slot))
            out += std::to_string(value.index()) + ":" + model::to_text(value) + ",";
    }
    return out;
}

/// What asking every record gives.
struct Expected {
    std::vector<const StoredRecord*> matches;
    std::uint64_t unknown = 0;
    std::uint64_t records = 0;
};

Expected ask_all(const MadeLedger& ledger, const Query& query) {
    rule::ProgramBuilder builder;
    EXPECT_TRUE(builder.add(query.condition));
    const auto program = std::move(builder).build();
    rule::Evaluator evaluator(program);
    Expected out;
    for (const StoredRecord& record : ledger.records()) {
        const Nanoseconds time = record.event.time();
        if (record.number < query.first || (query.last && record.number > *query.last)) continue;
        if ((query.since && time < *query.since) || (query.until && time >= *query.until)) continue;
        ++out.records;
        evaluator.start(record.event);
        const auto truth = evaluator.evaluate(0);
        if (truth == rule::Truth::yes) out.matches.push_back(&record);
        if (truth == rule::Truth::unknown) ++out.unknown;
    }
    if (query.newest_first) std::ranges::reverse(out.matches);
    return out;
}

rule::ExpressionPtr resolved(const std::string& condition) {
    const auto expression = rule::resolve(condition, {});
    EXPECT_TRUE(expression) << condition << ": " << rule::to_text(expression.error());
    return expression ? *expression : nullptr;
}

Query random_query(Random& random, const MadeLedger& ledger, std::string& condition) {
    condition = random_condition(random, 3);
    Query query;
    query.condition = resolved(condition);
    const std::size_t records = ledger.records().size();
    const auto some_time = [&] { return ledger.records()[pick(random, records)].event.time(); };
    if (pick(random, 3) == 0) query.since = some_time();
    if (pick(random, 3) == 0) query.until = some_time();
    if (pick(random, 4) == 0) query.first = pick(random, records);
    if (pick(random, 4) == 0) query.last = pick(random, records + 10);
    query.newest_first = pick(random, 2) == 0;
    query.threads = static_cast<unsigned>(1 + pick(random, 3));
    return query;
}

TEST(ScanProperty, AScanGivesWhatAskingEveryRecordGives) {
    Random random(20261121);
    std::uint64_t matches = 0;
    std::uint64_t unknown = 0;
    std::uint64_t skipped = 0;
    for (int round = 0; round < 6; ++round) {
        const MadeLedger ledger(random, 1500 + pick(random, 1500), one_of(random, std::array{300U, 512U, 1000U}),
                                one_of(random, std::array{64U, 100U, 256U}));
        const auto reader = Reader::open(ledger.path());
        ASSERT_TRUE(reader) << reader.error().message;
        ASSERT_EQ((*reader)->size(), ledger.records().size());
        for (int n = 0; n < 150; ++n) {
            std::string condition;
            Query query = random_query(random, ledger, condition);
            SCOPED_TRACE(condition);
            const Expected expected = ask_all(ledger, query);
            std::vector<RecordNumber> found;
            const auto report = (*reader)->scan(query, [&](const StoredRecord& record) {
                const auto& wanted = ledger.records()[record.number];
                EXPECT_EQ(text_of(record.event), text_of(wanted.event));
                found.push_back(record.number);
                return true;
            });
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_TRUE(report->faults.empty()) << report->faults.front();
            std::vector<RecordNumber> wanted;
            for (const auto* match : expected.matches) wanted.push_back(match->number);
            ASSERT_EQ(found, wanted);
            EXPECT_EQ(report->matched, wanted.size());
            EXPECT_EQ(report->unknown, expected.unknown);
            EXPECT_LE(report->records, expected.records);  // segments ruled out by time are not counted
            EXPECT_LE(report->scanned, report->records);
            matches += wanted.size();
            unknown += expected.unknown;
            skipped += report->skipped;
            ASSERT_FALSE(HasFailure());
        }
    }
    EXPECT_GT(matches, 10'000U);
    EXPECT_GT(unknown, 100U);
    EXPECT_GT(skipped, 100U);
}

TEST(ScanProperty, ALimitGivesTheBeginOfTheWholeAnswerAndATailGoesOnBehindIt) {
    Random random(3);
    const MadeLedger ledger(random, 2500, 512, 100);
    const auto reader = Reader::open(ledger.path());
    ASSERT_TRUE(reader);
    for (int n = 0; n < 100; ++n) {
        std::string condition;
        Query query = random_query(random, ledger, condition);
        SCOPED_TRACE(condition);
        const Expected expected = ask_all(ledger, query);
        query.limit = 1 + pick(random, 300);
        std::vector<RecordNumber> found;
        const auto take = [&](const StoredRecord& record) {
            found.push_back(record.number);
            return true;
        };
        auto report = (*reader)->scan(query, take);
        ASSERT_TRUE(report);
        EXPECT_EQ(found.size(), std::min<std::size_t>(*query.limit, expected.matches.size()));
        while (!query.newest_first && report->matched == *query.limit) {
            query.first = report->next;
            report = (*reader)->scan(query, take);
            ASSERT_TRUE(report);
        }
        for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], expected.matches[i]->number);
        if (!query.newest_first) {
            EXPECT_EQ(found.size(), expected.matches.size());
        }
    }
}

TEST(ScanProperty, CountingOnCodesGivesWhatCountingTheRecordsGives) {
    Random random(5);
    const MadeLedger ledger(random, 3000, 700, 128);
    const auto reader = Reader::open(ledger.path());
    ASSERT_TRUE(reader);
    const std::array fields = {model::FieldKey("evt.type").id(),       model::FieldKey("container.name").id(),
                               model::FieldKey("exec.exit_code").id(), model::FieldKey("usage.cpu").id(),
                               model::FieldKey("exec.tty").id(),       model::FieldKey("container.id").id()};
    for (int n = 0; n < 120; ++n) {
        std::string condition;
        Query query = random_query(random, ledger, condition);
        if (pick(random, 4) == 0) query.condition = rule::resolve("evt.rawtime > 0 or evt.rawtime <= 0", {}).value();
        SCOPED_TRACE(condition);
        std::vector<model::FieldId> by;
        for (auto k = pick(random, 3); k > 0; --k) by.push_back(one_of(random, fields));
        const Nanoseconds bucket = one_of(random, std::array{Nanoseconds{0}, 60 * kSecond, 600 * kSecond});
        std::map<std::pair<Nanoseconds, std::vector<std::string>>, std::uint64_t> wanted;
        for (const auto* match : ask_all(ledger, query).matches) {
            std::vector<std::string> group;
            for (const auto field : by) {
                const auto reading = match->event.read(field, {});
                group.push_back(reading.state == model::Reading::State::unknown ? "(unknown)"
                                : reading.values.empty()                        ? ""
                                                                                : model::to_text(reading.values[0]));
            }
            const Nanoseconds time = match->event.time();
            ++wanted[{bucket == 0 ? 0 : time - time % bucket, group}];
        }
        const auto counts = (*reader)->count(query, by, bucket);
        ASSERT_TRUE(counts) << counts.error().message;
        std::map<std::pair<Nanoseconds, std::vector<std::string>>, std::uint64_t> found;
        for (const Count& count : *counts) found[{count.bucket, count.group}] = count.count;
        ASSERT_EQ(found, wanted);
    }
}

}  // namespace
}  // namespace plimsoll::ledger
