#include "extension/cache/memory.hpp"
#include "extension/cache/lower.hpp"
#include "extension/cache/mutants.hpp"

#include <ctime>

#include "extension/settings.hpp"
#include "worker/clock.hpp"
#include "worker/state.hpp"
#include "worker/wake.hpp"

extern "C" {
#include "common/hashfn.h"
#include "storage/procarray.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

/// Something that is done from time to time.
struct Turn {
    Oid database; ///< InvalidOid for the server
    char step[16];
    core::Time taken;
    std::int64_t number;
};
constexpr std::size_t most_turns = 512;

/// What stands before the store.
struct Memory {
    LWLockPadded pools[most_namespaces];
    LWLockPadded index[core::Locks::index_parts];
    LWLockPadded arena;
    LWLockPadded directory; ///< of who holds which pool
    std::uint32_t incarnations;
    Turn turns[most_turns];
    TimestampTz epoch; ///< when the steady clock was 0
    Holder holders[most_namespaces];
    PreparedTransactions prepared;
    std::atomic<std::uint64_t> definition_changes;
    std::atomic<TimestampTz> last_time; ///< see next_time()
    PoolNotes notes[most_namespaces];
    TagSlot tags[tag_slots];
    LowerSlot lower[lower_slots];
};

/// Less would not hold the pools themselves.
constexpr std::size_t least_size = 512 * 1024;

std::size_t store_size() noexcept {
    return std::max(static_cast<std::size_t>(cache_settings.memory_kb) * 1024, least_size);
}

constexpr std::size_t line = PG_CACHE_LINE_SIZE;

std::size_t block_size() noexcept {
    return sizeof(Memory) + store_size() + 2 * line;
}

std::byte *aligned(void *memory) noexcept {
    return reinterpret_cast<std::byte *>(TYPEALIGN(line, memory));
}

Memory &memory_at(void *block) noexcept {
    return *reinterpret_cast<Memory *>(aligned(block));
}

std::span<std::byte> store_at(void *block) noexcept {
    return {aligned(aligned(block) + sizeof(Memory)), store_size()};
}

core::Time steady_now() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time); // 3 ns instead of 20, and steps of 4 ms
    return static_cast<core::Time>(time.tv_sec) * USECS_PER_SEC + time.tv_nsec / 1000;
}

void initialise(void *block) {
    Memory &memory = memory_at(block);
    int const tranche = LWLockNewTrancheId();
    for (LWLockPadded &lock : memory.pools)
        LWLockInitialize(&lock.lock, tranche);
    for (LWLockPadded &lock : memory.index)
        LWLockInitialize(&lock.lock, tranche);
    LWLockInitialize(&memory.arena.lock, tranche);
    LWLockInitialize(&memory.directory.lock, tranche);
    for (TagSlot &tag : memory.tags)
        std::construct_at(&tag);
    memory.epoch = GetCurrentTimestamp() - steady_now();
    core::Store::format(store_at(block), most_namespaces);
}

constinit SharedBlock cache_block("steward cache 2", 0, initialise);

Memory &memory() {
    return memory_at(cache_block.memory());
}

/// The locks of the server. None of these calls raises an error: a process holds three of them at most.
class ServerLocks final : public core::Locks {
  public:
    explicit ServerLocks(Memory &memory) noexcept : memory_(&memory) {}

    void lock_pool(std::size_t pool) noexcept override {
        LWLockAcquire(&memory_->pools[pool].lock, LW_EXCLUSIVE);
    }
    bool try_lock_pool(std::size_t pool) noexcept override {
        return LWLockConditionalAcquire(&memory_->pools[pool].lock, LW_EXCLUSIVE);
    }
    void unlock_pool(std::size_t pool) noexcept override { LWLockRelease(&memory_->pools[pool].lock); }
    void lock_index(std::size_t part, bool exclusive) noexcept override {
        LWLockAcquire(&memory_->index[part].lock, exclusive ? LW_EXCLUSIVE : LW_SHARED);
    }
    void unlock_index(std::size_t part) noexcept override { LWLockRelease(&memory_->index[part].lock); }
    void lock_arena() noexcept override { LWLockAcquire(&memory_->arena.lock, LW_EXCLUSIVE); }
    void unlock_arena() noexcept override { LWLockRelease(&memory_->arena.lock); }
    void loses(const core::Entries &entries, core::Place place) noexcept override;

  private:
    Memory *memory_;
};

