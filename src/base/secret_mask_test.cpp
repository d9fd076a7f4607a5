#include "base/secret_mask.h"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

/// The command line with its secrets masked; as it was when there are none.
std::string masked(std::string_view text) {
    SecretMasker masker;
    return masker.text(text).value_or(std::string(text));
}

/// The arguments, one by one, joined by `|`.
std::string masked(std::initializer_list<std::string_view> arguments) {
    SecretMasker masker;
    std::string out;
    for (const std::string_view argument : arguments)
        out += (out.empty() ? "" : "|") + masker.argument(argument).value_or(std::string(argument));
    return out;
}

TEST(SecretMask, EveryRuleMasksItsExampleAndIsNamed) {
    for (const SecretRule& rule : secret_rules()) {
        SecretMasker masker;
        const auto told = masker.text(rule.example);
        ASSERT_TRUE(told) << rule.name;
        EXPECT_EQ(*told, rule.masked);
        EXPECT_EQ(masker.found(), std::vector<std::string_view>{rule.name});
    }
}

TEST(SecretMask, ArgumentsOfContainersAreMaskedWholeBlanksIncluded) {
    EXPECT_EQ(masked({"docker", "run", "-e", "DB_PASSWORD=two words", "--env=API_TOKEN=x y", "-p", "80:80", "web"}),
              "docker|run|-e|DB_PASSWORD=***|--env=API_TOKEN=***|-p|80:80|web");
    EXPECT_EQ(masked({"docker", "build", "--build-arg", "NPM_TOKEN=abc", "."}),
              "docker|build|--build-arg|NPM_TOKEN=***|.");
    EXPECT_EQ(masked({"docker", "login", "-u", "bob", "-p", "hunter2", "registry.example"}),
              "docker|login|-u|bob|-p|***|registry.example");
}

TEST(SecretMask, OptionsOfProgramsAreMasked) {
    EXPECT_EQ(masked({"tool", "--password", "x", "--user", "bob"}), "tool|--password|***|--user|bob");
    EXPECT_EQ(masked({"tool", "--api-key=x", "--region=eu"}), "tool|--api-key=***|--region=eu");
    EXPECT_EQ(masked({"curl", "-u", "bob:hunter2", "https://host"}), "curl|-u|bob:***|https://host");
    EXPECT_EQ(masked({"curl", "-H", "Authorization: Bearer abc.def", "https://host"}),
              "curl|-H|Authorization: Bearer ***|https://host");
    EXPECT_EQ(masked({"/usr/bin/mysql", "-phunter2", "shop"}), "/usr/bin/mysql|-p***|shop");
    EXPECT_EQ(masked({"sshpass", "-p", "x", "ssh", "host"}), "sshpass|-p|***|ssh|host");
    EXPECT_EQ(masked({"redis-cli", "-a", "x", "ping"}), "redis-cli|-a|***|ping");
    EXPECT_EQ(masked({"kubectl", "create", "secret", "generic", "s", "--from-literal=k=v"}),
              "kubectl|create|secret|generic|s|--from-literal=k=***");
    EXPECT_EQ(masked({"aws", "configure", "set", "aws_secret_access_key", "abc"}),
              "aws|configure|set|aws_secret_access_key|***");
    EXPECT_EQ(masked({"openssl", "enc", "-k", "pass:x"}), "openssl|enc|-k|pass:***");
}

TEST(SecretMask, ScriptsAreLookedInto) {
    EXPECT_EQ(masked({"sh", "-c", "export DB_PASSWORD=hunter2; mysql -phunter2 shop"}),
              "sh|-c|export DB_PASSWORD=***; mysql -p*** shop");
    EXPECT_EQ(masked({"bash", "-lc", "curl -H 'Authorization: Basic abc' https://host"}),
              "bash|-lc|curl -H 'Authorization: Basic ***' https://host");
    EXPECT_EQ(masked(R"(psql postgres://bob:pw@db/shop -c "select 1")"),
              R"(psql postgres://bob:***@db/shop -c "select 1")");
}

TEST(SecretMask, WhatIsNoSecretStays) {
    for (const char* text : {
             "docker run -p 8080:80 -v /srv/secrets:/run/secrets -e TOKEN_TTL=300 -e PASSWORD_FILE=/run/secrets/db web",
             "ls -la /etc/passwd /etc/shadow",
             "passwd bob",
             "PWD=/root OLDPWD=/ make",
             "ssh-keygen -t ed25519 -f key",
             "tool --no-password --ask-password --password-stdin --token-file t",
             "docker login --password-stdin",
             "git clone https://host/x.git",
             "git clone git@host:x.git",
             "psql -h db -p 5432 -U bob",
             "python3 -m tokenize file.py",
             "kubectl get secret db -o yaml",
             "grep -r password= /etc",
             "mkdir -p /srv/x",
             "tar -C /srv -xpf secret.tar",
             "sed s/key=1/key=2/ file",
             "PASSWORD=$DB_PASSWORD run",
             "env ALLOW_EMPTY_PASSWORD=yes run",
             "curl -u bob https://host",
             "compass=north bypass=1 monkey=2",
             "runc --log /run/x/log.json --log-format json create --pid-file p 0123456789abcdef",
             "containerd-shim-runc-v2 -namespace moby -id "
             "676cfb60f32a06dd453fc7a56a361203c075fd9be103ad010805783e7c0108b6",
         }) {
        SecretMasker masker;
        EXPECT_FALSE(masker.text(text)) << text << " -> " << masked(text);
    }
}

TEST(SecretMask, NamesOfSecretsAreKnownByTheirLastWord) {
    for (const char* name : {"password", "PGPASSWORD", "MYSQL_PWD", "db.pass", "--client-secret", "clientSecret",
                             "AWS_SECRET_ACCESS_KEY", "x-api-key", "apiKey", "PASSWORD2", "githubToken"})
        EXPECT_TRUE(is_secret_name(name)) << name;
    for (const char* name : {"PWD", "key", "public_key", "password_file", "TOKENS", "tokenizer", "secretary",
                             "pass_through", "bypass", "AWS_ACCESS_KEY_ID", "", "-", "token_count", "sort-key"})
        EXPECT_FALSE(is_secret_name(name)) << name;
}

TEST(SecretMask, HostileTextIsReadInLinearTime) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += "a=b:";
    EXPECT_EQ(masked(text), text);
    EXPECT_EQ(masked(std::string(1'000'000, '=')).size(), 1'000'000U);
    EXPECT_EQ(masked(std::string(300'000, '"')).size(), 300'000U);
    std::string keys;
    for (int i = 0; i < 20'000; ++i) keys += "-----BEGIN ";
    EXPECT_EQ(masked(keys), keys);
}

}  // namespace
}  // namespace plimsoll
