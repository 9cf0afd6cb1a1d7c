#include "test/unit/store_fixture.hpp"

namespace steward::core::cache {
namespace {

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

/// What a policy remembers makes no room: pools that may become large leave the memory to values.
TEST(Store, LeavesRoomForValuesWhateverThePoolsMayHold) {
    Cache cache;
    for (std::size_t pool = 0; pool < Cache::pools; ++pool)
        cache.store->open(pool, {100000000, 1 << 30}, 0);
    EXPECT_GE(cache.store->free_bytes(), cache.store->total_bytes() / 4 * 3);
    for (int i = 0; i < 5000; ++i)
        ASSERT_EQ(
            cache.put(std::to_string(i), std::string(500, 'x'), never, static_cast<std::uint16_t>(i % 4)),
            Put::stored);
}

/// Where memory is short a pool remembers fewer keys, in buckets of eight: what is behind them stays as it
/// is.
TEST(Pool, WritesNoFurtherThanTheMemoryThatItGot) {
    for (std::size_t bytes = 256; bytes < 8192; bytes += 16) {
        std::vector<CacheLine> memory(bytes / sizeof(CacheLine) + 1);
        Arena arena(std::as_writable_bytes(std::span(memory)).first(bytes));
        Pool pool;
        pool.set_limits(arena, {100, 1 << 20});
        std::uint32_t fingerprint = 0;
        for (Place place = arena.take(64); place != nowhere; place = arena.take(64)) {
            arena.nodes()[place] = {};
            arena.nodes()[place].fingerprint = fingerprint += 0x9e3779b9;
            pool.admit(place, 64);
        }
        while (pool.size() > 0)
            pool.left_for(Cause::entries, arena.room(pool.evict()));
        ASSERT_TRUE(arena.is_sound()) << bytes;
    }
}

TEST(Store, PutsBackWhatWasLost) {
    Cache cache;
    cache.store->open(0, {20, 1 << 20}, 0);
    auto const restore = [&](std::string_view key, Line line, std::uint8_t uses) {
        Item const item{key_of(key), {}, bytes_of("value"), {never, 7, cache.store->pool(0).generation()},
                        0,           1};
        return cache.store->restore(item, {3, uses, line});
    };
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(restore("often " + std::to_string(i), Line::main, 2), Put::stored);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(restore("once " + std::to_string(i), Line::small, 0), Put::stored);
    EXPECT_EQ(restore("one more", Line::main, 3), Put::no_room); // nothing goes for it
    EXPECT_EQ(cache.store->pool(0).size(), 20U);
    for (int i = 0; i < 10; ++i)
        cache.put("new " + std::to_string(i), "value");
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(cache.get("often " + std::to_string(i)), "value") << i;
        EXPECT_EQ(cache.get("once " + std::to_string(i)), std::nullopt) << i;
    }
}

TEST(Store, StoresAgainInTheSamePlace) {
    Cache cache;
    cache.store->open(0, wide, 0);
    cache.put("a", std::string(1000, 'a'));
    std::size_t const free = cache.store->free_bytes();
    auto const place_of = [&] {
        Place place = nowhere;
        cache.store->get(
            0, key_of("a"), 0,
            [&](const Entries &, Place at) {
                place = at;
                return false;
            },
            [](std::size_t) -> std::byte * { return nullptr; });
        return place;
    };
    Place const before = place_of();
    EXPECT_EQ(cache.put("a", std::string(990, 'b')), Put::stored);
    EXPECT_EQ(place_of(), before);
    EXPECT_EQ(cache.get("a"), std::string(990, 'b'));
    EXPECT_EQ(cache.store->free_bytes(), free);
    // What would waste the room, or has none, goes elsewhere.
    EXPECT_EQ(cache.put("a", std::string(100, 'c')), Put::stored);
    EXPECT_NE(place_of(), before);
    EXPECT_GT(cache.store->free_bytes(), free);
    EXPECT_EQ(cache.put("a", std::string(2000, 'd')), Put::stored);
    EXPECT_EQ(cache.get("a"), std::string(2000, 'd'));
    EXPECT_EQ(cache.store->pool(0).size(), 1U);
}

} // namespace
} // namespace steward::core::cache
