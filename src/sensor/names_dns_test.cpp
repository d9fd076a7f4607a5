#include "sensor/names_dns.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace plimsoll::sensor {
namespace {

/// A message of one question.
std::string message(const std::string& labels, std::uint16_t type) {
    std::string out("\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12);
    out += labels;
    out += static_cast<char>(type >> 8U);
    out += static_cast<char>(type & 0xffU);
    return out + std::string("\0\1", 2);
}

TEST(DnsQuestion, IsWhatIsAskedFor) {
    const auto asked = dns_question(message(std::string("\7eXample\3ORG\0", 13), 28));
    ASSERT_TRUE(asked.has_value());
    EXPECT_EQ(asked->name, "example.org");
    EXPECT_EQ(dns_type_name(asked->type), "AAAA");
    EXPECT_EQ(dns_type_name(16), "TXT");
    EXPECT_EQ(dns_type_name(65280), "TYPE65280");
}

TEST(DnsQuestion, HasBytesOfAnyKindInItsLabels) {
    const auto asked = dns_question(message(std::string("\4a\0\xff.\1b\0", 8), 1));
    ASSERT_TRUE(asked.has_value());
    EXPECT_EQ(asked->name, std::string("a\0\xff..b", 6));
}

TEST(DnsQuestion, IsNoneWhereTheMessageIsNoQuestion) {
    const std::string whole = message(std::string("\7example\3org\0", 13), 1);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(dns_question(whole.substr(0, size))) << size << " bytes of it";
    std::string none = whole;
    none[5] = 0;
    EXPECT_FALSE(dns_question(none)) << "no question";
    EXPECT_FALSE(dns_question(message(std::string("\0", 1), 2))) << "the root alone";
    EXPECT_FALSE(dns_question(message("\xc0\x0c", 1))) << "a pointer to itself";
    std::string endless;
    for (int i = 0; i < 100; ++i) endless += "\3abc";
    EXPECT_FALSE(dns_question(message(endless + std::string(1, '\0'), 1))) << "longer than a name may be";
}

TEST(DnsQuestion, BreaksOnNothing) {
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 64, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 8);
        const auto asked = dns_question(bytes);
        EXPECT_LE(asked ? asked->name.size() : 0, 253U);
    }
}

}  // namespace
}  // namespace plimsoll::sensor
