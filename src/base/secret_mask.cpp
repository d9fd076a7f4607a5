#include "base/secret_mask.h"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll {

namespace {

// ---- the rules ----

enum Rule : unsigned { kOption, kAssignment, kMember, kUrl, kHeader, kProgram, kToken, kKey };

constexpr auto kRules = std::to_array<SecretRule>({
    {"option", "the value of an option with a secret's name", "tool --password hunter2 --port 80",
     "tool --password *** --port 80"},
    {"assignment", "NAME=VALUE where the name is a secret's", "docker run -e DB_PASSWORD=hunter2 web",
     "docker run -e DB_PASSWORD=*** web"},
    {"member", "a member of JSON with a secret's name", R"(curl -d {"password":"hunter2"} host)",
     R"(curl -d {"password":"***"} host)"},
    {"url", "the password of a URL", "git clone https://bob:hunter2@host/x.git",
     "git clone https://bob:***@host/x.git"},
    {"header", "an HTTP header that carries credentials", "curl -H Authorization:hunter2 host",
     "curl -H Authorization:*** host"},
    {"program", "what a known program takes for a password", "mysql -phunter2 shop", "mysql -p*** shop"},
    {"token", "a token that shows its kind", "deploy ghp_0123456789abcdefghijABCDEFGHIJ0123", "deploy ghp_***"},
    {"private-key", "a private key in PEM", "-----BEGIN PRIVATE KEY-----MIIEvQ", "-----BEGIN PRIVATE KEY-----***"},
});

/// Words that are a secret's name when they end the last part of a name.
constexpr auto kEndings = std::to_array<std::string_view>(
    {"password", "passwd", "passphrase", "passcode", "secret", "secrets", "credential", "credentials", "token",
     "apikey", "secretkey", "accesskey", "privatekey", "signingkey", "masterkey", "authkey"});
/// Last parts that are one by themselves.
constexpr auto kWhole = std::to_array<std::string_view>({"pass", "psk", "pw"});
/// What makes a secret of the `key` that follows.
constexpr auto kKeys = std::to_array<std::string_view>(
    {"api", "secret", "access", "private", "auth", "encryption", "master", "signing", "shared", "account", "storage"});
/// Parts of a name that asks for something else than the secret itself.
constexpr auto kQuestions =
    std::to_array<std::string_view>({"no", "ask", "prompt", "without", "generate", "show", "hide", "reset", "allow"});
constexpr auto kNoSecrets = std::to_array<std::string_view>(
    {"", "true", "false", "yes", "no", "on", "off", "0", "1", "null", "none", "required", "optional"});

constexpr auto kHeaders = std::to_array<std::string_view>({"authorization", "proxy-authorization", "x-api-key",
                                                           "x-auth-token", "x-vault-token", "private-token",
                                                           "job-token", "x-registry-auth", "cookie", "set-cookie"});
constexpr auto kSchemes =
    std::to_array<std::string_view>({"basic", "bearer", "token", "apikey", "negotiate", "digest", "aws4-hmac-sha256"});

struct TokenForm {
    std::string_view begin;
    std::size_t least;  ///< characters after the beginning
};
constexpr auto kTokens = std::to_array<TokenForm>({{"ghp_", 20},
                                                   {"gho_", 20},
                                                   {"ghu_", 20},
                                                   {"ghs_", 20},
                                                   {"github_pat_", 20},
                                                   {"glpat-", 16},
                                                   {"glrt-", 16},
                                                   {"xoxb-", 16},
                                                   {"xoxp-", 16},
                                                   {"xoxa-", 16},
                                                   {"sk_live_", 16},
                                                   {"rk_live_", 16},
                                                   {"npm_", 30},
                                                   {"dckr_pat_", 16},
                                                   {"hvs.", 20},
                                                   {"AIza", 30},
                                                   {"SG.", 40},
                                                   {"AKCp", 40}});
constexpr std::string_view kJwt = "eyJ";
constexpr std::string_view kPem = "-----BEGIN ";

/// How a program is told a password.
enum class Form : std::uint8_t {
    next,      ///< in the argument after the option
    attached,  ///< in the same argument
    colon,     ///< after the colon of the argument that follows
};
struct ProgramOption {
    std::string_view program;
    std::string_view word;  ///< must stand in the command line too; empty: nothing
    std::string_view option;
    Form form;
};
constexpr auto kPrograms = std::to_array<ProgramOption>({
    {"curl", "", "-u", Form::colon},
    {"curl", "", "--user", Form::colon},
    {"curl", "", "-U", Form::colon},
    {"curl", "", "--proxy-user", Form::colon},
    {"mysql", "", "-p", Form::attached},
    {"mysqldump", "", "-p", Form::attached},
    {"mysqladmin", "", "-p", Form::attached},
    {"mariadb", "", "-p", Form::attached},
    {"mariadb-dump", "", "-p", Form::attached},
    {"mariadb-admin", "", "-p", Form::attached},
    {"sshpass", "", "-p", Form::next},
    {"sshpass", "", "-p", Form::attached},
    {"docker", "login", "-p", Form::next},
    {"podman", "login", "-p", Form::next},
    {"nerdctl", "login", "-p", Form::next},
    {"buildah", "login", "-p", Form::next},
    {"helm", "login", "-p", Form::next},
    {"az", "login", "-p", Form::next},
    {"redis-cli", "", "-a", Form::next},
    {"mongo", "", "-p", Form::next},
    {"mongosh", "", "-p", Form::next},
    {"mongodump", "", "-p", Form::next},
    {"ldapsearch", "", "-w", Form::next},
    {"ldapmodify", "", "-w", Form::next},
    {"ldapadd", "", "-w", Form::next},
    {"unzip", "", "-P", Form::next},
    {"zip", "", "-P", Form::next},
    {"7z", "", "-p", Form::attached},
    {"useradd", "", "-p", Form::next},
    {"usermod", "", "-p", Form::next},
});
/// Programs whose further words are all options' names and values of their settings: `aws configure set NAME VALUE`.
constexpr std::string_view kSetter = "aws";
/// Words that rules ask for, each a bit of `programs_`.
constexpr auto kWords = std::to_array<std::string_view>(
    {"curl",      "mysql",  "mysqldump", "mysqladmin", "mariadb",    "mariadb-dump", "mariadb-admin",
     "sshpass",   "docker", "podman",    "nerdctl",    "buildah",    "helm",         "az",
     "redis-cli", "mongo",  "mongosh",   "mongodump",  "ldapsearch", "ldapmodify",   "ldapadd",
     "unzip",     "zip",    "7z",        "useradd",    "usermod",    "aws",          "login",
     "sh",        "bash",   "dash",      "ash",        "zsh",        "ksh",          "openssl"});

constexpr std::size_t kMostNameBytes = 128;
constexpr unsigned kMostDepth = 3;

// ---- characters ----

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; }
constexpr bool is_name(char c) { return is_word(c) || c == '-' || c == '.'; }
constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }
constexpr bool is_token(char c) { return is_word(c) || c == '-' || c == '.' || c == '+' || c == '/' || c == '='; }
constexpr bool ends_command(char c) { return c == ';' || c == '|' || c == '&'; }
constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; }

