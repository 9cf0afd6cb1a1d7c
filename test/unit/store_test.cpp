#include "core/cache/store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace steward::core::cache {
namespace {

/// Locks of threads; counts what is evicted.
class ThreadLocks final : public Locks {
  public:
    explicit ThreadLocks(std::size_t pools) : pools_(pools) {}

    void lock_pool(std::size_t pool) noexcept override { pools_[pool].lock(); }
    bool try_lock_pool(std::size_t pool) noexcept override { return pools_[pool].try_lock(); }
    void unlock_pool(std::size_t pool) noexcept override { pools_[pool].unlock(); }
    void lock_index(std::size_t part, bool exclusive) noexcept override {
        if (exclusive)
            index_[part].lock();
        else
            index_[part].lock_shared();
        is_exclusive_[part] = exclusive; // two readers write the same
    }
    void unlock_index(std::size_t part) noexcept override {
        if (is_exclusive_[part])
            index_[part].unlock();
        else
            index_[part].unlock_shared();
    }
    void lock_arena() noexcept override { arena_.lock(); }
    void unlock_arena() noexcept override { arena_.unlock(); }
    void evicts(const Entries &, Place) noexcept override { ++evicted; }

    std::atomic<std::size_t> evicted = 0;

  private:
    std::vector<std::mutex> pools_;
    std::array<std::shared_mutex, index_parts> index_;
    std::array<std::atomic<bool>, index_parts> is_exclusive_{};
    std::mutex arena_;
};

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

Key key_of(std::string_view text) {
    return {std::hash<std::string_view>()(text), bytes_of(text)};
}

struct alignas(64) Line {
    std::byte bytes[64];
};

struct Cache {
    static constexpr std::size_t pools = 4;

    explicit Cache(std::size_t bytes = 1 << 20) : memory(bytes / sizeof(Line)), locks(pools) {
        auto const span = std::as_writable_bytes(std::span(memory));
        Store::format(span, pools);
        store.emplace(span, locks);
    }

    Put put(std::string_view key, std::string_view value, Time expires = never, std::uint16_t pool = 0,
            std::string_view stamps = {}) {
        return store->put({key_of(key),
                           bytes_of(stamps),
                           bytes_of(value),
                           {expires, 7, store->pool(pool).generation()},
                           pool,
                           1});
    }
    std::optional<std::string> get(std::string_view key, Time now = 0, std::size_t pool = 0) {
        std::string value;
        found = store->get(
            pool, key_of(key), now, [](const Entries &, Place) { return true; },
            [&](std::size_t size) {
                value.resize(size + 1); // never null
                return reinterpret_cast<std::byte *>(value.data());
            });
        if (found.hit == Hit::none)
            return std::nullopt;
        value.pop_back();
        return value;
    }
    bool remove(std::string_view key) { return store->remove(0, key_of(key), 0); }
    template <class Condition> std::size_t remove_if(Condition condition) {
        std::size_t removed = 0;
        for (std::size_t bucket = 0; bucket < store->buckets(); ++bucket)
            removed += store->remove_if(bucket, Cause::cleared, condition);
        return removed;
    }
    std::size_t sweep(Time now) {
        return remove_if(
            [&](const Entries &entries, Place place) { return store->is_dead(entries.at(place), now); });
    }

