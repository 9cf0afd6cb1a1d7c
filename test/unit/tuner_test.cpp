#include "core/cache/tuner.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace steward::core::cache {
namespace {

struct Keys {
    explicit Keys(std::size_t capacity)
        : nodes(Tuner::keys_for(capacity)), slots(Ghosts::slots_for(nodes.size())),
          heads(Tuner::heads_for(capacity)), chains(nodes.size()) {}
    Directory::Memory memory() { return {nodes, slots, heads, chains}; }

    std::vector<Node> nodes;
    std::vector<Ghosts::Slot> slots;
    std::vector<Place> heads;
    std::vector<Place> chains;
};

TEST(Directory, KnowsTheKeysThatACacheWouldHold) {
    Keys keys(100);
    Directory directory(keys.memory(), 0.1);
    for (std::uint32_t key = 0; key < 100; ++key)
        EXPECT_FALSE(directory.ask(key));
    for (std::uint32_t key = 0; key < 100; ++key)
        EXPECT_TRUE(directory.ask(key)) << key;
    int hits = 0;
    for (std::uint32_t key = 0; key < 100000; ++key)
        hits += directory.ask(key * 64) ? 1 : 0; // chains of their own stay short, also where low bits agree
    EXPECT_LT(hits, 10);
}

/// Keys that come three times, `apart` accesses one from the other, and then never again.
std::optional<double> last_choice(std::size_t capacity, std::uint32_t apart) {
    Keys narrow(capacity);
    Keys wide(capacity);
    Tuner tuner({narrow.memory(), wide.memory()}, capacity);
    std::optional<double> choice;
    for (std::uint32_t i = 2 * apart; i < 100000; ++i)
        for (std::uint32_t const key : {i, i - apart, i - 2 * apart})
            if (auto const share = tuner.observe(key))
                choice = share;
    return choice;
}

TEST(Tuner, WidensTheSmallLineWhereKeysComeBackLate) {
    EXPECT_EQ(last_choice(1000, 200), Tuner::shares[1]) << "a narrow line has lost them by then";
    EXPECT_EQ(last_choice(1000, 20), std::nullopt) << "both have them: it stays as it is";
}

TEST(Tuner, LooksAtASampleOfLargeCaches) {
    std::mt19937_64 random(1);
    for (std::size_t const capacity : {100U, 5000U, 100000U}) {
        Keys narrow(capacity);
        Keys wide(capacity);
        Tuner const tuner({narrow.memory(), wide.memory()}, capacity);
        int wanted = 0;
        for (int i = 0; i < 16000; ++i)
            wanted += tuner.wants(random()) ? 1 : 0;
        EXPECT_NEAR(wanted, 16000.0 / static_cast<double>(Tuner::sample_of(capacity)), 300) << capacity;
    }
}

} // namespace
} // namespace steward::core::cache
