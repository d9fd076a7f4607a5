#include "rule/graph.h"

namespace plimsoll::rule::detail {

namespace {

/// The event types for which a node may be other than false, and other than true.
struct Bounds {
    EventSet not_false;
    EventSet not_true;
};

EventSet all() { return EventSet().set(); }

/// A comparison of `evt.type` with names is decided by the type alone; everything else may be anything.
Bounds of_test(const Graph& graph, const Test& test) {
    const Slot& slot = graph.slots[test.left];
    const bool names_type = slot.transform == Transform::none && model::field(slot.use.field).name == "evt.type";
    const bool decided = test.op == Operator::eq || test.op == Operator::ne || test.op == Operator::in;
    if (!names_type || !decided || test.right || test.modifier != Modifier::none) return {all(), all()};
    EventSet named;
    bool others = false;
    for (const auto& text : test.texts) {
        const auto type = find_event_type(text);
        named.set(type);  // the size of the table is the place of all other names
        others = others || type == kOtherType;
    }
    Bounds bounds;
    if (test.op == Operator::ne) {
        bounds.not_false = all() & ~named;
        if (others) bounds.not_false.set(kOtherType);
        bounds.not_false.reset(kNoType);
        bounds.not_true = named;
    } else {
        bounds.not_false = named;
        bounds.not_true = all() & ~named;
        if (others) bounds.not_true.set(kOtherType);
    }
    bounds.not_true.set(kNoType);
    return bounds;
}

}  // namespace

std::optional<EventSet> types_of(const Graph& graph, const Test& test) {
    const Bounds bounds = of_test(graph, test);
    if ((bounds.not_false & bounds.not_true).any()) return std::nullopt;
    return bounds.not_false;
}

void index_event_types(Graph& graph) {
    std::vector<Bounds> bounds(graph.nodes.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {  // children come before their parents
        const Node& node = graph.nodes[i];
        if (node.kind == NodeKind::test) {
            bounds[i] = of_test(graph, graph.tests[node.first]);
            continue;
        }
        const auto* children = &graph.children[node.first];
        bounds[i] = bounds[children[0]];
        if (node.kind == NodeKind::negation) {
            std::swap(bounds[i].not_false, bounds[i].not_true);
            continue;
        }
        for (std::uint32_t n = 1; n < node.count; ++n) {
            const Bounds& child = bounds[children[n]];
            if (node.kind == NodeKind::conjunction) {
                bounds[i].not_false &= child.not_false;
                bounds[i].not_true |= child.not_true;
            } else {
                bounds[i].not_false |= child.not_false;
                bounds[i].not_true &= child.not_true;
            }
        }
    }
    graph.by_event_type.resize(kEventTypes.size() + 2);
    for (ConditionId id = 0; id < graph.roots.size(); ++id) {
        graph.all.push_back(id);
        graph.event_types.push_back(bounds[graph.roots[id]].not_false);
        for (std::size_t type = 0; type < graph.by_event_type.size(); ++type) {
            if (graph.event_types.back()[type]) graph.by_event_type[type].push_back(id);
        }
    }
}

}  // namespace plimsoll::rule::detail
