// What is written becomes clean when the transaction has committed, and dirty again when it has not. In
// between an entry that is evicted stays, so that nobody finds what was in the table before.
#include "extension/cache/writeback.hpp"

#include <bitset>

#include "extension/cache/lower.hpp"
#include "extension/cache/mutants.hpp"
#include "extension/migration.hpp"
#include "worker/clock.hpp"
#include "worker/wake.hpp"

extern "C" {
#include "access/xact.h"
#include "storage/lmgr.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";
constexpr std::size_t most_entries = 2000;
constexpr std::size_t most_note_bytes = 256 * 1024;
constexpr std::size_t most_value_bytes = 4 * 1024 * 1024;
/// Between two looks whether the query was cancelled.
constexpr std::size_t buckets_at_once = 256;

/// An entry that this transaction writes; the key follows.
struct Written {
    Written *next;
    std::uint64_t hash;
    std::uint16_t pool;
    std::uint16_t slot; ///< of what lies below
    int level;          ///< of the subtransaction
    bool is_held;       ///< by somebody who has not yet committed: not written
    std::size_t key_size;

    std::span<std::byte> key() noexcept { return {reinterpret_cast<std::byte *>(this + 1), key_size}; }
};

/// They live as long as the transaction.
Written *written = nullptr;

/// Whose wish to be saved this transaction has taken over, by pool: an error may come before the first entry.
std::bitset<most_namespaces> taken_over;

void ask_again() {
    for (std::size_t pool = 0; pool < most_namespaces; ++pool)
        if (taken_over[pool])
            ask_to_save(pool);
}

void end_write(Written &one, bool is_committed) {
    // Whoever has looked at the row of before must not bring it up when this one may leave.
    if (is_committed)
        lower_slot(one.slot).generation.fetch_add(1);
    store().end_write(one.pool, {one.hash, one.key()}, is_committed);
}

void end_transaction(XactEvent event) {
    if (event == XACT_EVENT_PRE_PREPARE && written != nullptr)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("cannot PREPARE a transaction that has executed steward.cache_save()"));
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)
        return;
    for (Written *one = std::exchange(written, nullptr); one != nullptr; one = one->next) {
        end_write(*one, event == XACT_EVENT_COMMIT && !one->is_held);
        if (one->is_held)
            ask_to_save(one->pool);
    }
    if (event == XACT_EVENT_ABORT)
        ask_again();
    taken_over.reset();
}

/// What a subtransaction has written is its parent's when it commits.
void end_subtransaction(bool is_committed) {
    int const level = GetCurrentTransactionNestLevel();
    for (Written **link = &written; *link != nullptr;) {
        Written &one = **link;
        if (one.level >= level && !is_committed) {
            *link = one.next;
            end_write(one, false);
            continue;
        }
        one.level = std::min(one.level, level - 1);
        link = &one.next;
    }
    if (!is_committed)
        ask_again();
}

void watch() {
    static bool const is_watching = [] {
        RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); },
                             nullptr);
        RegisterSubXactCallback(
            [](SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
                if (event == SUBXACT_EVENT_COMMIT_SUB || event == SUBXACT_EVENT_ABORT_SUB)
                    boundary([=] { end_subtransaction(event == SUBXACT_EVENT_COMMIT_SUB); });
            },
            nullptr);
        return true;
    }();
    (void)is_watching;
}

/// Whose entries a pool holds; no name if those of another database.
struct Target {
    const char *name;
    std::uint32_t incarnation;
    bool is_shared;
    Tiers tiers;
};
using Targets = std::array<Target, most_namespaces>;

/// False if nobody has asked for a namespace of this database.
bool find_targets(Targets &targets) {
    bool is_asked = false;
    for (std::size_t pool = 0; pool < most_namespaces; ++pool) {
        targets[pool] = Target{};
        const Holder &holder = holder_of(pool);
        std::uint32_t const incarnation = holder.incarnation;
        if (holder.database != MyDatabaseId || holder.retired)
            continue;
        if (const Namespace *const space = known_namespace(holder.name); space != nullptr) {
            targets[pool] = {pstrdup(space->name), incarnation, space->is_shared, space->tiers};
            pool_notes(pool).is_hurried = false;
            bool const asks = pool_notes(pool).is_save_asked.exchange(false);
            taken_over[pool] = taken_over[pool] || asks;
            is_asked = asks || is_asked;
        }
    }
    return is_asked;
}

/// Entries on their way to the tables. What is taken while a lock is held goes into memory that was there
/// before.
class Batch {
  public:
    explicit Batch(const Targets &targets)
        : targets_(&targets), drafts_(static_cast<Draft *>(palloc(sizeof(Draft) * most_entries))),
          notes_(static_cast<char *>(MemoryContextAlloc(TopTransactionContext, most_note_bytes))),
          values_(static_cast<char *>(palloc(most_value_bytes))) {}

    bool is_full() const noexcept { return is_full_; }
    std::size_t taken() const noexcept { return taken_; }
    std::span<Draft> drafts() noexcept { return {drafts_, size_}; }
    /// Takes an entry if it is one of this database and there is room. A lock is held.
    bool take(const core::Entries &entries, core::Place place) noexcept;

  private:
    Written *note(const core::Entries &entries, core::Place place) noexcept;
    varlena *room_for_value(std::size_t size) noexcept;

    const Targets *targets_;
    Draft *drafts_;
    char *notes_;
    char *values_;
    std::size_t size_ = 0;
    std::size_t taken_ = 0;
    std::size_t noted_ = 0;
    std::size_t used_ = 0;
    bool is_full_ = false;
    core::Time now_ = now();
};

