#include "audit/rules/rule_text.h"

#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "audit/rules/rule_values.h"
#include "audit/tables.h"
#include "base/text.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;

/// The words of a line; a blank behind a backslash belongs to the word, as auditctl has it.
std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    bool open = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const bool escaped = line[i] == '\\' && i + 1 < line.size() && line[i + 1] == ' ';
        if (!escaped && (line[i] == ' ' || line[i] == '\t')) {
            open = false;
            continue;
        }
        if (!open) words.emplace_back();
        open = true;
        if (escaped) ++i;
        words.back() += line[i];
    }
    return words;
}

/// Reads the options of one line in order. The first thing that is wrong stays as the problem.
class LineReader {
public:
    LineReader(RuleLine& line, const host::Accounts* accounts) : line_(line), accounts_(accounts) {}

    void read(std::vector<std::string> words) {
        words_ = std::move(words);
        while (at_ < words_.size() && line_.problem.empty()) option(words_[at_++]);
        if (line_.problem.empty()) finish();
    }

private:
    AuditRule& rule() { return line_.rule; }
    void fail(std::string why) {
        if (line_.problem.empty()) line_.problem = std::move(why);
    }

    /// The option's value: the rest of its own word or the next one.
    std::string value(const std::string& word) {
        if (word.size() > 2) return word.substr(2);
        if (at_ == words_.size()) {
            fail(fmt::format("{} needs a value", word));
            return {};
        }
        return words_[at_++];
    }

    void option(const std::string& word) {
        if (word.size() < 2 || word[0] != '-') return fail(fmt::format("'{}' is no option", word));
        if (word[1] == '-') return control(word);
        switch (word[1]) {
            case 'a': return list(word, RuleLine::Kind::rule, false);
            case 'A': return list(word, RuleLine::Kind::rule, true);
            case 'd': return list(word, RuleLine::Kind::removal, false);
            case 'w': return watch(value(word), RuleLine::Kind::rule);
            case 'W': return watch(value(word), RuleLine::Kind::removal);
            case 'S': return system_calls(value(word));
            case 'F': return condition(value(word));
            case 'C': return comparison(value(word));
            case 'p': return permissions(value(word));
            case 'k': return key(value(word));
            default: return control(word);
        }
    }

    void control(const std::string& word) {
        if (line_.kind != RuleLine::Kind::blank) return fail(fmt::format("{} does not belong to a rule", word));
        static constexpr std::array<std::string_view, 8> kPlain{
            "-D", "-c", "-i", "-l", "-s", "-v", "--loginuid-immutable", "--reset-lost"};
        static constexpr std::array<std::string_view, 9> kValued{
            "-b", "-f", "-r", "-e", "-q", "-t", "-m", "--backlog_wait_time", "--signal"};
        const std::string name = word[1] == '-' ? word.substr(0, word.find('=')) : word.substr(0, 2);
        line_.option = name;
        line_.kind = RuleLine::Kind::control;
        if (std::ranges::find(kPlain, name) != kPlain.end() || name == "--reset_backlog_wait_time_actual") {
            if (at_ < words_.size() && words_[at_].starts_with("-k")) {  // -D -k KEY
                const std::string option = words_[at_++];
                line_.value = value(option);
            }
            if (at_ < words_.size()) fail(fmt::format("'{}' after {}", words_[at_], name));
            return;
        }
        if (std::ranges::find(kValued, name) == kValued.end()) return fail(fmt::format("unknown option {}", word));
        if (word.size() > name.size())
            line_.value = word.substr(name.size() + (word[1] == '-' ? 1 : 0));
        else if (at_ < words_.size())
            line_.value = words_[at_++];
        else
            return fail(fmt::format("{} needs a value", name));
        if (at_ < words_.size()) fail(fmt::format("'{}' after {}", words_[at_], name));
    }

    void list(const std::string& word, RuleLine::Kind kind, bool prepend) {
        if (line_.kind != RuleLine::Kind::blank) return fail("two rules on one line");
        line_.kind = kind;
        rule().prepend = prepend;
        const std::string text = value(word);
        for (const std::string_view part : split(text, ',')) {
            const auto filters = host::audit_filter_names();
            const auto actions = host::audit_action_names();
            if (std::ranges::find(actions, part) != actions.end() && part != "possible")
                rule().action = part;
            else if (std::ranges::find(filters, part) != filters.end() && part != "entry" && part != "watch")
                rule().filter = part;
            else
                return fail(fmt::format("'{}' is neither a list nor an action", part));
        }
        if (rule().action.empty() || rule().filter.empty()) fail(fmt::format("'{}' needs a list and an action", text));
    }

