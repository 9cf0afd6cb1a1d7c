// Pools that share a memory which is too small for all of them.
#include "store_fixture.hpp"

namespace steward::core::cache {

namespace {

constexpr Limits unlimited{100'000, UINT64_MAX};

/// Requests of one pool: `distinct` keys, all of which are equally likely; 0 for keys that never come again.
struct Requests {
    std::uint16_t pool;
    unsigned distinct;
    std::uint64_t asked = 0;
    std::uint64_t hits = 0;
};

struct Shared : Cache {
    explicit Shared(std::size_t count) : Cache(2 << 20) {
        for (std::size_t pool = 0; pool < count; ++pool)
            store->open(pool, unlimited, 0);
    }
    void ask(Requests &requests) {
        std::uint64_t const number = requests.distinct == 0 ? ++serial : random() % requests.distinct;
        std::string const key = std::to_string(requests.pool) + ":" + std::to_string(number);
        ++requests.asked;
        if (get(key, 0, requests.pool))
            ++requests.hits;
        else
            put(key, value, never, requests.pool);
    }
    void run(std::span<Requests> all, int rounds) {
        for (int i = 0; i < rounds; ++i)
            for (Requests &requests : all)
                ask(requests);
    }
    /// Of those asked now.
    double ratio(std::span<Requests> all, std::size_t which, int rounds) {
        Requests const before = all[which];
        run(all, rounds);
        return static_cast<double>(all[which].hits - before.hits) /
               static_cast<double>(all[which].asked - before.asked);
    }

    std::mt19937_64 random{1};
    std::uint64_t serial = 0;
    std::string const value = std::string(1000, 'x');
};

} // namespace

TEST(StoreBalance, GivesTheMemoryToThoseWhoUseIt) {
    Shared cache(2);
    // The memory holds some 1,800 values: 1,500 keys that come back, and others that never do.
    std::array<Requests, 2> requests{Requests{0, 1500}, Requests{1, 0}};
    cache.run(requests, 20'000);
    EXPECT_GT(cache.ratio(requests, 0, 10'000), 0.9) << "half of the memory would be 0.6";
    EXPECT_GT(cache.store->pool(0).bytes(), 4 * cache.store->pool(1).bytes());
}

TEST(StoreBalance, TakesItBackWhenUseChanges) {
    Shared cache(2);
    std::array<Requests, 2> requests{Requests{0, 1500}, Requests{1, 0}};
    cache.run(requests, 20'000);
    std::array<Requests, 2> changed{Requests{0, 0}, Requests{1, 1500}};
    cache.run(changed, 40'000);
    EXPECT_GT(cache.ratio(changed, 1, 10'000), 0.9);
}

TEST(StoreBalance, SharesAlikeWhereUseIsAlike) {
    Shared cache(3);
    std::array<Requests, 3> requests{Requests{0, 1000}, Requests{1, 1000}, Requests{2, 1000}};
    cache.run(requests, 40'000);
    for (std::size_t pool = 0; pool < 3; ++pool) {
        EXPECT_GT(cache.store->pool(pool).bytes(), 400'000U) << pool;
        EXPECT_LT(cache.store->pool(pool).bytes(), 900'000U) << pool;
    }
}

TEST(StoreBalance, OwesNothingToPoolsThatAreGone) {
    Shared cache(2);
    std::array<Requests, 2> requests{Requests{0, 1500}, Requests{1, 0}};
    cache.run(requests, 20'000);
    EXPECT_GT(cache.store->pool(0).credit(), 0);
    cache.store->clear(0);
    cache.sweep(0);
    ASSERT_TRUE(cache.store->close(0));
    EXPECT_EQ(cache.store->pool(0).credit(), 0);
}

} // namespace steward::core::cache
