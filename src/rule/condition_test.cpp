#include "rule/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule/field_map.h"
#include "rule/glob.h"
#include "rule/parser.h"

namespace plimsoll::rule {
namespace {

using testing::HasSubstr;

FieldMap record(const std::vector<std::pair<std::string, std::vector<std::string>>>& fields) {
    FieldMap out;
    for (const auto& [name, values] : fields) {
        const auto set = out.set(name, values);
        EXPECT_TRUE(set) << (set ? "" : set.error().message);
    }
    return out;
}

Truth says(std::string_view condition, const FieldMap& fields) {
    auto compiled = compile(condition);
    EXPECT_TRUE(compiled) << (compiled ? "" : compiled.error().message);
    return compiled ? compiled->evaluate(fields) : Truth::unknown;
}

std::string fault_of(std::string_view condition) {
    const auto compiled = compile(condition);
    return compiled ? "" : compiled.error().message;
}

TEST(Condition, AbsentValuesMakeEveryComparisonFalseAndUnknownOnesStayUnknown) {
    FieldMap fields = record({{"proc.name", {"sh"}}});
    ASSERT_TRUE(fields.set_unknown("container.user.uid", "the process ended while it was read"));

    EXPECT_EQ(says("proc.pname = sh", fields), Truth::no);
    EXPECT_EQ(says("proc.pname != sh", fields), Truth::no);
    EXPECT_EQ(says("not proc.pname != sh", fields), Truth::yes);
    EXPECT_EQ(says("proc.pname exists", fields), Truth::no);
    EXPECT_EQ(says("container.user.uid = 0", fields), Truth::unknown);
    EXPECT_EQ(says("container.user.uid exists", fields), Truth::unknown);
    EXPECT_EQ(says("not container.user.uid = 0", fields), Truth::unknown);
}

TEST(Condition, UnknownFollowsKleene) {
    FieldMap fields = record({{"proc.name", {"sh"}}});
    ASSERT_TRUE(fields.set_unknown("user.uid", "no permission"));
    const std::string yes = "proc.name = sh";
    const std::string no = "proc.name = bash";
    const std::string unknown = "user.uid = 0";

    EXPECT_EQ(says(yes + " and " + unknown, fields), Truth::unknown);
    EXPECT_EQ(says(no + " and " + unknown, fields), Truth::no);
    EXPECT_EQ(says(unknown + " and " + no, fields), Truth::no);
    EXPECT_EQ(says(yes + " or " + unknown, fields), Truth::yes);
    EXPECT_EQ(says(unknown + " or " + yes, fields), Truth::yes);
    EXPECT_EQ(says(no + " or " + unknown, fields), Truth::unknown);
}

TEST(Condition, TheReasonOfUnknownIsKeptThroughTransformers) {
    FieldMap fields;
    ASSERT_TRUE(fields.set_unknown("proc.name", "the process is gone"));
    auto compiled = compile("user.name = x or (user.uid = 1 or toupper(proc.name) = SH)");
    ASSERT_TRUE(compiled);
    EXPECT_EQ(compiled->evaluate(fields), Truth::unknown);
    EXPECT_EQ(compiled->reason(), "the process is gone");
}

TEST(Condition, AValueOfTheWrongTypeIsUnknownAndNotANo) {
    class Wrong final : public model::Fields {
    public:
        model::Reading read(model::FieldId, std::string_view) const override { return model::Reading::of(values_); }

    private:
        std::array<model::Value, 1> values_ = {model::Value(std::string_view("twelve"))};
    };
    auto compiled = compile("proc.pid > 3");
    ASSERT_TRUE(compiled);
    EXPECT_EQ(compiled->evaluate(Wrong()), Truth::unknown);
    EXPECT_THAT(std::string(compiled->reason()), HasSubstr("another type"));
    EXPECT_EQ(compile("proc.pid > 3 or proc.pid exists")->evaluate(Wrong()), Truth::yes);
}

TEST(Condition, ListFieldsAskForAllOrAny) {
    const auto fields = record({{"container.caps", {"CAP_CHOWN", "CAP_KILL"}}, {"container.groups", {}}});
    EXPECT_EQ(says("container.caps intersects (CAP_KILL, CAP_SYS_ADMIN)", fields), Truth::yes);
    EXPECT_EQ(says("container.caps in (CAP_KILL, CAP_SYS_ADMIN)", fields), Truth::no);
    EXPECT_EQ(says("container.caps in (CAP_KILL, CAP_CHOWN, CAP_SYS_ADMIN)", fields), Truth::yes);
    EXPECT_EQ(says("container.groups exists", fields), Truth::no);
    EXPECT_EQ(says("len(container.caps) = 2", fields), Truth::yes);
}

TEST(Condition, TwoEndedFieldsAndAncestorsLookAtEachValue) {
    const auto fields = record({{"fd.ip", {"10.0.0.1", "192.168.1.7"}},
                                {"fd.net", {"10.0.0.1", "192.168.1.7"}},
                                {"proc.aname", {"sh", "sshd"}}});
    EXPECT_EQ(says("fd.ip = 10.0.0.1", fields), Truth::yes);
    EXPECT_EQ(says("fd.ip != 10.0.0.1", fields), Truth::no);
    EXPECT_EQ(says("fd.ip != 10.0.0.2", fields), Truth::yes);
    EXPECT_EQ(says("fd.net in (192.168.0.0/16)", fields), Truth::yes);
    EXPECT_EQ(says("fd.net != ::/0", fields), Truth::yes);
    EXPECT_EQ(says("proc.aname = sshd", fields), Truth::yes);
}

TEST(Condition, IntegersAreComparedWithoutLoss) {
    const auto fields = record({{"evt.rawres", {"-2"}}, {"proc.exe_ino", {"18446744073709551615"}}});
    EXPECT_EQ(says("evt.rawres < 0", fields), Truth::yes);
    EXPECT_EQ(says("proc.exe_ino = 18446744073709551615", fields), Truth::yes);
    EXPECT_EQ(says("proc.exe_ino > 18446744073709551614", fields), Truth::yes);
    EXPECT_EQ(says("evt.rawres < val(proc.exe_ino)", fields), Truth::yes);
}

TEST(Condition, FaultsSayWhereWhatAndTheNearestName) {
    EXPECT_EQ(fault_of("proc.name = sh and proc.nme = x"),
              "line 1, column 20: there is no field 'proc.nme'; the nearest is 'proc.name'");
    EXPECT_EQ(fault_of("proc.name =\n  sh and\n proc.pid contains 3"),
              "line 3, column 2: 'contains' cannot be used on 'proc.pid'");
    EXPECT_EQ(fault_of("evt.type = opneat"), "line 1, column 12: unknown event type 'opneat'; the nearest is 'openat'");
    EXPECT_EQ(fault_of("proc.pid = twelve"), "line 1, column 12: expected a number, not 'twelve'");
    EXPECT_EQ(fault_of("fd.sip in (1.2.3.4, 300.1.1.1)"), "line 1, column 21: expected an address, not '300.1.1.1'");
    EXPECT_THAT(fault_of("proc.name regex '('"), HasSubstr("line 1, column 17: '(' is not a regular expression"));
    EXPECT_THAT(fault_of("proc.name foo x"), HasSubstr("line 1, column 11: expected an operator"));
    EXPECT_EQ(fault_of("proc.aname[\"2 = sh"), "line 1, column 12: expected a field argument: its quote is not closed");
    EXPECT_EQ(fault_of("proc.aname[x] = sh"),
              "line 1, column 1: field 'proc.aname' needs a number in brackets, not 'x'");
    EXPECT_EQ(fault_of("container.label = x"),
              "line 1, column 1: field 'container.label' needs an argument in brackets");
}

TEST(Condition, MacrosAndListsComeFromTheScope) {
    Scope scope;
    scope.lists["shells"] = {"sh", "bash", "my shell"};
    scope.macros["spawned"] = *resolve("evt.type in (execve, execveat)", {});
    auto compiled = compile("spawned and proc.name in (shells)", scope);
    ASSERT_TRUE(compiled) << compiled.error().message;
    EXPECT_EQ(compiled->text(), "(evt.type in (execve, execveat) and proc.name in (sh, bash, \"my shell\"))");
    EXPECT_EQ(compile("spwaned", scope).error().message,
              "line 1, column 1: there is no macro 'spwaned'; the nearest is 'spawned'");
    EXPECT_THAT(compile("proc.name in (shells) and foo.bar", scope).error().message, HasSubstr("line 1, column 34"));
}

TEST(Condition, DepthAndSizeAreBounded) {
    const std::string open(5000, '(');
    EXPECT_THAT(fault_of(open), HasSubstr("nested deeper than"));
    std::string nots;
    for (int i = 0; i < 5000; ++i) nots += "not(";
    EXPECT_THAT(fault_of(nots + "a.b exists"), HasSubstr("nested deeper than"));
    EXPECT_THAT(fault_of(std::string(kMaxCondition + 1, ' ')), HasSubstr("too long"));

    Scope bomb;  // each macro doubles the one before
    bomb.macros["m0"] = *resolve("proc.name = sh", {});
    std::string fault;
    for (int i = 1; i < 40 && fault.empty(); ++i) {
        const auto before = "m" + std::to_string(i - 1);
        const auto made = resolve(before + " and " + before, bomb);
        if (made) {
            bomb.macros["m" + std::to_string(i)] = *made;
        } else {
            fault = made.error().message;
        }
    }
    EXPECT_THAT(fault, HasSubstr("too large"));
}

TEST(Condition, FieldsAreListedInOrderOnce) {
    auto compiled = compile("container.label[a] = x and toupper(proc.name) = val(proc.pname) and proc.name = y");
    ASSERT_TRUE(compiled) << compiled.error().message;
    std::vector<std::string> names;
    for (const auto& use : compiled->fields()) names.push_back(to_text(use));
    EXPECT_THAT(names, testing::ElementsAre("container.label[a]", "proc.name", "proc.pname"));
}

TEST(Glob, FollowsTheShell) {
    EXPECT_TRUE(Glob("/home/*/.ssh/*").matches("/home/a/b/.ssh/id"));
    EXPECT_FALSE(Glob("*.log").matches("x.log2"));
    EXPECT_TRUE(Glob("a[!b-d]?").matches("aex"));
    EXPECT_FALSE(Glob("a[!b-d]?").matches("acx"));
    EXPECT_TRUE(Glob("[[:digit:]]*").matches("7up"));
    EXPECT_TRUE(Glob("\\*").matches("*"));
    EXPECT_FALSE(Glob("\\*").matches("x"));
    EXPECT_TRUE(Glob("[ab").matches("[ab"));
    EXPECT_TRUE(Glob("ABC*", true).matches("abcd"));
    EXPECT_TRUE(Glob("").matches(""));
    EXPECT_FALSE(Glob("").matches("x"));
    std::string stars;
    for (int i = 0; i < 200; ++i) stars += "a*";
    EXPECT_FALSE(Glob(stars + "b").matches(std::string(20'000, 'a')));  // ends in time
}

TEST(Program, SharesEqualPartsAndReadsEachFieldOnce) {
    class Counting final : public model::Fields {
    public:
        model::Reading read(model::FieldId, std::string_view) const override {
            ++reads;
            return model::Reading::of(values_);
        }
        mutable int reads = 0;

    private:
        std::array<model::Value, 1> values_ = {model::Value(std::string_view("sh"))};
    };
    ProgramBuilder builder;
    for (const auto* text : {"proc.name = sh and proc.pname = x", "proc.pname = x and proc.name == sh",
                             "proc.name in (a, b)", "proc.name in (b, a)"}) {
        ASSERT_TRUE(builder.add(*resolve(text, {})));
    }
    const auto program = std::move(builder).build();
    EXPECT_EQ(program.nodes(), 4U);  // two comparisons, their conjunction, one membership
    Evaluator evaluator(program);
    const Counting fields;
    for (int round = 1; round <= 2; ++round) {
        evaluator.start(fields);
        for (ConditionId id = 0; id < 4; ++id) (void)evaluator.evaluate(id);
        EXPECT_EQ(fields.reads, 2 * round);
    }
}

}  // namespace
}  // namespace plimsoll::rule
