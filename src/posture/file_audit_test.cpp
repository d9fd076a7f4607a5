#include "posture/file_audit.h"

#include <gtest/gtest.h>

#include "audit/rules/rule_text.h"
#include "host/temporary_tree.h"

namespace plimsoll::posture {
namespace {

class FileAudit : public testing::Test {
protected:
    FileAudit() {
        for (const char* path : {"/run/docker.sock", "/usr/sbin/dockerd", "/etc/docker/key.json", "/etc/default/docker",
                                 "/var/lib/docker/x"})
            tree.write(path, "");
    }
    /// file.audited and file.audited.as of a path with these rules loaded.
    [[nodiscard]] std::pair<std::string, std::string> audited(std::initializer_list<const char*> lines,
                                                              const char* path, const char* role) const {
        std::vector<host::AuditRule> rules;
        for (const char* line : lines) rules.push_back(audit::parse_rule_line(line, nullptr).rule);
        LoadedAudit loaded;
        loaded.rules.emplace(tree.root(), std::move(rules));
        model::FactStore store;
        model::Facts& facts = store.add(model::SubjectKind::file, path, path, nullptr);
        set_audited(loaded, tree.root(), path, role, facts);
        return {facts.is_true("file.audited") ? "yes" : "no", std::string(facts.text("file.audited.as"))};
    }
    host::TemporaryTree tree;
};

using Pair = std::pair<std::string, std::string>;

TEST_F(FileAudit, SocketsNeedTheirConnectsRecorded) {
    EXPECT_EQ(audited({"-w /run/docker.sock -p rwxa -k d"}, "/run/docker.sock", "docker-sock"),
              Pair("no", "connect: no loaded rule records it"));
    EXPECT_EQ(audited({"-a always,exit -F path=/run/docker.sock -k d"}, "/run/docker.sock", "docker-sock"),
              Pair("yes", "recorded, key d"));
}

TEST_F(FileAudit, ProgramsNeedTheirStartsRecorded) {
    EXPECT_EQ(audited({"-w /usr/sbin/dockerd -p wa -k d"}, "/usr/sbin/dockerd", "docker-binary"),
              Pair("no", "execution: no loaded rule records it"));
    EXPECT_EQ(audited({"-w /usr/sbin/dockerd -k d"}, "/usr/sbin/dockerd", "docker-binary").first, "yes");
}

TEST_F(FileAudit, SettingsNeedTheirTreeAndDataRootsOnlyThemselves) {
    EXPECT_EQ(audited({"-a always,exit -F path=/etc/docker -F perm=wa -k d"}, "/etc/docker", "docker-etc").first, "no");
    EXPECT_EQ(audited({"-a always,exit -F dir=/etc/docker -F perm=wa -k d"}, "/etc/docker", "docker-etc").first, "yes");
    EXPECT_EQ(audited({"-a always,exit -F path=/var/lib/docker -F perm=wa -k d"}, "/var/lib/docker", "data-root").first,
              "yes");
}

TEST_F(FileAudit, ARuleForSomePeopleIsNotEnough) {
    EXPECT_EQ(audited({"-a always,exit -F path=/etc/default/docker -F perm=wa -F auid>=1000 -k d"},
                      "/etc/default/docker", "docker-defaults"),
              Pair("no", "write, change of attributes: recorded only with auid>=1000"));
}

TEST_F(FileAudit, WhatTheKernelDoesNotTellIsUnknown) {
    model::FactStore store;
    model::Facts& facts = store.add(model::SubjectKind::file, "/etc/docker", "/etc/docker", nullptr);
    set_audited({.rules = std::nullopt, .problem = "no audit"}, tree.root(), "/etc/docker", "docker-etc", facts);
    EXPECT_EQ(facts.read(model::FieldKey("file.audited").id(), {}).state, model::Reading::State::unknown);
    EXPECT_EQ(facts.origin(model::FieldKey("file.audited").id(), {}), "no audit");
}

}  // namespace
}  // namespace plimsoll::posture
