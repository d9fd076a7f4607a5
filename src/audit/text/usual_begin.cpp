#include "audit/text/usual_begin.h"

#include "audit/find_either.h"
#include "audit/record.h"
#include "audit/tables_decode.h"

namespace plimsoll::audit {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// Goes through text from left to right; once something is not as it should be, nothing is any more.
class Steps {
public:
    explicit Steps(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    [[nodiscard]] const char* at() const { return at_; }
    [[nodiscard]] std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
    [[nodiscard]] std::string_view since(const char* begin) const {
        return {begin, static_cast<std::size_t>(at_ - begin)};
    }

    bool name(const FieldStart& start) {
        if (!start.begins(at_, static_cast<std::size_t>(end_ - at_))) return false;
        at_ += start.text().size();
        return true;
    }
    bool blank() {
        if (at_ == end_ || *at_ != ' ') return false;
        ++at_;
        return true;
    }
    /// One and more such bytes.
    template <typename Is>
    bool word(const Is& is) {
        const char* const begin = at_;
        while (at_ != end_ && is(*at_)) ++at_;
        return at_ != begin;
    }
    /// NAME=BYTES and a blank.
    template <typename Is>
    bool field(const FieldStart& start, const Is& is) {
        return name(start) && word(is) && blank();
    }
    /// At most `most` hexadecimal digits.
    bool hex(std::size_t most, std::uint64_t& value) {
        const char* const begin = at_;
        value = 0;
        for (; at_ != end_; ++at_) {
            const std::uint8_t digit = hex_digit(*at_);
            if (digit > 15) break;
            value = value << 4U | digit;
        }
        const auto size = static_cast<std::size_t>(at_ - begin);
        return size > 0 && size <= most;
    }
    void move_to(const char* at) { at_ = at; }
    [[nodiscard]] const char* end() const { return end_; }

private:
    const char* at_;
    const char* end_;
};

constexpr std::array<FieldStart, 4> kArguments = {"a0=", "a1=", "a2=", "a3="};

}  // namespace

bool read_call_begin(std::string_view body, CallBegin& begin) {
    Steps steps(body);
    std::uint64_t arch = 0;
    if (!steps.name("arch=") || !steps.hex(8, arch) || !steps.blank() || !steps.name("syscall=")) return false;
    begin.call.arch = static_cast<std::uint32_t>(arch);
    unsigned number = 0;
    const char* const digits = steps.at();
    if (!steps.word(is_digit)) return false;
    const std::string_view text = steps.since(digits);
    constexpr std::size_t kSurelyFits = 9;
    if (text.size() > kSurelyFits) return false;
    for (const char digit : text) number = number * 10 + static_cast<unsigned>(digit - '0');
    begin.call.number = number;
    const char* const between = steps.at();
    if (!steps.blank() || !steps.field("success=", is_lower) || !steps.name("exit=")) return false;
    begin.between = steps.since(between);
    const char* const exit = steps.at();
    if (!steps.word([](char c) { return is_digit(c) || c == '-'; })) return false;
    begin.exit = steps.since(exit);
    for (std::size_t i = 0; i < kArguments.size(); ++i) {
        if (!steps.blank() || !steps.name(kArguments[i])) return false;
        const char* const argument = steps.at();
        if (!steps.hex(16, begin.call.arguments[i])) return false;
        begin.arguments[i] = steps.since(argument);
    }
    const char* const behind = steps.at();
    if (!steps.blank() || !steps.field("items=", is_digit) || !steps.field("ppid=", is_digit) ||
        !steps.field("pid=", is_digit))
        return false;
    begin.behind = steps.since(behind);
    begin.rest = steps.rest();
    return true;
}

bool read_path_begin(std::string_view body, PathBegin& begin) {
    Steps steps(body);
    if (!steps.field("item=", is_digit) || !steps.name("name=")) return false;
    begin.before = steps.since(body.data());
    begin.quoted = steps.at() != steps.end() && *steps.at() == '"';
    if (begin.quoted) steps.move_to(steps.at() + 1);
    const char* const name = steps.at();
    if (name == steps.end() || *name == '\'') return false;
    const char mark = begin.quoted ? '"' : ' ';
    steps.move_to(find_either(name, steps.end(), mark, mark));
    begin.name = steps.since(name);
    if (begin.quoted) {
        if (steps.at() == steps.end()) return false;
        steps.move_to(steps.at() + 1);
    }
    const char* const behind = steps.at();
    if (!steps.blank()) return false;
    const char* const next = steps.at();
    // The device is hexadecimal, with a colon
    if (!steps.field("inode=", is_digit) ||
        !steps.field("dev=", [](char c) { return is_digit(c) || is_lower(c) || c == ':'; }))
        steps.move_to(next);
    begin.behind = steps.since(behind);
    begin.rest = steps.rest();
    return true;
}

}  // namespace plimsoll::audit
