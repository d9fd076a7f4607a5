#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plimsoll::ledger {

/// SHA-256, as RFC 6962 section 2.1 uses it.
using Hash = std::array<std::uint8_t, 32>;

/// The bytes of a record, as its leaf covers them.
using Bytes = std::span<const std::uint8_t>;

/// SHA-256(0x00 || row).
[[nodiscard]] Hash leaf_hash(Bytes row);
[[nodiscard]] Hash leaf_hash(std::string_view row);

/// leaf_hash of each row; quicker than one by one. `out` is as long as `rows`.
void leaf_hashes(std::span<const std::string_view> rows, std::span<Hash> out);

/// The same for rows that stand one behind the other; row n ends at ends[n]. Replaces what `out` holds.
void leaf_hashes(std::string_view rows, std::span<const std::uint32_t> ends, std::vector<Hash>& out);

/// SHA-256(0x01 || left || right).
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);

/// SHA-256 of anything, for what is no leaf or node.
[[nodiscard]] Hash sha256(std::string_view bytes);

/// Root of these leaves alone (RFC 6962's MTH); of no leaves, the hash of nothing.
[[nodiscard]] Hash root_of(std::span<const Hash> leaves);

/// Leaves of a page: a complete subtree of this many levels has a root that is kept for naming what changed, and for
/// proofs.
inline constexpr unsigned kPageLevel = 13;
inline constexpr std::uint64_t kPageLeaves = std::uint64_t{1} << kPageLevel;

/// What a tree saw since it was asked last; only there to find later which record changed.
struct Trail {
    std::vector<Hash> pages;  ///< roots of the pages (aligned runs of kPageLeaves) that were completed
    std::string marks;        ///< first byte of each leaf
};

/// A Merkle tree that grows by leaves and keeps only the roots of its complete subtrees: what is needed to go on and to
/// say the root, at most 64 hashes.
class Tree {
public:
    void add(const Hash& leaf);

    /// The same for several, in order; quicker.
    void add(std::span<const Hash> leaves);

    /// Adds 2^level leaves by the root of their complete subtree; `size` must be a multiple of 2^level.
    void add_subtree(const Hash& root, unsigned level);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] Hash root() const;

    /// The tree as bytes: size (8 bytes, little endian), then the roots of the complete subtrees from left to right,
    /// one for each bit of the size.
    [[nodiscard]] std::string frontier() const;
    static Result<Tree> from_frontier(std::string_view bytes);

    /// Roots of the complete subtrees, from left (largest) to right.
    [[nodiscard]] std::span<const Hash> subtrees() const { return stack_; }

    /// Begins to keep a trail, or goes on with an empty one.
    void keep_trail() { keeps_trail_ = true; }
    /// What was added since `keep_trail` or the last call; empty when no trail is kept.
    [[nodiscard]] Trail take_trail() { return std::exchange(trail_, {}); }

    friend bool operator==(const Tree& a, const Tree& b) { return a.size_ == b.size_ && a.stack_ == b.stack_; }

private:
    void push(Hash node, unsigned level);

    std::uint64_t size_ = 0;
    std::vector<Hash> stack_;
    bool keeps_trail_ = false;
    Trail trail_;
};

}  // namespace plimsoll::ledger
