#include "extension/summary/changes.hpp"

#include "extension/memory.hpp"
#include "extension/summary/change_writer.hpp"
#include "extension/summary/mutants.hpp"
#include "extension/summary/wishes.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace steward::summary {

namespace {

/// A table of changes, which is a group of keys. Plain data.
struct Queue {
    Oid relation;
    bool all;         ///< any key may have changed
    int all_written;  ///< at which level of subtransactions that was written; 0 if it was not
    std::size_t keys; ///< how many were noted
    Oid *types;       ///< of its columns when they were; the table may be altered before they are written
    int count;        ///< of these
};

/// Keys that were noted at one level of subtransactions. Ends with the memory of the transaction.
struct Batch {
    int level;   ///< it is forgotten if the subtransaction of that level is rolled back
    int written; ///< at which level it was written, to be written again if that is rolled back; 0 if not yet
    core::KeySums sums;
    Batch *older;
};

/// Plain data; what it points to lives as long as the transaction, in a context of its own.
struct Transaction {
    MemoryContext memory;
    ContextResource *resource;
    Batch *newest;
    Queue *queues;
    std::size_t count;
    std::size_t room;
};
constinit Transaction current{};

void begin() {
    if (current.memory != nullptr)
        return;
    current.memory =
        AllocSetContextCreate(TopTransactionContext, "steward changed keys", ALLOCSET_DEFAULT_SIZES);
    current.resource =
        new (MemoryContextAlloc(current.memory, sizeof(ContextResource))) ContextResource(current.memory);
}

void forget() {
    MemoryContext const memory = std::exchange(current, {}).memory;
    if (memory != nullptr)
        MemoryContextDelete(memory); // with all that lives there
}

/// The batch that the present subtransaction adds to.
core::KeySums &open_batch() {
    int const level = GetCurrentTransactionNestLevel();
    for (Batch *batch = current.newest; batch != nullptr; batch = batch->older)
        if (batch->level == level && batch->written == 0)
            return batch->sums;
    current.newest = new (MemoryContextAlloc(current.memory, sizeof(Batch)))
        Batch{level, 0, core::KeySums(current.resource), current.newest};
    return current.newest->sums;
}

/// What was noted in a subtransaction is the next outer one's now.
void hand_up(int level) {
    for (std::size_t i = 0; i < current.count; ++i)
        current.queues[i].all_written = std::min(current.queues[i].all_written, level - 1);
    Batch **place = &current.newest;
    while (Batch *const batch = *place) {
        batch->written = std::min(batch->written, level - 1);
        if (batch->level < level) {
            place = &batch->older;
            continue;
        }
        batch->level = level - 1;
        Batch *outer = batch->written == 0 ? batch->older : nullptr;
        while (outer != nullptr && (outer->level != level - 1 || outer->written != 0))
            outer = outer->older;
        if (outer == nullptr) {
            place = &batch->older;
            continue;
        }
        outer->sums.merge(batch->sums);
        *place = batch->older;
        batch->~Batch();
    }
}

/// A subtransaction is rolled back: what it has noted and what it has written is no more.
void take_back(int level) {
    for (std::size_t i = 0; i < current.count; ++i)
        if (current.queues[i].all_written >= level) {
            current.queues[i].all = true;
            current.queues[i].all_written = 0;
        }
    Batch **place = &current.newest;
    while (Batch *const batch = *place) {
        if (batch->written >= level && mutant != Mutant::lose_outer)
            batch->written = 0;
        if (batch->level < level || mutant == Mutant::count_undone) {
            place = &batch->older;
            continue;
        }
        *place = batch->older;
        batch->~Batch();
    }
}

/// The group of a table of changes.
std::uint32_t group_of(Oid relation) {
    begin();
    for (std::size_t i = 0; i < current.count; ++i)
        if (current.queues[i].relation == relation)
            return static_cast<std::uint32_t>(i);
    if (current.count == current.room) {
        std::size_t const room = std::max<std::size_t>(8, current.room * 2);
        auto *const wider = static_cast<Queue *>(MemoryContextAlloc(current.memory, room * sizeof(Queue)));
        std::copy_n(current.queues, current.count, wider);
        current.queues = wider;
        current.room = room;
    }
    current.queues[current.count] = {relation, false, 0, 0, nullptr, 0};
    return static_cast<std::uint32_t>(current.count++);
}

/// Keeps the types of the columns that keys are noted for.
void keep_types(Queue &queue, TupleDesc columns) {
    if (queue.types != nullptr)
        return;
    queue.count = columns->natts;
    queue.types = static_cast<Oid *>(MemoryContextAlloc(current.memory, sizeof(Oid) * columns->natts));
    for (int i = 0; i < columns->natts; ++i)
        queue.types[i] = TupleDescAttr(columns, i)->atttypid;
}

/// Whether the table is what it was when keys were noted, so that they can be written. Where it is not, the
/// refresh says that it was altered.
bool is_as_noted(const Queue &queue, Relation table) {
    TupleDesc const columns = RelationGetDescr(table);
    bool is = table->rd_rel->relkind == RELKIND_RELATION && columns->natts > 0 &&
              TupleDescAttr(columns, columns->natts - 1)->atttypid == TIMESTAMPTZOID &&
              (queue.types == nullptr || queue.count == columns->natts);
    for (int i = 0; is && i < columns->natts; ++i)
        is = !TupleDescAttr(columns, i)->attisdropped &&
             (queue.types == nullptr || queue.types[i] == TupleDescAttr(columns, i)->atttypid);
    return is;
}

/// Without a right to the table: it is its owner's trigger that notes changes.
void write(const Queue &queue, std::uint32_t group) {
    Relation const table = try_table_open(queue.relation, RowExclusiveLock);
    if (table == nullptr)
        return; // the summary was dropped
    if (!is_as_noted(queue, table)) {
        table_close(table, NoLock);
        return;
    }
    Oid role = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&role, &context); // indexes may call functions, which are its owner's
    SetUserIdAndSecContext(table->rd_rel->relowner,
                           context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    int const settings = NewGUCNestLevel();
    if (table->rd_rel->relhasindex)
        set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                          true, 0, false);
    ChangeWriter writer(table);
    if (queue.all)
        writer.add_all();
    for (const Batch *batch = queue.all ? nullptr : current.newest; batch != nullptr; batch = batch->older)
        if (batch->written == 0)
            batch->sums.each(
                [&](std::uint32_t of, std::span<const std::byte> key, std::span<const core::Sum> sums) {
                    if (of == group)
                        writer.add(key.data(), sums);
                });
    writer.end();
    AtEOXact_GUC(true, settings);
    SetUserIdAndSecContext(role, context);
    table_close(table, NoLock);
    wish_refresh();
}