bool same(std::string_view text, std::string_view lower) {
    return text.size() == lower.size() &&
           std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) { return to_lower(a) == b; });
}
template <std::size_t N>
bool among(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return same(text, word); });
}
bool ends_with(std::string_view text, std::string_view lower) {
    return text.size() >= lower.size() && same(text.substr(text.size() - lower.size()), lower);
}

/// The part of a name before `end`: where it begins. Parts end at `_`, `-`, `.`, and where a capital follows a small
/// letter.
std::size_t part_begin(std::string_view name, std::size_t end) {
    std::size_t at = end;
    while (at > 0) {
        const char c = name[at - 1];
        if (!is_lower(c) && !is_upper(c) && !is_digit(c)) break;
        --at;
        if (at > 0 && is_upper(name[at]) && is_lower(name[at - 1])) break;
    }
    return at;
}

std::string_view base_name(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// The bit of a word that rules ask for; 0 for others.
constexpr std::uint64_t word_bit(std::string_view word) {
    for (std::size_t i = 0; i < kWords.size(); ++i) {
        if (kWords[i] == word) return std::uint64_t{1} << i;
    }
    return 0;
}

/// What must stand in the command line for each row of kPrograms.
constexpr auto kNeeds = [] {
    std::array<std::uint64_t, kPrograms.size()> needs{};
    for (std::size_t i = 0; i < needs.size(); ++i)
        needs[i] = word_bit(kPrograms[i].program) | word_bit(kPrograms[i].word);
    return needs;
}();
constexpr std::uint64_t kAnyShell =
    word_bit("sh") | word_bit("bash") | word_bit("dash") | word_bit("ash") | word_bit("zsh") | word_bit("ksh");

bool is_secret_value(std::string_view value) {
    if (value.starts_with('$') || value.starts_with(kMasked)) return false;  // a variable is not its value
    return !among(value, kNoSecrets);
}

/// Where a secret stands in a text.
struct Range {
    std::size_t begin = std::string_view::npos;
    std::size_t end = 0;
    unsigned rule = 0;
};

/// Finds secrets within one argument, or within text: assignments, members of JSON, URLs, headers, tokens, keys.
class Finder {
public:
    /// `whole`: the text is one argument, so that a value reaches to its end.
    Finder(std::string_view text, bool whole) : text_(text), whole_(whole) {}

    /// The next secret at or after `at_`.
    Range next() {
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            Range found;
            if (c == '=') {
                found = assignment();
            } else if (c == ':') {
                found = colon();
            } else if ((at_ == 0 || !is_word(text_[at_ - 1])) && may_begin_token(c)) {
                found = token();
            }
            if (found.begin == std::string_view::npos) continue;
            at_ = std::max(found.end, at_ + 1);
            return found;
        }
        return {};
    }

private:
    static bool may_begin_token(char c) {
        return c == 'g' || c == 'x' || c == 's' || c == 'r' || c == 'n' || c == 'd' || c == 'h' || c == 'A' ||
               c == 'S' || c == 'e' || c == '-';
    }

    std::size_t name_begin(std::size_t end) const {
        std::size_t at = end;
        while (at > 0 && end - at < kMostNameBytes && is_name(text_[at - 1])) --at;
        return at;
    }

    /// Where the value that begins at `from` ends; `from` moves past an opening quote.
    std::size_t value_end(std::size_t& from, std::string_view stops) const {
        if (from < text_.size() && (text_[from] == '"' || text_[from] == '\'')) {
            const char quote = text_[from++];
            std::size_t at = from;
            while (at < text_.size() && text_[at] != quote) at += text_[at] == '\\' ? 2 : 1;
            return std::min(at, text_.size());
        }
        std::size_t at = from;
        while (at < text_.size() && !is_blank(text_[at]) && stops.find(text_[at]) == std::string_view::npos) ++at;
        return at;
    }

    Range secret(std::size_t from, std::size_t end, unsigned rule) const {
        if (!is_secret_value(text_.substr(from, end - from))) return {};
        return {from, end, rule};
    }

    Range assignment() {
        const std::size_t begin = name_begin(at_);
        if (begin == at_ || !is_secret_name(text_.substr(begin, at_ - begin))) return {};
        std::size_t from = at_ + 1;
        const bool of_option = text_.starts_with('-') && begin > 0 && text_[begin - 1] == '=';  // --env=NAME=VALUE
        if (whole_ && (begin == 0 || of_option)) return secret(from, text_.size(), kAssignment);
        const std::size_t end = value_end(from, "&;|<>)\"'`");
        return secret(from, end, kAssignment);
    }

    Range colon() {
        if (text_.substr(at_).starts_with("://")) return url();
        if (at_ > 0 && (text_[at_ - 1] == '"' || text_[at_ - 1] == '\'')) {
            const std::size_t begin = name_begin(at_ - 1);
            if (begin == at_ - 1 || !is_secret_name(text_.substr(begin, at_ - 1 - begin))) return {};
            std::size_t from = at_ + 1;
            while (from < text_.size() && is_blank(text_[from])) ++from;
            const std::size_t end = value_end(from, ",}]");
            return secret(from, end, kMember);
        }
        const std::size_t begin = name_begin(at_);
        if (!among(text_.substr(begin, at_ - begin), kHeaders)) return {};
        std::size_t from = at_ + 1;
        while (from < text_.size() && is_blank(text_[from])) ++from;
        std::size_t word = from;
        while (word < text_.size() && !is_blank(text_[word])) ++word;
        if (word < text_.size() && among(text_.substr(from, word - from), kSchemes)) {
            from = word;
            while (from < text_.size() && is_blank(text_[from])) ++from;
        }
        if (whole_ && begin == 0) return secret(from, text_.size(), kHeader);
        std::size_t end = from;
        while (end < text_.size() && text_[end] != '"' && text_[end] != '\'' && !is_blank(text_[end])) ++end;
        return secret(from, end, kHeader);
    }

    Range url() const {
        const std::size_t from = at_ + 3;
        std::size_t end = from;
        while (end < text_.size() && !is_blank(text_[end]) &&
               std::string_view("/?#\"'<>").find(text_[end]) == std::string_view::npos)
            ++end;
        const std::string_view authority = text_.substr(from, end - from);
        const auto at = authority.rfind('@');
        if (at == std::string_view::npos) return {};
        const auto split = authority.find(':');
        if (split < at) return secret(from + split + 1, from + at, kUrl);
        if (at >= 20) return secret(from, from + at, kUrl);  // a token in place of a name
        return {};
    }

    std::size_t run_end(std::size_t from) const {
        while (from < text_.size() && is_token(text_[from])) ++from;
        return from;
    }

    Range token() const {
        const std::string_view rest = text_.substr(at_);
        if (rest.starts_with(kJwt)) {
            const std::size_t end = run_end(at_);
            const std::string_view run = text_.substr(at_, end - at_);
            if (run.size() >= 30 && std::ranges::count(run, '.') >= 2) return {at_ + kJwt.size(), end, kToken};
            return {};
        }
        if (rest.starts_with(kPem)) {
            const auto label = rest.substr(0, 64).find("PRIVATE KEY-----");
            if (label == std::string_view::npos || label > 40) return {};
            const std::size_t from = at_ + label + 16;
            const auto end = text_.find("-----END", from);
            return secret(from, std::min(end, text_.size()), kKey);
        }
        for (const TokenForm& form : kTokens) {
            if (!rest.starts_with(form.begin)) continue;
            const std::size_t from = at_ + form.begin.size();
            const std::size_t end = run_end(from);
            if (end - from >= form.least) return {from, end, kToken};
        }
        return {};
    }

    std::string_view text_;
    bool whole_;
    std::size_t at_ = 0;
};

}  // namespace

