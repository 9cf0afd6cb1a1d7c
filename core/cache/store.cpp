#include "core/cache/store.hpp"

#include <algorithm>
#include <memory>

namespace steward::core::cache {

namespace {

/// One head of a bucket for so many bytes of the arena: most entries are larger.
constexpr std::size_t bytes_for_head = 512;
/// For one entry so many go before it has to do with the smallest blocks.
constexpr int most_evicted_for_one = 32;
constexpr std::size_t alignment = 64;

std::size_t aligned(std::size_t bytes) noexcept {
    return (bytes + alignment - 1) / alignment * alignment;
}

} // namespace

/// Pools, heads and the cells of the arena follow.
struct alignas(alignment) Store::Memory {
    std::size_t pools;
    std::size_t heads;
    Common common;
    Arena arena;

    std::byte *pools_at() noexcept { return reinterpret_cast<std::byte *>(this) + aligned(sizeof(Memory)); }
    std::byte *heads_at() noexcept { return pools_at() + aligned(pools * sizeof(Pool)); }
};

void Store::format(std::span<std::byte> memory, std::size_t pools) noexcept {
    std::size_t const fixed = aligned(sizeof(Memory)) + aligned(pools * sizeof(Pool));
    std::size_t const heads = (memory.size() - fixed) / (bytes_for_head + sizeof(Place));
    std::size_t const before = fixed + aligned(heads * sizeof(Place));
    auto *const start = reinterpret_cast<Memory *>(memory.data());
    ::new (start) Memory{pools, heads, {0, 0}, Arena(memory.subspan(before))};
    std::uninitialized_default_construct_n(reinterpret_cast<Pool *>(start->pools_at()), pools);
    auto *const first = reinterpret_cast<Head *>(start->heads_at());
    std::for_each(first, first + heads, [](Head &head) { std::construct_at(&head, nowhere); });
}

Store::Store(std::span<std::byte> memory, Locks &locks) noexcept
    : common_(&reinterpret_cast<Memory *>(memory.data())->common),
      arena_(&reinterpret_cast<Memory *>(memory.data())->arena), entries_(*arena_), locks_(&locks) {
    auto *const start = reinterpret_cast<Memory *>(memory.data());
    pools_ = {reinterpret_cast<Pool *>(start->pools_at()), start->pools};
    heads_ = {reinterpret_cast<Head *>(start->heads_at()), start->heads};
}

std::size_t Store::free_bytes() const noexcept {
    locks_->lock_arena();
    std::size_t const bytes = arena_->free_bytes();
    locks_->unlock_arena();
    return bytes;
}

void Store::open(std::size_t pool, const Limits &limits, Time stale_for) noexcept {
    Place leaving = nowhere;
    locks_->lock_pool(pool);
    locks_->lock_arena();
    pools_[pool].set_limits(*arena_, limits);
    common_->used.store(
        std::max(common_->used.load(), pool + 1)); // one caller at a time: the arena is locked
    locks_->unlock_arena();
    pools_[pool].set_stale_for(stale_for);
    while (auto const cause = pools_[pool].is_full(0, 0))
        evict(pool, *cause, leaving);
    locks_->unlock_pool(pool);
    give_back(leaving);
}

bool Store::close(std::size_t pool) noexcept {
    locks_->lock_pool(pool);
    bool const is_empty = pools_[pool].size() == 0 && pools_[pool].leaving() == 0;
    if (is_empty) {
        locks_->lock_arena();
        pools_[pool].close(*arena_);
        locks_->unlock_arena();
    }
    locks_->unlock_pool(pool);
    return is_empty;
}

Hit Store::state_of(const Entry &entry, Time now) const noexcept {
    const Pool &pool = pools_[entry.node.pool];
    if (entry.label.generation != pool.generation())
        return Hit::none;
    if (now < entry.label.expires)
        return Hit::fresh;
    return now - entry.label.expires < pool.stale_for() ? Hit::stale : Hit::none;
}

Place Store::find(std::size_t bucket, std::size_t pool, const Key &key) const noexcept {
    Place place = first_of(bucket);
    while (place != nowhere && !(entries_.at(place).node.pool == pool && entries_.has_key(place, key)))
        place = entries_.at(place).chain;
    return place;
}

/// The caller has locked the part of the index exclusively.
void Store::unchain(Place place) noexcept {
    std::size_t const bucket = bucket_of(entries_.at(place).hash());
    Place before = nowhere;
    for (Place next = first_of(bucket); next != place; next = entries_.at(next).chain)
        before = next;
    unchain(bucket, before, place);
}

/// The entry by itself, in memory that other entries leave if need be.
Place Store::make(const Item &item) noexcept {
    for (int evicted = 0;; ++evicted) {
        locks_->lock_arena();
        Place const place = entries_.take(item, evicted >= most_evicted_for_one);
        locks_->unlock_arena();
        if (place != nowhere)
            entries_.write(place, item);
        if (place != nowhere || !evict_from_richest())
            return place;
    }
}

bool Store::fits(const Item &item) const noexcept {
    std::size_t const bytes = sizeof(Entry) + item.key.bytes.size() + item.stamps.size() + item.value.size();
    return bytes <= std::min<std::size_t>(pools_[item.pool].limits().bytes, arena_->total_bytes() / 4);
}

Put Store::put(const Item &item) noexcept {
    if (!fits(item))
        return Put::too_large;
    if (overwrite(item))
        return Put::stored;
    Place const place = make(item);
    if (place == nowhere)
        return Put::no_room;
    Place leaving = nowhere;
    Put result = Put::cleared;
    locks_->lock_pool(item.pool);
    if (pools_[item.pool].is_open() && pools_[item.pool].generation() == item.label.generation) {
        link(item, place, leaving);
        result = Put::stored;
    }
    locks_->unlock_pool(item.pool);
    give_back(leaving);
    if (result != Put::stored)
        give_back(place);
    return result;
}

/// What is stored again under its key, and is about as large, needs no more than the lock of readers.
bool Store::overwrite(const Item &item) noexcept {
    std::size_t const bucket = bucket_of(item.key.hash);
    locks_->lock_index(part_of(bucket), true);
    Place const place = find(bucket, item.pool, item.key);
    bool const fits = place != nowhere && !entries_.at(place).is_leaving &&
                      entries_.has_room_for(place, item) &&
                      pools_[item.pool].generation() == item.label.generation;
    if (fits) {
        entries_.rewrite(place, item);
        pools_[item.pool].touch(place);
        if (item.writeback == Writeback::dirty)
            pools_[item.pool].note_dirty();
    }
    locks_->unlock_index(part_of(bucket));
    return fits;
}

/// The caller has locked the part of the index exclusively.
void Store::chain(std::size_t bucket, Place place) noexcept {
    entries_.at(place).chain = first_of(bucket);
    heads_[bucket].store(place, std::memory_order_relaxed);
}

/// Makes an entry known. The pool is locked.
void Store::link(const Item &item, Place place, Place &leaving) noexcept {
    Pool &pool = pools_[item.pool];
    std::size_t const bucket = bucket_of(item.key.hash);
    // One writer a pool: what is found here, nobody else takes away.
    locks_->lock_index(part_of(bucket), true);
    Place const old = find(bucket, item.pool, item.key);
    if (old != nowhere)
        unchain(old);
    chain(bucket, place);
    locks_->unlock_index(part_of(bucket));
    bool const stands = old != nowhere && !entries_.at(old).is_leaving;
    if (stands) {
        pool.replace(old, entries_.size(old), place, entries_.size(place));
    } else if (old != nowhere) {
        forget(old, Cause::deleted);
    }
    if (old != nowhere) {
        entries_.at(old).chain = leaving;
        leaving = old;
    }
    if (!stands) {
        admit(item, place, leaving);
        return;
    }
    if (item.writeback == Writeback::dirty)
        pool.note_dirty();
    while (auto const cause = pool.is_full(0, 0))
        evict(item.pool, *cause, leaving);
}

/// Gives an entry that is known a place in line. The pool is locked.
void Store::admit(const Item &item, Place place, Place &leaving) noexcept {
    Pool &pool = pools_[item.pool];
    std::size_t const bytes = entries_.size(place);
    while (auto const cause = pool.is_full(1, bytes))
        evict(item.pool, *cause, leaving);
    pool.admit(place, bytes);
    if (pool.take_short(item.key.hash))
        credit(item.pool, bytes * Shadow::sample, item.key.hash);
    if (item.writeback == Writeback::dirty)
        pool.note_dirty();
}

Put Store::restore(const Item &item, const Standing &standing) noexcept {
    Pool &pool = pools_[item.pool];
    locks_->lock_arena();
    Place const place = fits(item) ? entries_.take(item, true) : nowhere;
    locks_->unlock_arena();
    if (place == nowhere)
        return Put::no_room;
    entries_.write(place, item);
    entries_.at(place).hits = standing.hits;
    std::size_t const bytes = entries_.size(place);
    std::size_t const bucket = bucket_of(item.key.hash);
    locks_->lock_pool(item.pool);
    bool const is_put = pool.is_open() && !pool.is_full(1, bytes);
    if (is_put) {
        locks_->lock_index(part_of(bucket), true);
        chain(bucket, place);
        locks_->unlock_index(part_of(bucket));
        pool.readmit(place, bytes, standing.line, standing.uses);
        if (item.writeback == Writeback::dirty)
            pool.note_dirty();
    }
    locks_->unlock_pool(item.pool);
    if (!is_put)
        give_back(place);
    return is_put ? Put::stored : Put::no_room;
}

void Store::give_back(Place leaving) noexcept {
    if (leaving == nowhere)
        return;
    locks_->lock_arena();
    while (leaving != nowhere) {
        Place const next = entries_.at(leaving).chain;
        entries_.give_back(leaving);
        leaving = next;
    }
    locks_->unlock_arena();
}

bool Store::expire_at(std::size_t pool, const Key &key, Time now, Time expires,
                      Writeback writeback) noexcept {
    std::size_t const bucket = bucket_of(key.hash);
    locks_->lock_index(part_of(bucket), true);
    Place const place = find(bucket, pool, key);
    bool const is_alive = place != nowhere && !is_dead(entries_.at(place), now);
    if (is_alive) {
        entries_.at(place).label.expires = expires;
        if (writeback == Writeback::dirty) {
            entries_.at(place).writeback = writeback;
            pools_[pool].note_dirty();
        }
    }
    locks_->unlock_index(part_of(bucket));
    return is_alive;
}

} // namespace steward::core::cache