/// The entry is this transaction's from here on.
Written *Batch::note(const core::Entries &entries, core::Place place) noexcept {
    const core::Entry &entry = entries.at(place);
    auto *const note = new (notes_ + noted_) Written{
        written, entry.hash(), entry.node.pool, 0, GetCurrentTransactionNestLevel(), false, entry.key_size};
    entries.read_key(place, note->key().data());
    note->slot = lower_slot_of((*targets_)[entry.node.pool].name, note->key());
    noted_ += MAXALIGN(sizeof(Written) + entry.key_size);
    written = note;
    ++taken_;
    return note;
}

/// Null if there is none, which ends the batch: the next one begins with that value.
varlena *Batch::room_for_value(std::size_t size) noexcept {
    std::size_t const rounded = MAXALIGN(VARHDRSZ + size);
    char *memory = nullptr;
    if (rounded <= most_value_bytes - used_)
        memory = values_ + std::exchange(used_, used_ + rounded);
    else if (size_ == 0)
        memory = static_cast<char *>(
            MemoryContextAllocExtended(CurrentMemoryContext, rounded, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM));
    if (memory != nullptr)
        SET_VARSIZE(memory, VARHDRSZ + size);
    return reinterpret_cast<varlena *>(memory);
}

bool Batch::take(const core::Entries &entries, core::Place place) noexcept {
    const core::Entry &entry = entries.at(place);
    const Target &target = (*targets_)[entry.node.pool];
    if (is_full_ || target.name == nullptr || holder_of(entry.node.pool).incarnation != target.incarnation ||
        entry.label.generation != store().pool(entry.node.pool).generation())
        return false;
    // What is good only as long as its tags hold, and that there is nothing, is known to the memory alone.
    bool const has_value = target.tiers.table && (entry.type & null_bit) == 0 && entry.stamps_size == 0 &&
                           entry.label.expires > now_;
    varlena *const value = has_value ? room_for_value(entry.value_size) : nullptr;
    is_full_ = size_ == most_entries || noted_ + sizeof(Written) + entry.key_size > most_note_bytes ||
               (has_value && value == nullptr);
    if (is_full_)
        return false;
    Written *const note = this->note(entries, place);
    if (!target.tiers.table)
        return true;
    Draft &draft = drafts_[size_++];
    draft = {target.name,          InvalidOid,    {}, {}, DT_NOEND, entry.label.cost,
             target.tiers.archive, &note->is_held};
    std::size_t const role_size = target.is_shared ? 0 : sizeof(Oid);
    memcpy(&draft.role, note->key().data(), role_size);
    draft.key = {reinterpret_cast<const char *>(note->key().data()) + role_size, note->key_size - role_size};
    if (!has_value)
        return true;
    entries.read_value(place, reinterpret_cast<std::byte *>(VARDATA(value)));
    draft.value = {value, static_cast<Type>(entry.type)};
    draft.expires = entry.label.expires == core::never ? DT_NOEND : timestamp_of(entry.label.expires);
    return true;
}

/// A whole round through the memory, or as far as there is room.
void fill(Batch &batch) {
    static std::size_t next = 0;
    std::size_t const buckets = store().buckets();
    for (std::size_t i = 0; i < buckets && !batch.is_full(); ++i) {
        if (i % buckets_at_once == 0)
            check_interrupts();
        next %= buckets;
        store().write(next, [&batch](const core::Entries &entries, core::Place place) {
            return batch.take(entries, place);
        });
        next += batch.is_full() ? 0 : 1;
    }
}

bool is_before(const Draft &a, const Draft &b) noexcept {
    int const order = a.space.compare(b.space);
    return order != 0 ? order < 0 : a.key < b.key;
}

/// Those that nobody holds. The others are dirty again when the transaction has ended.
std::span<Draft> free_of(std::span<Draft> drafts) {
    find_held(drafts);
    auto const rest = std::stable_partition(drafts.begin(), drafts.end(),
                                            [](const Draft &draft) { return !*draft.is_held; });
    return {drafts.begin(), rest};
}

} // namespace

std::int64_t write_back(bool skips_held) {
    Oid const table = has_memory() && may_write() ? steward_table("cache_table") : InvalidOid;
    if (!OidIsValid(table))
        return 0;
    if (!ConditionalLockRelationOid(table, ShareUpdateExclusiveLock)) {
        run_duties_by(worker_now() + USECS_PER_SEC); // what has come since is not asked for once more
        return 0;
    }
    watch();
    auto *const targets = static_cast<Targets *>(palloc(sizeof(Targets)));
    if (!find_targets(*targets))
        return 0;
    TimestampTz saved = next_time(); // before any value is read
    Batch batch(*targets);
    fill(batch);
    if (mutant == Mutant::saved_after_read)
        saved = next_time();
    if (batch.is_full())
        for (std::size_t pool = 0; pool < most_namespaces; ++pool)
            if ((*targets)[pool].name != nullptr)
                ask_to_save(pool);
    std::span<Draft> drafts = batch.drafts();
    std::sort(drafts.begin(), drafts.end(), is_before); // all who write many rows do so in one order
    if (skips_held)
        drafts = free_of(drafts);
    write_rows(drafts, saved);
    if (mutant == Mutant::clean_at_call)
        end_transaction(XACT_EVENT_COMMIT);
    return static_cast<std::int64_t>(batch.taken());
}

/// (skip_held) -> how many
STEWARD_FUNCTION(steward_cache_save) {
    PG_RETURN_INT64(write_back(PG_GETARG_BOOL(0)));
}

} // namespace steward::cache
