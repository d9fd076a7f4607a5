#include "ledger/tree.h"

#include <gtest/gtest.h>

#include "ledger/proof.h"

namespace plimsoll::ledger {
namespace {

std::string hex(const Hash& hash) {
    std::string text;
    for (const std::uint8_t byte : hash) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

// The eight leaves and the roots that the certificate-transparency project publishes with RFC 6962's reference code.
const std::vector<std::string> kLeaves = {std::string(),
                                          std::string("\x00", 1),
                                          "\x10",
                                          "\x20\x21",
                                          "\x30\x31",
                                          "\x40\x41\x42\x43",
                                          "\x50\x51\x52\x53\x54\x55\x56\x57",
                                          "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
const std::vector<std::string> kRoots = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                         "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Hash> some_leaves(std::size_t count) {
    std::vector<Hash> leaves;
    for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(std::to_string(i)));
    return leaves;
}

TEST(Tree, HasTheRootsOfRfc6962sReference) {
    Tree tree;
    EXPECT_EQ(hex(tree.root()), kRoots[0]);
    for (std::size_t i = 0; i < kLeaves.size(); ++i) {
        tree.add(leaf_hash(kLeaves[i]));
        EXPECT_EQ(hex(tree.root()), kRoots[i + 1]) << i;
    }
}

TEST(Tree, GoesOnFromItsFrontier) {
    Tree whole;
    for (const Hash& leaf : some_leaves(300)) {
        auto read = Tree::from_frontier(whole.frontier());
        ASSERT_TRUE(read);
        EXPECT_EQ(*read, whole);
        whole.add(leaf);
        read->add(leaf);
        EXPECT_EQ(read->root(), whole.root());
    }
    EXPECT_FALSE(Tree::from_frontier("1234567"));
    EXPECT_FALSE(Tree::from_frontier(whole.frontier() + "x"));
}

TEST(Tree, TakesManyLeavesAsItTakesEach) {
    std::string text(7000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 + i / 256);
    std::vector<std::string_view> rows;
    for (std::size_t size = 0; size < 300; ++size) rows.push_back(std::string_view(text).substr(size, size));
    for (const std::size_t size : {1000U, 2000U, 4000U, 4085U, 4086U, 4087U, 6000U})
        rows.push_back(std::string_view(text).substr(0, size));
    std::vector<Hash> leaves(rows.size());
    leaf_hashes(rows, leaves);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ASSERT_EQ(leaves[i], sha256(std::string(1, '\0') + std::string(rows[i]))) << i;
        ASSERT_EQ(leaves[i], leaf_hash(rows[i])) << i;
    }
    for (const std::size_t before : {0U, 1U, 63U, 64U}) {
        Tree one;
        Tree many;
        one.keep_trail();
        many.keep_trail();
        const std::span<const Hash> all(leaves);
        for (const Hash& leaf : all) one.add(leaf);
        many.add(all.first(before));
        many.add(all.subspan(before));
        EXPECT_EQ(many, one);
        EXPECT_EQ(many.root(), one.root());
        EXPECT_EQ(many.take_trail().marks, one.take_trail().marks);
    }
}

TEST(Tree, TakesASubtreeForItsLeaves) {
    const auto leaves = some_leaves(24);
    Tree tree;
    for (std::size_t i = 0; i < 16; ++i) tree.add(leaves[i]);
    tree.add_subtree(root_of(std::span(leaves).subspan(16, 8)), 3);
    EXPECT_EQ(tree.root(), root_of(leaves));
    EXPECT_EQ(tree.size(), 24U);
}

TEST(Tree, KeepsThePagesThatItCompletes) {
    const auto leaves = some_leaves(2 * kPageLeaves + 1);
    Tree tree;
    tree.keep_trail();
    for (const Hash& leaf : leaves) tree.add(leaf);
    const Trail trail = tree.take_trail();
    ASSERT_EQ(trail.pages.size(), 2U);
    EXPECT_EQ(trail.pages[1], root_of(std::span(leaves).subspan(kPageLeaves, kPageLeaves)));
    ASSERT_EQ(trail.marks.size(), leaves.size());
    EXPECT_EQ(static_cast<std::uint8_t>(trail.marks[5]), leaves[5][0]);
}

TEST(Paths, LeadFromEveryLeafToTheRootOfEveryTree) {
    const auto leaves = some_leaves(40);
    const RangeRoot range = [&](std::uint64_t begin, std::uint64_t end) -> Result<Hash> {
        return root_of(std::span(leaves).subspan(begin, end - begin));
    };
    for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
        const Hash root = root_of(std::span(leaves).first(size));
        for (std::uint64_t index = 0; index < size; ++index) {
            const auto path = inclusion_path(index, size, range);
            ASSERT_TRUE(path);
            EXPECT_EQ(root_by_inclusion(leaves[index], index, size, *path), root);
            EXPECT_NE(root_by_inclusion(leaves[index], (index + 1) % (size + 1), size, *path), root);
            auto longer = *path;
            longer.push_back(root);
            EXPECT_FALSE(root_by_inclusion(leaves[index], index, size, longer));
        }
    }
}

TEST(Paths, ShowThatATreeGoesOnFromAnother) {
    const auto leaves = some_leaves(40);
    const RangeRoot range = [&](std::uint64_t begin, std::uint64_t end) -> Result<Hash> {
        return root_of(std::span(leaves).subspan(begin, end - begin));
    };
    for (std::uint64_t size = 0; size <= leaves.size(); ++size) {
        const Hash root = root_of(std::span(leaves).first(size));
        for (std::uint64_t old = 0; old <= size; ++old) {
            const Hash then = root_of(std::span(leaves).first(old));
            const auto path = consistency_path(old, size, range);
            ASSERT_TRUE(path);
            EXPECT_TRUE(is_consistent(old, then, size, root, *path)) << old << " in " << size;
            EXPECT_FALSE(is_consistent(old, leaves[0], size, leaves[1], *path));
            if (old == 0 || old == size) continue;
            for (std::size_t i = 0; i < path->size(); ++i) {
                auto wrong = *path;
                wrong[i][7] ^= 1U;
                EXPECT_FALSE(is_consistent(old, then, size, root, wrong));
            }
        }
    }
}

}  // namespace
}  // namespace plimsoll::ledger
