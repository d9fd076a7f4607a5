#include "rule/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace plimsoll::rule {

namespace {

std::size_t count_nodes(const YamlNode& node) {
    std::size_t count = 1;
    for (const auto& item : node.items) count += count_nodes(item);
    for (const auto& [key, value] : node.entries) count += count_nodes(key) + count_nodes(value);
    return count;
}

/// Where the lines of a text begin, as the library counts them, and bytes for its columns, which are characters.
class Lines {
public:
    explicit Lines(std::string_view text) : text_(text) {
        if (text.starts_with("\xef\xbb\xbf")) starts_[0] = 3;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::size_t length = break_at(i);
            if (length == 0) continue;
            i += length - 1;
            starts_.push_back(i + 1);
        }
    }

    [[nodiscard]] std::size_t byte(const yaml_mark_t& mark) const {
        if (mark.line >= starts_.size()) return text_.size();
        std::size_t at = starts_[mark.line];
        for (std::size_t column = 0; column < mark.column && at < text_.size(); ++column) {
            ++at;
            while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0U) == 0x80) ++at;
        }
        return std::min(at, text_.size());
    }

    /// The place of a byte of the file, in the terms of Position.
    [[nodiscard]] std::pair<std::size_t, std::size_t> place_of(std::size_t at) const {
        at = std::min(at, text_.size());
        const auto after = std::ranges::upper_bound(starts_, at);
        const auto line = static_cast<std::size_t>(after - starts_.begin());
        return line == 0 ? std::pair<std::size_t, std::size_t>{1, 1} : std::pair{line, at - starts_[line - 1] + 1};
    }

    [[nodiscard]] std::size_t column(const yaml_mark_t& mark) const {
        return mark.line < starts_.size() ? byte(mark) - starts_[mark.line] + 1 : 1;
    }

private:
    /// Bytes of the line break at `i`: \n, \r, \r\n and the three of Unicode; 0 for none.
    [[nodiscard]] std::size_t break_at(std::size_t i) const {
        if (text_[i] == '\n') return 1;
        if (text_[i] == '\r') return text_.substr(i + 1, 1) == "\n" ? 2 : 1;
        if (text_.substr(i, 2) == "\xc2\x85") return 2;
        if (text_.substr(i, 3) == "\xe2\x80\xa8" || text_.substr(i, 3) == "\xe2\x80\xa9") return 3;
        return 0;
    }

    std::string_view text_;
    std::vector<std::size_t> starts_ = {0};
};

/// Builds documents from the library's events; stops at the first fault.
class Builder {
public:
    Builder(std::string_view text, std::uint32_t file) : lines_(text), file_(file) {}

    [[nodiscard]] std::vector<YamlNode> take() { return std::move(documents_); }
    [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }

    [[nodiscard]] Position position(const yaml_mark_t& mark) const {
        return {file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(lines_.column(mark)), 0};
    }

    [[nodiscard]] Position position(std::size_t offset) const {
        const auto [line, column] = lines_.place_of(offset);
        return {file_, static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(column), 0};
    }

    void add(const yaml_event_t& event) {
        const yaml_mark_t& mark = event.start_mark;
        switch (event.type) {
            case YAML_DOCUMENT_START_EVENT: anchors_.clear(); break;
            case YAML_ALIAS_EVENT: alias(text(event.data.alias.anchor), mark); break;
            case YAML_SCALAR_EVENT: scalar(event); break;
            case YAML_SEQUENCE_START_EVENT:
                open(mark, YamlNode::Kind::sequence, event.data.sequence_start.tag, event.data.sequence_start.anchor);
                break;
            case YAML_MAPPING_START_EVENT:
                open(mark, YamlNode::Kind::map, event.data.mapping_start.tag, event.data.mapping_start.anchor);
                break;
            case YAML_SEQUENCE_END_EVENT:
            case YAML_MAPPING_END_EVENT: close(); break;
            default: break;
        }
    }

private:
    struct Open {
        YamlNode node;
        std::string anchor;
        std::optional<YamlNode> key;
    };

