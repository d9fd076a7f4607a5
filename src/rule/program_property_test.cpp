// For conditions and records made at random: the shared, cached, indexed evaluation says what a plain walk over the
// tree says.

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "rule/field_map.h"
#include "rule/program.h"
#include "rule/scope.h"

namespace plimsoll::rule {
namespace {

using Random = std::mt19937;

int pick(Random& random, int count) { return std::uniform_int_distribution(0, count - 1)(random); }

std::string random_check(Random& random) {
    static const std::vector<std::string> kChecks = {"evt.type = open",
                                                     "evt.type != open",
                                                     "evt.type in (open, execve)",
                                                     "evt.type in (USER_LOGIN, open)",
                                                     "evt.type startswith o",
                                                     "evt.type exists",
                                                     "evt.type = val(proc.name)",
                                                     "evt.type != USER_LOGIN",
                                                     "evt.type = oneof (open, close)",
                                                     "proc.name = open",
                                                     "proc.name exists",
                                                     "proc.name startswith o",
                                                     "proc.name endswith anyof (h, n)",
                                                     "proc.name in (sh, bash)",
                                                     "proc.aname = sh",
                                                     "proc.aname startswith o",
                                                     "proc.cmdline contains anyof (ope, h)",
                                                     "fd.name contains /x",
                                                     "fd.name glob /etc/*/x",
                                                     "fd.name pmatch (/etc/a, /proc/*/environ)",
                                                     "fd.name startswith /etc",
                                                     "fd.directory = /etc/a",
                                                     "evt.is_open_read = true",
                                                     "evt.is_open_write = true",
                                                     "fd.num >= 0",
                                                     "fd.l4proto = tcp",
                                                     "proc.pid > 3",
                                                     "user.uid = 0"};
    return kChecks[static_cast<std::size_t>(pick(random, static_cast<int>(kChecks.size())))];
}

std::string random_condition(Random& random, int depth) {
    switch (depth == 0 ? 0 : pick(random, 4)) {
        case 0: return random_check(random);
        case 1: return "not (" + random_condition(random, depth - 1) + ")";
        default: {
            const auto* word = pick(random, 2) == 0 ? " and " : " or ";
            std::string out = "(" + random_condition(random, depth - 1);
            for (int i = pick(random, 3); i >= 0; --i) out += word + random_condition(random, depth - 1);
            return out + ")";
        }
    }
}

FieldMap random_record(Random& random, std::string& type) {
    static const std::vector<std::string> kTypes = {"", "open", "execve", "close", "USER_LOGIN", "no_such_type"};
    FieldMap out;
    type = kTypes[static_cast<std::size_t>(pick(random, static_cast<int>(kTypes.size())))];
    if (!type.empty()) {
        EXPECT_TRUE(out.set("evt.type", {type}).has_value());
    }
    for (const auto* name : {"proc.name", "proc.aname", "proc.pid", "user.uid"}) {
        const bool number = !std::string_view(name).ends_with("name");
        switch (pick(random, 4)) {
            case 0: break;
            case 1: EXPECT_TRUE(out.set_unknown(name, "chance").has_value()); break;
            case 2: EXPECT_TRUE(out.set(name, {number ? "0" : "open"}).has_value()); break;
            default: EXPECT_TRUE(out.set(name, {number ? "7" : "sh"}).has_value());
        }
    }
    static const std::vector<std::pair<const char*, std::vector<std::string>>> kOthers = {
        {"proc.cmdline", {"sh -c open", "cat a file whose name is rather long"}},
        {"fd.name", {"/etc/a/x", "//etc/a", "/etc//a/b", "/proc/7/environ", "/x"}},
        {"fd.directory", {"/etc/a", "/"}},
        {"fd.num", {"3", "-2"}},
        {"fd.l4proto", {"tcp", "udp"}},
        {"evt.is_open_read", {"true", "false"}},
        {"evt.is_open_write", {"true", "false"}}};
    for (const auto& [name, values] : kOthers) {
        const auto which = static_cast<std::size_t>(pick(random, static_cast<int>(values.size()) + 2));
        if (which < values.size()) {
            EXPECT_TRUE(out.set(name, {values[which]}).has_value());
        } else if (which == values.size()) {
            EXPECT_TRUE(out.set_unknown(name, "chance").has_value());
        }
    }
    return out;
}

/// The meaning, without sharing, caching or index: each check is a program of its own.
Truth plain(const ExpressionPtr& node, const FieldMap& record) {
    if (node->kind == Expression::Kind::check) {
        ProgramBuilder builder;
        const auto id = builder.add(node);
        const auto program = std::move(builder).build();
        Evaluator evaluator(program);
        evaluator.start(record);
        return evaluator.evaluate(*id);
    }
    if (node->kind == Expression::Kind::negation) return negated(plain(node->children[0], record));
    const bool all = node->kind == Expression::Kind::conjunction;
    Truth result = truth_of(all);
    for (const auto& child : node->children) {
        const auto truth = plain(child, record);
        if (truth == truth_of(!all)) return truth;
        if (truth == Truth::unknown) result = truth;
    }
    return result;
}

TEST(ProgramProperty, SharedIndexedEvaluationEqualsThePlainOne) {
    Random random(20260101);
    int unknowns = 0;
    int left_out = 0;
    int unlikely = 0;
    for (int round = 0; round < 120; ++round) {
        ProgramBuilder builder;
        std::vector<ExpressionPtr> conditions;
        for (int i = 0; i < 8; ++i) {
            const auto text = random_condition(random, 3);
            const auto expression = resolve(text, {});
            ASSERT_TRUE(expression) << text << expression.error().message;
            ASSERT_TRUE(builder.add(*expression)) << text;
            conditions.push_back(*expression);
        }
        const auto program = std::move(builder).build();
        Evaluator evaluator(program);
        for (int n = 0; n < 8; ++n) {
            std::string type;
            const auto record = random_record(random, type);
            const auto candidates = program.candidates(type);
            evaluator.start(record);
            const auto of_record = evaluator.candidates();
            const std::vector<ConditionId> likely(of_record.begin(), of_record.end());
            for (ConditionId id = 0; id < conditions.size(); ++id) {
                const auto wanted = plain(conditions[id], record);
                EXPECT_EQ(evaluator.evaluate(id), wanted) << to_text(*conditions[id]);
                const bool listed = std::ranges::find(candidates, id) != candidates.end();
                EXPECT_TRUE(listed || wanted == Truth::no) << to_text(*conditions[id]) << " for " << type;
                const bool is_likely = std::ranges::find(likely, id) != likely.end();
                EXPECT_TRUE(is_likely || wanted == Truth::no) << to_text(*conditions[id]) << " for " << type;
                unlikely += is_likely || !listed ? 0 : 1;
                unknowns += wanted == Truth::unknown ? 1 : 0;
                left_out += listed ? 0 : 1;
            }
        }
    }
    EXPECT_GT(unknowns, 50);
    EXPECT_GT(left_out, 50);
    EXPECT_GT(unlikely, 20);
}

TEST(ProgramProperty, PrintedConditionsReadBackAsTheSame) {
    Random random(7);
    for (int i = 0; i < 300; ++i) {
        const auto first = resolve(random_condition(random, 4), {});
        ASSERT_TRUE(first);
        const auto text = to_text(**first);
        const auto second = resolve(text, {});
        ASSERT_TRUE(second) << text;
        const auto again = to_text(**second);  // double negations are gone now
        const auto third = resolve(again, {});
        ASSERT_TRUE(third) << again;
        EXPECT_EQ(to_text(**third), again);
        std::string type;
        const auto record = random_record(random, type);
        EXPECT_EQ(plain(*first, record), plain(*second, record)) << text;
    }
}

}  // namespace
}  // namespace plimsoll::rule
