// OpenSSL's SHA256_* functions are deprecated, and four times as quick for a leaf as EVP or the one-shot function.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/tree.h"

#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "ledger/sha256_lanes.h"

namespace plimsoll::ledger {

namespace {

constexpr std::uint8_t kLeaf = 0x00;
constexpr std::uint8_t kNode = 0x01;
constexpr unsigned kTogether = 6;  // levels that are hashed side by side

}  // namespace

Hash leaf_hash(Bytes row) { return leaf_hash({reinterpret_cast<const char*>(row.data()), row.size()}); }
Hash leaf_hash(std::string_view row) { return sha256_prefixed(kLeaf, row); }

void leaf_hashes(std::span<const std::string_view> rows, std::span<Hash> out) { sha256_each(kLeaf, rows, out); }

void leaf_hashes(std::string_view rows, std::span<const std::uint32_t> ends, std::vector<Hash>& out) {
    constexpr std::size_t kMany = 64;
    out.resize(ends.size());
    std::array<std::string_view, kMany> some;
    std::uint32_t begin = 0;
    for (std::size_t done = 0; done < ends.size(); done += kMany) {
        const std::size_t count = std::min(kMany, ends.size() - done);
        for (std::size_t i = 0; i < count; ++i) {
            some[i] = rows.substr(begin, ends[done + i] - begin);
            begin = ends[done + i];
        }
        leaf_hashes(std::span(some).first(count), std::span(out).subspan(done, count));
    }
}

Hash node_hash(const Hash& left, const Hash& right) {
    std::array<char, 2 * sizeof(Hash)> both;
    std::memcpy(both.data(), left.data(), sizeof(Hash));
    std::memcpy(both.data() + sizeof(Hash), right.data(), sizeof(Hash));
    return sha256_prefixed(kNode, {both.data(), both.size()});
}

Hash sha256(std::string_view bytes) {
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, bytes.data(), bytes.size());
    Hash hash;
    SHA256_Final(hash.data(), &state);
    return hash;
}

Hash root_of(std::span<const Hash> leaves) {
    Tree tree;
    for (const Hash& leaf : leaves) tree.add(leaf);
    return tree.root();
}

/// Puts a complete subtree behind the others. Each bit set at the end of the size is one that it makes greater.
void Tree::push(Hash node, unsigned level) {
    for (std::uint64_t bits = size_ >> level; (bits & 1U) != 0; bits >>= 1U) {
        node = node_hash(stack_.back(), node);
        stack_.pop_back();
        if (++level == kPageLevel && keeps_trail_) trail_.pages.push_back(node);
    }
    stack_.push_back(node);
}

void Tree::add(const Hash& leaf) {
    push(leaf, 0);
    ++size_;
    if (keeps_trail_) trail_.marks += static_cast<char>(leaf[0]);
}

void Tree::add(std::span<const Hash> leaves) {
    constexpr std::size_t kMany = std::size_t{1} << kTogether;
    static_assert(kTogether < kPageLevel);
    while (!leaves.empty()) {
        if (size_ % kMany != 0 || leaves.size() < kMany) {
            add(leaves.front());
            leaves = leaves.subspan(1);
            continue;
        }
        if (keeps_trail_) {
            for (const Hash& leaf : leaves.first(kMany)) trail_.marks += static_cast<char>(leaf[0]);
        }
        std::array<Hash, kMany> nodes;
        std::ranges::copy(leaves.first(kMany), nodes.begin());
        for (std::size_t count = kMany / 2; count > 0; count /= 2) {
            std::array<std::string_view, kMany / 2> pairs;  // each is read before its hash is put in front of it
            const auto* bytes = reinterpret_cast<const char*>(nodes.data());
            for (std::size_t i = 0; i < count; ++i) pairs[i] = {bytes + 2 * sizeof(Hash) * i, 2 * sizeof(Hash)};
            sha256_each(kNode, std::span(pairs).first(count), std::span(nodes).first(count));
        }
        push(nodes[0], kTogether);
        size_ += kMany;
        leaves = leaves.subspan(kMany);
    }
}

void Tree::add_subtree(const Hash& root, unsigned level) {
    check(level < 63 && (size_ & ((std::uint64_t{1} << level) - 1)) == 0);
    Hash node = root;
    for (std::uint64_t bits = size_ >> level; (bits & 1U) != 0; bits >>= 1U) {
        node = node_hash(stack_.back(), node);
        stack_.pop_back();
    }
    stack_.push_back(node);
    size_ += std::uint64_t{1} << level;
}

Hash Tree::root() const {
    if (stack_.empty()) return sha256({});
    Hash node = stack_.back();
    for (std::size_t i = stack_.size() - 1; i-- > 0;) node = node_hash(stack_[i], node);
    return node;
}

std::string Tree::frontier() const {
    std::string bytes;
    for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(size_ >> (8 * i) & 255U);
    for (const Hash& hash : stack_) bytes.append(hash.begin(), hash.end());
    return bytes;
}

Result<Tree> Tree::from_frontier(std::string_view bytes) {
    if (bytes.size() < 8) return Error{"the frontier of the tree is cut short"};
    Tree tree;
    for (unsigned i = 0; i < 8; ++i)
        tree.size_ |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
    bytes.remove_prefix(8);
    const auto count = static_cast<std::size_t>(std::popcount(tree.size_));
    if (bytes.size() != count * sizeof(Hash)) return Error{"the frontier of the tree has the wrong number of hashes"};
    tree.stack_.resize(count);
    for (Hash& hash : tree.stack_) {
        std::memcpy(hash.data(), bytes.data(), hash.size());
        bytes.remove_prefix(hash.size());
    }
    return tree;
}

}  // namespace plimsoll::ledger
