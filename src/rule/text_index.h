#pragma once

// Inside of Program: all tests of one text at once.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace plimsoll::rule::detail {

/// Finds out in one walk which of many texts are the beginning, the end, or the whole of a value, or stand in it. What
/// is asked is by group: a group holds for a value when one of its texts does.
class TextIndex {
public:
    using Group = std::uint32_t;

    void add_whole(std::string_view text, Group group) { whole_.add(std::string(text), group); }
    void add_beginning(std::string_view text, Group group) { beginnings_.add(text.begin(), text.end(), group); }
    void add_end(std::string_view text, Group group) { ends_.add(text.rbegin(), text.rend(), group); }

    void add_inside(std::string_view text, Group group) { inside_.add(text, group); }

    /// Whether another text to stand inside may be added: the table of all grows with each byte.
    [[nodiscard]] bool has_room_inside(std::size_t bytes) const { return inside_.states() + bytes < kMostStates; }

    /// Ends adding.
    void build() {
        whole_.build();
        inside_.build();
    }

    /// Calls `found(group)` for each text that fits; a group may be named more than once.
    template <typename Found>
    void find(std::string_view value, Found&& found) const {
        whole_.find(value, found);
        beginnings_.find(value.begin(), value.end(), found);
        ends_.find(value.rbegin(), value.rend(), found);
        inside_.find(value, found);
    }

private:
    static constexpr std::size_t kMostStates = 8192;
    using Groups = std::vector<Group>;

    /// A table by hash; open addressing.
    class Table {
    public:
        void add(std::string text, Group group);
        void build();

        template <typename Found>
        void find(std::string_view value, Found&& found) const {
            if (places_.empty()) return;
            for (auto at = hash(value) & mask_; places_[at] != 0; at = (at + 1) & mask_) {
                const Entry& entry = entries_[places_[at] - 1];
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
        [[nodiscard]] static std::size_t hash(std::string_view text);

        std::vector<Entry> entries_;
        std::unordered_map<std::string, std::uint32_t> numbers_;  // while adding
        std::vector<std::uint32_t> places_;                       // 0: empty; else entry + 1
        std::size_t mask_ = 0;
    };

    /// A tree by bytes; children of a node are a list.
    class Tree {
    public:
        template <typename Iterator>
        void add(Iterator at, Iterator end, Group group) {
            std::uint32_t node = 0;
            if (nodes_.empty()) nodes_.emplace_back();
            for (; at != end; ++at) node = child_made(node, static_cast<unsigned char>(*at));
            auto& groups = nodes_[node].groups;
            if (groups == 0) {
                groups = static_cast<std::uint32_t>(groups_.size());
                groups_.emplace_back();
            }
            groups_[groups].push_back(group);
        }

        template <typename Iterator, typename Found>
        void find(Iterator at, Iterator end, Found&& found) const {
            if (nodes_.empty()) return;
            for (std::uint32_t node = 0;; ++at) {
                if (nodes_[node].groups != 0) {
                    for (const auto group : groups_[nodes_[node].groups]) found(group);
                }
                if (at == end) return;
                node = child(node, static_cast<unsigned char>(*at));
                if (node == 0) return;
            }
        }

    private:
        struct Node {
            std::uint32_t groups = 0;  // in groups_; 0: none
            std::uint32_t first = 0;   // child; 0: none
            std::uint32_t next = 0;    // sibling
            unsigned char byte = 0;
        };

        [[nodiscard]] std::uint32_t child(std::uint32_t node, unsigned char byte) const {
            auto at = nodes_[node].first;
            while (at != 0 && nodes_[at].byte != byte) at = nodes_[at].next;
            return at;
        }
        std::uint32_t child_made(std::uint32_t node, unsigned char byte);

        std::vector<Node> nodes_;
        std::vector<Groups> groups_ = std::vector<Groups>(1);
    };

    /// All texts at once (Aho and Corasick, CACM 18:6): for each byte one step in a table of states.
    class Automaton {
    public:
        void add(std::string_view text, Group group);
        void build();
        [[nodiscard]] std::size_t states() const { return next_.size() / kBytes; }

        template <typename Found>
        void find(std::string_view value, Found&& found) const {
            if (groups_.empty()) return;
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
    Automaton inside_;
};

}  // namespace plimsoll::rule::detail