std::span<const SecretRule> secret_rules() { return kRules; }

bool is_secret_name(std::string_view name) {
    while (!name.empty() && !is_word(name.back())) name.remove_suffix(1);
    while (!name.empty() && is_digit(name.back())) name.remove_suffix(1);  // PASSWORD2
    while (!name.empty() && name.back() == '_') name.remove_suffix(1);
    if (name.size() < 2) return false;
    const std::size_t begin = part_begin(name, name.size());
    const std::string_view last = name.substr(begin);
    const auto before = [&](std::size_t end) {
        while (end > 0 && !is_lower(name[end - 1]) && !is_upper(name[end - 1]) && !is_digit(name[end - 1])) --end;
        return name.substr(part_begin(name, end), end - part_begin(name, end));
    };
    const std::string_view previous = before(begin);
    if (among(previous, kQuestions)) return false;
    if (std::ranges::any_of(kEndings, [&](std::string_view ending) { return ends_with(last, ending); })) return true;
    if (among(last, kWhole)) return true;
    if (same(last, "key")) return among(previous, kKeys);
    if (same(last, "pwd")) return !previous.empty();
    return ends_with(last, "pwd") && !same(last, "oldpwd");
}

std::string SecretMasker::hide(std::string_view before, std::string_view after, unsigned rule) {
    found_ |= 1U << rule;
    std::string out(before);
    out += kMasked;
    out += after;
    return out;
}

