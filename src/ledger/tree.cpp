// OpenSSL's SHA256_* functions are deprecated, and four times as quick for a leaf as EVP or the one-shot function.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/tree.h"

#include <openssl/sha.h>

#include <bit>
#include <cstring>

namespace plimsoll::ledger {

namespace {

Hash digest(std::uint8_t prefix, const void* first, std::size_t first_size, const void* second = nullptr,
            std::size_t second_size = 0) {
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, &prefix, 1);
    SHA256_Update(&state, first, first_size);
    if (second_size != 0) SHA256_Update(&state, second, second_size);
    Hash hash;
    SHA256_Final(hash.data(), &state);
    return hash;
}

}  // namespace

Hash leaf_hash(Bytes row) { return digest(0x00, row.data(), row.size()); }
Hash leaf_hash(std::string_view row) { return digest(0x00, row.data(), row.size()); }

Hash node_hash(const Hash& left, const Hash& right) {
    return digest(0x01, left.data(), left.size(), right.data(), right.size());
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

void Tree::add(const Hash& leaf) {
    Hash node = leaf;
    // Each bit set at the end of the size is a complete subtree that this leaf makes one with its neighbour.
    unsigned level = 0;
    for (std::uint64_t bits = size_; (bits & 1U) != 0; bits >>= 1U) {
        node = node_hash(stack_.back(), node);
        stack_.pop_back();
        if (++level == kPageLevel && keeps_trail_) trail_.pages.push_back(node);
    }
    stack_.push_back(node);
    ++size_;
    if (keeps_trail_) trail_.marks += static_cast<char>(leaf[0]);
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
