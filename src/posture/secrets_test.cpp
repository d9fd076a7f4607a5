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

TEST(SecretInVariable, ByNamesThatAreWrittenTogetherOrCutShort) {
    for (const char* name : {"DBPASS", "ROOTPW", "TWILIO_AUTHTOKEN", "JWT_KEY", "ACCOUNT_KEY", "GITHUB_PAT",
                             "dbPassword", "accessKey", "API_KEY_2", "BASIC_AUTH", "TOKEN_PRODUCTION"}) {
        EXPECT_TRUE(is_secret(name, "hunter2hunter2")) << name;
    }
    EXPECT_TRUE(is_secret("VAULT_SECRET_ID", "841771dc-11c9-bbc7-bcac-6a3945a69cd9"));
    EXPECT_FALSE(is_secret("AWS_ACCESS_KEY_ID", "none-yet"));
}

TEST(SecretInVariable, APasswordOfDigitsIsOne) {
    EXPECT_TRUE(is_secret("DB_PASSWORD", "123"));
    EXPECT_FALSE(is_secret("MYSQL_ALLOW_EMPTY_PASSWORD", "1"));
    EXPECT_FALSE(is_secret("TOKEN_RETRIES", "5"));
}

TEST(SecretInVariable, AValueThatBeginsWithASlashIsNotYetAPath) {
    EXPECT_TRUE(is_secret("AWS_SECRET_ACCESS_KEY", "/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE"));
    EXPECT_TRUE(is_secret("AWS_SECRET_ACCESS_KEY", "/wJalrXUtnFEMIbK7MDENGbPxRfiCYEXAMPLEKEYX"));
    EXPECT_TRUE(is_secret("DB_PASSWORD", "/hunter2"));
    EXPECT_TRUE(is_secret("DB_PASSWORD_FILE", "hunter22notafile"));
    for (const char* path : {"/run/secrets/db", "/secrets/Token", "/custom/place/db.txt", "./secrets/db", "~/.token"}) {
        const auto sign = secret_in_variable("API_TOKEN", path);
        ASSERT_TRUE(sign) << path;
        EXPECT_TRUE(sign->reference) << path;
    }
}

TEST(SecretInVariable, InsideConnectionStringsAndOptions) {
    for (const char* value :
         {"Server=db;User Id=sa;Password=Hunter2;",
          "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFy==", "host=db user=app password=hunter2",
          "-Djavax.net.ssl.keyStorePassword=changeit", "app:hunter2@tcp(db:3306)/app"}) {
        EXPECT_TRUE(is_secret("SETTINGS", value)) << value;
    }
    EXPECT_TRUE(is_secret("STRIPE", "sk_test_4eC39HqLyjWDarjtT1zdp7dc"));
    EXPECT_FALSE(is_secret("SETTINGS", "host=db;password=${DB_PASSWORD};"));
    EXPECT_FALSE(is_secret("SETTINGS", "host=db;password=/run/secrets/db"));
    EXPECT_FALSE(is_secret("SETTINGS", "password_policy=strict"));
}

TEST(SecretInVariable, ASettingAboutSecretsIsNone) {
    for (const auto& [name, value] :
         std::initializer_list<std::pair<const char*, const char*>>{{"AUTH_MODE", "oidc"},
                                                                    {"AUTH_PROVIDER", "ldap"},
                                                                    {"AUTH_HOST", "auth.internal"},
                                                                    {"AUTH_LEVEL", "strict"},
                                                                    {"AUTH_SERVICE_HOST", "10.0.0.1"},
                                                                    {"AUTH_PORT", "tcp://10.0.0.1:80"},
                                                                    {"AUTH_PORT_80_TCP", "tcp://10.0.0.1:80"},
                                                                    {"TOKEN_ISSUER", "https://id.example"},
                                                                    {"TOKEN_AUDIENCE", "api"},
                                                                    {"PASS_THROUGH", "all"},
                                                                    {"PASSWORD_HASHER", "argon2"},
                                                                    {"PASSWORD_STRENGTH", "strong"},
                                                                    {"SECRET_STORE", "vault"},
                                                                    {"SECRET_MANAGER_REGION", "eu-west-1"},
                                                                    {"CREDENTIAL_HELPER", "ecr-login"},
                                                                    {"PW_COLS", "80"},
                                                                    {"AUTH", "basic"},
                                                                    {"OLDPWD", "/srv"},
                                                                    {"FILE_PAT", "*.log"},
                                                                    {"BYPASS", "internal"}}) {
        EXPECT_FALSE(secret_in_variable(name, value)) << name;
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
    EXPECT_FALSE(secret_in_text("export PASSWORD_HASHER=argon2"));
    EXPECT_TRUE(secret_in_text("export PASSWORD_HASHER=argon2 DB_PASSWORD=hunter22"));
}

}  // namespace
}  // namespace plimsoll::posture