void SecretMasker::next_command() {
    expect_ = Expect::nothing;
    programs_ = 0;
}

std::vector<std::string_view> SecretMasker::found() const {
    std::vector<std::string_view> out;
    for (std::size_t i = 0; i < kRules.size(); ++i) {
        if ((found_ >> i & 1U) != 0) out.push_back(kRules[i].name);
    }
    return out;
}

/// What a program that was named earlier takes for a password; sets what the next argument is.
std::optional<std::string> SecretMasker::by_program(std::string_view text) {
    if (programs_ == 0) return std::nullopt;
    for (std::size_t i = 0; i < kPrograms.size(); ++i) {
        if ((programs_ & kNeeds[i]) != kNeeds[i]) continue;
        const ProgramOption& row = kPrograms[i];
        if (row.form == Form::attached) {
            if (text.size() > row.option.size() && text.starts_with(row.option))
                return hide(text.substr(0, row.option.size()), {}, kProgram);
        } else if (text == row.option) {
            expect_ = row.form == Form::next ? Expect::value : Expect::assignment;
            expect_rule_ = kProgram;
            return std::nullopt;
        }
    }
    return std::nullopt;
}

/// Remembers what this argument says about those that follow.
void SecretMasker::look_ahead(std::string_view text) {
    if (!text.starts_with('-')) {
        const std::string_view name = base_name(text);
        programs_ |= word_bit(name);
        if ((programs_ & word_bit(kSetter)) != 0 && is_secret_name(text)) {
            expect_ = Expect::value;
            expect_rule_ = kProgram;
        }
        return;
    }
    if (text == "-c" || text == "-lc" || text == "-ec" || text == "-xc") {
        if ((programs_ & kAnyShell) != 0) expect_ = Expect::script;
        return;
    }
    if (text.size() > 2 && text.size() < kMostNameBytes && text.find('=') == std::string_view::npos &&
        is_secret_name(text)) {
        expect_ = Expect::value;
        expect_rule_ = kOption;
    }
}

