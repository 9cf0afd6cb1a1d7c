#include "extension/cache/tables.hpp"

#include "extension/cache/arguments.hpp"

extern "C" {
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

/// The tables above the partitions that this process has written to lately; plain data, forgotten with any
/// change of a definition.
struct Ancestors {
    static constexpr int most = 8;
    Oid table;
    int count;
    std::array<Oid, most> all;
};
constinit std::array<Ancestors, 64> known{};

void watch_definitions() {
    static bool const is_watching = [] {
        CacheRegisterRelcacheCallback([](Datum, Oid) { known = {}; }, Datum{0});
        return true;
    }();
    (void)is_watching;
}

template <class Visit> void each_ancestor(Oid table, Visit visit) {
    watch_definitions();
    Ancestors &place = known[table % known.size()];
    if (place.table == table) {
        for (Oid const ancestor : std::span(place.all).first(static_cast<std::size_t>(place.count)))
            visit(ancestor);
        return;
    }
    List *const found = get_partition_ancestors(table);
    Ancestors fresh{table, 0, {}};
    ListCell *cell = nullptr;
    foreach (cell, found) {
        visit(lfirst_oid(cell));
        if (fresh.count < Ancestors::most)
            fresh.all[static_cast<std::size_t>(fresh.count++)] = lfirst_oid(cell);
    }
    if (list_length(found) == fresh.count)
        place = fresh;
    list_free(found);
}

/// Calls `visit(slot)` for a kind of tag of a table and of all above it.
template <class SlotOf> void change_with_ancestors(Oid table, bool is_partition, SlotOf slot) {
    if (!has_memory())
        return;
    change_at_commit(slot(table));
    if (is_partition)
        each_ancestor(table, [&](Oid ancestor) { change_at_commit(slot(ancestor)); });
}

/// The key of a row, as text; null if the column is.
char *key_in(HeapTuple row, TupleDesc columns, const char *column) {
    int const number = SPI_fnumber(columns, column);
    if (number <= 0)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" does not exist", column),
                errhint("The cache watches it: steward.cache_undepend(namespace, table) ends that."));
    return SPI_getvalue(row, columns, number);
}

/// Whether all sessions write a value of that type in the same way, and as a cast to text does.
bool has_one_text(Oid type) {
    constexpr Oid plain[] = {INT2OID, INT4OID, INT8OID,    OIDOID, NUMERICOID,
                             TEXTOID, NAMEOID, VARCHAROID, UUIDOID};
    Oid const base = getBaseType(type);
    return std::ranges::find(plain, base) != std::end(plain) || get_typtype(base) == TYPTYPE_ENUM;
}

void change_row(Relation table, HeapTuple row, const char *column) {
    TupleDesc const columns = RelationGetDescr(table);
    char *const key = key_in(row, columns, column);
    if (key != nullptr && !has_one_text(SPI_gettypeid(columns, SPI_fnumber(columns, column))))
        change_with_ancestors(RelationGetRelid(table), table->rd_rel->relispartition,
                              [](Oid one) { return slot_of(TagKind::bulk, one); });
    else if (key != nullptr)
        change_with_ancestors(RelationGetRelid(table), table->rd_rel->relispartition,
                              [key](Oid one) { return slot_of(TagKind::row, one, key); });
}

} // namespace

void change_table(Oid table, bool is_partition) {
    change_with_ancestors(table, is_partition, [](Oid one) { return slot_of(TagKind::table, one); });
}

void change_table_with_partitions(Oid table) {
    if (!OidIsValid(table) || !has_memory())
        return;
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(table, NoLock, nullptr))
        change_table(lfirst_oid(cell), true);
}

void change_whole_table(Oid table) {
    if (!OidIsValid(table) || !has_memory())
        return;
    change_table_with_partitions(table);
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(table, NoLock, nullptr))
        change_with_ancestors(lfirst_oid(cell), true, [](Oid one) { return slot_of(TagKind::bulk, one); });
}

/// Trigger of rows; its argument is the column that values are cached by.
STEWARD_FUNCTION(steward_cache_row_changed) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("not called as a trigger"));
    auto const *const trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || trigger->tg_trigger->tgnargs != 1)
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("not called as a trigger for rows with the name of a column"));
    const char *const column = trigger->tg_trigger->tgargs[0];
    change_row(trigger->tg_relation, trigger->tg_trigtuple, column);
    if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
        change_row(trigger->tg_relation, trigger->tg_newtuple, column);
    PG_RETURN_POINTER(trigger->tg_trigtuple);
}

/// (tag): values that bear it are not found any more when the transaction has committed
STEWARD_FUNCTION(steward_cache_invalidate_tag) {
    if (has_memory())
        change_at_commit(slot_of(TagKind::word, 0, text_argument(fcinfo, 0)));
    PG_RETURN_VOID();
}

} // namespace steward::cache