/// Whoever looks below the memory from now on finds that out of date which lies there.
void ServerLocks::loses(const core::Entries &entries, core::Place place) noexcept {
    std::byte key[sizeof(Oid) + most_key_bytes];
    const Holder &holder = memory_->holders[entries.at(place).node.pool];
    entries.read_key(place, key);
    if (mutant == Mutant::lose_silently)
        return;
    outdate(lower_slot(lower_slot_of(holder.name, {key, entries.at(place).key_size}, holder.database)));
}

/// Runs `body` while this process holds the directory of holders.
template <class Body> auto with_holders(Body body) {
    LWLock *const lock = &memory().directory.lock;
    LWLockAcquire(lock, LW_EXCLUSIVE);
    auto const result = body(std::span(memory().holders));
    LWLockRelease(lock);
    return result;
}

/// The pool of a namespace, or one that nobody holds; most_namespaces if there is neither.
std::size_t place_for(std::span<const Holder> holders, Oid database, const char *name) noexcept {
    std::size_t place = holders.size();
    for (std::size_t pool = 0; pool < holders.size(); ++pool) {
        const Holder &holder = holders[pool];
        if (holder.database == database && !holder.retired && strcmp(holder.name, name) == 0)
            return pool;
        if (!OidIsValid(holder.database) && place == holders.size())
            place = pool;
    }
    return place;
}

void retire(Holder &holder, std::size_t pool) {
    holder.retired = true;
    store().clear(pool);
}

/// Null if there is no room for one more. The directory is locked.
Turn *find_turn(Oid database, std::string_view step) noexcept {
    step = step.substr(0, sizeof Turn::step - 1);
    Turn *free = nullptr;
    for (Turn &turn : memory().turns) {
        if (turn.step[0] == '\0')
            free = free == nullptr ? &turn : free;
        else if (turn.database == database && step == turn.step)
            return &turn;
    }
    if (free != nullptr) {
        *free = {database, {}, 0, 0};
        step.copy(free->step, step.size());
    }
    return free;
}

void forget_turns(Oid database) noexcept {
    for (Turn &turn : memory().turns)
        if (turn.database == database)
            turn.step[0] = '\0';
}

/// When the steady clock was 0; where nothing is shared, each process says so by itself.
TimestampTz epoch() noexcept {
    static TimestampTz const own = GetCurrentTimestamp() - steady_now();
    return cache_block.is_made() ? memory().epoch : own;
}

/// As the worker's clock: a time that a test has set, or that of the machine.
TimestampTz set_time() noexcept {
    return worker_is_preloaded() ? static_cast<TimestampTz>(pg_atomic_read_u64(&worker_state().clock))
                                 : real_clock;
}

} // namespace

SharedBlock &block() {
    cache_block.resize(block_size());
    return cache_block;
}

bool has_memory() noexcept {
    return cache_block.is_made();
}

core::Store &store() {
    static const void *made_for = nullptr;
    static std::optional<ServerLocks> locks;
    static std::optional<core::Store> view;
    void *const block = cache_block.memory();
    if (made_for != block) [[unlikely]] { // after a crash the postmaster has another one
        locks.emplace(memory());
        view.emplace(store_at(block), *locks);
        made_for = block;
    }
    return *view;
}

Holder &holder_of(std::size_t pool) {
    return memory().holders[pool];
}

TimestampTz next_time() noexcept {
    TimestampTz const wall = GetCurrentTimestamp();
    if (!has_memory())
        return wall;
    TimestampTz last = memory().last_time.load();
    TimestampTz next = 0;
    do
        next = std::max(wall, last + 1);
    while (!memory().last_time.compare_exchange_weak(last, next));
    return next;
}

PoolNotes &pool_notes(std::size_t pool) noexcept {
    return memory().notes[pool];
}

void ask_to_save(std::size_t pool) noexcept {
    PoolNotes &notes = pool_notes(pool);
    if (!notes.is_save_asked.exchange(true))
        run_duties_by(worker_now() + USECS_PER_SEC);
    if (store().is_crowded() && !notes.is_hurried.exchange(true) && worker_is_preloaded())
        wake(MyDatabaseId);
}

std::optional<Held> hold_pool(const Wanted &wanted) {
    return with_holders([&](std::span<Holder> holders) -> std::optional<Held> {
        std::size_t const pool = place_for(holders, wanted.database, wanted.name);
        if (pool == holders.size())
            return std::nullopt;
        Holder &holder = holders[pool];
        bool const is_new = !OidIsValid(holder.database);
        if (is_new) {
            holder = Holder{};
            holder.incarnation = ++memory().incarnations;
            strlcpy(holder.name, wanted.name, namespace_size);
            holder.is_pure = wanted.is_pure;
            holder.database = wanted.database;
            holder.maker = wanted.maker;
            pool_notes(pool).cleared = 0;
            pool_notes(pool).is_save_asked = false;
            pool_notes(pool).is_hurried = false;
        }
        store().open(pool, wanted.limits, wanted.stale_for);
        return Held{static_cast<std::uint16_t>(pool), holder.incarnation, store().pool(pool).generation(),
                    is_new};
    });
}