    void watch(std::string path, RuleLine::Kind kind) {
        if (line_.kind != RuleLine::Kind::blank) return fail("two rules on one line");
        line_.kind = kind;
        line_.watch = true;
        rule().filter = "exit";
        rule().action = "always";
        rule().all_syscalls = true;
        rule().permissions = "rwxa";
        set_path(std::move(path), false);
    }

    void set_path(std::string path, bool directory) {
        while (path.size() > 1 && path.ends_with('/')) path.pop_back();
        if (path.empty() || path.front() != '/') return fail(fmt::format("'{}' is no absolute path", path));
        if (path.size() >= 4096) return fail("the path is longer than 4095 bytes");
        if (rule().path) return fail("two paths in one rule");
        rule().path = std::move(path);
        rule().is_directory = directory;
    }

    void permissions(const std::string& letters) {
        rule().permissions.clear();
        for (const char letter : std::string_view("rwxa")) {
            if (letters.find(letter) != std::string::npos) rule().permissions += letter;
        }
        if (letters.empty() || letters.find_first_not_of("rwxaRWXA") != std::string::npos)
            fail(fmt::format("'{}' are no permissions", letters));
    }

    void key(const std::string& text) {
        if (text.empty() || text.size() > AUDIT_MAX_KEY_LEN)
            return fail(fmt::format("a key has 1 to {} bytes", AUDIT_MAX_KEY_LEN));
        rule().keys.push_back(text);
    }

    void system_calls(const std::string& text) {
        if (line_.kind == RuleLine::Kind::blank || line_.watch) return fail("-S belongs to a rule of -a");
        for (const std::string_view name : split(text, ',')) {
            if (name == "all") {
                rule().all_syscalls = true;
                continue;
            }
            auto number = host::number<unsigned>(name);
            if (!number)
                number = rule().filter == "io_uring"
                             ? uring_number(name)
                             : syscall_number(rule().architecture.value_or(native_arch()), name);
            if (!number || *number >= (AUDIT_BITMASK_SIZE - 1) * 32)
                return fail(fmt::format("system call '{}' is unknown{}", name,
                                        rule().architecture ? " to this architecture" : ""));
            rule().syscalls.push_back(*number);
        }
    }

    void comparison(const std::string& text) {
        const bool negated = text.find("!=") != std::string::npos;
        const auto at = text.find(negated ? "!=" : "=");
        if (at == std::string::npos) return fail(fmt::format("'{}' compares nothing", text));
        const auto number = comparison_number(std::string_view(text).substr(0, at),
                                              std::string_view(text).substr(at + (negated ? 2 : 1)));
        if (!number) return fail(fmt::format("'{}' cannot be compared", text));
        rule().others.push_back({AUDIT_FIELD_COMPARE, "field_compare", negated ? "!=" : "=", std::to_string(*number)});
    }

    void condition(const std::string& text) {
        if (line_.kind == RuleLine::Kind::blank) return fail("-F stands before its rule");
        const auto start = text.find_first_of("!=<>&");
        if (start == std::string::npos || start == 0) return fail(fmt::format("'{}' is no condition", text));
        const bool wide = start + 1 < text.size() && text[start + 1] == '=' && text[start] != '=';
        const std::string comparison = text.substr(start, wide ? 2 : 1);
        if (comparison == "!") return fail(fmt::format("'{}' is no condition", text));
        condition(text.substr(0, start), comparison, text.substr(start + comparison.size()));
    }

    void condition(const std::string& name, const std::string& comparison, const std::string& word) {
        const bool equal = comparison == "=";
        if (word.empty()) return fail(fmt::format("{} has no value", name));
        if ((name == "path" || name == "dir")) {
            if (!equal) return fail(fmt::format("{} takes = only", name));
            return set_path(word, name == "dir");
        }
        if (name == "perm" && equal) return permissions(word);
        if (name == "key" && equal) return key(word);
        if (name == "arch" && equal) return architecture(word);
        if (name == "exe" && equal) {
            if (word.front() != '/') return fail(fmt::format("exe={} is no absolute path", word));
            rule().executable = word;
            return;
        }
        const auto names = host::audit_field_names();
        const auto plain = name == "loginuid" ? std::string_view("auid") : std::string_view(name);
        const auto known = std::ranges::find(names, plain, &host::AuditFieldName::name);
        if (known == names.end() || known->number == AUDIT_FIELD_COMPARE)
            return fail(fmt::format("unknown condition '{}'", name));
        if (known->text) {
            rule().others.push_back({known->number, std::string(known->name), comparison, word});
            return;
        }
        auto value = condition_value(known->number, word, accounts_, line_.surprise);
        if (!value) return fail(fmt::format("{}: {}", name, value.error().message));
        rule().others.push_back({known->number, std::string(known->name), comparison, std::move(*value)});
    }

