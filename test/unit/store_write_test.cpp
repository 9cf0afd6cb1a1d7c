// What happens to entries that something below the memory has to be told of.
#include "store_fixture.hpp"

#include <map>

namespace steward::core::cache {

namespace {

struct Written : Cache {
    explicit Written(std::uint32_t entries = 100) { store->open(0, {entries, 1 << 20}, 0); }

    Put put(std::string_view key, std::string_view value, Writeback writeback = Writeback::dirty) {
        return store->put(item(key, value, writeback));
    }
    Put promote(std::string_view key, std::string_view value, bool holds = true) {
        return store->promote(item(key, value, Writeback::clean), [holds] { return holds; });
    }
    /// Takes all that is dirty, and gives it by key.
    std::map<std::string, std::string> write() {
        std::map<std::string, std::string> taken;
        for (std::size_t bucket = 0; bucket < store->buckets(); ++bucket)
            store->write(bucket, [&](const Entries &entries, Place place) {
                std::string key(entries.at(place).key_size, '\0');
                std::string value(entries.at(place).value_size, '\0');
                entries.read_key(place, reinterpret_cast<std::byte *>(key.data()));
                entries.read_value(place, reinterpret_cast<std::byte *>(value.data()));
                return taken.emplace(key, value).second;
            });
        return taken;
    }
    void end_write(std::string_view key, bool is_written) { store->end_write(0, key_of(key), is_written); }
    Item item(std::string_view key, std::string_view value, Writeback writeback) {
        return {key_of(key), {}, bytes_of(value), {never, 7, store->pool(0).generation()}, 0, 1, writeback};
    }
};

using Taken = std::map<std::string, std::string>;

} // namespace

TEST(StoreWrite, ShowsWhatIsDirtyOnce) {
    Written cache;
    cache.put("a", "1");
    cache.put("b", "2", Writeback::clean);
    EXPECT_EQ(cache.store->pool(0).dirtied(), 1U);
    EXPECT_EQ(cache.write(), (Taken{{"a", "1"}}));
    EXPECT_TRUE(cache.write().empty()) << "while it is being written";
    cache.end_write("a", true);
    EXPECT_TRUE(cache.write().empty());
    cache.put("a", "3"); // in place
    EXPECT_EQ(cache.write(), (Taken{{"a", "3"}}));
    cache.put("a", std::string(500, 'x')); // in other blocks
    EXPECT_EQ(cache.write().size(), 1U);
    EXPECT_EQ(cache.store->pool(0).dirtied(), 3U);
}

TEST(StoreWrite, ShowsAgainWhatWasNotWritten) {
    Written cache;
    cache.put("a", "1");
    cache.write();
    cache.end_write("a", false);
    EXPECT_EQ(cache.write(), (Taken{{"a", "1"}}));
}

TEST(StoreWrite, DoesNotTakeALaterValueForWritten) {
    Written cache;
    cache.put("a", "1");
    cache.write();
    cache.put("a", "2");
    cache.end_write("a", true);
    EXPECT_EQ(cache.write(), (Taken{{"a", "2"}}));
}

TEST(StoreWrite, FindsWhatWasEvictedUntilItIsWritten) {
    Written cache(2);
    for (const char *const key : {"a", "b", "c", "d"})
        cache.put(key, key);
    EXPECT_EQ(cache.store->pool(0).size(), 2U);
    EXPECT_EQ(cache.store->pool(0).leaving(), 2U);
    EXPECT_FALSE(cache.store->is_crowded());
    for (const char *const key : {"a", "b", "c", "d"})
        EXPECT_EQ(cache.get(key), key);
    EXPECT_EQ(cache.write().size(), 4U);
    for (const char *const key : {"a", "b", "c", "d"}) {
        EXPECT_EQ(cache.get(key), key) << "not yet written";
        cache.end_write(key, true);
    }
    EXPECT_EQ(cache.store->pool(0).leaving(), 0U);
    EXPECT_EQ(cache.get("a").has_value() + cache.get("b").has_value() + cache.get("c").has_value() +
                  cache.get("d").has_value(),
              2);
    EXPECT_EQ(cache.locks.lost, 0U);
}

TEST(StoreWrite, ComesBackWhenItIsStoredAgain) {
    Written cache(2);
    for (const char *const key : {"a", "b", "c"})
        cache.put(key, "old");
    ASSERT_EQ(cache.store->pool(0).leaving(), 1U);
    for (const char *const key : {"a", "b", "c"}) // one of them was leaving, and another one is then
        cache.put(key, "new");
    EXPECT_EQ(cache.store->pool(0).size(), 2U);
    for (const char *const key : {"a", "b", "c"})
        EXPECT_EQ(cache.get(key), "new");
    EXPECT_EQ(cache.write().size(), 3U);
    EXPECT_TRUE(cache.remove("a") && cache.remove("b") && cache.remove("c"));
    EXPECT_EQ(cache.store->pool(0).leaving(), 0U);
    EXPECT_TRUE(cache.store->close(0));
    EXPECT_EQ(cache.store->free_bytes(), Cache().store->free_bytes());
}

TEST(StoreWrite, SaysWhatIsLost) {
    Written cache(1000);
    std::string const value(20'000, 'x');
    for (int i = 0; i < 200; ++i) // four times the memory
        EXPECT_EQ(cache.put("key " + std::to_string(i), value), Put::stored);
    EXPECT_GT(cache.locks.lost, 100U) << "where memory is short nothing stays";
    std::size_t const before = cache.locks.lost;
    std::size_t const taken = cache.write().size();
    EXPECT_EQ(before + taken, 200U);
    EXPECT_EQ(cache.remove_if([](const Entries &, Place) { return true; }), taken);
    EXPECT_EQ(cache.locks.lost, 200U);
}

TEST(StoreWrite, KeepsLittleOfWhatLeaves) {
    Written cache(2);
    std::string const value(5'000, 'x');
    for (int i = 0; i < 100; ++i)
        cache.put("key " + std::to_string(i), value);
    EXPECT_GT(cache.store->pool(0).leaving(), 15U);
    EXPECT_LT(cache.store->pool(0).leaving(), 27U) << "an eighth of the memory";
    EXPECT_EQ(cache.store->pool(0).lost(), cache.locks.lost);
    EXPECT_TRUE(cache.store->is_crowded());
    EXPECT_EQ(cache.locks.lost, 98 - cache.store->pool(0).leaving());
    EXPECT_FALSE(cache.store->close(0));
    cache.store->clear(0);
    EXPECT_GT(cache.sweep(0), 0U);
    EXPECT_TRUE(cache.store->close(0));
}

TEST(StoreWrite, PromotesOnlyWhereNothingIs) {
    Written cache;
    EXPECT_EQ(cache.promote("a", "below"), Put::stored);
    EXPECT_EQ(cache.get("a"), "below");
    EXPECT_TRUE(cache.write().empty()) << "it is there already";
    EXPECT_NE(cache.promote("a", "again"), Put::stored);
    EXPECT_NE(cache.promote("b", "old", false), Put::stored);
    EXPECT_EQ(cache.get("b"), std::nullopt);
    cache.put("c", "new");
    EXPECT_NE(cache.promote("c", "old"), Put::stored);
    EXPECT_EQ(cache.get("c"), "new");
    cache.store->clear(0);
    Item item = cache.item("d", "late", Writeback::clean);
    --item.label.generation;
    EXPECT_NE(cache.store->promote(item, [] { return true; }), Put::stored);
}

TEST(StoreWrite, RestoresDirtyEntriesAsSuch) {
    Written cache;
    cache.store->restore(cache.item("a", "1", Writeback::dirty), {3, 1, Line::main});
    EXPECT_EQ(cache.write(), (Taken{{"a", "1"}}));
}

} // namespace steward::core::cache
