#include "ledger/proof.h"

#include <algorithm>
#include <bit>

namespace plimsoll::ledger {

namespace {

/// PATH(m, D[begin:end]), with m counted from the tree's begin.
Result<void> path_within(std::uint64_t index, std::uint64_t begin, std::uint64_t end, const RangeRoot& root,
                         std::vector<Hash>& path) {
    if (end - begin == 1) return {};
    const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
    const bool left = index < middle;
    TRY_VOID(path_within(index, left ? begin : middle, left ? middle : end, root, path));
    TRY(const Hash sibling, left ? root(middle, end) : root(begin, middle));
    path.push_back(sibling);
    return {};
}

/// SUBPROOF(m, D[begin:end], whole), with m counted from the tree's begin.
Result<void> proof_within(std::uint64_t old, std::uint64_t begin, std::uint64_t end, bool whole, const RangeRoot& root,
                          std::vector<Hash>& path) {
    if (old == end) {
        if (whole) return {};
        TRY(const Hash hash, root(begin, end));
        path.push_back(hash);
        return {};
    }
    const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
    if (old <= middle) {
        TRY_VOID(proof_within(old, begin, middle, whole, root, path));
        TRY(const Hash right, root(middle, end));
        path.push_back(right);
        return {};
    }
    TRY_VOID(proof_within(old, middle, end, false, root, path));
    TRY(const Hash left, root(begin, middle));
    path.push_back(left);
    return {};
}

}  // namespace

Result<std::vector<Hash>> inclusion_path(std::uint64_t index, std::uint64_t size, const RangeRoot& root) {
    check(index < size);
    std::vector<Hash> path;
    TRY_VOID(path_within(index, 0, size, root, path));
    return path;
}

Result<std::vector<Hash>> consistency_path(std::uint64_t old, std::uint64_t size, const RangeRoot& root) {
    check(old <= size);
    std::vector<Hash> path;
    if (old == 0 || old == size) return path;
    TRY_VOID(proof_within(old, 0, size, true, root, path));
    return path;
}

std::optional<Hash> root_by_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                                      std::span<const Hash> path) {
    if (index >= size) return std::nullopt;
    std::uint64_t here = index;
    std::uint64_t last = size - 1;
    Hash hash = leaf;
    for (const Hash& sibling : path) {
        if (last == 0) return std::nullopt;
        if ((here & 1U) != 0 || here == last) {
            hash = node_hash(sibling, hash);
            while ((here & 1U) == 0 && here != 0) here >>= 1U, last >>= 1U;
        } else {
            hash = node_hash(hash, sibling);
        }
        here >>= 1U;
        last >>= 1U;
    }
    if (last != 0) return std::nullopt;
    return hash;
}

bool is_consistent(std::uint64_t old, const Hash& old_root, std::uint64_t size, const Hash& root,
                   std::span<const Hash> path) {
    if (old > size) return false;
    if (old == size) return path.empty() && old_root == root;
    if (old == 0) return path.empty() && old_root == root_of({});
    std::vector<Hash> hashes(path.begin(), path.end());
    if (std::has_single_bit(old)) hashes.insert(hashes.begin(), old_root);
    if (hashes.empty()) return false;
    std::uint64_t here = old - 1;
    std::uint64_t last = size - 1;
    while ((here & 1U) != 0) here >>= 1U, last >>= 1U;
    Hash then = hashes.front();
    Hash now = hashes.front();
    for (std::size_t i = 1; i < hashes.size(); ++i) {
        if (last == 0) return false;
        if ((here & 1U) != 0 || here == last) {
            then = node_hash(hashes[i], then);
            now = node_hash(hashes[i], now);
            while ((here & 1U) == 0 && here != 0) here >>= 1U, last >>= 1U;
        } else {
            now = node_hash(now, hashes[i]);
        }
        here >>= 1U;
        last >>= 1U;
    }
    return last == 0 && then == old_root && now == root;
}

}  // namespace plimsoll::ledger
