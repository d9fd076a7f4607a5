#include <algorithm>
#include <array>

#include "audit/find_either.h"
#include "audit/record.h"

namespace plimsoll::audit {

namespace {

constexpr auto kNameBytes = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-[]."))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

inline bool is_name_byte(char c) { return kNameBytes[static_cast<unsigned char>(c)]; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Whether a field NAME= begins there.
bool starts_field(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size() && is_name_byte(text[at])) ++at;
    return at > 0 && at < text.size() && text[at] == '=';
}

/// `4294967295op=remove_rule` (the kernel forgets a blank there): the length of the number, or of all.
std::size_t up_to_glued_field(std::string_view token) {
    std::size_t digits = 0;
    while (digits < token.size() && is_digit(token[digits])) ++digits;
    if (digits == 0 || digits == token.size() || !is_letter(token[digits])) return token.size();
    const auto equals = token.find('=', digits);
    if (equals == std::string_view::npos) return token.size();
    return std::all_of(token.begin() + static_cast<std::ptrdiff_t>(digits),
                       token.begin() + static_cast<std::ptrdiff_t>(equals), is_letter)
               ? digits
               : token.size();
}

/// Length of a value in double quotes, `text` beginning after the first; npos when the second is missing. A quote that
/// follows a = behind a blank opens the next field's value: the one before it was never closed.
std::size_t quoted_length(std::string_view text) {
    const auto close = text.find('"');
    if (close == std::string_view::npos) return close;
    if (close > 1 && text[close - 1] == '=' && text.substr(0, close).find(' ') != std::string_view::npos)
        return std::string_view::npos;
    return close;
}

/// A few fields hold blanks although nothing quotes them (op=adding user to group).
bool may_hold_blanks(std::string_view name) { return name == "op" || name == "reason" || name == "cause"; }

std::string_view without_end_quote(std::string_view value) {
    if (value.ends_with('\'')) value.remove_suffix(1);
    return value;
}

}  // namespace

bool FieldCursor::take_expected(const FieldStart& start, std::string_view& value, bool& quoted) {
    const char* at = rest_.data();
    const char* const end = at + rest_.size();
    if (at != end && *at == ' ') ++at;
    const auto left = static_cast<std::size_t>(end - at);
    if (left <= start.text().size() || !start.begins(at, left)) return false;
    at += start.text().size();
    quoted = *at == '"';
    if (*at == '\'') return false;
    if (quoted) ++at;
    const char* const close = find_either(at, end, quoted ? '"' : ' ', '=');
    if (close != end && *close == '=') return false;  // a blank or a quote was forgotten, or the text itself holds it
    if (quoted && (close == end || (close + 1 != end && close[1] != ' '))) return false;
    value = {at, static_cast<std::size_t>(close - at)};
    const char* const next = quoted ? close + 1 : close;
    rest_ = {next, static_cast<std::size_t>(end - next)};
    return true;
}

std::optional<RecordField> FieldCursor::next() {
    const char* at = rest_.data();
    const char* const end = at + rest_.size();
    for (;;) {
        while (at != end && !is_name_byte(*at)) ++at;  // blanks, brackets, commas, quotes that close nothing
        if (at == end) break;
        const char* const name_start = at;
        while (at != end && is_name_byte(*at)) ++at;
        if (at == end) break;
        if (*at != '=') continue;  // a word
        RecordField field{.name = {name_start, static_cast<std::size_t>(at - name_start)}, .value = {}};
        ++at;
        if (!claims_ && at != end && *at == '\'' && field.name == "msg") {
            claims_ = true;
            ++at;
            continue;
        }
        field.claim = claims_;
        const std::string_view rest(at, static_cast<std::size_t>(end - at));
        if (!rest.empty() && rest.front() == '"') {
            const auto length = quoted_length(rest.substr(1));
            if (length != std::string_view::npos) {
                field.value = rest.substr(1, length);
                field.quoted = true;
                rest_ = rest.substr(length + 2);
                return field;
            }
            field.quoted = true;
            field.value = rest.substr(1, std::min(rest.find(' ', 1), rest.size()) - 1);
            rest_ = rest.substr(field.value.size() + 1);
            if (claims_) field.value = without_end_quote(field.value);
            return field;
        }
        std::size_t length = 0;  // values are short: a loop is quicker than a call
        while (length < rest.size() && rest[length] != ' ') ++length;
        if (length > 2 && is_digit(rest.front())) length = up_to_glued_field(rest.substr(0, length));
        if (may_hold_blanks(field.name)) {
            while (length < rest.size()) {
                const auto word = rest.find_first_not_of(' ', length);
                if (word == std::string_view::npos || starts_field(rest.substr(word))) break;
                length = std::min(rest.find(' ', word), rest.size());
            }
        }
        field.value = rest.substr(0, length);
        rest_ = rest.substr(length);
        if (claims_) field.value = without_end_quote(field.value);
        return field;
    }
    rest_ = {};
    return std::nullopt;
}

std::optional<RecordField> find(const Record& record, std::string_view name) {
    FieldCursor cursor(record.body);
    while (auto field = cursor.next()) {
        if (field->claim) break;  // the kernel writes nothing behind msg='
        if (field->name == name) return field;
    }
    return std::nullopt;
}

std::optional<RecordField> find_claim(const Record& record, std::string_view name) {
    FieldCursor cursor(record.body);
    while (auto field = cursor.next())
        if (field->claim && field->name == name) return field;
    return std::nullopt;
}

}  // namespace plimsoll::audit