void at_end(XactEvent event) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        flush_changes();
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT:
        forget();
        break;
    default:
        break;
    }
}

void at_end_of_sub(SubXactEvent event) {
    if (current.memory == nullptr)
        return;
    if (event == SUBXACT_EVENT_COMMIT_SUB)
        hand_up(GetCurrentTransactionNestLevel());
    else if (event == SUBXACT_EVENT_ABORT_SUB)
        take_back(GetCurrentTransactionNestLevel());
}

/// Once in a process.
void watch_transactions() {
    static bool is_watching = false;
    if (std::exchange(is_watching, true))
        return;
    RegisterXactCallback([](XactEvent event, void *) { boundary([&] { at_end(event); }); }, nullptr);
    RegisterSubXactCallback([](SubXactEvent event, SubTransactionId, SubTransactionId,
                               void *) { boundary([&] { at_end_of_sub(event); }); },
                            nullptr);
}

} // namespace

namespace {

/// Whether the key was not there yet. Most keys are numbers, which need no memory of their own.
bool add_key(std::uint32_t group, TupleDesc columns, std::span<const Datum> key,
             std::span<const core::Sum> sums) {
    bool is_by_value = true;
    for (std::size_t i = 0; i < key.size(); ++i)
        is_by_value = is_by_value && TupleDescAttr(columns, static_cast<int>(i))->attbyval;
    if (is_by_value)
        return open_batch().add(group, std::as_bytes(key), sums);
    StringInfoData bytes;
    initStringInfo(&bytes);
    for (std::size_t i = 0; i < key.size(); ++i)
        append_value(&bytes, TupleDescAttr(columns, static_cast<int>(i)), key[i]);
    auto const *const data = reinterpret_cast<const std::byte *>(bytes.data);
    return open_batch().add(group, {data, static_cast<std::size_t>(bytes.len)}, sums);
}

} // namespace

void note_key(Oid changes, TupleDesc columns, std::span<const Datum> key, std::span<const core::Sum> sums) {
    watch_transactions();
    std::uint32_t const group = group_of(changes);
    if (current.queues[group].all)
        return;
    keep_types(current.queues[group], columns);
    if (!add_key(group, columns, key, sums))
        return;
    if (++current.queues[group].keys > most_keys)
        current.queues[group].all = true;
}

void note_all(Oid changes) {
    watch_transactions();
    std::uint32_t const group = group_of(changes); // which may move the queues
    current.queues[group].all = true;
}

void flush_changes() {
    if (current.memory == nullptr)
        return;
    PushActiveSnapshot(GetTransactionSnapshot()); // for keys that are so long that they are stored apart
    MemoryContext const caller = MemoryContextSwitchTo(
        AllocSetContextCreate(CurrentMemoryContext, "steward flush", ALLOCSET_DEFAULT_SIZES));
    for (std::size_t i = 0; i < current.count; ++i)
        write(current.queues[i], static_cast<std::uint32_t>(i));
    MemoryContextDelete(MemoryContextSwitchTo(caller));
    PopActiveSnapshot();
    CommandCounterIncrement();
    int const level = GetCurrentTransactionNestLevel();
    if (level == 1) {
        forget();
        return;
    }
    for (Batch *batch = current.newest; batch != nullptr; batch = batch->older)
        if (batch->written == 0)
            batch->written = level;
    for (std::size_t i = 0; i < current.count; ++i)
        if (std::exchange(current.queues[i].all, false)) // what comes later is noted again
            current.queues[i].all_written = level;
}

} // namespace steward::summary
