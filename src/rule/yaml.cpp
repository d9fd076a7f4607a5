#include "rule/yaml.h"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace plimsoll::rule {

namespace {

/// Carries a fault out of the library's callbacks; caught below.
struct TooMuch {
    Fault fault;
};

std::size_t count_nodes(const YamlNode& node) {
    std::size_t count = 1;
    for (const auto& item : node.items) count += count_nodes(item);
    for (const auto& [key, value] : node.entries) count += count_nodes(key) + count_nodes(value);
    return count;
}

class Builder final : public YAML::EventHandler {
public:
    explicit Builder(std::uint32_t file) : file_(file) {}

    [[nodiscard]] std::vector<YamlNode> take() { return std::move(documents_); }

    void OnDocumentStart(const YAML::Mark&) override { anchors_.clear(); }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        leaf(make(mark, YamlNode::Kind::null), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) throw TooMuch{{"an alias that refers to itself", position(mark)}};
        count(count_nodes(found->second), mark);
        place(found->second);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        auto node = make(mark, YamlNode::Kind::scalar);
        node.plain = tag != "!";
        if (tag != "?" && tag != "!") node.tag = tag;
        const bool null = node.tag.empty() && node.plain && (value.empty() || value == "~" || value == "null");
        if (null) node.kind = YamlNode::Kind::null;
        node.text = value;
        leaf(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, YamlNode::Kind::sequence, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, YamlNode::Kind::map, tag, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        YamlNode node;
        YAML::anchor_t anchor;
        std::optional<YamlNode> key;
    };

    [[nodiscard]] Position position(const YAML::Mark& mark) const {
        return {file_, static_cast<std::uint32_t>(std::max(mark.line, 0) + 1),
                static_cast<std::uint32_t>(std::max(mark.column, 0) + 1), 0};
    }

    YamlNode make(const YAML::Mark& mark, YamlNode::Kind kind) {
        count(1, mark);
        YamlNode node;
        node.kind = kind;
        node.at = position(mark);
        node.begin = static_cast<std::uint32_t>(std::max(mark.pos, 0));
        return node;
    }

    void count(std::size_t more, const YAML::Mark& mark) {
        total_ += more;
        if (total_ > kMaxYamlNodes) throw TooMuch{{fmt::format("more than {} values", kMaxYamlNodes), position(mark)}};
    }

    void open(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& tag, YAML::anchor_t anchor) {
        if (open_.size() >= kMaxYamlDepth)
            throw TooMuch{{fmt::format("nested deeper than {} levels", kMaxYamlDepth), position(mark)}};
        open_.push_back({make(mark, kind), anchor, std::nullopt});
        if (tag != "?" && tag != "!") open_.back().node.tag = tag;
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        leaf(std::move(done.node), done.anchor);
    }

    void leaf(YamlNode node, YAML::anchor_t anchor) {
        if (anchor != 0) anchors_[anchor] = node;
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

    std::uint32_t file_;
    std::size_t total_ = 0;
    std::vector<Open> open_;
    std::vector<YamlNode> documents_;
    std::map<YAML::anchor_t, YamlNode> anchors_;
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
    Builder builder(file);
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const TooMuch& limit) {
        return std::unexpected(limit.fault);
    } catch (const YAML::Exception& fault) {
        const Position at{file, static_cast<std::uint32_t>(std::max(fault.mark.line, 0) + 1),
                          static_cast<std::uint32_t>(std::max(fault.mark.column, 0) + 1), 0};
        return std::unexpected(Fault{fault.msg, at});
    } catch (const std::exception& fault) {
        return std::unexpected(Fault{fault.what(), {.file = file}});
    }
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
