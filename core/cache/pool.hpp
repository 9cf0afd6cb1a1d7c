// One of the caches that share an arena: its limits, and which of its entries goes.
#pragma once

#include <atomic>
#include <optional>

#include "core/cache/entry.hpp"
#include "core/cache/shadow.hpp"
#include "core/cache/tuner.hpp"

namespace steward::core::cache {

struct Limits {
    std::uint32_t entries; ///< at least 2
    std::uint64_t bytes;   ///< of the arena, for entries

    bool operator==(const Limits &) const = default;
};

/// Why an entry left.
enum class Cause : std::uint8_t { entries, bytes, memory, expired, cleared, deleted };
inline constexpr std::size_t causes = 6;

/// One caller at a time, but for what is said to be otherwise.
class Pool {
  public:
    /// Begins to be used, empty; or goes on with other limits. Takes memory of the arena for the policy: less
    /// than is best where there is not that much.
    void set_limits(Arena &arena, const Limits &limits) noexcept;
    /// Ends to be used; no entry is left.
    void close(Arena &arena) noexcept;
    bool is_open() const noexcept { return policy_.has_value(); }
    const Limits &limits() const noexcept { return limits_; }

    /// How long after its end an entry may still be had as a stale one. Any reader.
    Time stale_for() const noexcept { return stale_for_.load(std::memory_order_relaxed); }
    void set_stale_for(Time time) noexcept { stale_for_.store(time, std::memory_order_relaxed); }
    /// Entries of another generation are dead. Any reader.
    std::uint32_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
    void clear() noexcept { generation_.fetch_add(1, std::memory_order_acq_rel); }
    /// What its entries take of the arena, about. Any reader.
    std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
    std::size_t size() const noexcept { return policy_ ? policy_->eviction.size() : 0; }
    std::uint64_t left(Cause cause) const noexcept { return left_[static_cast<std::size_t>(cause)]; }

    /// An entry was used. Any reader who keeps it from being given back.
    void touch(Place place) noexcept { policy_->eviction.touch(place); }
    /// Whether the policy wants to be told of an access. Any reader.
    bool wants(std::uint64_t hash) const noexcept {
        return policy_ && policy_->tuner && policy_->tuner->wants(hash);
    }
    void observe(std::uint64_t hash) noexcept;

    void admit(Place place, std::size_t bytes) noexcept;
    void readmit(Place place, std::size_t bytes, Line line, std::uint8_t uses) noexcept;
    void replace(Place place, std::size_t bytes, Place fresh, std::size_t fresh_bytes) noexcept;
    void remove(Place place, std::size_t bytes, Cause cause) noexcept;
    /// Why one has to go so that `more` entries of so many bytes find room; nothing if none has to.
    std::optional<Cause> is_full(std::size_t more, std::size_t bytes) const noexcept;
    /// Takes the entry out that is to go, of which left_for() is to be told then. One is there.
    Place evict() noexcept { return policy_->eviction.evict(); }
    void left_for(Cause cause, std::size_t bytes) noexcept;

    /// The entry that was evicted last had to go because memory was short.
    void note_short(std::uint64_t hash) noexcept { shadow_.add(hash); }
    /// Whether a key that comes had to go so not long ago.
    bool take_short(std::uint64_t hash) noexcept { return shadow_.take(hash); }
    /// What the pool has too much of, of a memory that is short: the more of its entries come back soon after
    /// they have left, the more it may have. Any reader.
    std::int64_t surplus() const noexcept {
        return static_cast<std::int64_t>(bytes()) - credit_.load(std::memory_order_relaxed);
    }
    std::int64_t credit() const noexcept { return credit_.load(std::memory_order_relaxed); }
    void give_credit(std::int64_t more) noexcept { credit_.fetch_add(more, std::memory_order_relaxed); }

    /// An entry was stored that has to be written. Any writer.
    void note_dirty() noexcept { dirtied_.fetch_add(1, std::memory_order_relaxed); }
    /// How many so far. Any reader.
    std::uint64_t dirtied() const noexcept { return dirtied_.load(std::memory_order_relaxed); }
    /// Entries that were evicted and are still found.
    std::size_t leaving() const noexcept { return leaving_; }
    /// Those that were evicted and could not be kept until they were written. The pool is locked.
    void count_lost() noexcept { ++lost_; }
    std::uint64_t lost() const noexcept { return lost_; }
    void count_leaving(int more) noexcept { leaving_ += static_cast<std::size_t>(more); }

  private:
    struct Policy {
        Eviction eviction;
        std::optional<Tuner> tuner;
    };

    void furnish(Arena &arena, std::size_t entries) noexcept;
    void add(std::size_t bytes) noexcept {
        bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
    }
    void subtract(std::size_t bytes) noexcept { add(std::size_t{0} - bytes); }

    Limits limits_{};
    std::atomic<Time> stale_for_ = 0;
    std::atomic<std::uint32_t> generation_ = 1;
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<std::int64_t> credit_ = 0;
    std::atomic<std::uint64_t> dirtied_ = 0;
    std::size_t leaving_ = 0;
    std::uint64_t lost_ = 0;
    Shadow shadow_;
    std::array<std::uint64_t, causes> left_{};
    std::optional<Policy> policy_;
    Place memory_ = nowhere; ///< of ghosts and tuner
    std::array<Ghosts::Slot, 8> least_ghosts_{};
};

} // namespace steward::core::cache
