// Reading goes past the executor: a look below the memory costs as much as an index scan, and needs no right
// to the tables, because the namespace has been asked for it.
#include "extension/cache/rows.hpp"

#include "extension/cache/archive.hpp"
#include "extension/cache/snapshot.hpp"
#include "extension/migration.hpp"

extern "C" {
#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

/// The columns that both tables begin with.
enum Column : AttrNumber { space_column = 1, role_column, key_column, first_own_column };
/// Those of the table.
enum TableColumn : AttrNumber {
    json_column = first_own_column,
    text_column,
    bytes_column,
    expires_column,
    saved_column,
    cost_column
};

/// A key as the index has it.
class IndexKey {
  public:
    IndexKey(const Namespace &space, const EntryKey &key) {
        Datum const text =
            PointerGetDatum(cstring_to_text_with_len(key.text().data(), static_cast<int>(key.text().size())));
        ScanKeyInit(&keys_[0], space_column, BTEqualStrategyNumber, F_TEXTEQ,
                    CStringGetTextDatum(space.name));
        ScanKeyInit(&keys_[1], role_column, BTEqualStrategyNumber, F_OIDEQ,
                    ObjectIdGetDatum(space.is_shared ? InvalidOid : GetUserId()));
        ScanKeyInit(&keys_[2], key_column, BTEqualStrategyNumber, F_TEXTEQ, text);
    }
    Datum text() const noexcept { return keys_[2].sk_argument; }
    std::span<ScanKeyData> keys() noexcept { return keys_; }

  private:
    ScanKeyData keys_[3];
};

/// Calls `read(slot)` for the row of a table, or partition, whose primary key begins so, if there is one.
template <class Read> bool look_into(Oid partition, std::span<ScanKeyData> key, Read read) {
    Relation const table = try_table_open(partition, AccessShareLock);
    if (table == nullptr)
        return false;
    Oid const primary = RelationGetNumberOfBlocks(table) > 0 ? RelationGetPrimaryKeyIndex(table) : InvalidOid;
    bool is_found = false;
    if (OidIsValid(primary)) {
        Relation const index = index_open(primary, AccessShareLock);
        TupleTableSlot *const slot = table_slot_create(table, nullptr);
        IndexScanDesc const scan =
            index_beginscan(table, index, snapshot_of_now(), static_cast<int>(key.size()), 0);
        index_rescan(scan, key.data(), static_cast<int>(key.size()), nullptr, 0);
        is_found = index_getnext_slot(scan, BackwardScanDirection, slot);
        if (is_found)
            read(slot);
        index_endscan(scan);
        ExecDropSingleTupleTableSlot(slot);
        index_close(index, AccessShareLock);
    }
    table_close(table, AccessShareLock);
    return is_found;
}

Oid partition_of(Relation table, Datum key) {
    PartitionKey const by = RelationGetPartitionKey(table);
    PartitionDesc const parts = RelationGetPartitionDesc(table, true);
    bool is_null = false;
    if (by->strategy != PARTITION_STRATEGY_HASH || by->partnatts != 1 || parts->nparts == 0)
        return InvalidOid;
    std::uint64_t const hash =
        compute_partition_hash_value(1, by->partsupfunc, by->partcollation, &key, &is_null);
    int const place =
        parts->boundinfo->indexes[hash % static_cast<std::uint64_t>(parts->boundinfo->nindexes)];
    return place < 0 ? InvalidOid : parts->oids[place];
}

Datum column_of(TupleTableSlot *slot, AttrNumber column, bool &is_null) {
    return slot_getattr(slot, column, &is_null);
}

TimestampTz end_in(TupleTableSlot *slot, AttrNumber column) {
    bool is_null = false;
    Datum const value = column_of(slot, column, is_null);
    return is_null ? DT_NOEND : DatumGetTimestampTz(value);
}

Value value_in(TupleTableSlot *slot) {
    constexpr struct {
        AttrNumber column;
        Type type;
    } kinds[] = {{json_column, Type::json}, {text_column, Type::text}, {bytes_column, Type::bytes}};
    for (auto const &kind : kinds) {
        bool is_null = false;
        Datum const value = column_of(slot, kind.column, is_null);
        if (!is_null)
            return {PG_DETOAST_DATUM_COPY(value), kind.type};
    }
    return {};
}

Row row_in(TupleTableSlot *slot) {
    bool is_null = false;
    Row row{};
    row.value = value_in(slot);
    row.expires = end_in(slot, expires_column);
    row.saved = DatumGetTimestampTz(column_of(slot, saved_column, is_null));
    row.cost = static_cast<std::uint32_t>(
        std::clamp<int64>(DatumGetInt64(column_of(slot, cost_column, is_null)), 0, UINT32_MAX));
    return row;
}

/// Numbers are given once: what was found stays so.
bytea *find_dictionary(std::int64_t number) {
    static std::int64_t kept_number = 0;
    static bytea *kept = nullptr;
    if (kept != nullptr && kept_number == number)
        return kept;
    ScanKeyData key;
    ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(number));
    bytea *found = nullptr;
    Oid const table = steward_table("cache_dictionary");
    if (OidIsValid(table))
        look_into(table, {&key, 1}, [&found](TupleTableSlot *slot) {
            bool is_null = false;
            MemoryContext const caller = MemoryContextSwitchTo(TopMemoryContext);
            found = DatumGetByteaPCopy(slot_getattr(slot, 2, &is_null));
            MemoryContextSwitchTo(caller);
        });
    if (found == nullptr)
        return nullptr;
    if (kept != nullptr)
        pfree(kept);
    kept_number = number;
    return kept = found;
}

} // namespace

std::optional<Row> find_row(const Namespace &space, const EntryKey &key) {
    Oid const oid = steward_table("cache_table");
    Relation const table = OidIsValid(oid) ? try_table_open(oid, AccessShareLock) : nullptr;
    if (table == nullptr)
        return std::nullopt;
    IndexKey index_key(space, key);
    Oid const partition = partition_of(table, index_key.text());
    std::optional<Row> row;
    if (OidIsValid(partition))
        look_into(partition, index_key.keys(), [&row](TupleTableSlot *slot) { row = row_in(slot); });
    table_close(table, AccessShareLock);
    return row;
}

/// A key is in one partition at most, but while it is moved: the newest comes first.
std::optional<Row> find_archived(const Namespace &space, const EntryKey &key) {
    Oid const oid = steward_table("cache_archive");
    Relation const table = OidIsValid(oid) ? try_table_open(oid, AccessShareLock) : nullptr;
    if (table == nullptr)
        return std::nullopt;
    PartitionDesc const parts = RelationGetPartitionDesc(table, true);
    IndexKey index_key(space, key);
    std::optional<Row> row;
    for (int i = parts->nparts - 1; i >= 0 && !row; --i)
        look_into(parts->oids[i], index_key.keys(), [&row](TupleTableSlot *slot) {
            row = unpack_archived(slot, first_own_column, find_dictionary);
        });
    table_close(table, AccessShareLock);
    return row;
}

} // namespace steward::cache
