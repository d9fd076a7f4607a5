#include "audit/text/input_text.h"

#include <array>
#include <string>

#include "audit/tables_decode.h"
#include "audit/text/escape.h"

namespace plimsoll::audit {

namespace {

struct Key {
    std::string_view bytes;
    std::string_view name;
};

// What the keys of a VT220 and of xterm send
constexpr auto kKeys = std::to_array<Key>({
    {"\x1b[A", "up"},      {"\x1b[B", "down"},    {"\x1b[C", "right"},    {"\x1b[D", "left"},
    {"\x1b[H", "home"},    {"\x1b[F", "end"},     {"\x1bOA", "up"},       {"\x1bOB", "down"},
    {"\x1bOC", "right"},   {"\x1bOD", "left"},    {"\x1b[1~", "home"},    {"\x1b[4~", "end"},
    {"\x1b[2~", "insert"}, {"\x1b[3~", "delete"}, {"\x1b[5~", "page up"}, {"\x1b[6~", "page down"},
    {"\x08", "backspace"}, {"\x7f", "backspace"}, {"\t", "tab"},          {"\n", "nl"},
    {"\r", "ret"},         {"\x1b", "esc"},
});

const Key* key_at(std::string_view text) {
    for (const Key& key : kKeys)
        if (text.starts_with(key.bytes)) return &key;
    return nullptr;
}

bool is_control_letter(char c) { return c >= 1 && c <= 26; }

}  // namespace

void put_input(Buffer& out, std::string_view hexadecimal) {
    std::string typed;
    if (!append_hex_decoded(typed, hexadecimal)) {
        put_escaped(out, hexadecimal, Escape::tty);
        return;
    }
    const std::string_view text = typed;
    bool any = false;
    for (std::size_t i = 0; i < text.size();) {
        if (any) out.put(',');
        any = true;
        if (const Key* key = key_at(text.substr(i))) {
            out.put('<');
            out.put(key->name);
            out.put('>');
            i += key->bytes.size();
            continue;
        }
        if (is_control_letter(text[i])) {
            out.put("<^");
            out.put(static_cast<char>('A' + text[i] - 1));
            out.put('>');
            ++i;
            continue;
        }
        std::size_t end = i + 1;
        while (end < text.size() && key_at(text.substr(end)) == nullptr && !is_control_letter(text[end])) ++end;
        out.put('"');
        for (const char c : text.substr(i, end - i)) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') out.put('\\');
            if (byte >= 0x20 && byte < 0x7F) {
                out.put(c);
            } else {
                out.put('\\');
                out.put_octal(byte, 3);
            }
        }
        out.put('"');
        i = end;
    }
}

}  // namespace plimsoll::audit
