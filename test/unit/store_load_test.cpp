#include "test/unit/store_fixture.hpp"

#include <map>
#include <thread>

namespace steward::core::cache {
namespace {

/// Small blocks that nobody else wants must not make up large values more and more.
TEST(Store, HoldsAsMuchAfterAWhile) {
    Cache cache(4 << 20);
    cache.store->open(0, {100000, 1 << 30}, 0);
    std::mt19937 random(1);
    std::string const contents(4096, 'x');
    std::vector<double> held(4); // on average, in each quarter
    constexpr int rounds = 400000;
    for (int round = 0; round < rounds; ++round) {
        std::string const key = std::to_string(random() % 10000);
        if (random() % 5 == 0)
            cache.remove(key);
        else
            ASSERT_EQ(cache.put(key, std::string_view(contents).substr(0, 10 + random() % 4000)),
                      Put::stored);
        held[static_cast<std::size_t>(round / (rounds / 4))] +=
            static_cast<double>(cache.store->pool(0).size());
    }
    for (std::size_t quarter = 2; quarter < 4; ++quarter)
        EXPECT_GE(held[quarter], 0.99 * held[1]);
}

/// Random sizes leave holes of random sizes: what is put must find room in them, and must come out again.
TEST(Store, NeitherLosesNorGrowsWhateverTheSizes) {
    Cache cache(1 << 20);
    cache.store->open(0, {100000, 1 << 30}, 0);
    std::map<std::string, std::string, std::less<>> truth;
    std::mt19937 random(1);
    std::size_t hits = 0;
    for (int round = 0; round < 200000; ++round) {
        std::string const key = "key" + std::to_string(random() % 3000);
        switch (random() % 4) {
        case 0: {
            std::size_t const size = random() % 20 == 0 ? random() % 60000 : random() % 900;
            std::string const value(size, static_cast<char>('a' + random() % 26));
            ASSERT_EQ(cache.put(key, value), Put::stored) << size;
            truth[key] = value;
            break;
        }
        case 1:
            cache.remove(key);
            truth.erase(key);
            break;
        default:
            if (auto const value = cache.get(key)) {
                ++hits;
                ASSERT_TRUE(truth.contains(key));
                ASSERT_EQ(*value, truth[key]);
            }
        }
    }
    EXPECT_GT(hits, 5000U);
    std::size_t const left = cache.remove_if([](const Entries &, Place) { return true; });
    EXPECT_EQ(cache.store->pool(0).left(Cause::cleared), left);
    EXPECT_EQ(cache.store->pool(0).size(), 0U);
    EXPECT_EQ(cache.store->pool(0).bytes(), 0U);
    EXPECT_TRUE(cache.store->close(0));
    EXPECT_GE(cache.store->free_bytes() + 64, cache.store->total_bytes()); // all of it has come back
}

TEST(Store, TakesLessThanAHundredBytesAnEntry) {
    Cache cache(160 << 20);
    constexpr std::uint32_t entries = 100000;
    std::size_t const before = cache.store->free_bytes();
    cache.store->open(0, {entries, 1 << 30}, 0);
    std::size_t contents = 0;
    std::mt19937 random(1);
    for (std::uint32_t i = 0; i < entries; ++i) {
        std::string const key = "some-key-" + std::to_string(1000000000 + i);
        std::string const value(random() % 2049, 'x');
        ASSERT_EQ(cache.put(key, value), Put::stored);
        contents += key.size() + value.size();
    }
    ASSERT_EQ(cache.store->pool(0).size(), entries);
    std::size_t const taken = before - cache.store->free_bytes();
    // and the share of the index that stands for so much of the arena
    std::size_t const used =
        taken + cache.store->buckets() * sizeof(Place) * taken / cache.store->total_bytes();
    double const overhead = static_cast<double>(used - contents) / entries;
    EXPECT_LE(overhead, 100);
    RecordProperty("overhead", std::to_string(overhead));
}

/// Each value names its key and is as long as its first byte says, so that a torn read shows.
TEST(Store, ServesThreadsAtOnce) {
    Cache cache(1 << 20);
    cache.store->open(0, {300, 1 << 19}, 0);
    cache.store->open(1, {100000, 1 << 30}, 0);
    std::atomic<std::size_t> wrong = 0;
    std::atomic<std::size_t> hits = 0;
    auto const work = [&](unsigned seed) {
        std::mt19937 random(seed);
        Store store(std::as_writable_bytes(std::span(cache.memory)), cache.locks);
        std::string value;
        for (int round = 0; round < 20000; ++round) {
            auto const pool = static_cast<std::uint16_t>(random() % 2);
            std::string const key = std::to_string(random() % 2000);
            switch (random() % 8) {
            case 0:
            case 1:
                value = key + ":" + std::string(random() % 3000, key[0]);
                store.put(
                    {key_of(key), {}, bytes_of(value), {never, 0, store.pool(pool).generation()}, pool, 0});
                break;
            case 2:
                store.remove(pool, key_of(key), 0);
                break;
            case 3:
                if (random() % 500 == 0)
                    store.clear(pool);
                store.remove_if(
                    random() % store.buckets(), Cause::cleared,
                    [&](const Entries &entries, Place place) { return store.is_dead(entries.at(place), 0); });
                break;
            default: {
                Found const found = store.get(
                    pool, key_of(key), 0, [](const Entries &, Place) { return true; },
                    [&](std::size_t size) {
                        value.resize(size + 1);
                        return reinterpret_cast<std::byte *>(value.data());
                    });
                if (found.hit == Hit::none)
                    break;
                value.pop_back();
                ++hits;
                std::size_t const colon = key.size();
                if (value.substr(0, colon + 1) != key + ":" ||
                    value.find_first_not_of(key[0], colon + 1) != std::string::npos)
                    ++wrong;
            }
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned seed = 1; seed <= 4; ++seed)
        threads.emplace_back(work, seed);
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(hits, 1000U);
    cache.remove_if([](const Entries &, Place) { return true; });
    EXPECT_TRUE(cache.store->close(0));
    EXPECT_TRUE(cache.store->close(1));
    EXPECT_GE(cache.store->free_bytes() + 64, cache.store->total_bytes());
}

} // namespace
} // namespace steward::core::cache