void retire_held(const Held &held) {
    with_holders([&held](std::span<Holder> holders) {
        Holder &holder = holders[held.pool];
        if (holder.incarnation == held.incarnation && !holder.retired)
            retire(holder, held.pool);
        return true;
    });
}

void retire_pool(const char *name) {
    with_holders([&](std::span<Holder> holders) {
        std::size_t const pool = place_for(holders, MyDatabaseId, name);
        if (pool < holders.size() && OidIsValid(holders[pool].database))
            retire(holders[pool], pool);
        return true;
    });
}

void retire_database(Oid database) {
    with_holders([&](std::span<Holder> holders) {
        for (std::size_t pool = 0; pool < holders.size(); ++pool)
            if (holders[pool].database == database && !holders[pool].retired)
                retire(holders[pool], pool);
        forget_turns(database);
        return true;
    });
}

/// Whether a transaction is under way is asked when no lock is held: it may have to be looked up on disk.
Incarnations settled_pools() {
    Incarnations settled{};
    std::array<TransactionId, most_namespaces> makers{};
    with_holders([&](std::span<Holder> holders) {
        for (std::size_t pool = 0; pool < holders.size(); ++pool)
            if (holders[pool].database == MyDatabaseId && !holders[pool].retired) {
                settled[pool] = holders[pool].incarnation;
                makers[pool] = holders[pool].maker;
            }
        return true;
    });
    for (std::size_t pool = 0; pool < settled.size(); ++pool)
        if (TransactionIdIsValid(makers[pool]) && TransactionIdIsInProgress(makers[pool]))
            settled[pool] = 0;
    return settled;
}

void retire_unknown(const Incarnations &settled, bool (*is_known)(const char *name)) {
    with_holders([&](std::span<Holder> holders) {
        for (std::size_t pool = 0; pool < holders.size(); ++pool)
            if (settled[pool] != 0 && holders[pool].incarnation == settled[pool] && !holders[pool].retired &&
                !is_known(holders[pool].name))
                retire(holders[pool], pool);
        return true;
    });
}

void free_retired() {
    with_holders([](std::span<Holder> holders) {
        for (std::size_t pool = 0; pool < holders.size(); ++pool)
            if (holders[pool].retired && store().close(pool))
                holders[pool] = Holder{};
        return true;
    });
}

std::optional<std::int64_t> take_turn(Oid database, std::string_view step, core::Time every) {
    return with_holders([&](std::span<Holder>) -> std::optional<std::int64_t> {
        Turn *const turn = find_turn(database, step);
        if (turn == nullptr)
            return 0;
        core::Time const time = now();
        core::Time const since = time - turn->taken;
        if (turn->number > 0 && since >= 0 && since < every)
            return std::nullopt;
        turn->taken = time;
        return turn->number++;
    });
}

std::uint64_t hash_of(std::span<const std::byte> key, std::uint32_t incarnation) noexcept {
    return hash_bytes_extended(reinterpret_cast<const unsigned char *>(key.data()),
                               static_cast<int>(key.size()), incarnation);
}

TagSlot &tag_slot(Slot slot) noexcept {
    return memory().tags[slot];
}

LowerSlot &lower_slot(std::uint16_t slot) noexcept {
    return memory().lower[slot];
}

std::atomic<std::uint64_t> &definition_changes() noexcept {
    return memory().definition_changes;
}

PreparedTransactions &prepared_transactions() noexcept {
    return memory().prepared;
}

void lock_pool(std::size_t pool) {
    LWLockAcquire(&memory().pools[pool].lock, LW_EXCLUSIVE);
}

void unlock_pool(std::size_t pool) {
    LWLockRelease(&memory().pools[pool].lock);
}

core::Time now() noexcept {
    TimestampTz const set = set_time();
    return set == real_clock ? steady_now() : time_of(set);
}

TimestampTz timestamp_of(core::Time time) noexcept {
    return time + epoch();
}

core::Time time_of(TimestampTz timestamp) noexcept {
    return timestamp - epoch();
}

} // namespace steward::cache
