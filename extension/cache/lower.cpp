#include "extension/cache/lower.hpp"

#include "extension/cache/mutants.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

LowerSlot &slot_of_key(const Namespace &space, const EntryKey &key) noexcept {
    return lower_slot(lower_slot_of(space.name, static_cast<core::Key>(key).bytes));
}

core::Time end_of_row(const Row &row) noexcept {
    return row.expires == DT_NOEND ? core::never : time_of(row.expires);
}

core::Hit state_of(const Namespace &space, core::Time expires) noexcept {
    core::Time const time = now();
    if (time < expires)
        return core::Hit::fresh;
    return time - expires < space.stale_for ? core::Hit::stale : core::Hit::none;
}

/// Whether the namespace was not cleared since.
bool is_of_now(const Namespace &space, TimestampTz saved) noexcept {
    return saved > space.cleared &&
           (space.held.incarnation == 0 || saved > pool_notes(space.held.pool).cleared.load());
}

/// Whether nothing has happened since it was written that makes the row one of before.
bool is_up_to_date(const Namespace &space, const EntryKey &key, TimestampTz saved) noexcept {
    return is_of_now(space, saved) && (!has_memory() || saved > slot_of_key(space, key).outdated.load());
}

/// What was found below, and when it was written.
struct Below : Looked {
    TimestampTz saved = 0;
};

/// What came up from the archive is to be written to the table. The namespace may have been cleared since the
/// row was looked at, by somebody who had begun before this was told the generation of the pool.
void bring_up(const Namespace &space, const EntryKey &key, const Below &looked, std::uint32_t generation) {
    core::Item item = item_of(space, key, looked.value, looked.label.expires, looked.label.cost);
    item.writeback = looked.tier == Tier::archive ? core::Writeback::dirty : core::Writeback::clean;
    auto const holds = [&] {
        return mutant == Mutant::promote_always ||
               (slot_of_key(space, key).generation.load() == generation && is_of_now(space, looked.saved));
    };
    if (store().promote(item, holds) == core::Put::stored && item.writeback == core::Writeback::dirty)
        ask_to_save(space.held.pool);
}

/// What is there, and good.
Below examine(const Namespace &space, const EntryKey &key) {
    Below looked;
    looked.tier = Tier::table;
    std::optional<Row> row = find_row(space, key);
    if (!row && space.tiers.archive) {
        looked.tier = Tier::archive;
        row = find_archived(space, key);
    }
    if (!row || !is_up_to_date(space, key, row->saved))
        return {};
    looked.value = row->value;
    looked.saved = row->saved;
    looked.label.expires = end_of_row(*row);
    looked.label.cost = row->cost;
    looked.hit = state_of(space, looked.label.expires);
    return looked;
}

} // namespace

std::uint16_t lower_slot_of(const char *space, std::span<const std::byte> key, Oid database) noexcept {
    std::uint64_t const seed = hash_bytes_extended(reinterpret_cast<const unsigned char *>(space),
                                                   static_cast<int>(strlen(space)), database);
    return static_cast<std::uint16_t>(hash_bytes_extended(reinterpret_cast<const unsigned char *>(key.data()),
                                                          static_cast<int>(key.size()), seed));
}

/// The clock may be set back: what was out of date stays so.
void outdate(LowerSlot &slot, TimestampTz until) noexcept {
    TimestampTz before = slot.outdated.load();
    while (before < until && !slot.outdated.compare_exchange_weak(before, until)) {
    }
    slot.generation.fetch_add(1);
}

void outdate(LowerSlot &slot) noexcept {
    outdate(slot, next_time());
}

bool has_lower(const Namespace &space) noexcept {
    return space.tiers.table && !RecoveryInProgress();
}

Looked look_lower(const Namespace &space, const EntryKey &key) {
    // Before the rows are looked at.
    std::uint32_t const generation = has_memory() ? slot_of_key(space, key).generation.load() : 0;
    Below const looked = examine(space, key);
    if (mutant == Mutant::promote_always)
        pg_usleep(300);
    if (looked.hit != core::Hit::none && is_held(space))
        bring_up(space, key, looked, generation);
    return looked;
}

/// In one moment: who has taken the value to be written has done so at a time before, and who has found it
/// below does not bring it up.
bool remove_from_memory(const Namespace &space, const EntryKey &key) noexcept {
    auto const note = [&] {
        if (has_lower(space) && mutant != Mutant::outdate_too_soon)
            outdate(slot_of_key(space, key));
    };
    if (is_held(space))
        return store().remove(space.held.pool, key, now(), note);
    if (has_memory())
        note();
    return false;
}

bool remove_everywhere(const Namespace &space, const EntryKey &key) {
    bool const was_below = has_lower(space) && examine(space, key).hit != core::Hit::none;
    if (mutant == Mutant::outdate_too_soon && has_memory() && has_lower(space) && may_write()) {
        outdate(slot_of_key(space, key));
        delete_row(space, key);
    }
    bool const was_in_memory = remove_from_memory(space, key);
    if (has_lower(space) && may_write())
        delete_row(space, key);
    return was_in_memory || was_below;
}

/// Each key is out of date before its row goes, wherever that is by then: it was below when all rows were
/// looked at, or it was in memory before, where the caller has looked.
std::int64_t remove_lower_like(const Namespace &space, Datum pattern) {
    if (IsInParallelMode())
        return 0;
    if (!has_memory()) // nothing could be said of rows that stay
        return may_write() ? delete_rows_like(space, pattern) : 0;
    std::span<const RowKey> const rows = find_rows_like(space, pattern);
    std::int64_t removed = 0;
    for (const RowKey &row : rows) {
        check_interrupts();
        EntryKey const key(space, row.key);
        bool const was_below = is_up_to_date(space, key, row.saved);
        bool const was_in_memory = remove_from_memory(space, key); // it may have been brought up meanwhile
        removed += was_below || was_in_memory ? 1 : 0;
    }
    if (may_write())
        delete_rows(space, rows);
    return removed;
}

/// The value is not written again: somebody may have stored another one meanwhile.
bool expire_lower(const Namespace &space, const EntryKey &key, core::Time end) {
    return may_write() && examine(space, key).hit != core::Hit::none &&
           expire_row(space, key, end == core::never ? DT_NOEND : timestamp_of(end));
}

bool store_lower(const Namespace &space, const EntryKey &key, const core::Item &item) {
    if (!may_write())
        return false;
    Draft draft{space.name,
                role_of(space),
                key.text(),
                {},
                item.label.expires == core::never ? DT_NOEND : timestamp_of(item.label.expires),
                item.label.cost,
                space.tiers.archive,
                nullptr};
    if ((item.type & null_bit) == 0) {
        auto *const bytes = static_cast<varlena *>(palloc(VARHDRSZ + item.value.size()));
        SET_VARSIZE(bytes, VARHDRSZ + item.value.size());
        memcpy(VARDATA(bytes), item.value.data(), item.value.size());
        draft.value = {bytes, static_cast<Type>(item.type)};
    }
    write_rows({&draft, 1}, next_time());
    return true;
}

/// In one moment: nobody brings anything up in between.
void clear_memory(const Namespace &space) noexcept {
    store().clear(space.held.pool, [&] { pool_notes(space.held.pool).cleared = next_time(); });
}

void clear_lower(const char *space) {
    if (may_write())
        delete_rows_of(space);
}

} // namespace steward::cache
