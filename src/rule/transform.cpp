#include <algorithm>
#include <array>

#include "base/text.h"
#include "rule/graph.h"

namespace plimsoll::rule::detail {

namespace {

using model::Reading;
using model::Value;

/// Standard alphabet, with padding; what is not base64 gives nothing.
std::optional<std::string> decode_base64(std::string_view text) {
    static constexpr auto kDigits = [] {
        std::array<signed char, 256> digits{};
        digits.fill(-1);
        constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (std::size_t i = 0; i < alphabet.size(); ++i)
            digits[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
        return digits;
    }();
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const int digit = kDigits[static_cast<unsigned char>(c)];
        if (digit < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xff);
        }
    }
    return out;
}

std::string text_of(const Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
    return model::to_text(value);
}

std::optional<std::string> one(Transform transform, const Value& value) {
    std::string text = text_of(value);
    switch (transform) {
        case Transform::tolower: return lowered(text);
        case Transform::toupper:
            for (char& c : text) {
                if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
            }
            return text;
        case Transform::b64: return decode_base64(text);
        case Transform::basename: return text.substr(text.rfind('/') == std::string::npos ? 0 : text.rfind('/') + 1);
        default: return text;
    }
}

/// Options found in `arguments` in the manner of getopt(3): letters, and the values of letters followed by ':' in
/// `letters`. With `wanted`, the value of that option (empty text when it takes none).
std::vector<std::string> find_options(const Reading& arguments, std::string_view letters, const std::string* wanted) {
    std::vector<std::string> out;
    if (letters.starts_with(':')) letters.remove_prefix(1);
    const auto add = [&](const std::string& letter, std::optional<std::string> value) {
        if (wanted != nullptr) {
            if (letter == *wanted) out.push_back(value.value_or(""));
            return;
        }
        out.push_back(letter);
        if (value) out.push_back(std::move(*value));
    };
    for (std::size_t i = 0; i < arguments.values.size(); ++i) {
        const auto argument = text_of(arguments.values[i]);
        if (argument == "--" || argument == "-") break;
        if (argument.size() < 2 || argument[0] != '-' || argument[1] == '-') continue;
        for (std::size_t n = 1; n < argument.size(); ++n) {
            const char letter = argument[n];
            const auto known = letter == ':' ? std::string_view::npos : letters.find(letter);
            if (known == std::string_view::npos) {
                add("?", std::string(1, letter));
                continue;
            }
            if (known + 1 >= letters.size() || letters[known + 1] != ':') {
                add(std::string(1, letter), std::nullopt);
                continue;
            }
            if (n + 1 < argument.size()) {
                add(std::string(1, letter), argument.substr(n + 1));
            } else if (i + 1 < arguments.values.size()) {
                add(std::string(1, letter), text_of(arguments.values[++i]));
            } else {
                add(std::string(1, letter), "");
            }
            break;
        }
    }
    return out;
}

std::uint64_t length_of(const Reading& input, bool list) {
    if (list) return input.values.size();
    const auto* text = std::get_if<std::string_view>(&input.values[0]);
    return text != nullptr ? text->size() : model::to_text(input.values[0]).size();
}

}  // namespace

Transform transform_named(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, Transform>, 8> kNames = {{
        {"tolower", Transform::tolower},
        {"toupper", Transform::toupper},
        {"b64", Transform::b64},
        {"basename", Transform::basename},
        {"len", Transform::len},
        {"join", Transform::join},
        {"concat", Transform::concat},
        {"getopt", Transform::getopt},
    }};
    for (const auto& [known, transform] : kNames) {
        if (known == name) return transform;
    }
    return Transform::none;
}

void apply(const Slot& slot, const std::vector<const Reading*>& inputs, Cell& out) {
    out.values.clear();
    out.texts.clear();
    out.reading = Reading::missing();
    if (slot.transform == Transform::literal) {
        out.values.emplace_back(std::string_view(slot.literal));
        out.reading = Reading::of(out.values);
        return;
    }
    for (const auto* input : inputs) {
        if (input->state == Reading::State::unknown) {
            out.reading = *input;
            return;
        }
        if (input->state == Reading::State::absent) return;
    }
    switch (slot.transform) {
        case Transform::group:
            for (const auto* input : inputs) {
                if (!input->values.empty()) out.texts.push_back(text_of(input->values[0]));
            }
            break;
        case Transform::len:
            if (inputs[0]->values.empty()) {
                out.values.emplace_back(std::uint64_t{0});
            } else {
                out.values.emplace_back(length_of(*inputs[0], slot.counts));
            }
            out.reading = Reading::of(out.values);
            return;
        case Transform::join:
        case Transform::concat: {
            std::string all;
            if (slot.transform == Transform::join) {
                const auto separator = text_of(inputs[0]->values[0]);
                for (std::size_t i = 0; i < inputs[1]->values.size(); ++i) {
                    if (i > 0) all += separator;
                    all += text_of(inputs[1]->values[i]);
                }
            } else {
                for (const auto* input : inputs) all += text_of(input->values[0]);
            }
            out.texts.push_back(std::move(all));
            break;
        }
        case Transform::getopt:
            out.texts =
                find_options(*inputs[0], text_of(inputs[1]->values[0]), slot.has_option ? &slot.option : nullptr);
            break;
        default:
            for (const auto& value : inputs[0]->values) {
                if (auto text = one(slot.transform, value)) out.texts.push_back(std::move(*text));
            }
    }
    if (out.texts.empty() && slot.transform != Transform::group) return;
    for (const auto& text : out.texts) out.values.emplace_back(std::string_view(text));
    out.reading = Reading::of(out.values);
}

}  // namespace plimsoll::rule::detail
