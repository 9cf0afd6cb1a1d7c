#include "sidecar/api/parameter.hpp"

#include <gtest/gtest.h>

#include "sidecar/http/framing.hpp"

namespace steward::sidecar::api {
namespace {

bool is_fine(Kind kind, std::string_view value) {
    return !complaint_about({Where::query, "x", kind, ""}, value);
}

TEST(Parameter, Numbers) {
    for (char const *text : {"0", "-1", "9223372036854775807", "-9223372036854775808"})
        EXPECT_TRUE(is_fine(Kind::bigint, text)) << text;
    for (char const *text : {"", " 1", "1 ", "+1", "1.0", "0x1", "9223372036854775808", "1e3"})
        EXPECT_FALSE(is_fine(Kind::bigint, text)) << text;
    EXPECT_TRUE(is_fine(Kind::integer, "2147483647"));
    EXPECT_FALSE(is_fine(Kind::integer, "2147483648"));
    for (char const *text : {"0.5", "-1e-3", "7"})
        EXPECT_TRUE(is_fine(Kind::number, text)) << text;
    for (char const *text : {"", "nan", "inf", "1e999", "0.5x"})
        EXPECT_FALSE(is_fine(Kind::number, text)) << text;
}

TEST(Parameter, Bounds) {
    Parameter const share{Where::query, "x", Kind::number, "", false, nullptr, 0, 1};
    EXPECT_FALSE(complaint_about(share, "1"));
    EXPECT_EQ(*complaint_about(share, "1.5"), "must be between 0 and 1.");
    Parameter const text{Where::query, "x", Kind::text, "", false, nullptr, 0, 3};
    EXPECT_FALSE(complaint_about(text, "abc"));
    EXPECT_EQ(*complaint_about(text, "abcd"), "is longer than 3 bytes.");
}

TEST(Parameter, Words) {
    EXPECT_TRUE(is_fine(Kind::boolean, "true"));
    EXPECT_FALSE(is_fine(Kind::boolean, "yes"));
    EXPECT_FALSE(is_fine(Kind::text, std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_fine(Kind::text, std::string(5000, 'a')));
    EXPECT_FALSE(is_fine(Kind::timestamp, ""));
    EXPECT_TRUE(is_fine(Kind::uuid, "123e4567-e89b-12d3-a456-42661417400A"));
    EXPECT_FALSE(is_fine(Kind::uuid, "123e4567-e89b-12d3-a456-42661417400g"));
    EXPECT_FALSE(is_fine(Kind::uuid, "123e4567e89b-12d3-a456-426614174000-"));
    Parameter const choice{
        .where = Where::query, .name = "x", .kind = Kind::choice, .description = "", .choices = "one two"};
    EXPECT_FALSE(complaint_about(choice, "two"));
    EXPECT_TRUE(complaint_about(choice, "tw"));
    EXPECT_TRUE(complaint_about(choice, ""));
    EXPECT_TRUE(complaint_about(choice, "one two"));
}

TEST(Query, PairsAndCookies) {
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(http::query_pairs("a=1&b=%41+%2b&&c&=d&%zz=1&e=%zz"),
              (Pairs{{"a", "1"}, {"b", "A +"}, {"c", ""}, {"", "d"}, {"e", ""}}));
    EXPECT_EQ(http::path_segment_decoded("a+%20b"), "a+ b");
    EXPECT_FALSE(http::path_segment_decoded("%4"));
    EXPECT_EQ(http::cookie_value("a=1; session=x=y;b=2", "session"), "x=y");
    EXPECT_EQ(http::cookie_value("xsession=1; session2=2", "session"), "");
}

} // namespace
} // namespace steward::sidecar::api
