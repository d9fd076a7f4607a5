#include "rule/situation.h"

#include <algorithm>

#include "rule/file_wish.h"

namespace plimsoll::rule::detail {

namespace {

using model::FileWish;

constexpr std::string_view kHost = "host";                   ///< container.id of what is outside containers
constexpr std::string_view kByHandle = "open_by_handle_at";  ///< opens a file without a path

FileWish all_if(bool possible) { return possible ? everything() : FileWish(); }

FileWish of_event_type(const Atom& atom, const Situation& at, bool negative) {
    const auto& names = atom.check->right.values;
    if (atom.inverted != negative)
        return all_if(std::ranges::none_of(names, [&](const auto& name) { return at.call->must_be(name); }));
    return all_if(std::ranges::any_of(names, [&](const auto& name) { return at.call->may_be(name); }));
}

FileWish of_container(const Atom& atom, const Situation& at, bool negative) {
    const auto& names = atom.check->right.values;
    const bool names_host = std::ranges::find(names, kHost) != names.end();
    if (negative) return everything();
    if (at.in_container) return all_if(atom.inverted || names.size() > (names_host ? 1U : 0U));
    return all_if(names_host != atom.inverted);
}

FileWish of_opened(const Atom& atom, const Situation& at, bool negative) {
    if (negative || at.failed || at.call->name == kByHandle) return everything();
    if (!opens(*at.call)) return all_if(atom.inverted);
    switch (atom.opened) {
        case Atom::Opened::read: return all_if(at.reads() != atom.inverted);
        case Atom::Opened::write: return all_if(at.writes() != atom.inverted);
        case Atom::Opened::create: return all_if(at.creation != Creation::none || atom.inverted);
        case Atom::Opened::execute: return all_if((at.creation == Creation::executable) != atom.inverted);
    }
    return everything();
}

FileWish of_outcome(const Atom& atom, const Situation& at, bool negative) {
    if (negative || (atom.of_open && !opens(*at.call))) return everything();
    if (at.failed) return all_if(atom.fails);
    // A connection that is under way has failed to one and succeeded to the other.
    return all_if(atom.succeeds || (atom.fails && at.call->name == "connect"));
}

FileWish of_wish(const Atom& atom, const Situation& at, bool negative) {
    const bool has_name = opens(*at.call) || (act_of(*at.call) && !atom.wish.climbing);
    return negative || !has_name ? everything() : atom.wish;
}

FileWish of_flag(const Atom& atom, const Situation& at, bool negative) {
    if (negative || at.failed || !opens(*at.call)) return everything();
    if (atom.check->right.values[0] == "O_CREAT") return all_if(at.creation != Creation::none);
    return all_if(at.truncates());
}

}  // namespace

const Atom& Wanting::atom(const Expression& check) {
    const auto found = atoms_.find(&check);
    if (found != atoms_.end()) return found->second;
    return atoms_.emplace(&check, read_atom(check)).first->second;
}

FileWish Wanting::of(const Expression& condition, const Situation& situation) {
    return walk(condition, situation, false);
}

FileWish Wanting::walk(const Expression& node, const Situation& at, bool negative) {
    using Kind = Expression::Kind;
    if (node.kind == Kind::negation) return walk(*node.children[0], at, !negative);
    if (node.kind == Kind::macro) return everything();
    if (node.kind == Kind::check) {
        const Atom& one = atom(node);
        switch (one.kind) {
            case Atom::Kind::event_type: return of_event_type(one, at, negative);
            case Atom::Kind::container: return of_container(one, at, negative);
            case Atom::Kind::opened: return of_opened(one, at, negative);
            case Atom::Kind::outcome: return of_outcome(one, at, negative);
            case Atom::Kind::wish: return of_wish(one, at, negative);
            case Atom::Kind::socket: return all_if(negative || !opens(*at.call));
            case Atom::Kind::flag: return of_flag(one, at, negative);
            case Atom::Kind::open: return everything();
        }
    }
    if ((node.kind == Kind::conjunction) == !negative) {
        // All must hold: the most selective of them says enough.
        FileWish best = everything();
        for (const auto& child : node.children) {
            auto wish = walk(*child, at, negative);
            if (wish.empty()) return wish;
            if (breadth(wish) < breadth(best)) best = std::move(wish);
        }
        return best;
    }
    FileWish sum;
    for (const auto& child : node.children) {
        add(sum, walk(*child, at, negative));
        if (sum.all) break;
    }
    return sum;
}

}  // namespace plimsoll::rule::detail
