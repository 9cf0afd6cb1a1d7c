#include "core/vector/diversity.hpp"

#include <gtest/gtest.h>

namespace steward::core {
namespace {

std::vector<std::size_t> chosen(std::vector<float> query, std::vector<float> vectors, std::size_t count,
                                double diversity) {
    std::vector<std::size_t> numbers;
    for (const Chosen &each : choose_diverse(query, vectors, count, diversity))
        numbers.push_back(each.number);
    return numbers;
}

TEST(Diversity, OfNoneIsTheOrderOfLikeness) {
    EXPECT_EQ(chosen({1, 0}, {0, 1, 1, 0, 1, 1}, 3, 0), (std::vector<std::size_t>{1, 2, 0}));
}

TEST(Diversity, LeavesOutWhatIsLikeOneThatWasChosen) {
    // Two alike and near, one a little farther away and otherwise.
    EXPECT_EQ(chosen({1, 0, 0}, {1, 0.1F, 0, 1, 0.11F, 0, 0.7F, 0, 0.7F}, 2, 0.5),
              (std::vector<std::size_t>{0, 2}));
}

TEST(Diversity, ChoosesNoMoreThanThereAreAndEachOnce) {
    std::vector<std::size_t> all = chosen({1, 0}, {1, 0, 1, 0, 1, 0}, 9, 1);
    EXPECT_EQ(all.size(), 3U);
    std::ranges::sort(all);
    EXPECT_EQ(all, (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_TRUE(chosen({1, 0}, {}, 5, 0.5).empty());
}

} // namespace
} // namespace steward::core
