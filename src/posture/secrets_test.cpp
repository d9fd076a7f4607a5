#include "posture/secrets.h"

#include <gtest/gtest.h>

namespace plimsoll::posture {
namespace {

bool is_secret(std::string_view name, std::string_view value) {
    const auto sign = secret_in_variable(name, value);
    return sign && !sign->reference;
}

TEST(SecretInVariable, ByName) {
    for (const char* name : {"DB_PASSWORD", "MYSQL_ROOT_PASSWORD", "API_KEY", "AWS_SECRET_ACCESS_KEY", "SLACK_TOKEN",
                             "PGPASSWORD", "REDIS_PASS", "client_secret"}) {
        EXPECT_TRUE(is_secret(name, "hunter2hunter2")) << name;
    }
}

TEST(SecretInVariable, ByTheShapeOfTheValueWhateverTheName) {
    EXPECT_TRUE(is_secret("SETTING", "AKIAIOSFODNN7EXAMPLE"));
    EXPECT_TRUE(is_secret("DATABASE", "postgres://app:s3cret@db/app"));
    EXPECT_TRUE(is_secret("CERT", "-----BEGIN RSA PRIVATE KEY-----\nMII"));
    EXPECT_EQ(secret_in_variable("X", "ghp_abcdefghijklmnopqrstuvwxyz0123456789")->kind, "token");
}

TEST(SecretInVariable, WhatOnlySoundsLikeOneIsNone) {
    for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
             {"PASSWORD_MIN_LENGTH", "12"},
             {"TOKEN_TTL", "3600s"},
             {"GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"},
             {"AUTH_ENABLED", "true"},
             {"DB_PASSWORD", ""},
             {"SECRET_NAME", "web"},
             {"PATH", "/usr/bin"},
             {"TOKEN_URL", "https://id.example/token"},
             {"COMPASS", "north-east"},
             {"MONKEY", "business"},
             {"HOMEPAGE", "https://example.org:8080/path"}}) {
        EXPECT_FALSE(is_secret(name, value)) << name;
    }
}

TEST(SecretInVariable, AFileThatHoldsTheSecretIsAReference) {
    const auto sign = secret_in_variable("POSTGRES_PASSWORD_FILE", "/run/secrets/db");
    ASSERT_TRUE(sign);
    EXPECT_TRUE(sign->reference);
}

TEST(SecretInText, FindsAssignmentsInCommands) {
    EXPECT_TRUE(secret_in_text("RUN curl -u admin --password hunter22 https://example.org"));
    EXPECT_TRUE(secret_in_text("export NPM_AUTH_TOKEN=abcdef012345 && npm ci"));
    EXPECT_FALSE(secret_in_text("apt-get install -y passwd"));
    EXPECT_FALSE(secret_in_text("--mount=type=secret,id=token cat /run/secrets/token"));
    EXPECT_FALSE(secret_in_text("useradd --password $HASH app"));
}

}  // namespace
}  // namespace plimsoll::posture
