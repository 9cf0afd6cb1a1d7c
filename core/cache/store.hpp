// Entries of many pools in one piece of memory that processes share: found by key, within limits.
#pragma once

#include <algorithm>

#include <utility>

#include "core/cache/pool.hpp"

namespace steward::core::cache {

/// How those who share a store keep each other out. Locks are taken in the order pool, index, arena, one of
/// each kind at most.
class Locks {
  public:
    static constexpr std::size_t index_parts = 128;

    virtual void lock_pool(std::size_t pool) noexcept = 0;
    virtual bool try_lock_pool(std::size_t pool) noexcept = 0;
    virtual void unlock_pool(std::size_t pool) noexcept = 0;
    virtual void lock_index(std::size_t part, bool exclusive) noexcept = 0;
    virtual void unlock_index(std::size_t part) noexcept = 0;
    virtual void lock_arena() noexcept = 0;
    virtual void unlock_arena() noexcept = 0;

    /// A dirty entry goes for good: whatever lies below the memory under its key is out of date. Called while
    /// it is found for the last time, its pool and part of the index locked.
    virtual void loses(const Entries &entries, Place place) noexcept = 0;

  protected:
    ~Locks() = default;
};

enum class Hit : std::uint8_t { none, stale, fresh };

/// What a reader is told of an entry beside its value.
struct Found {
    Hit hit = Hit::none;
    bool was_there = false;   ///< an entry, if only a dead one
    bool was_refused = false; ///< an entry was there that the reader did not accept, or had no memory for
    std::uint8_t type = 0;
    std::uint32_t value_size = 0;
    Label label;
};

enum class Put : std::uint8_t { stored, too_large, no_room, cleared };

/// A view of the memory; each process has its own. Nothing here raises an error or waits for anything but
/// locks.
class Store {
  public:
    /// Makes a store in memory that is zero, for so many pools. At least 256 kB.
    static void format(std::span<std::byte> memory, std::size_t pools) noexcept;
    Store(std::span<std::byte> memory, Locks &locks) noexcept;

    std::size_t pools() const noexcept { return pools_.size(); }
    const Pool &pool(std::size_t number) const noexcept { return pools_[number]; }
    std::size_t free_bytes() const noexcept;
    std::size_t total_bytes() const noexcept { return arena_->total_bytes(); }

    /// Begins a pool, or goes on with other limits; entries beyond them go.
    void open(std::size_t pool, const Limits &limits, Time stale_for) noexcept;
    /// All its entries are dead from now on; remove_if() gives their room back. `note()` is called while
    /// nobody can put anything there.
    template <class Note> void clear(std::size_t pool, Note note) noexcept;
    void clear(std::size_t pool) noexcept {
        clear(pool, [] {});
    }
    /// Ends a pool of which no entry is left; false if one is.
    bool close(std::size_t pool) noexcept;

    /// Finds what is there under a key. `accept(entries, place)` looks at the stamps; `reserve(size)` gives
    /// memory for the value, or null. Both are called while a lock is held: they neither raise nor wait.
    template <class Accept, class Reserve>
    Found get(std::size_t pool, const Key &key, Time now, Accept accept, Reserve reserve) noexcept;

    /// Whether an item is not larger than its pool, or the store, may hold.
    bool fits(const Item &item) const noexcept;
    /// Puts an item instead of what is under its key, and evicts for it what has to go.
    Put put(const Item &item) noexcept;
    /// How an entry stood that was lost with the memory.
    struct Standing {
        std::uint32_t hits;
        std::uint8_t uses;
        Line line;
    };
    /// Puts an item that was there before, as it stood, where there is room: nothing goes for it.
    Put restore(const Item &item, const Standing &standing) noexcept;
    /// Puts an item that was found below the memory, if nothing is under its key and `holds()` says, while a
    /// lock is held, that what was found is still so.
    template <class Holds> Put promote(const Item &item, Holds holds) noexcept;

