#include "core/vector/recall.hpp"

#include <gtest/gtest.h>

#include <random>

namespace steward::core {
namespace {

std::vector<float> numbers(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float &value : values)
        value = normal(random);
    return values;
}

constexpr std::size_t dimensions = 12;
constexpr std::size_t vectors = 900;
constexpr std::size_t queries = 30; ///< the first of them

class Recall : public testing::Test {
  protected:
    Recall() : values_(numbers(vectors * dimensions, 3)), ids_(queries) {
        for (std::size_t i = 0; i < queries; ++i)
            ids_[i] = i;
        middles_ = find_centroids(Metric::l2, values_, dimensions, 25, 5, 1);
    }
    RecallMeter meter() const {
        return {Metric::l2, std::span(values_).first(queries * dimensions), ids_, dimensions};
    }
    /// Every `step`th vector from `first`.
    void meet(RecallMeter &meter, std::size_t first, std::size_t step) const {
        Centroids const centroids(Metric::l2, dimensions, middles_);
        for (std::size_t i = first; i < vectors; i += step) {
            std::span<const float> const vector = std::span(values_).subspan(i * dimensions, dimensions);
            auto const list = static_cast<std::uint32_t>(centroids.nearest(vector.data()));
            std::uint64_t const id = i;
            meter.meet(vector, &list, &id);
        }
    }

    std::vector<float> values_;
    std::vector<std::uint64_t> ids_;
    std::vector<float> middles_;
};

TEST_F(Recall, CountsListsOfNeighboursButNotOfTheQueryItself) {
    RecallMeter all = meter();
    meet(all, 0, 1);
    for (std::size_t i = 0; i < queries; ++i) {
        ASSERT_EQ(all.found(i).size(), RecallMeter::neighbours);
        EXPECT_LT(all.found(i).front().nearness, -1e-4) << "itself, which is the nearest";
        for (std::size_t j = 1; j < all.found(i).size(); ++j)
            EXPECT_GE(all.found(i)[j - 1].nearness, all.found(i)[j].nearness);
    }
    Centroids const centroids(Metric::l2, dimensions, middles_);
    std::vector<float> const probes = all.probes(centroids, std::array{0.5F, 0.9F, 1.0F});
    EXPECT_GE(probes[0], 1);
    EXPECT_LT(probes[0], probes[1]);
    EXPECT_LT(probes[1], probes[2]);
    EXPECT_LE(probes[2], 25);
}

TEST_F(Recall, OfSeveralProcessesIsThatOfOne) {
    RecallMeter all = meter();
    meet(all, 0, 1);
    RecallMeter leader = meter();
    for (std::size_t part = 0; part < 3; ++part) {
        RecallMeter some = meter();
        meet(some, part, 3);
        for (std::size_t i = 0; i < queries; ++i)
            for (const RecallMeter::Neighbour &neighbour : some.found(i))
                leader.meet_again(i, neighbour);
    }
    Centroids const centroids(Metric::l2, dimensions, middles_);
    std::array const shares{0.5F, 0.7F, 0.9F, 0.95F, 0.99F};
    EXPECT_EQ(leader.probes(centroids, shares), all.probes(centroids, shares));
}

TEST_F(Recall, OfVectorsTogetherIsThatOfOneByOne) {
    RecallMeter one_by_one = meter();
    meet(one_by_one, 0, 1);
    std::vector<std::uint32_t> lists(vectors - 1); // no multiple of four
    std::vector<std::uint64_t> ids(lists.size());
    Centroids(Metric::l2, dimensions, middles_)
        .nearest_of(std::span(values_).first(lists.size() * dimensions), lists.data());
    for (std::size_t i = 0; i < ids.size(); ++i)
        ids[i] = i;
    RecallMeter together = meter();
    together.meet(std::span(values_).first(lists.size() * dimensions), lists.data(), ids.data());
    meet(together, lists.size(), 1);
    for (std::size_t i = 0; i < queries; ++i)
        for (std::size_t j = 0; j < RecallMeter::neighbours; ++j) {
            EXPECT_NEAR(together.found(i)[j].nearness, one_by_one.found(i)[j].nearness, 1e-4);
            EXPECT_EQ(together.found(i)[j].list, one_by_one.found(i)[j].list);
        }
}

TEST_F(Recall, MiddlesAreTheSameWhoeverAssigns) {
    std::size_t steps = 0;
    Assign const in_parts = [&](std::span<const float> middles, std::span<std::uint32_t> groups) {
        ++steps;
        Centroids const centroids(Metric::l2, dimensions, middles);
        for (std::size_t i = 0; i < groups.size(); i += 100) {
            std::size_t const count = std::min<std::size_t>(100, groups.size() - i);
            assign(centroids, std::span(values_).subspan(i * dimensions, count * dimensions), dimensions,
                   groups.data() + i);
        }
    };
    EXPECT_EQ(find_centroids(Metric::l2, values_, dimensions, 25, 5, 1, Stop{}, in_parts), middles_);
    EXPECT_EQ(steps, 5U);
}

} // namespace
} // namespace steward::core