    std::vector<Line> memory;
    ThreadLocks locks;
    std::optional<Store> store;
    Found found;
};

constexpr Limits wide{1000, 1 << 20};

TEST(Store, GivesBackWhatWasPut) {
    Cache cache;
    cache.store->open(0, wide, 0);
    EXPECT_EQ(cache.get("a"), std::nullopt);
    EXPECT_EQ(cache.put("a", "one"), Put::stored);
    EXPECT_EQ(cache.get("a"), "one");
    EXPECT_EQ(cache.found.type, 1);
    EXPECT_EQ(cache.found.label.cost, 7U);
    EXPECT_EQ(cache.put("a", "two"), Put::stored);
    EXPECT_EQ(cache.put("b", ""), Put::stored);
    EXPECT_EQ(cache.get("a"), "two");
    EXPECT_EQ(cache.get("b"), "");
    EXPECT_EQ(cache.store->pool(0).size(), 2U);
    EXPECT_TRUE(cache.remove("a"));
    EXPECT_FALSE(cache.remove("a"));
    EXPECT_EQ(cache.get("a"), std::nullopt);
}

TEST(Store, KeepsPoolsApart) {
    Cache cache;
    cache.store->open(0, wide, 0);
    cache.store->open(1, wide, 0);
    cache.put("a", "zero", never, 0);
    cache.put("a", "one", never, 1);
    EXPECT_EQ(cache.get("a", 0, 0), "zero");
    EXPECT_EQ(cache.get("a", 0, 1), "one");
    EXPECT_FALSE(cache.store->close(1));
    cache.store->clear(1);
    EXPECT_EQ(cache.get("a", 0, 1), std::nullopt);
    EXPECT_EQ(cache.sweep(0), 1U);
    EXPECT_TRUE(cache.store->close(1));
    EXPECT_EQ(cache.put("a", "late", never, 1), Put::too_large); // it has room for nothing
    EXPECT_EQ(cache.get("a", 0, 0), "zero");
}

TEST(Store, KnowsFreshAndStale) {
    Cache cache;
    cache.store->open(0, wide, 10);
    cache.put("a", "one", 100);
    EXPECT_EQ(cache.get("a", 99), "one");
    EXPECT_EQ(cache.found.hit, Hit::fresh);
    EXPECT_EQ(cache.get("a", 109), "one");
    EXPECT_EQ(cache.found.hit, Hit::stale);
    EXPECT_EQ(cache.get("a", 110), std::nullopt);
    EXPECT_FALSE(cache.store->expire_at(0, key_of("a"), 110, 200));
    EXPECT_TRUE(cache.store->expire_at(0, key_of("a"), 105, 200));
    EXPECT_EQ(cache.get("a", 199), "one");
    EXPECT_EQ(cache.sweep(209), 0U);
    EXPECT_EQ(cache.sweep(210), 1U);
}

TEST(Store, RefusesWhatWasComputedBeforeItWasCleared) {
    Cache cache;
    cache.store->open(0, wide, 0);
    Item const item{key_of("a"), {}, bytes_of("old"), {never, 0, cache.store->pool(0).generation()}, 0, 0};
    cache.store->clear(0);
    EXPECT_EQ(cache.store->put(item), Put::cleared);
    EXPECT_EQ(cache.get("a"), std::nullopt);
}

TEST(Store, LetsTheReaderRefuse) {
    Cache cache;
    cache.store->open(0, wide, 0);
    cache.put("a", "one", never, 0, "stamp");
    std::string stamps(5, ' ');
    Found const found = cache.store->get(
        0, key_of("a"), 0,
        [&](const Entries &entries, Place place) {
            entries.read_stamps(place, reinterpret_cast<std::byte *>(stamps.data()));
            return false;
        },
        [](std::size_t) -> std::byte * { return nullptr; });
    EXPECT_EQ(stamps, "stamp");
    EXPECT_EQ(found.hit, Hit::none);
    EXPECT_TRUE(found.was_refused);
}

TEST(Store, HoldsItsLimits) {
    Cache cache;
    cache.store->open(0, {10, 1 << 20}, 0);
    for (int i = 0; i < 100; ++i) {
        cache.put(std::to_string(i), "value");
        ASSERT_LE(cache.store->pool(0).size(), 10U);
    }
    EXPECT_EQ(cache.store->pool(0).left(Cause::entries), 90U);
    cache.store->open(0, {4, 1 << 20}, 0);
    EXPECT_EQ(cache.store->pool(0).size(), 4U);
    cache.store->open(0, {1000, 10000}, 0);
    for (int i = 0; i < 100; ++i) {
        cache.put(std::to_string(i), std::string(1000, 'x'));
        ASSERT_LE(cache.store->pool(0).bytes(), 10000U);
    }
    EXPECT_GE(cache.store->pool(0).size(), 8U);
    EXPECT_GT(cache.store->pool(0).left(Cause::bytes), 0U);
    EXPECT_EQ(cache.put("large", std::string(10000, 'x')), Put::too_large);
    EXPECT_EQ(cache.get("large"), std::nullopt);
}

TEST(Store, TakesRoomFromThePoolThatHasMost) {
    Cache cache;
    cache.store->open(0, {100000, 1 << 30}, 0);
    cache.store->open(1, wide, 0);
    cache.put("small", "value", never, 1);
    for (int i = 0; i < 5000; ++i)
        ASSERT_EQ(cache.put(std::to_string(i), std::string(500, 'x')), Put::stored);
    EXPECT_GT(cache.store->pool(0).left(Cause::memory), 3000U);
    EXPECT_EQ(cache.get("small", 0, 1), "value");
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
