// Checks as the kernel can decide them.

#include <algorithm>

#include "rule/field_ref.h"
#include "rule/file_wish.h"
#include "rule/number.h"
#include "rule/path_tests.h"
#include "rule/situation.h"

namespace plimsoll::rule::detail {

namespace {

using Kind = Atom::Kind;

constexpr std::size_t kNameBytes = 15;  // of a process, TASK_COMM_LEN without its end

bool is_equality(Operator op) {
    return op == Operator::eq || op == Operator::eq_eq || op == Operator::in || op == Operator::intersects;
}

bool has_constants(const Expression& check) {
    const auto kind = check.right.kind;
    return kind == Comparand::Kind::text || kind == Comparand::Kind::number || kind == Comparand::Kind::list;
}

template <typename Test>
bool every_value(const Expression& check, Test&& test) {
    return std::ranges::all_of(check.right.values, std::forward<Test>(test));
}

/// For which signs of a number the check can hold.
void read_number_outcome(const Expression& check, Atom& atom) {
    const auto zero = Number::of(std::int64_t{0});
    const auto below = Number::of(std::int64_t{-1});
    bool succeeds = false;
    bool fails = false;
    for (const std::string& text : check.right.values) {
        const auto value = Number::parse(text);
        if (!value) return;
        switch (check.op) {
            case Operator::eq:
            case Operator::eq_eq:
            case Operator::in:
                succeeds = succeeds || *value >= zero;
                fails = fails || *value < zero;
                break;
            case Operator::ge: succeeds = true, fails = *value < zero; break;
            case Operator::gt: succeeds = true, fails = *value < below; break;
            case Operator::le: succeeds = *value >= zero, fails = true; break;
            case Operator::lt: succeeds = *value > zero, fails = true; break;
            default: return;
        }
    }
    atom.kind = Kind::outcome;
    atom.succeeds = succeeds;
    atom.fails = fails;
}

/// `SUCCESS`, or the name of an error.
void read_error_outcome(const Expression& check, Atom& atom) {
    const bool by_name = is_equality(check.op);
    if (!by_name && check.op != Operator::startswith && check.op != Operator::ne) return;
    const bool success = every_value(check, [](const std::string& text) { return text.starts_with('S'); });
    const bool error = every_value(check, [](const std::string& text) { return text.starts_with('E'); });
    if (check.op == Operator::ne) {
        if (!every_value(check, [](const std::string& text) { return text == "SUCCESS"; })) return;
        atom.succeeds = false;
    } else if (success) {
        atom.fails = false;
    } else if (error) {
        atom.succeeds = false;
    }
    atom.kind = Kind::outcome;
}

/// `= true` or `= false`, whichever way it is written.
bool read_truth(const Expression& check, Kind kind, Atom& atom) {
    if (check.right.values.size() != 1 || (!is_equality(check.op) && check.op != Operator::ne)) return false;
    atom.kind = kind;
    atom.inverted = (check.right.values[0] == "true") == (check.op == Operator::ne);
    return true;
}

void read_opened(const Expression& check, Atom::Opened opened, Atom& atom) {
    if (read_truth(check, Kind::opened, atom)) atom.opened = opened;
}

void read_wish(std::optional<PathTests> tests, Atom& atom) {
    atom.kind = Kind::wish;
    if (tests) {
        atom.wish.paths = std::move(*tests);
    } else {
        atom.kind = Kind::open;
    }
}

void read_program(const Expression& check, Atom& atom) {
    if (!is_equality(check.op)) return;
    if (!every_value(check, [](const std::string& text) { return !text.empty(); })) return;
    atom.kind = Kind::wish;
    for (const std::string& text : check.right.values) {
        if (text.size() <= kNameBytes) atom.wish.programs.push_back(text);
    }
    std::ranges::sort(atom.wish.programs);
    const auto doubled = std::ranges::unique(atom.wish.programs);
    atom.wish.programs.erase(doubled.begin(), doubled.end());
}

/// What the caller wrote has two points in a row.
void read_spelling(const Expression& check, Atom& atom) {
    const bool literal = is_equality(check.op) || check.op == Operator::contains || check.op == Operator::startswith ||
                         check.op == Operator::endswith || check.op == Operator::glob;
    if (!literal || check.right.values.empty()) return;
    const bool climbs = every_value(check, [&](const std::string& text) {
        return text.find("..") != std::string::npos &&
               (check.op != Operator::glob || text.find_first_of("[\\") == std::string::npos);
    });
    if (!climbs) return;
    atom.kind = Kind::wish;
    atom.wish.climbing = true;
}

void read_socket(const Expression& check, std::initializer_list<std::string_view> kinds, Atom& atom) {
    if (!is_equality(check.op)) return;
    const bool sockets =
        every_value(check, [&](const std::string& text) { return std::ranges::find(kinds, text) != kinds.end(); });
    if (sockets) atom.kind = Kind::socket;
}

}  // namespace

Atom read_atom(const Expression& check) {
    Atom atom;
    atom.check = &check;
    if (check.left.kind != Operand::Kind::field || !has_constants(check)) return atom;
    const auto ref = resolve_field(check.left);
    if (!ref) return atom;
    const std::string name = to_text(ref->use);
    if (name == "evt.type" || name == "container.id") {
        if (check.modifier != Modifier::none || (!is_equality(check.op) && check.op != Operator::ne)) return atom;
        atom.kind = name == "evt.type" ? Kind::event_type : Kind::container;
        atom.inverted = check.op == Operator::ne;
        return atom;
    }
    if (name == "fd.name") {
        read_wish(path_tests(PathField::whole, check), atom);
    } else if (name == "fd.directory") {
        read_wish(path_tests(PathField::directory, check), atom);
    } else if (name == "fd.filename") {
        read_wish(path_tests(PathField::last, check), atom);
    } else if (name == "proc.name") {
        read_program(check, atom);
    } else if (name == "fd.nameraw") {
        read_spelling(check, atom);
    } else if (check.modifier != Modifier::none) {
        return atom;
    } else if (name == "evt.is_open_read") {
        read_opened(check, Atom::Opened::read, atom);
    } else if (name == "evt.is_open_write") {
        read_opened(check, Atom::Opened::write, atom);
    } else if (name == "evt.is_open_create") {
        read_opened(check, Atom::Opened::create, atom);
    } else if (name == "evt.is_open_exec") {
        read_opened(check, Atom::Opened::execute, atom);
    } else if (name == "evt.rawres" || name == "evt.rawarg.res") {
        read_number_outcome(check, atom);
    } else if (name == "fd.num") {
        read_number_outcome(check, atom);
        atom.of_open = true;
    } else if (name == "evt.res") {
        read_error_outcome(check, atom);
    } else if (name == "evt.failed") {
        if (!read_truth(check, Kind::outcome, atom)) return atom;
        atom.succeeds = atom.inverted;
        atom.fails = !atom.inverted;
    } else if (name == "fd.typechar") {
        read_socket(check, {"4", "6", "u"}, atom);
    } else if (name == "fd.type") {
        read_socket(check, {"ipv4", "ipv6", "unix"}, atom);
    } else if (name == "evt.arg.flags" && check.op == Operator::contains) {
        if (check.right.values[0] == "O_CREAT" || check.right.values[0] == "O_TRUNC") atom.kind = Kind::flag;
    }
    return atom;
}

}  // namespace plimsoll::rule::detail
