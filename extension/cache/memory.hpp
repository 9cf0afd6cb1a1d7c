// The cache in the server's shared memory: the store, its locks, and which namespace has which pool.
#pragma once

#include <atomic>

#include "core/cache/store.hpp"

#include "extension/shared.hpp"

extern "C" {
#include "access/transam.h"
#include "datatype/timestamp.h"
}

namespace steward::cache {

namespace core = steward::core::cache;

inline constexpr std::size_t most_namespaces = 512; ///< of all databases
inline constexpr std::size_t namespace_size = 64;   ///< of the name, with the zero byte at the end

/// What is counted of a namespace beside what its pool knows.
enum class Count : std::uint8_t {
    hits,
    negative_hits,
    stale_hits,
    misses,
    refused, ///< values that were there, but not for this reader's snapshot
    sets,
    refused_sets,
    early_refreshes,
    flight_waits,
    table_hits, ///< below the memory
    archive_hits,
    saved_us, ///< what the values that were found in memory had cost
    table_saved_us,
    archive_saved_us,
};
inline constexpr std::size_t counts = 14;
using Counts = std::array<std::uint64_t, counts>;

/// Hits and misses of one minute.
struct Minute {
    std::int64_t number;
    std::uint64_t hits;
    std::uint64_t misses;
};
inline constexpr std::size_t minutes = 6;

/// Which namespace a pool is for. A name stands as long as the pool is held; what is counted has the lock of
/// the pool.
struct Holder {
    Oid database;              ///< InvalidOid if nobody holds the pool
    std::uint32_t incarnation; ///< changes with each holder, and is part of the hash of its keys
    bool is_pure;              ///< what it holds outlives a restart
    bool retired;              ///< the namespace is gone: the pool is free as soon as no entry is left
    TransactionId maker;       ///< that defined the namespace, if it had not yet committed
    char name[namespace_size];
    Counts counts;
    std::array<Minute, minutes> recent;
};

/// A time for what lies below the memory: later than every one that was given before, whatever the clock
/// does.
TimestampTz next_time() noexcept;

/// What is shared about a pool beside its holder.
struct PoolNotes {
    std::atomic<TimestampTz> cleared; ///< what lies below the memory from before is out of date
    std::atomic<bool> is_hurried;     ///< and they are in the way of others
    std::atomic<bool> is_save_asked;  ///< there are dirty entries, and somebody has said so
};

/// The block to reserve while the library is preloaded, of the size that steward.cache_memory says.
SharedBlock &block();

/// False in a server that does not preload the library, or whose cache_memory is 0.
bool has_memory() noexcept;
/// The store, if has_memory().
core::Store &store();
/// The holder of a pool, if has_memory().
Holder &holder_of(std::size_t pool);

PoolNotes &pool_notes(std::size_t pool) noexcept;

struct Held {
    std::uint16_t pool;
    std::uint32_t incarnation;
    std::uint32_t generation; ///< of the pool, not later than when it was seen to be still held
    bool is_new;              ///< nobody has held it for the namespace before
};
struct Wanted {
    Oid database;
    const char *name;
    bool is_pure;
    core::Limits limits;
    core::Time stale_for;
    TransactionId maker = InvalidTransactionId; ///< the one that has defined the namespace and is under way
};
/// The pool that a namespace holds, taken if need be; none if all are held. Its limits hold from now on.
/// Needs has_memory().
std::optional<Held> hold_pool(const Wanted &wanted);
/// The namespace that it was held for never was.
void retire_held(const Held &held);
/// The namespace of this database is gone: its entries are dead, its pool is free once they are swept.
void retire_pool(const char *name);
/// All namespaces of a database.
void retire_database(Oid database);
/// The incarnations of pools, by their numbers; 0 for those that are left out.
using Incarnations = std::array<std::uint32_t, most_namespaces>;
/// The pools of this database whose namespaces no transaction is making: each is defined by what is committed
/// from now on, or it is gone.
Incarnations settled_pools();
/// Those of them whose namespaces are not known: made by transactions that were rolled back, or gone in a way
/// that nobody was told of.
void retire_unknown(const Incarnations &settled, bool (*is_known)(const char *name));
/// Frees the pools of which sweeping has left nothing.
void free_retired();

/// Has the duties of this database write dirty entries of a pool: in a second, or at once if many wait.
void ask_to_save(std::size_t pool) noexcept;

/// Counts the changes of definitions, once others can see them.
std::atomic<std::uint64_t> &definition_changes() noexcept;

/// How often that was done for a database, or for the server, if not in the last `every`; from now on it was.
/// Whatever nobody can remember is due.
std::optional<std::int64_t> take_turn(Oid database, std::string_view step, core::Time every);

/// The hash of a key, with the role before it if there is one, of the namespace that holds a pool.
std::uint64_t hash_of(std::span<const std::byte> key, std::uint32_t incarnation) noexcept;

void lock_pool(std::size_t pool);
void unlock_pool(std::size_t pool);

/// The time by which values end: microseconds that only move forward, or the clock that a test has set.
core::Time now() noexcept;
/// The same time as others say it, and the other way round.
TimestampTz timestamp_of(core::Time time) noexcept;
core::Time time_of(TimestampTz timestamp) noexcept;

} // namespace steward::cache
