#pragma once

// Inside of Program: all tests of one text at once.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace plimsoll::rule::detail {

/// Finds out which of many texts are the beginning, the end, or the whole of a value, or stand in it. What is asked is
/// by group: a group holds for a value when one of its texts does.
class TextIndex {
public:
    using Group = std::uint32_t;

    void add_whole(std::string_view text, Group group) { whole_.add(std::string(text), group); }
    void add_beginning(std::string_view text, Group group) { beginnings_.add(text, group); }
    void add_end(std::string_view text, Group group) { ends_.add(std::string(text.rbegin(), text.rend()), group); }
    void add_inside(std::string_view text, Group group) {
        pairs_.add(text);
        inside_.add(text, group);
    }

    /// Whether more texts to stand inside may be added: the table of all grows with each byte, and a glance serves few
    /// texts, when it is needed because values are long.
    [[nodiscard]] bool has_room_inside(std::span<const std::string> texts, bool glance) const;

    /// Ends adding.
    void build() {
        whole_.build();
        beginnings_.build(false);
        ends_.build(true);
        inside_.build();
    }

    /// Calls `found(group)` for each text that fits; a group may be named more than once.
    template <typename Found>
    void find(std::string_view value, Found&& found) const {
        whole_.find(value, found);
        beginnings_.find<false>(value, found);
        ends_.find<true>(value, found);
        if (!inside_.empty() && pairs_.may_stand_in(value)) inside_.find(value, found);
    }

private:
    static constexpr std::size_t kMostStates = 8192;
    using Groups = std::vector<Group>;

    /// A table by hash; open addressing. Most values have a length that no text has, or meet an empty place.
    class Table {
    public:
        void add(std::string text, Group group);
        void build();

        template <typename Found>
        void find(std::string_view value, Found&& found) const {
            if ((lengths_ >> std::min<std::size_t>(value.size(), 63) & 1U) == 0) return;
            const std::uint32_t wanted = hash(value);
            for (auto at = wanted & mask_; places_[at].entry != 0; at = (at + 1) & mask_) {
                if (places_[at].hash != wanted) continue;
                const Entry& entry = entries_[places_[at].entry - 1];
                if (entry.text != value) continue;
                for (const auto group : entry.groups) found(group);
                return;
            }
        }

    private:
        struct Entry {
            std::string text;
            Groups groups;
        };
        struct Place {
            std::uint32_t hash = 0;
            std::uint32_t entry = 0;  ///< 0: empty; else its number + 1
        };
        [[nodiscard]] static std::uint32_t hash(std::string_view text);

        std::vector<Entry> entries_;
        std::unordered_map<std::string, std::uint32_t> numbers_;  // while adding
        std::vector<Place> places_;
        std::uint32_t mask_ = 0;
        std::uint64_t lengths_ = 0;  ///< of the texts; the last bit for all longer ones
    };

    /// A tree of texts with what they begin with in common, from their beginning or from their end.
    class Tree {
    public:
        void add(std::string_view text, Group group);
        /// `backward`: values are read from their end.
        void build(bool backward);

        template <bool backward, typename Found>
        void find(std::string_view value, Found&& found) const {
            if (nodes_.empty()) return;
            const char* const bytes = value.data();
            std::size_t left = value.size();
            for (const Node* node = &nodes_[0];;) {
                for (std::uint32_t n = 0; n < node->group_count; ++n) found(groups_[node->groups + n]);
                if (left == 0) return;
                const char* const next = backward ? bytes + left - 1 : bytes + (value.size() - left);
                const std::uint32_t below = child(*node, static_cast<unsigned char>(*next));
                if (below == 0) return;
                node = &nodes_[below];
                if (left < node->label_size) return;
                const char* const from = backward ? next + 1 - node->label_size : next;
                if (!same(from, labels_.data() + node->label, node->label_size)) return;
                left -= node->label_size;
            }
        }

    private:
        static constexpr std::size_t kFew = 4;

        struct Node {
            std::uint32_t label = 0;  ///< in labels_, as it stands in a value
            std::uint32_t label_size = 0;
            std::uint32_t groups = 0;  ///< in groups_
            std::uint32_t group_count = 0;
            std::array<unsigned char, kFew> bytes{};  ///< that children begin with, when they are few …
            std::array<std::uint32_t, kFew> few{};    ///< … and those; 0: none
            std::uint32_t table = 0;                  ///< of many children: in tables_, + 1
        };

        [[nodiscard]] std::uint32_t child(const Node& node, unsigned char byte) const {
            if (node.table != 0) return tables_[node.table - 1][byte];
            for (std::size_t i = 0; i < kFew; ++i)
                if (node.few[i] != 0 && node.bytes[i] == byte) return node.few[i];
            return 0;
        }
        [[nodiscard]] static bool same(const char* a, const char* b, std::size_t size) {
            for (std::size_t i = 0; i < size; ++i)
                if (a[i] != b[i]) return false;
            return true;
        }
        std::uint32_t build_node(std::size_t begin, std::size_t end, std::size_t depth, bool backward);

        std::vector<std::pair<std::string, Group>> texts_;  // while adding
        std::vector<Node> nodes_;
        std::vector<Group> groups_;
        std::vector<std::array<std::uint32_t, 256>> tables_;
        std::string labels_;
    };

    /// A glance at a value: of each text the pair of neighbouring bytes that is rarest. Where none of these pairs
    /// stands, no text does.
    class Pairs {
    public:
        void add(std::string_view text);
        [[nodiscard]] bool serves() const { return !all_; }
        [[nodiscard]] bool may_stand_in(std::string_view value) const;

    private:
        static constexpr std::size_t kMost = 8;
        using Pair = std::array<char, 2>;
        [[nodiscard]] static Pair rarest(std::string_view text);
        [[nodiscard]] bool has(Pair pair) const;

        std::array<Pair, kMost> pairs_{};
        std::array<std::array<std::array<char, 16>, 2>, kMost>
            repeated_{};  ///< each byte of each pair, as often as is compared at once
        std::size_t count_ = 0;
        bool all_ = false;  ///< there are too many, or a text has no pair: every value may hold one
    };

    /// All texts at once (Aho and Corasick, CACM 18:6): for each byte one step in a table of states.
    class Automaton {
    public:
        void add(std::string_view text, Group group);
        void build();
        [[nodiscard]] bool empty() const { return groups_.empty(); }
        [[nodiscard]] std::size_t states() const { return next_.size() / kBytes; }

        template <typename Found>
        void find(std::string_view value, Found&& found) const {
            for (const auto group : groups_[0]) found(group);
            std::size_t state = 0;
            for (const char byte : value) {
                state = table_[state * classes_ + class_of_[static_cast<unsigned char>(byte)]];
                if (!ends_here_[state]) continue;
                for (const auto group : groups_[state]) found(group);
            }
        }

    private:
        static constexpr std::size_t kBytes = 256;

        std::vector<std::uint16_t> next_;      // while adding: by state and byte; 0: none
        std::vector<Groups> groups_;           // by state: of all texts that end there
        std::vector<std::uint8_t> ends_here_;  // by state: it has groups
        std::vector<std::uint16_t> table_;     // by state and class of bytes
        std::array<std::uint8_t, kBytes> class_of_{};
        std::size_t classes_ = 0;
    };

    Table whole_;
    Tree beginnings_;
    Tree ends_;
    Pairs pairs_;
    Automaton inside_;
};

}  // namespace plimsoll::rule::detail
