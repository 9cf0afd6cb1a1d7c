#include "core/score/complexity.hpp"

#include <string>

#include <gtest/gtest.h>

namespace steward::core {
namespace {

double complexity(std::string_view text) {
    return statement_complexity(text, Encoding::utf8);
}

TEST(Complexity, IsWordsByHundredAndLengthByTen) {
    EXPECT_DOUBLE_EQ(complexity("ab cd"), 2 / 100.0 + 2 / 10.0);
    EXPECT_DOUBLE_EQ(complexity("  a\n\tbcd "), 2 / 100.0 + 2 / 10.0);
    EXPECT_DOUBLE_EQ(complexity("one"), 0.31);
}

TEST(Complexity, CountsCharactersNotBytes) {
    EXPECT_DOUBLE_EQ(complexity("müßig"), complexity("mussi"));
    EXPECT_DOUBLE_EQ(statement_complexity("\xE9", Encoding::single_byte), 0.11);
}

TEST(Complexity, LiesBetweenNothingAndOne) {
    EXPECT_EQ(complexity(""), 0.0);
    EXPECT_EQ(complexity(" \t\n"), 0.0);
    EXPECT_EQ(complexity(std::string(1000, 'x')), 1.0);
}

TEST(Complexity, CanBeStopped) {
    struct Stopped {};
    std::string const text(1 << 20, 'x');
    EXPECT_THROW(statement_complexity(text, Encoding::utf8, Stop{[] { throw Stopped{}; }}), Stopped);
}

} // namespace
} // namespace steward::core
