// Threads that store, remove, write below and bring up at once: nobody finds what is older than what was
// stored, or than what was removed, before the look began.
#include "store_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <thread>

namespace steward::core::cache {
namespace {

constexpr std::size_t keys = 64;
constexpr std::size_t writers = 2;
constexpr std::size_t enough = 2000;
constexpr Time time_of_all = 1; ///< what ends then is dead when it is stored

/// A key in what lies below the memory, and what the memory knows of that.
struct Below {
    std::mutex mutex;
    std::uint64_t version = 0; ///< none
    std::uint64_t saved = 0;
    std::atomic<std::uint64_t> outdated = 0;
    std::atomic<std::uint32_t> generation = 0;
    std::atomic<std::uint64_t> oldest = 0; ///< that may be found
};

struct Tiers : Cache {
    Tiers() : Cache(512 << 10), below(keys) {
        store->open(0, {12, 1 << 20}, 0);
        store->open(1, {1000, 1 << 20}, 0);
        locks.on_loss = [this](const Entries &entries, Place place) {
            std::string key(entries.at(place).key_size, '\0');
            entries.read_key(place, reinterpret_cast<std::byte *>(key.data()));
            outdate(std::stoul(key));
        };
    }

    /// Half of the keys lie in the pool for which the memory is too small, the others in that of few entries.
    static std::uint16_t pool_of(std::size_t key) { return key < keys / 2 ? 0 : 1; }
    void outdate(std::size_t key) {
        std::uint64_t const now = ++clock;
        std::uint64_t before = below[key].outdated;
        while (before < now && !below[key].outdated.compare_exchange_weak(before, now)) {
        }
        ++below[key].generation;
    }
    Item item(const std::string &key, std::string_view value, Time expires, Writeback writeback) {
        std::uint16_t const pool = pool_of(std::stoul(key));
        return {key_of(key), {}, bytes_of(value), {expires, 7, store->pool(pool).generation()},
                pool,        1,  writeback};
    }
    /// Whether everything has happened often enough to mean something.
    bool has_enough() const {
        return std::min({hits.load(), hits_below.load(), promoted.load(), saved.load(), locks.lost.load()}) >
                   enough ||
               std::clock() > latest;
    }
    void run_writer(unsigned number);
    void run_reader(unsigned number);
    void look_below(std::size_t key, const std::string &text, std::uint64_t oldest);
    void run_saver();
    void save(bool is_committed);
    void check(std::uint64_t version, std::uint64_t oldest) { stale += version < oldest ? 1 : 0; }