std::optional<std::string> SecretMasker::argument(std::string_view text) {
    const Expect expected = std::exchange(expect_, Expect::nothing);
    if (expected == Expect::value && !text.starts_with('-')) {
        if (!is_secret_value(text)) return std::nullopt;
        return hide({}, {}, expect_rule_);
    }
    if (expected == Expect::assignment) {  // NAME:SECRET
        const auto colon = text.find(':');
        if (colon == std::string_view::npos || !is_secret_value(text.substr(colon + 1))) return std::nullopt;
        return hide(text.substr(0, colon + 1), {}, expect_rule_);
    }
    if (expected == Expect::script) return words(text);
    if (text.starts_with('-')) {
        if (auto masked = by_program(text)) return masked;
        if (expect_ != Expect::nothing) return std::nullopt;
        constexpr std::string_view kLiteral = "--from-literal=";
        if (text.starts_with(kLiteral)) {
            const auto value = text.find('=', kLiteral.size());
            if (value != std::string_view::npos && is_secret_value(text.substr(value + 1)))
                return hide(text.substr(0, value + 1), {}, kProgram);
        }
    }
    // OpenSSL's `pass:SECRET`.
    if (text.size() > 5 && text.starts_with("pass:") && (programs_ & word_bit("openssl")) != 0)
        return hide("pass:", {}, kProgram);
    look_ahead(text);

    std::optional<std::string> out;
    std::size_t copied = 0;
    Finder finder(text, true);
    for (Range range = finder.next(); range.begin != std::string_view::npos; range = finder.next()) {
        if (!out) out.emplace();
        out->append(text.substr(copied, range.begin - copied)).append(kMasked);
        copied = range.end;
        found_ |= 1U << range.rule;
    }
    if (out) out->append(text.substr(copied));
    return out;
}

/// A script, or a line: its words one by one, then what reaches over several words.
std::optional<std::string> SecretMasker::words(std::string_view text) {
    if (depth_ >= kMostDepth) return std::nullopt;
    SecretMasker inner;
    inner.depth_ = depth_ + 1;
    std::string out;
    bool changed = false;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t begin = at;
        while (at < text.size() && (is_blank(text[at]) || ends_command(text[at]))) {
            if (ends_command(text[at++])) inner.next_command();
        }
        out.append(text.substr(begin, at - begin));
        const std::size_t word = at;
        char quote = 0;
        while (at < text.size() && (quote != 0 || !(is_blank(text[at]) || ends_command(text[at])))) {
            if (quote != 0 && text[at] == quote)
                quote = 0;
            else if (quote == 0 && (text[at] == '"' || text[at] == '\''))
                quote = text[at];
            ++at;
        }
        std::string_view one = text.substr(word, at - word);
        if (one.empty()) continue;
        const bool quoted = one.size() >= 2 && (one.front() == '"' || one.front() == '\'') && one.back() == one.front();
        if (quoted) one = one.substr(1, one.size() - 2);
        const auto masked = inner.argument(one);
        if (quoted) out += text[word];
        out.append(masked ? std::string_view(*masked) : one);
        if (quoted) out += text[word];
        changed |= masked.has_value();
    }
    // A quote that never closes, or words that belong together: whatever the words did not show.
    std::string again;
    std::size_t copied = 0;
    Finder finder(out, false);
    for (Range range = finder.next(); range.begin != std::string_view::npos; range = finder.next()) {
        again.append(out, copied, range.begin - copied).append(kMasked);
        copied = range.end;
        inner.found_ |= 1U << range.rule;
        changed = true;
    }
    found_ |= inner.found_;
    if (!changed) return std::nullopt;
    again.append(out, copied);
    return again;
}

std::optional<std::string> SecretMasker::text(std::string_view text) { return words(text); }

}  // namespace plimsoll
