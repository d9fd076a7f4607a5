#include "rule/output.h"

#include <algorithm>

#include <fmt/format.h>

#include "rule/graph.h"
#include "rule/parser.h"

namespace plimsoll::rule {

namespace {

constexpr std::size_t kMaxTemplate = 64 * 1024;
constexpr std::size_t kMaxWidth = 1024;

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// The longest beginning of `text` that names a field, brackets included where the field takes them.
Parsed<Operand> longest_field(std::string_view text, std::size_t& used) {
    std::size_t end = 0;
    while (end < text.size() && is_name(text[end])) ++end;
    const auto whole = text.substr(0, end);
    for (; end > 0; --end) {
        const auto name = text.substr(0, end);
        if (name.ends_with('.') || !is_field(name)) continue;
        Operand operand;
        operand.name = name;
        used = end;
        if (end == text.size() || text[end] != '[') return operand;
        std::size_t with_brackets = 0;
        auto parsed = parse_operand(text, with_brackets);
        if (!parsed) return parsed;
        const auto ref = resolve_field(*parsed);
        if (!ref && resolve_field(operand)) return operand;  // brackets of the text, not of the field
        used = with_brackets;
        return parsed;
    }
    const auto nearest = model::nearest_field(whole);
    return std::unexpected(Fault{nearest.empty()
                                     ? fmt::format("expected a field after '%', not '{}'", whole)
                                     : fmt::format("there is no field '{}'; the nearest is '{}'", whole, nearest),
                                 {}});
}

std::string value_text(const model::Value& value) { return model::to_text(value); }

}  // namespace

Result<Template> Template::parse(std::string_view text) {
    auto read_back = read(text, PlaceMap::of_text(text));
    if (!read_back) return Error{to_text(read_back.error())};
    return std::move(*read_back);
}

Parsed<Template> Template::read(std::string_view text, const PlaceMap& places) {
    const auto fault = [&](std::size_t at, std::string message) {
        return std::unexpected(Fault{std::move(message), places.at(at)});
    };
    if (text.size() > kMaxTemplate) return fault(0, "the output is too long");
    Template out;
    std::size_t at = 0;
    if (text.starts_with('*')) {
        out.prints_always_ = true;
        at = 1;
    }
    Piece piece;
    while (at < text.size()) {
        const auto percent = text.find('%', at);
        piece.text += text.substr(at, percent == std::string_view::npos ? percent : percent - at);
        if (percent == std::string_view::npos) break;
        at = percent + 1;
        if (at < text.size() && text[at] == '%') {
            piece.text += '%';
            ++at;
            continue;
        }
        const auto start = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9' && piece.width <= kMaxWidth) {
            piece.width = piece.width * 10 + static_cast<std::size_t>(text[at++] - '0');
        }
        if (piece.width > kMaxWidth) return fault(start, fmt::format("a width may be {} at most", kMaxWidth));
        std::size_t open = 0;
        while (true) {
            auto end = at;
            while (end < text.size() && is_name(text[end])) ++end;
            const auto name = text.substr(at, end - at);
            if (end == text.size() || text[end] != '(' || !is_transformer(name)) break;
            if (name == "join" || name == "concat" || name == "getopt") {
                return fault(at, fmt::format("{}() cannot stand in an output", name));
            }
            piece.transforms.insert(piece.transforms.begin(), std::string(name));
            at = end + 1;
            ++open;
        }
        std::size_t used = 0;
        const auto operand = longest_field(text.substr(at), used);
        if (!operand) return fault(at, operand.error().message);
        const auto ref = resolve_field(*operand);
        if (!ref) return fault(at, ref.error().message);
        at += used;
        for (; open > 0; --open, ++at) {
            if (at == text.size() || text[at] != ')') return fault(at, "expected ')' to close the transformer");
        }
        piece.is_field = true;
        piece.use = ref->use;
        if (std::ranges::find(out.fields_, piece.use) == out.fields_.end()) out.fields_.push_back(piece.use);
        out.pieces_.push_back(std::move(piece));
        piece = {};
    }
    if (!piece.text.empty()) out.pieces_.push_back(std::move(piece));
    return out;
}

std::string Template::render(const model::Fields& record) const {
    std::string out;
    for (const Piece& piece : pieces_) {
        out += piece.text;
        if (!piece.is_field) continue;
        model::Reading reading = record.read(piece.use.field, piece.use.arg);
        const bool is_list = model::field(piece.use.field).list;
        std::vector<detail::Cell> cells(piece.transforms.size());
        for (std::size_t i = 0; i < piece.transforms.size(); ++i) {
            detail::Slot slot;
            slot.transform = detail::transform_named(piece.transforms[i]);
            slot.counts = is_list;
            detail::apply(slot, {&reading}, cells[i]);
            reading = cells[i].reading;
        }
        std::string shown;
        if (reading.state == model::Reading::State::unknown) {
            shown = "<unknown>";
        } else if (reading.state == model::Reading::State::absent || (reading.values.empty() && !is_list)) {
            shown = "<NA>";
        } else if (is_list) {
            for (const auto& value : reading.values) shown += (shown.empty() ? "(" : ",") + value_text(value);
            shown += shown.empty() ? "()" : ")";
        } else {
            for (std::size_t i = 0; i < reading.values.size(); ++i)
                shown += (i > 0 ? " " : "") + value_text(reading.values[i]);
        }
        if (piece.width > 0) shown.resize(piece.width, ' ');
        out += shown;
    }
    return out;
}

}  // namespace plimsoll::rule
