#include "ledger/wal.h"

#include <gmock/gmock.h>

#include "host/temporary_tree.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

namespace {

std::string frame(std::string_view row) {
    std::string out(kFrameHead, '\0');
    out += row;
    close_frame(out, 0);
    return out;
}

std::string file_with(const std::vector<std::string>& rows) {
    std::string file = encode_wal_head({.first = 7, .frontier = "tree", .fields = {}});
    for (const std::string& row : rows) file += frame(row);
    return file;
}

struct Read {
    WalEnd end;
    std::vector<std::string> rows;
};

Read read(std::string_view file) {
    const auto view = parse_wal_head(file);
    check(view.has_value());
    Read out;
    out.end = read_frames(file, view->begin, [&](std::string_view row) {
        out.rows.emplace_back(row);
        return true;
    });
    return out;
}

const std::vector<std::string> kRows = {"first row", "second row", "third row of the log"};

TEST(Wal, GivesBackItsRows) {
    const std::string file = file_with(kRows);
    const Read all = read(file);
    EXPECT_EQ(all.rows, kRows);
    EXPECT_FALSE(all.end.torn || all.end.damaged);
    EXPECT_EQ(parse_wal_head(file)->head.first, 7U);
    EXPECT_EQ(parse_wal_head(file)->head.frontier, "tree");
}

TEST(Wal, ATornTailEndsAtTheLastWholeRow) {
    const std::string file = file_with(kRows);
    const std::size_t last = file.size() - frame(kRows[2]).size();
    for (std::size_t size = last + 1; size < file.size(); ++size) {
        const Read part = read(std::string_view(file).substr(0, size));
        EXPECT_EQ(part.rows.size(), 2U);
        EXPECT_TRUE(part.end.torn);
        EXPECT_FALSE(part.end.damaged);
        EXPECT_EQ(part.end.good, last);
    }
}

TEST(Wal, ADamagedRowInTheMiddleIsNoTornTail) {
    const std::string clean = file_with(kRows);
    const std::size_t begin = parse_wal_head(clean)->begin;
    for (std::size_t at = begin + frame(kRows[0]).size(); at < clean.size() - frame(kRows[2]).size(); ++at) {
        std::string file = clean;
        file[at] = static_cast<char>(file[at] ^ 0x40);
        const Read part = read(file);
        EXPECT_THAT(part.rows, testing::ElementsAre(kRows[0]));
        EXPECT_TRUE(part.end.damaged) << "byte " << at;
        EXPECT_EQ(part.end.resumes, clean.size() - frame(kRows[2]).size());
    }
}

TEST(Wal, ZeroesAreNoRows) {
    const Read padded = read(file_with(kRows) + std::string(4096, '\0'));
    EXPECT_EQ(padded.rows, kRows);
    EXPECT_TRUE(padded.end.torn);
}

TEST(Wal, ADamagedHeadIsRefused) {
    const std::string clean = file_with(kRows);
    for (std::size_t at = 0; at < parse_wal_head(clean)->begin; ++at) {
        std::string file = clean;
        file[at] = static_cast<char>(file[at] ^ 1);
        EXPECT_FALSE(parse_wal_head(file)) << "byte " << at;
    }
}

TEST(Wal, GoesOnWhereItWasCut) {
    const host::TemporaryTree tree;
    const std::string path = tree.at("/" + wal_name(7));
    {
        auto wal = Wal::create(path, {.first = 7, .frontier = {}, .fields = {}});
        ASSERT_TRUE(wal);
        ASSERT_TRUE(wal->write(frame("one row.") + frame("half a row")));
    }
    const std::string file = host::read_file({}, path).value();
    const std::size_t half = file.size() - frame("half a row").size();
    {
        auto wal = Wal::resume(path, half);
        ASSERT_TRUE(wal);
        ASSERT_TRUE(wal->write(frame("another row")));
    }
    EXPECT_THAT(read(host::read_file({}, path).value()).rows, testing::ElementsAre("one row.", "another row"));
}

}  // namespace

}  // namespace plimsoll::ledger