    static std::string text(const yaml_char_t* bytes) {
        return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes));
    }

    void fail(std::string message, const yaml_mark_t& mark) {
        if (!fault_) fault_ = Fault{std::move(message), position(mark)};
    }

    void alias(const std::string& anchor, const yaml_mark_t& mark) {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) return fail(fmt::format("the alias '{}' names nothing before it", anchor), mark);
        count(count_nodes(found->second), mark);
        if (!fault_) place(found->second);
    }

    void scalar(const yaml_event_t& event) {
        const auto& data = event.data.scalar;
        auto node = make(event.start_mark, YamlNode::Kind::scalar);
        const std::string tag = text(data.tag);
        node.plain = data.style == YAML_PLAIN_SCALAR_STYLE && tag != "!";
        if (tag != "!") node.tag = tag;
        node.text.assign(reinterpret_cast<const char*>(data.value), data.length);
        const bool null =
            node.tag.empty() && node.plain && (node.text.empty() || node.text == "~" || node.text == "null");
        if (null) node.kind = YamlNode::Kind::null;
        leaf(std::move(node), text(data.anchor));
    }

    YamlNode make(const yaml_mark_t& mark, YamlNode::Kind kind) {
        count(1, mark);
        YamlNode node;
        node.kind = kind;
        node.at = position(mark);
        node.begin = static_cast<std::uint32_t>(lines_.byte(mark));
        return node;
    }

    void count(std::size_t more, const yaml_mark_t& mark) {
        total_ += more;
        if (total_ > kMaxYamlNodes) fail(fmt::format("more than {} values", kMaxYamlNodes), mark);
    }

    void open(const yaml_mark_t& mark, YamlNode::Kind kind, const yaml_char_t* tag, const yaml_char_t* anchor) {
        if (open_.size() >= kMaxYamlDepth)
            return fail(fmt::format("nested deeper than {} levels", kMaxYamlDepth), mark);
        open_.push_back({make(mark, kind), text(anchor), std::nullopt});
        if (const std::string name = text(tag); name != "!") open_.back().node.tag = name;
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        leaf(std::move(done.node), done.anchor);
    }

    void leaf(YamlNode node, const std::string& anchor) {
        if (!anchor.empty()) anchors_[anchor] = node;
        place(std::move(node));
    }

    void place(YamlNode node) {
        if (open_.empty()) {
            documents_.push_back(std::move(node));
            return;
        }
        Open& parent = open_.back();
        if (parent.node.kind == YamlNode::Kind::sequence) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.key) {
            parent.key = std::move(node);
        } else {
            parent.node.entries.emplace_back(std::move(*parent.key), std::move(node));
            parent.key.reset();
        }
    }

    Lines lines_;
    std::uint32_t file_;
    std::size_t total_ = 0;
    std::vector<Open> open_;
    std::vector<YamlNode> documents_;
    std::map<std::string, YamlNode, std::less<>> anchors_;
    std::optional<Fault> fault_;
};

/// Owns the library's parser.
class Parser {
public:
    explicit Parser(std::string_view text) {
        if (yaml_parser_initialize(&parser_) == 0) return;
        ready_ = true;
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    ~Parser() {
        if (ready_) yaml_parser_delete(&parser_);
    }

    [[nodiscard]] bool next(yaml_event_t& event) { return ready_ && yaml_parser_parse(&parser_, &event) != 0; }
    [[nodiscard]] const yaml_parser_t& state() const { return parser_; }

private:
    yaml_parser_t parser_{};
    bool ready_ = false;
};

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    const auto found = std::ranges::find_if(entries, [&](const auto& entry) { return entry.first.text == key; });
    return found == entries.end() ? nullptr : &found->second;
}

Parsed<std::vector<YamlNode>> parse_yaml(std::string_view text, std::uint32_t file) {
    if (text.size() > kMaxYamlBytes) {
        return std::unexpected(
            Fault{fmt::format("the file is larger than {} MB", kMaxYamlBytes / 1024 / 1024), {.file = file}});
    }
    Builder builder(text, file);
    Parser parser(text);
    for (bool end = false; !end && !builder.fault();) {
        yaml_event_t event;
        if (!parser.next(event)) {
            const yaml_parser_t& state = parser.state();
            const char* problem = state.problem == nullptr ? "out of memory" : state.problem;
            // The reader knows no lines, only how many bytes came before.
            return std::unexpected(Fault{problem, state.error == YAML_READER_ERROR
                                                      ? builder.position(state.problem_offset)
                                                      : builder.position(state.problem_mark)});
        }
        end = event.type == YAML_STREAM_END_EVENT;
        builder.add(event);
        yaml_event_delete(&event);
    }
    if (builder.fault()) return std::unexpected(*builder.fault());
    return builder.take();
}

PlaceMap places_of(const YamlNode& scalar, std::string_view file_text) {
    PlaceMap map;
    std::size_t raw = std::min<std::size_t>(scalar.begin, file_text.size());
    Position place = scalar.at;
    const auto step = [&] {
        if (file_text[raw] == '\n') {
            ++place.line;
            place.column = 1;
        } else {
            ++place.column;
        }
        ++raw;
    };
    map.add(0, place);
    if (raw < file_text.size() && (file_text[raw] == '|' || file_text[raw] == '>')) {
        while (raw < file_text.size() && file_text[raw] != '\n') step();  // the header of a block
    }
    const std::string& text = scalar.text;
    std::size_t adjacent = std::string_view::npos;  // where the next byte is expected when bytes lie side by side
    for (std::size_t i = 0; i < text.size() && raw < file_text.size(); ++i) {
        if (is_blank(text[i])) {
            if (!is_blank(file_text[raw])) continue;
        } else {
            while (raw < file_text.size() && file_text[raw] != text[i]) step();
            if (raw == file_text.size()) break;
        }
        if (raw != adjacent || place.column == 1) map.add(static_cast<std::uint32_t>(i), place);
        step();
        adjacent = raw;
        if (is_blank(text[i]) && (i + 1 == text.size() || !is_blank(text[i + 1]))) {
            while (raw < file_text.size() && is_blank(file_text[raw])) step();  // folding
        }
    }
    return map;
}

}  // namespace plimsoll::rule
