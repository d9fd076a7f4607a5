#include "ledger/verify.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "host/temporary_tree.h"
#include "ledger/checkpoint_log.h"
#include "ledger/crc32c.h"
#include "ledger/proof.h"
#include "ledger/segment.h"
#include "ledger/test_events.h"
#include "ledger/verify_parts.h"
#include "ledger/wal.h"
#include "ledger/writer.h"

namespace plimsoll::ledger {
namespace {

namespace fs = std::filesystem;
using Kind = Fault::Kind;

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void overwrite(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A ledger of four segments of 1,000 records, a log, and three keys, written by the real writer.
struct Ledger {
    host::TemporaryTree folder;
    std::string path = folder.at("/ledger");

    explicit Ledger(std::optional<std::uint64_t> keep_bytes = {}) {
        Nanoseconds clock = 1'763'000'000 * kSecond;
        WriterOptions options{
            .path = path, .host = "web-1", .segment_rows = 1000, .keep_bytes = keep_bytes, .reserve_bytes = 0};
        options.clock = [&] { return clock; };
        RandomEvents events(7, true);
        for (int run = 0; run < 3; ++run) {
            auto writer = Writer::open(options);
            check(writer.has_value());
            for (int i = 0; i < 1450; ++i) {
                check((*writer)->append(events.next()).has_value());
                if (i % 100 == 0) check((*writer)->checkpoint().has_value());
            }
            clock = now() + 2 * kDay;  // the key's file is as old as the machine's clock says: time for the next key
            (*writer)->tick();
            check((*writer)->close().has_value());
            clock = 1'763'000'000 * kSecond;
        }
    }

    [[nodiscard]] VerifyReport verified(std::optional<std::string> anchor = {},
                                        std::vector<VerifierKey> trusted = {}) const {
        auto report = verify({.path = path, .anchor = std::move(anchor), .trusted = std::move(trusted), .threads = 1});
        check(report.has_value());
        return *report;
    }
    [[nodiscard]] std::string segment(RecordNumber first) const { return path + "/segments/" + segment_name(first); }
    [[nodiscard]] std::string log() const {
        for (const auto& entry : fs::directory_iterator(path))
            if (parse_wal_name(entry.path().filename().string())) return entry.path();
        return {};
    }
    [[nodiscard]] VerifierKey key(std::size_t index) const {
        return parse_key_lines(content(path + "/keys"))->at(index).key;
    }
};

std::string said(const VerifyReport& report) {
    std::string text;
    for (const Fault& fault : report.faults)
        text += std::string(to_text(fault.kind)) + " " + fault.file + " " + std::to_string(fault.first.value_or(0)) +
                "-" + std::to_string(fault.last.value_or(0)) + ": " + fault.message + "\n";
    return text;
}

bool has(const VerifyReport& report, Kind kind, std::optional<RecordNumber> first = {},
         std::optional<RecordNumber> last = {}) {
    return std::ranges::any_of(report.faults, [&](const Fault& fault) {
        return fault.kind == kind && (!first || fault.first == first) && (!last || fault.last == last);
    });
}

TEST(Verify, FindsAnUntouchedLedgerGood) {
    const Ledger ledger;
    const VerifyReport report = ledger.verified();
    EXPECT_EQ(report.verdict, Verdict::ok) << said(report);
    EXPECT_EQ(report.checked, report.size);
    EXPECT_EQ(report.signed_size, report.size);
    EXPECT_GE(report.segments, 4U);
    EXPECT_EQ(report.keys.size(), 4U);
    EXPECT_FALSE(report.key_trusted);
    EXPECT_TRUE(ledger.verified({}, {ledger.key(0)}).key_trusted);
    EXPECT_FALSE(verify({.path = ledger.folder.at("/elsewhere")}));
}

TEST(Verify, FindsEveryFlippedBit) {
    const Ledger ledger;
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(ledger.path)) {
        const std::string name = entry.path().filename();
        // What is no evidence: the catalogue is compared row by row below, the lock holds a pid.
        if (entry.is_regular_file() && !name.starts_with("state.db") && name != "lock") files.push_back(entry.path());
    }
    ASSERT_GE(files.size(), 13U);
    std::mt19937_64 random(3);
    for (int i = 0; i < 500; ++i) {
        const std::string& file = files[static_cast<std::size_t>(i) % files.size()];
        const std::string before = content(file);
        if (before.empty()) continue;
        std::string after = before;
        const std::size_t at = random() % after.size();
        after[at] = static_cast<char>(after[at] ^ 1 << random() % 8);
        overwrite(file, after);
        const VerifyReport report = ledger.verified();
        EXPECT_NE(report.verdict, Verdict::ok) << file << " byte " << at;
        overwrite(file, before);
    }
    EXPECT_EQ(ledger.verified().verdict, Verdict::ok);
}

TEST(Verify, TellsRemovedSwappedAndCutSegments) {
    const Ledger ledger;
    const std::string second = content(ledger.segment(1000));
    const std::string third = content(ledger.segment(2000));

    fs::remove(ledger.segment(1000));
    EXPECT_TRUE(has(ledger.verified(), Kind::removed, 1000, 1999)) << said(ledger.verified());
    overwrite(ledger.segment(1000), third);
    overwrite(ledger.segment(2000), second);
    EXPECT_TRUE(has(ledger.verified(), Kind::reordered, 1000)) << said(ledger.verified());
    EXPECT_TRUE(has(ledger.verified(), Kind::reordered, 2000));
    overwrite(ledger.segment(2000), third);
    overwrite(ledger.segment(1000), std::string_view(second).substr(0, second.size() / 2));
    EXPECT_TRUE(has(ledger.verified(), Kind::edited, 1000, 1999)) << said(ledger.verified());
    overwrite(ledger.segment(1000), second);
    EXPECT_EQ(ledger.verified().verdict, Verdict::ok);

    const std::string first = content(ledger.segment(0));
    fs::remove(ledger.segment(0));
    EXPECT_EQ(ledger.verified().verdict, Verdict::tampered) << "nothing says that it was pruned";
    overwrite(ledger.segment(0), first);
}

/// The rows of a segment, and a segment of other rows in its place.
std::vector<std::string> rows_of(const std::string& path, FieldNumbers& fields) {
    const auto segment = Segment::open(path);
    check(segment.has_value());
    fields = (*segment)->info().fields;
    SegmentReader reader(*segment);
    std::vector<std::string> rows;
    for (std::uint32_t i = 0; i < (*segment)->info().rows; ++i) rows.push_back(*reader.row(i));
    return rows;
}

void write_rows(const Ledger& ledger, RecordNumber first, const std::vector<std::string>& rows,
                const FieldNumbers& fields) {
    const auto before = Segment::open(ledger.segment(first));
    SegmentBuilder builder(first);
    for (const std::string& row : rows) check(builder.add(row).has_value());
    overwrite(ledger.segment(first), builder.finish(fields, (*before)->info().root, (*before)->info().frontier));
}

TEST(Verify, NamesTheRecordAndWhatWasDoneToIt) {
    const Ledger ledger;
    const std::string whole = content(ledger.segment(1000));
    FieldNumbers fields;
    const std::vector<std::string> rows = rows_of(ledger.segment(1000), fields);

    auto edited = rows;
    edited[321] = edited[322];
    write_rows(ledger, 1000, edited, fields);
    EXPECT_TRUE(has(ledger.verified(), Kind::edited, 1321, 1321)) << said(ledger.verified());

    auto removed = rows;
    removed.erase(removed.begin() + 500);
    overwrite(ledger.segment(1000), whole);
    write_rows(ledger, 1000, removed, fields);
    EXPECT_TRUE(has(ledger.verified(), Kind::removed, 1500, 1500)) << said(ledger.verified());

    auto inserted = rows;
    inserted.insert(inserted.begin() + 700, rows[3]);
    overwrite(ledger.segment(1000), whole);
    write_rows(ledger, 1000, inserted, fields);
    EXPECT_TRUE(has(ledger.verified(), Kind::inserted, 1700, 1700)) << said(ledger.verified());

    auto exchanged = rows;
    std::swap(exchanged[40], exchanged[41]);
    overwrite(ledger.segment(1000), whole);
    write_rows(ledger, 1000, exchanged, fields);
    EXPECT_TRUE(has(ledger.verified(), Kind::reordered, 1040, 1041)) << said(ledger.verified());
}

TEST(Verify, FindsIndexesThatWereAlteredToHideRecords) {
    const Ledger ledger;
    FieldNumbers fields;
    const auto rows = rows_of(ledger.segment(1000), fields);
    // The same records in another layout: what a search skips may differ, no leaf does.
    const auto before = Segment::open(ledger.segment(1000));
    SegmentBuilder builder(1000, 1000, 500);
    for (const std::string& row : rows) ASSERT_TRUE(builder.add(row));
    const std::string bytes = builder.finish(fields, (*before)->info().root, (*before)->info().frontier);
    ASSERT_NE(bytes, content(ledger.segment(1000)));
    overwrite(ledger.segment(1000), bytes);
    EXPECT_EQ(ledger.verified().verdict, Verdict::tampered);
}

TEST(Verify, FindsALogWhoseCheckSumsWereMadeToFit) {
    const Ledger ledger;
    const std::string path = ledger.log();
    const std::string whole = content(path);
    const auto view = parse_wal_head(whole);
    ASSERT_TRUE(view);
    std::vector<std::string> rows;
    const WalEnd end =
        read_frames(whole, view->begin, [&](std::string_view row) { return rows.emplace_back(row), true; });
    ASSERT_EQ(end.good, whole.size());
    ASSERT_GT(rows.size(), 250U);
    const auto with = [&](const std::vector<std::string>& changed) {
        std::string bytes = whole.substr(0, view->begin);
        for (const std::string& row : changed) {
            const std::size_t at = bytes.size();
            bytes.append(kFrameHead, '\0');
            bytes += row;
            close_frame(bytes, at);
        }
        overwrite(path, bytes);
        return ledger.verified();
    };
    ASSERT_EQ(with(rows).verdict, Verdict::ok);

    auto edited = rows;
    edited[200] = edited[201];
    const VerifyReport report = with(edited);
    const auto fault = std::ranges::find(report.faults, Kind::edited, &Fault::kind);
    ASSERT_NE(fault, report.faults.end()) << said(report);
    EXPECT_LE(*fault->first, view->head.first + 200);
    EXPECT_GE(*fault->last, view->head.first + 200);
    EXPECT_LE(*fault->last - *fault->first, 110U) << "the checkpoints around it bound the range";

    auto exchanged = rows;
    std::swap(exchanged[200], exchanged[201]);
    EXPECT_TRUE(has(with(exchanged), Kind::reordered, view->head.first + 200)) << said(with(exchanged));
    auto inserted = rows;
    inserted.insert(inserted.begin() + 150, rows[3]);
    EXPECT_TRUE(has(with(inserted), Kind::inserted, view->head.first + 150)) << said(with(inserted));
    auto removed = rows;
    removed.erase(removed.begin() + 100);
    EXPECT_TRUE(has(with(removed), Kind::removed)) << said(with(removed));
    auto cut = rows;
    cut.resize(cut.size() - 5);
    EXPECT_TRUE(has(with(cut), Kind::truncated, view->head.first + cut.size())) << said(with(cut));
}

TEST(Verify, AnAnchorShowsWhatWasCutOffWithItsCheckpoints) {
    const host::TemporaryTree folder;
    WriterOptions options{.path = folder.at("/ledger"), .segment_rows = 1000, .reserve_bytes = 0};
    RandomEvents events(9, true);
    std::string anchor;
    {
        auto writer = *Writer::open(options);
        for (int i = 0; i < 100; ++i) ASSERT_TRUE(writer->append(events.next()));
        ASSERT_TRUE(writer->checkpoint());
        fs::copy(options.path, folder.at("/earlier"), fs::copy_options::recursive);
        for (int i = 0; i < 100; ++i) ASSERT_TRUE(writer->append(events.next()));
        anchor = *writer->checkpoint();
    }
    const auto now = verify({.path = options.path, .anchor = anchor});
    ASSERT_TRUE(now);
    EXPECT_EQ(now->verdict, Verdict::ok) << said(*now);
    // An intruder puts the whole folder back to what it was.
    const auto alone = verify({.path = folder.at("/earlier")});
    EXPECT_EQ(alone->verdict, Verdict::ok) << "without an anchor this cannot be seen: " << said(*alone);
    const auto anchored = verify({.path = folder.at("/earlier"), .anchor = anchor});
    EXPECT_EQ(anchored->verdict, Verdict::tampered);
    EXPECT_TRUE(has(*anchored, Kind::truncated)) << said(*anchored);
}

TEST(Verify, FindsAnOlderCheckpointPutBack) {
    const Ledger ledger;
    const std::string log = content(ledger.path + "/checkpoints.log");
    const auto notes = split_notes(log);
    ASSERT_GT(notes.size(), 4U);
    overwrite(ledger.path + "/checkpoint", notes[notes.size() - 4]);
    EXPECT_TRUE(has(ledger.verified(), Kind::truncated)) << said(ledger.verified());
}

TEST(Verify, FindsKeysThatNobodyVouchesFor) {
    const Ledger ledger;
    const VerifierKey first = ledger.key(0);
    const std::string secret = content(ledger.path + "/key");
    const std::string keys = content(ledger.path + "/keys");

    auto other = SigningKey::generate(first.name, SignatureType::ed25519);
    overwrite(ledger.path + "/key", other->text());
    EXPECT_TRUE(has(ledger.verified(), Kind::forged)) << said(ledger.verified());
    overwrite(ledger.path + "/key", secret);

    auto lines = *parse_key_lines(keys);
    overwrite(ledger.path + "/keys",
              keys + to_text(other->verifier()) + " - " + std::to_string(lines.back().size + 1) + "\n");
    EXPECT_TRUE(has(ledger.verified(), Kind::forged)) << said(ledger.verified());
    overwrite(ledger.path + "/keys", keys);

    EXPECT_TRUE(has(ledger.verified({}, {other->verifier()}), Kind::forged))
        << "a key that is not of this ledger was given";
    EXPECT_EQ(ledger.verified({}, {first}).verdict, Verdict::ok);
}

TEST(Verify, MissesTheLastWordOfAFormerKey) {
    const Ledger ledger;
    const auto lines = *parse_key_lines(content(ledger.path + "/keys"));
    std::string kept;
    const std::string log = content(ledger.path + "/checkpoints.log");
    for (const std::string_view text : split_notes(log)) {
        const auto checkpoint = parse_checkpoint(parse_note(text)->text);
        if (checkpoint->size != lines[1].size) kept += std::string(text) + '\n';
    }
    overwrite(ledger.path + "/checkpoints.log", kept);
    EXPECT_TRUE(has(ledger.verified(), Kind::removed)) << said(ledger.verified());
}

TEST(Verify, ComparesTheCatalogue) {
    const Ledger ledger;
    const auto change = [&](const char* statement) {
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open((ledger.path + "/state.db").c_str(), &database), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(database, statement, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
        sqlite3_close(database);
    };
    change("UPDATE segments SET max_time = max_time - 1 WHERE first = 1000");
    EXPECT_TRUE(has(ledger.verified(), Kind::edited, 1000)) << said(ledger.verified());
}

TEST(Verify, KnowsPruningFromDeletion) {
    const Ledger ledger(std::uint64_t{1});  // keeps no sealed segment
    const VerifyReport report = ledger.verified();
    EXPECT_EQ(report.verdict, Verdict::ok) << said(report);
    EXPECT_GE(report.first_kept, 3000U);
    EXPECT_LT(report.checked, report.size);
}

TEST(Proof, NeedsNoLedgerAndBearsNoChange) {
    const Ledger ledger;
    for (const RecordNumber number : {0U, 999U, 1000U, 2345U, 4300U}) {
        const auto proof = prove(ledger.path, number);
        ASSERT_TRUE(proof) << proof.error().message;
        const std::string text = to_text(*proof);
        const auto read = parse_proof(text);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(to_text(*read), text);
        const auto report = check_proof(*read, {ledger.key(0)});
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_TRUE(report->key_trusted);
        EXPECT_EQ(report->number, number);
        EXPECT_EQ(report->unproved, 0U);
        const auto stranger = SigningKey::generate(report->origin, SignatureType::ed25519);
        EXPECT_FALSE(check_proof(*read, {stranger->verifier()}));
    }
    EXPECT_FALSE(prove(ledger.path, 1'000'000));

    const std::string text = to_text(*prove(ledger.path, 1234));
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string wrong = text;
        wrong[i] = static_cast<char>(wrong[i] ^ 1);
        const auto read = parse_proof(wrong);
        EXPECT_FALSE(read && check_proof(*read, {ledger.key(0)})) << "byte " << i;
    }
}

}  // namespace
}  // namespace plimsoll::ledger
