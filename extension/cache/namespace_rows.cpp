#include "extension/cache/namespace_rows.hpp"

#include "extension/cache/snapshot.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

/// One row of the table.
class Row {
  public:
    Row(Relation table, HeapTuple tuple) : table_(table), tuple_(tuple) {}

    Datum column(const char *name, bool &is_null) const {
        return heap_getattr(tuple_, get_attnum(RelationGetRelid(table_), name), RelationGetDescr(table_),
                            &is_null);
    }
    bool has(const char *name) const {
        return get_attnum(RelationGetRelid(table_), name) != InvalidAttrNumber;
    }
    Datum column(const char *name) const {
        bool is_null = false;
        Datum const value = column(name, is_null);
        return is_null ? Datum{0} : value;
    }
    bool is_of_this_transaction() const {
        return TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple_->t_data));
    }
    char *string(const char *name) const { return TextDatumGetCString(column(name)); }
    core::Time time(const char *name, core::Time otherwise) const {
        bool is_null = false;
        Datum const value = column(name, is_null);
        return is_null ? otherwise : microseconds(*DatumGetIntervalP(value));
    }
    /// The elements of an array of roles.
    std::span<const Oid> roles(const char *name) const {
        ArrayType *const array = DatumGetArrayTypePCopy(column(name));
        auto const count = static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)));
        return {reinterpret_cast<const Oid *>(ARR_DATA_PTR(array)), count};
    }

  private:
    Relation table_;
    HeapTuple tuple_;
};

Type type_named(const char *name) noexcept {
    constexpr const char *names[] = {"any", "jsonb", "text", "bytea"};
    for (std::size_t i = 0; i < std::size(names); ++i)
        if (strcmp(name, names[i]) == 0)
            return static_cast<Type>(i);
    return Type::any;
}

Warm warm_named(const char *name) noexcept {
    if (strcmp(name, "none") == 0)
        return Warm::none;
    return strcmp(name, "predicted") == 0 ? Warm::predicted : Warm::popular;
}

/// Of the migration that makes tables for values; without it there is the memory.
void read_tiers(const Row &row, Namespace &space) {
    space.tiers = {.memory = true, .table = false, .archive = false};
    if (!row.has("tiers"))
        return;
    space.tiers.memory = false;
    Datum *names = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(row.column("tiers")), TEXTOID, -1, false, TYPALIGN_INT, &names,
                      nullptr, &count);
    for (int i = 0; i < count; ++i) {
        const char *const name = TextDatumGetCString(names[i]);
        space.tiers.memory = space.tiers.memory || strcmp(name, "memory") == 0;
        space.tiers.table = space.tiers.table || strcmp(name, "table") == 0;
        space.tiers.archive = space.tiers.archive || strcmp(name, "archive") == 0;
    }
    space.price = DatumGetFloat8(row.column("price"));
    space.warm = warm_named(row.string("warm"));
    space.cleared = DatumGetTimestampTz(row.column("created_at"));
}

void read_row(const Row &row, Namespace &space) {
    space = Namespace{};
    strlcpy(space.name, row.string("namespace"), namespace_size);
    space.owner = DatumGetObjectId(row.column("owner"));
    space.is_dependent = strcmp(row.string("kind"), "dependent") == 0;
    space.is_shared = DatumGetBool(row.column("shared"));
    space.type = type_named(row.string("value_type"));
    read_tiers(row, space);
    space.ttl = row.time("ttl", core::never);
    space.stale_for = row.time("stale_for", 0);
    space.negative_ttl = row.time("negative_ttl", 0);
    space.early_beta = DatumGetFloat8(row.column("early_beta"));
    bool is_unlimited = false;
    Datum const bytes = row.column("max_bytes", is_unlimited);
    space.limits = {static_cast<std::uint32_t>(DatumGetInt32(row.column("max_entries"))),
                    is_unlimited ? UINT64_MAX : static_cast<std::uint64_t>(DatumGetInt64(bytes))};
    space.readers = row.roles("readers");
    space.writers = row.roles("writers");
    space.slot = slot_of(TagKind::space, 0, space.name);
}

/// Calls `read(row)` for the newest committed rows, and those of this transaction. Nobody needs a right to
/// the table: what it says about a namespace is checked below.
template <class Read> void each_row(Oid oid, Read read) {
    Relation const table = table_open(oid, AccessShareLock);
    Snapshot const snapshot = RegisterSnapshot(snapshot_of_now());
    TupleTableSlot *const slot = table_slot_create(table, nullptr);
    TableScanDesc const scan = table_beginscan(table, snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        bool is_copy = false;
        HeapTuple const tuple = ExecFetchSlotHeapTuple(slot, true, &is_copy);
        read(Row(table, tuple));
        if (is_copy)
            heap_freetuple(tuple);
    }
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    table_close(table, NoLock);
}

List *read_definitions(Oid table) {
    List *spaces = NIL;
    each_row(table, [&](const Row &row) {
        auto *const space = static_cast<Namespace *>(palloc(sizeof(Namespace)));
        read_row(row, *space);
        space->is_uncommitted = row.is_of_this_transaction();
        spaces = lappend(spaces, space);
    });
    return spaces;
}

void add_dependency(Namespace &space, const Dependency &dependency) {
    std::size_t const count = space.dependencies.size();
    auto *const all = static_cast<Dependency *>(palloc((count + 1) * sizeof(Dependency)));
    std::copy(space.dependencies.begin(), space.dependencies.end(), all);
    all[count] = dependency;
    space.dependencies = {all, count + 1};
}

void read_dependencies(std::span<Namespace> spaces, Oid table) {
    each_row(table, [&](const Row &row) {
        const char *const name = row.string("namespace");
        bool is_whole = false;
        (void)row.column("key_column", is_whole);
        for (Namespace &space : spaces)
            if (strcmp(space.name, name) == 0)
                add_dependency(space, {DatumGetObjectId(row.column("relation")), !is_whole});
    });
}

} // namespace

std::span<Namespace> read_namespaces(Oid table, Oid dependency_table) {
    List *const found = read_definitions(table);
    auto *const all = static_cast<Namespace *>(palloc(sizeof(Namespace) * (list_length(found) + 1)));
    std::size_t count = 0;
    ListCell *cell = nullptr;
    foreach (cell, found)
        all[count++] = *static_cast<Namespace *>(lfirst(cell));
    std::span const spaces(all, count);
    if (OidIsValid(dependency_table))
        read_dependencies(spaces, dependency_table);
    return spaces;
}

} // namespace steward::cache