    void architecture(const std::string& word) {
        if (rule().architecture || !rule().syscalls.empty()) return fail("arch comes first, and once");
        if (word == "b64") {
            rule().architecture = native_arch();
        } else if (word == "b32") {
            rule().architecture = compat_arch();
            if (!rule().architecture) fail("this machine has no 32-bit system calls");
        } else if (word.starts_with("0x")) {
            rule().architecture = host::number<std::uint32_t>(std::string_view(word).substr(2), 16);
        } else {
            for (const std::uint32_t arch : {native_arch(), compat_arch().value_or(native_arch())}) {
                if (arch_name(arch) == word) rule().architecture = arch;
            }
        }
        if (!rule().architecture) fail(fmt::format("arch={} is unknown", word));
    }

    void finish() {
        if (line_.kind == RuleLine::Kind::blank) return fail("no rule");
        if (line_.kind == RuleLine::Kind::control) return;
        std::ranges::sort(rule().syscalls);
        const auto twice = std::ranges::unique(rule().syscalls);
        rule().syscalls.erase(twice.begin(), twice.end());
        if (rule().all_syscalls) rule().syscalls.clear();
        const bool by_call = rule().filter == "exit" || rule().filter == "io_uring";
        if (by_call && rule().syscalls.empty()) rule().all_syscalls = true;
        if (!by_call && (!rule().syscalls.empty() || rule().all_syscalls))
            return fail(fmt::format("the list '{}' takes no system calls", rule().filter));
        if (const auto bytes = host::encode_audit_rule(rule()); !bytes) fail(bytes.error().message);
    }

    RuleLine& line_;
    const host::Accounts* accounts_;
    std::vector<std::string> words_;
    std::size_t at_ = 0;
};

}  // namespace

std::uint32_t native_arch() {
#if defined(__aarch64__)
    return AUDIT_ARCH_AARCH64;
#else
    return AUDIT_ARCH_X86_64;
#endif
}

std::optional<std::uint32_t> compat_arch() {
#if defined(__aarch64__)
    return AUDIT_ARCH_ARM;
#else
    return AUDIT_ARCH_I386;
#endif
}

RuleLine parse_rule_line(std::string_view line, const host::Accounts* accounts) {
    RuleLine out;
    out.text = trim(line);
    if (out.text.empty() || out.text.front() == '#') return out;
    if (out.text.size() > kLongestRuleLine) {
        out.problem = fmt::format("longer than {} bytes", kLongestRuleLine);
        out.text.resize(80);
    } else if (out.text.find('\0') != std::string::npos) {
        out.problem = "holds a NUL";
    } else {
        LineReader(out, accounts).read(words_of(out.text));
    }
    if (!out.problem.empty()) out.kind = RuleLine::Kind::broken;
    return out;
}

std::vector<RuleLine> parse_rule_lines(std::string_view text, const host::Accounts* accounts) {
    std::vector<RuleLine> out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out.push_back(parse_rule_line(text.substr(0, end), accounts));
        out.back().number = out.size();
        text.remove_prefix(std::min(end + 1, text.size()));
        if (out.size() == kMostRuleLines && !text.empty()) {
            out.push_back({.number = out.size() + 1,
                           .kind = RuleLine::Kind::broken,
                           .problem = fmt::format("more than {} lines: the rest was not read", kMostRuleLines)});
            break;
        }
    }
    return out;
}

std::string rule_identity(const AuditRule& rule, bool watch) {
    AuditRule plain = rule;
    plain.keys.clear();
    plain.prepend = false;
    if (watch) plain.is_directory = false;
    std::ranges::sort(plain.others, {}, [](const host::AuditField& f) { return f.name + f.comparison + f.value; });
    const auto bytes = host::encode_audit_rule(plain);
    std::string out;
    if (!bytes) return out;
    out.resize(bytes->size());
    std::memcpy(out.data(), bytes->data(), bytes->size());
    return out;
}

}  // namespace plimsoll::audit
