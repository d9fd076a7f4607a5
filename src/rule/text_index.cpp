#include "rule/text_index.h"

#include <bit>
#include <cstring>

namespace plimsoll::rule::detail {

namespace {

std::uint64_t word_at(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

}  // namespace

/// By eights; constants of splitmix64. The texts are the rules' own, so that nobody outside chooses them.
std::size_t TextIndex::Table::hash(std::string_view text) {
    std::uint64_t hash = text.size() * 0x9e3779b97f4a7c15ULL;
    const auto mix = [&](std::uint64_t word) {
        hash = (hash ^ word) * 0xbf58476d1ce4e5b9ULL;
        hash ^= hash >> 29;
    };
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left > 8; at += 8, left -= 8) mix(word_at(at));
    if (text.size() >= 8) {
        mix(word_at(text.data() + text.size() - 8));  // the last ones, some of them again
    } else {
        std::uint64_t word = 0;
        for (; left > 0; --left, ++at) word = word << 8 | static_cast<unsigned char>(*at);
        mix(word);
    }
    return hash;
}

void TextIndex::Table::add(std::string text, Group group) {
    const auto [place, fresh] = numbers_.try_emplace(text, static_cast<std::uint32_t>(entries_.size()));
    if (fresh) entries_.push_back({std::move(text), {}});
    entries_[place->second].groups.push_back(group);
}

void TextIndex::Table::build() {
    numbers_.clear();
    if (entries_.empty()) return;
    places_.assign(std::bit_ceil(entries_.size() * 4), 0);
    mask_ = places_.size() - 1;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        auto at = hash(entries_[i].text) & mask_;
        while (places_[at] != 0) at = (at + 1) & mask_;
        places_[at] = i + 1;
    }
}

std::uint32_t TextIndex::Tree::child_made(std::uint32_t node, unsigned char byte) {
    if (const auto found = child(node, byte); found != 0) return found;
    const auto made = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    nodes_[made].byte = byte;
    nodes_[made].next = nodes_[node].first;
    nodes_[node].first = made;
    return made;
}

void TextIndex::Automaton::add(std::string_view text, Group group) {
    if (groups_.empty()) {
        groups_.emplace_back();
        next_.resize(kBytes);
    }
    std::size_t state = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (next_[state * kBytes + byte] == 0) {
            next_[state * kBytes + byte] = static_cast<std::uint16_t>(groups_.size());
            groups_.emplace_back();
            next_.resize(next_.size() + kBytes);
        }
        state = next_[state * kBytes + byte];
    }
    groups_[state].push_back(group);
}

void TextIndex::Automaton::build() {
    if (groups_.empty()) return;
    // Bytes that no text has are one class, 0.
    std::size_t classes = 1;
    for (std::size_t byte = 0; byte < kBytes; ++byte) {
        bool used = false;
        for (std::size_t at = byte; at < next_.size(); at += kBytes) used = used || next_[at] != 0;
        if (used) class_of_[byte] = static_cast<std::uint8_t>(classes == kBytes ? 0 : classes++);
    }
    classes_ = classes;
    table_.assign(groups_.size() * classes_, 0);
    // By breadth: where a text goes no further, its longest ending that begins a text does.
    std::vector<std::uint16_t> fallback(groups_.size());
    std::vector<std::uint16_t> order = {0};
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::size_t state = order[i];
        for (std::size_t byte = 0; byte < kBytes; ++byte) {
            const auto class_of_byte = class_of_[byte];
            if (class_of_byte == 0) continue;
            const auto child = next_[state * kBytes + byte];
            const auto elsewhere = state == 0 ? std::uint16_t{0} : table_[fallback[state] * classes_ + class_of_byte];
            table_[state * classes_ + class_of_byte] = child != 0 ? child : elsewhere;
            if (child == 0) continue;
            fallback[child] = elsewhere;
            const Groups& more = groups_[elsewhere];
            if (elsewhere != 0) groups_[child].insert(groups_[child].end(), more.begin(), more.end());
            order.push_back(child);
        }
    }
    for (const auto& groups : groups_) ends_here_.push_back(groups.empty() ? 0 : 1);
    ends_here_[0] = 0;  // told once, before the first byte
    next_ = {};
}

}  // namespace plimsoll::rule::detail
