// What leaves a store: which entry, of which pool, and when it may.
#include "core/cache/store.hpp"

#include <algorithm>

namespace steward::core::cache {

namespace {

/// So much of the arena may be taken by entries that were evicted and are not yet written.
constexpr std::size_t leaving_share = 8;
/// An even share of the memory, divided by this, is every pool's own.
constexpr std::size_t least_share = 4;

} // namespace

/// Takes out one entry of a locked pool that has some. One that has to be written is found until it is.
void Store::evict(std::size_t pool, Cause cause, Place &leaving) noexcept {
    Place const place = pools_[pool].evict();
    Entry &entry = entries_.at(place);
    std::size_t const bytes = entries_.size(place);
    std::size_t const bucket = bucket_of(entry.hash());
    locks_->lock_index(part_of(bucket), true);
    bool const stays = may_stay(entry, cause, bytes);
    if (stays) {
        entry.is_leaving = true;
    } else {
        if (entry.writeback != Writeback::clean) {
            locks_->loses(entries_, place);
            pools_[pool].count_lost();
        }
        unchain(place);
    }
    locks_->unlock_index(part_of(bucket));
    pools_[pool].left_for(cause, bytes);
    if (cause == Cause::memory)
        pools_[pool].note_short(entry.hash());
    if (stays) {
        pools_[pool].count_leaving(1);
    } else {
        entry.chain = leaving;
        leaving = place;
    }
}

bool Store::is_crowded() const noexcept {
    return common_->leaving_bytes.load(std::memory_order_relaxed) > total_bytes() / leaving_share / 2;
}

/// Where memory is short, what leaves must give some back.
bool Store::may_stay(const Entry &entry, Cause cause, std::size_t bytes) noexcept {
    if (entry.writeback == Writeback::clean || cause == Cause::memory)
        return false;
    if (common_->leaving_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes <=
        total_bytes() / leaving_share)
        return true;
    common_->leaving_bytes.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
}

/// An entry is not known any more, whether it was in line or leaving. The pool is locked.
void Store::forget(Place place, Cause cause) noexcept {
    const Entry &entry = entries_.at(place);
    Pool &pool = pools_[entry.node.pool];
    std::size_t const bytes = entries_.size(place);
    if (!entry.is_leaving) {
        pool.remove(place, bytes, cause);
        return;
    }
    pool.count_leaving(-1);
    common_->leaving_bytes.fetch_sub(bytes, std::memory_order_relaxed);
}

void Store::end_write(std::size_t pool, const Key &key, bool is_written) noexcept {
    Place gone = nowhere;
    std::size_t const bucket = bucket_of(key.hash);
    locks_->lock_pool(pool);
    locks_->lock_index(part_of(bucket), true);
    Place const place = find(bucket, pool, key);
    if (place != nowhere && entries_.at(place).writeback == Writeback::writing) {
        Entry &entry = entries_.at(place);
        entry.writeback = is_written ? Writeback::clean : Writeback::dirty;
        if (is_written && entry.is_leaving) {
            unchain(place);
            gone = place;
        } else if (!is_written) {
            pools_[pool].note_dirty();
        }
    }
    locks_->unlock_index(part_of(bucket));
    if (gone != nowhere) {
        forget(gone, Cause::deleted);
        entries_.at(gone).chain = nowhere;
    }
    locks_->unlock_pool(pool);
    give_back(gone);
}

/// The pool that has most beyond its credit, of those that have more than `floor`; as many as there are pools
/// if none has.
std::size_t Store::richest(std::size_t floor) const noexcept {
    std::size_t const used = common_->used.load(std::memory_order_relaxed);
    std::size_t richest = pools_.size();
    for (std::size_t i = 0; i < used; ++i)
        if (pools_[i].bytes() > floor &&
            (richest == pools_.size() || pools_[i].surplus() > pools_[richest].surplus()))
            richest = i;
    return richest;
}

/// Where memory is short one of the pools gives some back; false if none has any. However seldom a pool is
/// asked, it keeps a part of what would be its share.
bool Store::evict_from_richest() noexcept {
    std::size_t const used = common_->used.load(std::memory_order_relaxed);
    auto const active = std::count_if(pools_.begin(), pools_.begin() + static_cast<std::ptrdiff_t>(used),
                                      [](const Pool &pool) { return pool.bytes() > 0; });
    if (active == 0)
        return false;
    std::size_t victim = richest(total_bytes() / (least_share * static_cast<std::size_t>(active)));
    if (victim == pools_.size())
        victim = richest(0);
    if (victim == pools_.size())
        return false;
    Place leaving = nowhere;
    locks_->lock_pool(victim);
    if (pools_[victim].size() > 0)
        evict(victim, Cause::memory, leaving);
    locks_->unlock_pool(victim);
    give_back(leaving);
    return true;
}

/// An entry is back that a pool with more memory would have kept: what it takes is owed by another,
/// whichever. Where all pools have as many of these there is balance.
///
/// Source: Cidon, Eisenman, Alizadeh, Katti, "Cliffhanger: Scaling Performance Cliffs in Web Memory Caches",
/// NSDI 2016, section 4.1 (hill climbing by shadow queues).
void Store::credit(std::size_t pool, std::size_t bytes, std::uint64_t hash) noexcept {
    std::size_t const used = common_->used.load(std::memory_order_relaxed);
    auto const more = static_cast<std::int64_t>(bytes);
    auto const most = static_cast<std::int64_t>(total_bytes() / 2);
    for (std::size_t i = 0; i < used; ++i) {
        std::size_t const other = (hash + i) % used;
        if (other == pool || pools_[other].bytes() == 0)
            continue;
        if (pools_[pool].credit() + more <= most && pools_[other].credit() - more >= -most) {
            pools_[pool].give_credit(more);
            pools_[other].give_credit(-more);
        }
        return;
    }
}

} // namespace steward::core::cache