    std::vector<Below> below;
    std::atomic<std::uint64_t> clock = 0;
    std::atomic<bool> is_over = false;
    std::clock_t const latest =
        std::clock() + 240 * CLOCKS_PER_SEC; // of all threads, however busy the machine is
    std::atomic<std::size_t> hits = 0, hits_below = 0, promoted = 0, saved = 0, stale = 0;
};

/// Each key has one writer. A value is its version, and bytes that take room.
void Tiers::run_writer(unsigned number) {
    std::mt19937 random(number);
    std::uint64_t version = 1000;
    while (!has_enough()) {
        if (random() % 8 == 0)
            std::this_thread::yield(); // others come to their turn
        std::size_t const key = random() % (keys / writers) * writers + number;
        std::string const text = std::to_string(key);
        version += 2;
        if (random() % 4 == 0) {
            store->remove(pool_of(key), key_of(text), 0, [&] { outdate(key); });
            below[key].oldest = version - 1;
        } else {
            std::string const value =
                std::to_string(version) + std::string(1 + random() % (key < keys / 2 ? 300 : 60000), ' ');
            Time const expires = random() % 4 == 0 ? time_of_all : never;
            if (store->put(item(text, value, expires, Writeback::dirty)) == Put::stored)
                below[key].oldest = version;
        }
    }
}

void Tiers::look_below(std::size_t key, const std::string &text, std::uint64_t oldest) {
    Below &row = below[key];
    std::uint32_t const generation = row.generation;
    std::uint64_t version = 0;
    {
        std::lock_guard const lock(row.mutex);
        if (row.saved > row.outdated)
            version = row.version;
    }
    if (version == 0)
        return;
    ++hits_below;
    check(version, oldest);
    auto const holds = [&] { return row.generation == generation; };
    promoted += store->promote(item(text, std::to_string(version) + ' ', never, Writeback::clean), holds) ==
                Put::stored;
}

void Tiers::run_reader(unsigned number) {
    std::mt19937 random(number);
    std::string value;
    while (!is_over) {
        std::size_t const key = random() % keys;
        std::string const text = std::to_string(key);
        std::uint64_t const oldest = below[key].oldest;
        Found const one = store->get(
            pool_of(key), key_of(text), time_of_all, [](const Entries &, Place) { return true; },
            [&](std::size_t size) {
                value.resize(size + 1);
                return reinterpret_cast<std::byte *>(value.data());
            });
        if (one.hit != Hit::none) {
            ++hits;
            check(std::stoul(value), oldest);
        } else if (!one.was_there) {
            look_below(key, text, oldest);
        }
    }
}

/// Takes all that is dirty; what has ended is removed below.
void Tiers::save(bool is_committed) {
    std::vector<std::pair<std::size_t, std::uint64_t>> taken;
    std::uint64_t const now = ++clock;
    for (std::size_t bucket = 0; bucket < store->buckets(); ++bucket)
        store->write(bucket, [&](const Entries &entries, Place place) {
            std::string key(entries.at(place).key_size, '\0');
            std::string value(entries.at(place).value_size, '\0');
            entries.read_key(place, reinterpret_cast<std::byte *>(key.data()));
            entries.read_value(place, reinterpret_cast<std::byte *>(value.data()));
            taken.emplace_back(std::stoul(key),
                               entries.at(place).label.expires == never ? std::stoul(value) : 0);
            return true;
        });
    for (auto const &[key, version] : taken)
        if (is_committed) {
            std::lock_guard const lock(below[key].mutex);
            below[key].version = version;
            below[key].saved = now;
        }
    for (auto const &[key, version] : taken) {
        if (is_committed)
            ++below[key].generation;
        store->end_write(pool_of(key), key_of(std::to_string(key)), is_committed);
    }
    saved += is_committed ? taken.size() : 0;
}

void Tiers::run_saver() {
    std::mt19937 random(7);
    while (!is_over) {
        save(random() % 4 != 0);
        if (random() % 4 == 0)
            sweep(time_of_all);
        std::this_thread::yield();
    }
}

TEST(StoreTiers, BringsNothingOlderBack) {
    Tiers tiers;
    std::vector<std::thread> others;
    others.emplace_back([&] { tiers.run_saver(); });
    for (unsigned number : {3U, 4U})
        others.emplace_back([&tiers, number] { tiers.run_reader(number); });
    std::vector<std::thread> storing;
    for (unsigned number = 0; number < writers; ++number)
        storing.emplace_back([&tiers, number] { tiers.run_writer(number); });
    for (std::thread &thread : storing)
        thread.join();
    tiers.is_over = true;
    for (std::thread &thread : others)
        thread.join();
    EXPECT_EQ(tiers.stale, 0U);
    EXPECT_LT(std::clock(), tiers.latest) << "too little has happened";
    RecordProperty("hits", std::to_string(tiers.hits));
    RecordProperty("hits below", std::to_string(tiers.hits_below));
    tiers.save(true);
    tiers.remove_if([](const Entries &, Place) { return true; });
    EXPECT_TRUE(tiers.store->close(0));
    EXPECT_TRUE(tiers.store->close(1));
    EXPECT_GE(tiers.store->free_bytes() + 64, tiers.store->total_bytes()); // all of it has come back
}

} // namespace
} // namespace steward::core::cache