    /// Shows the dirty entries of a bucket, dead ones and those that are leaving too, while a lock is held;
    /// each for which `take(entries, place)` gives true is being written from then on.
    template <class Take> void write(std::size_t bucket, Take take) noexcept;
    /// Whether entries that were evicted take so much that they should be written soon: beyond twice as much
    /// they are lost.
    bool is_crowded() const noexcept;
    /// What was taken under the key was written, or was not: unless another has come since, it is clean now,
    /// and gone if it was leaving; or else dirty again.
    void end_write(std::size_t pool, const Key &key, bool is_written) noexcept;

    /// True if it was there and alive. `note()` is called, be anything there or not, while a lock is held
    /// that those who promote or write what is under the key wait for.
    template <class Note> bool remove(std::size_t pool, const Key &key, Time now, Note note) noexcept;
    bool remove(std::size_t pool, const Key &key, Time now) noexcept {
        return remove(pool, key, now, [] {});
    }
    /// Changes when an entry ends that is alive, which may have to be written then.
    bool expire_at(std::size_t pool, const Key &key, Time now, Time expires,
                   Writeback writeback = Writeback::clean) noexcept;

    std::size_t buckets() const noexcept { return heads_.size(); }
    /// Removes those entries of a bucket for which `condition(entries, place)` holds; gives how many.
    template <class Condition>
    std::size_t remove_if(std::size_t bucket, Cause cause, Condition condition) noexcept;
    /// Shows the entries of a bucket until `visit(entries, place)` gives false; false then too. A lock is
    /// held.
    template <class Visit> bool each(std::size_t bucket, Visit visit) noexcept;
    /// Whether an entry is of no use to anybody any more.
    bool is_dead(const Entry &entry, Time now) const noexcept;

  private:
    struct Memory; ///< what stands at the beginning

    /// Changes without a lock.
    struct Common {
        std::atomic<std::size_t> used;          ///< no pool from this one on was ever open
        std::atomic<std::size_t> leaving_bytes; ///< of entries that were evicted and are still found
    };

    static constexpr std::size_t line_size = 64; ///< of the processor's cache
    /// So many are called up at once: of what is longer, the processor sees the rest coming by then.
    static constexpr std::size_t most_lines = 32;

    /// Of the entries of a bucket. Changes under the lock of its part; who has it not may see that it is
    /// empty.
    using Head = std::atomic<Place>;
    Place first_of(std::size_t bucket) const noexcept {
        return heads_[bucket].load(std::memory_order_relaxed);
    }

    static std::size_t part_of(std::size_t bucket) noexcept { return bucket % Locks::index_parts; }
    std::size_t bucket_of(std::uint64_t hash) const noexcept {
        return (hash * 0x9e3779b97f4a7c15 >> 32) * heads_.size() >> 32;
    }
    std::uint8_t &lines_of(std::size_t pool) noexcept { return lines_[pool % lines_.size()]; }
    static std::uint8_t lines_for(std::size_t value_size) noexcept {
        return static_cast<std::uint8_t>(std::min((sizeof(Entry) + value_size) / line_size + 2, most_lines));
    }
    void call_up(Place place, std::size_t lines) const noexcept;
    Place find(std::size_t bucket, std::size_t pool, const Key &key) const noexcept;
    void unchain(Place place) noexcept;
    /// The entry before it in the bucket, or nowhere, is known.
    void unchain(std::size_t bucket, Place before, Place place) noexcept {
        Place const next = entries_.at(place).chain;
        if (before == nowhere)
            heads_[bucket].store(next, std::memory_order_relaxed);
        else
            entries_.at(before).chain = next;
    }
    Hit state_of(const Entry &entry, Time now) const noexcept;
    bool overwrite(const Item &item) noexcept;
    Place make(const Item &item) noexcept;
    void link(const Item &item, Place place, Place &leaving) noexcept;
    void admit(const Item &item, Place place, Place &leaving) noexcept;
    void chain(std::size_t bucket, Place place) noexcept;
    void evict(std::size_t pool, Cause cause, Place &leaving) noexcept;
    bool may_stay(const Entry &entry, Cause cause, std::size_t bytes) noexcept;
    void forget(Place place, Cause cause) noexcept;
    std::size_t richest(std::size_t floor) const noexcept;
    bool evict_from_richest() noexcept;
    void credit(std::size_t pool, std::size_t bytes, std::uint64_t hash) noexcept;
    void give_back(Place leaving) noexcept;
    template <class Condition>
    Place take_out(std::size_t bucket, std::size_t pool, Cause cause, Condition condition) noexcept;

