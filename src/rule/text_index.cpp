#include "rule/text_index.h"

#include <bit>
#include <cstring>

#include "base/load.h"

namespace plimsoll::rule::detail {

namespace {

using Bytes = unsigned char __attribute__((vector_size(16)));

Bytes bytes_at(const char* from) {
    Bytes bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

/// How often a byte stands in paths and command lines, about.
int commonness(char c) {
    constexpr std::string_view kCommon = "etaoinsrlcdupmb/ -";
    if (kCommon.find(c) != std::string_view::npos) return 10;
    if (c >= 'a' && c <= 'z') return 6;
    if (c >= '0' && c <= '9') return 5;
    if (c == '.' || c == '_') return 4;
    return c >= 'A' && c <= 'Z' ? 3 : 1;
}

}  // namespace

bool TextIndex::has_room_inside(std::span<const std::string> texts, bool glance) const {
    std::size_t bytes = 0;
    Pairs pairs = pairs_;
    for (const std::string& text : texts) {
        bytes += text.size();
        pairs.add(text);
    }
    return inside_.states() + bytes < kMostStates && (!glance || pairs.serves());
}

/// Of its length, beginning, middle and end; constants of splitmix64. The texts are the rules' own, so that nobody
/// outside chooses them.
std::uint32_t TextIndex::Table::hash(std::string_view text) {
    const char* const at = text.data();
    const std::size_t size = text.size();
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (size >= 8) {
        first = load(at) ^ std::rotl(load(at + size / 2 - 4), 23);
        last = load(at + size - 8);
    } else if (size >= 4) {
        first = load<std::uint32_t>(at);
        last = load<std::uint32_t>(at + size - 4);
    } else if (size > 0) {
        first = static_cast<unsigned char>(at[0]);
        last = static_cast<unsigned char>(at[size / 2]) |
               static_cast<std::uint64_t>(static_cast<unsigned char>(at[size - 1])) << 8U;
    }
    std::uint64_t mixed = (first ^ size) * 0x9e3779b97f4a7c15ULL ^ last * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 32U) * 0x94d049bb133111ebULL;
    return static_cast<std::uint32_t>(mixed >> 32U);
}

void TextIndex::Table::add(std::string text, Group group) {
    const auto [place, fresh] = numbers_.try_emplace(text, static_cast<std::uint32_t>(entries_.size()));
    if (fresh) entries_.push_back({std::move(text), {}});
    entries_[place->second].groups.push_back(group);
}

void TextIndex::Table::build() {
    numbers_.clear();
    if (entries_.empty()) return;
    places_.assign(std::bit_ceil(entries_.size() * 4), {});
    mask_ = static_cast<std::uint32_t>(places_.size() - 1);
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        const std::string& text = entries_[i].text;
        lengths_ |= std::uint64_t{1} << std::min<std::size_t>(text.size(), 63);
        const std::uint32_t of_text = hash(text);
        auto at = of_text & mask_;
        while (places_[at].entry != 0) at = (at + 1) & mask_;
        places_[at] = {of_text, i + 1};
    }
}

void TextIndex::Tree::add(std::string_view text, Group group) { texts_.emplace_back(text, group); }

void TextIndex::Tree::build(bool backward) {
    std::ranges::sort(texts_);
    if (!texts_.empty()) build_node(0, texts_.size(), 0, backward);
    texts_ = {};
}

/// Of the texts from `begin` to `end`, which have `depth` bytes in common with what leads here. They are sorted: the
/// shortest come first.
std::uint32_t TextIndex::Tree::build_node(std::size_t begin, std::size_t end, std::size_t depth, bool backward) {
    const auto number = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    // What all have in common is the label; the root has none.
    std::size_t common = depth;
    const std::string& first = texts_[begin].first;
    const std::string& last = texts_[end - 1].first;
    if (number != 0) {
        while (common < first.size() && common < last.size() && first[common] == last[common]) ++common;
    }
    std::string label = first.substr(depth, common - depth);
    if (backward) std::ranges::reverse(label);
    nodes_[number].label = static_cast<std::uint32_t>(labels_.size());
    nodes_[number].label_size = static_cast<std::uint32_t>(label.size());
    labels_ += label;
    nodes_[number].groups = static_cast<std::uint32_t>(groups_.size());
    while (begin < end && texts_[begin].first.size() == common) groups_.push_back(texts_[begin++].second);
    nodes_[number].group_count = static_cast<std::uint32_t>(groups_.size()) - nodes_[number].groups;
    std::vector<std::pair<unsigned char, std::uint32_t>> children;
    while (begin < end) {
        std::size_t next = begin;
        const char byte = texts_[begin].first[common];
        while (next < end && texts_[next].first[common] == byte) ++next;
        children.emplace_back(static_cast<unsigned char>(byte), build_node(begin, next, common, backward));
        begin = next;
    }
    Node& node = nodes_[number];
    if (children.size() <= kFew) {
        for (std::size_t i = 0; i < children.size(); ++i) {
            node.bytes[i] = children[i].first;
            node.few[i] = children[i].second;
        }
        return number;
    }
    tables_.emplace_back();
    for (const auto& [byte, child] : children) tables_.back()[byte] = child;
    node.table = static_cast<std::uint32_t>(tables_.size());
    return number;
}

TextIndex::Pairs::Pair TextIndex::Pairs::rarest(std::string_view text) {
    std::size_t best = 0;
    const auto score = [&](std::size_t at) { return commonness(text[at]) * commonness(text[at + 1]); };
    for (std::size_t at = 1; at + 1 < text.size(); ++at)
        if (score(at) < score(best)) best = at;
    return {text[best], text[best + 1]};
}

bool TextIndex::Pairs::has(Pair pair) const {
    const auto end = pairs_.begin() + static_cast<std::ptrdiff_t>(count_);
    return std::find(pairs_.begin(), end, pair) != end;
}

void TextIndex::Pairs::add(std::string_view text) {
    if (all_ || text.size() < 2) {
        all_ = true;
        return;
    }
    const Pair pair = rarest(text);
    if (has(pair)) return;
    all_ = count_ == kMost;
    if (all_) return;
    for (std::size_t i = 0; i < pair.size(); ++i) repeated_[count_][i].fill(pair[i]);
    pairs_[count_++] = pair;
}

bool TextIndex::Pairs::may_stand_in(std::string_view value) const {
    if (all_) return true;
    if (value.size() < 2) return false;
    std::array<char, 32> few{};
    const char* at = value.data();
    std::size_t last = 0;  // where the last look begins
    if (value.size() > 16) {
        last = value.size() - 17;
    } else {
        std::memcpy(few.data(), at, value.size());
        at = few.data();
    }
    Bytes found{};
    const auto look = [&](const char* from) {
        const Bytes here = bytes_at(from);
        const Bytes next = bytes_at(from + 1);
        for (std::size_t i = 0; i < count_; ++i)
            found |= Bytes((here == bytes_at(repeated_[i][0].data())) & (next == bytes_at(repeated_[i][1].data())));
    };
    for (std::size_t from = 0; from < last; from += 16) look(at + from);
    look(at + last);
    std::array<std::uint64_t, 2> halves;
    std::memcpy(halves.data(), &found, sizeof halves);
    return (halves[0] | halves[1]) != 0;
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