    Common *common_;
    Arena *arena_;
    std::span<Pool> pools_;
    std::span<Head> heads_;
    Entries entries_;
    Locks *locks_;
    std::array<std::uint8_t, 64> lines_{}; ///< of the entry of a pool that was read last through this view
};

inline bool Store::is_dead(const Entry &entry, Time now) const noexcept {
    return state_of(entry, now) == Hit::none;
}

/// Has the processor fetch an entry that is about to be read all at once: most of a look-up is waiting for
/// memory, and how long the entry is would be known only when its first line has come. Into the second level
/// of its cache, since the first can wait for few lines. In vain for an entry of another key, or a shorter
/// one.
///
/// Inlined by force: GCC takes a function that does nothing but this for one without an effect, and drops the
/// call.
[[gnu::always_inline]] inline void Store::call_up(Place place, std::size_t lines) const noexcept {
    if (place == nowhere)
        return;
    auto const *const entry = reinterpret_cast<const std::byte *>(&entries_.at(place));
    for (std::size_t line = 0; line < lines; ++line)
        __builtin_prefetch(entry + line * line_size, 0, 2);
}

template <class Accept, class Reserve>
Found Store::get(std::size_t pool, const Key &key, Time now, Accept accept, Reserve reserve) noexcept {
    Found found;
    std::size_t const bucket = bucket_of(key.hash);
    __builtin_prefetch(&heads_[bucket]); // comes while the lock is taken
    locks_->lock_index(part_of(bucket), false);
    call_up(first_of(bucket), lines_of(pool));
    if (Place const place = find(bucket, pool, key); place != nowhere) {
        Entry &entry = entries_.at(place);
        Hit const hit = state_of(entry, now);
        if (hit != Hit::none && accept(entries_, place)) {
            if (std::byte *const to = reserve(entry.value_size); to != nullptr) {
                entries_.read_value(place, to);
                lines_of(pool) = lines_for(entry.value_size);
                found = {hit, true, false, entry.type, entry.value_size, entry.label};
                pools_[pool].touch(place);
                std::atomic_ref const hits(entry.hits);
                hits.store(hits.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            }
        }
        found.was_there = true;
        found.was_refused = hit != Hit::none && found.hit == Hit::none;
    }
    locks_->unlock_index(part_of(bucket));
    if (pools_[pool].wants(key.hash) && locks_->try_lock_pool(pool)) {
        pools_[pool].observe(key.hash);
        locks_->unlock_pool(pool);
    }
    return found;
}

template <class Note> void Store::clear(std::size_t pool, Note note) noexcept {
    locks_->lock_pool(pool);
    pools_[pool].clear();
    note();
    locks_->unlock_pool(pool);
}

template <class Note> bool Store::remove(std::size_t pool, const Key &key, Time now, Note note) noexcept {
    bool was_alive = false;
    std::size_t const bucket = bucket_of(key.hash);
    locks_->lock_pool(pool);
    locks_->lock_index(part_of(bucket), true);
    note();
    Place const place = find(bucket, pool, key);
    if (place != nowhere) {
        was_alive = !is_dead(entries_.at(place), now);
        unchain(place);
    }
    locks_->unlock_index(part_of(bucket));
    if (place != nowhere) {
        forget(place, was_alive ? Cause::deleted : Cause::expired);
        entries_.at(place).chain = nowhere;
    }
    locks_->unlock_pool(pool);
    give_back(place);
    return was_alive;
}

template <class Visit> bool Store::each(std::size_t bucket, Visit visit) noexcept {
    bool goes_on = true;
    if (first_of(bucket) == nowhere)
        return goes_on; // most are empty in a memory that is not full
    locks_->lock_index(part_of(bucket), false);
    for (Place place = first_of(bucket); place != nowhere && goes_on; place = entries_.at(place).chain)
        goes_on = visit(entries_, place);
    locks_->unlock_index(part_of(bucket));
    return goes_on;
}

/// The first look needs no lock of a pool, and finds which pool's lock the second one needs.
template <class Condition>
std::size_t Store::remove_if(std::size_t bucket, Cause cause, Condition condition) noexcept {
    std::size_t removed = 0;
    for (;;) {
        std::size_t pool = pools_.size();
        each(bucket, [&](const Entries &entries, Place place) {
            if (!condition(entries, place))
                return true;
            pool = entries.at(place).node.pool;
            return false;
        });
        if (pool == pools_.size())
            return removed;
        locks_->lock_pool(pool);
        Place const leaving = take_out(bucket, pool, cause, condition);
        locks_->unlock_pool(pool);
        for (Place place = leaving; place != nowhere; place = entries_.at(place).chain)
            ++removed;
        give_back(leaving);
    }
}

/// The entries of a pool that the condition holds for, chained by themselves.
template <class Condition>
Place Store::take_out(std::size_t bucket, std::size_t pool, Cause cause, Condition condition) noexcept {
    Place leaving = nowhere;
    locks_->lock_index(part_of(bucket), true);
    Place before = nowhere;
    for (Place place = first_of(bucket); place != nowhere;) {
        Entry &entry = entries_.at(place);
        Place const next = entry.chain;
        if (entry.node.pool != pool || !condition(entries_, place)) {
            before = std::exchange(place, next);
            continue;
        }
        if (entry.writeback != Writeback::clean && entry.label.generation == pools_[pool].generation())
            locks_->loses(entries_, place);
        unchain(bucket, before, place);
        entry.chain = leaving;
        leaving = std::exchange(place, next);
    }
    locks_->unlock_index(part_of(bucket));
    for (Place place = leaving; place != nowhere; place = entries_.at(place).chain)
        forget(place, cause);
    return leaving;
}

template <class Holds> Put Store::promote(const Item &item, Holds holds) noexcept {
    Place const place = fits(item) ? make(item) : nowhere;
    if (place == nowhere)
        return Put::no_room;
    Pool &pool = pools_[item.pool];
    std::size_t const bucket = bucket_of(item.key.hash);
    Place leaving = nowhere;
    locks_->lock_pool(item.pool);
    bool is_put = pool.is_open() && pool.generation() == item.label.generation;
    if (is_put) {
        locks_->lock_index(part_of(bucket), true);
        is_put = find(bucket, item.pool, item.key) == nowhere && holds();
        if (is_put) {
            entries_.at(place).hits = 1; // by whoever has looked below
            chain(bucket, place);
        }
        locks_->unlock_index(part_of(bucket));
    }
    if (is_put)
        admit(item, place, leaving);
    locks_->unlock_pool(item.pool);
    give_back(leaving);
    if (!is_put)
        give_back(place);
    return is_put ? Put::stored : Put::cleared;
}

template <class Take> void Store::write(std::size_t bucket, Take take) noexcept {
    if (first_of(bucket) == nowhere)
        return;
    locks_->lock_index(part_of(bucket), true);
    for (Place place = first_of(bucket); place != nowhere; place = entries_.at(place).chain)
        if (Entry &entry = entries_.at(place); entry.writeback == Writeback::dirty && take(entries_, place))
            entry.writeback = Writeback::writing;
    locks_->unlock_index(part_of(bucket));
}

} // namespace steward::core::cache
