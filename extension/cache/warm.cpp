// Which keys are used most, and how they come back into memory.
#include "extension/cache/arguments.hpp"
#include "extension/cache/lower.hpp"
#include "extension/cache/sweep.hpp"
#include "extension/migration.hpp"
#include "extension/rows.hpp"
#include "extension/sql_as_owner.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";
constexpr std::size_t buckets_at_once = 256;

/// A key and how often it was found since it came into memory.
struct Used {
    std::uint32_t hits;
    std::uint32_t key_size;
    std::byte *key;
};

/// The keys of one namespace that are used most: a heap, the least of them first.
struct Most {
    const char *name; ///< null where nothing is to be known
    bool is_shared;
    std::uint32_t incarnation;
    Used *heap;
    std::size_t size;

    static bool is_more(const Used &a, const Used &b) noexcept { return a.hits > b.hits; }
    void add(Seen &seen, std::size_t limit) {
        if (size == limit && seen.hits <= heap[0].hits)
            return;
        if (size == limit) {
            std::pop_heap(heap, heap + size, is_more);
            pfree(heap[--size].key);
        }
        auto *const key = static_cast<std::byte *>(palloc(seen.key_size + 1));
        memcpy(key, seen.key().data(), seen.key_size);
        heap[size++] = {seen.hits, static_cast<std::uint32_t>(seen.key_size), key};
        std::push_heap(heap, heap + size, is_more);
    }
};

/// A place for each namespace of this database that has a table below the memory and is to be warmed.
Most *places_for(std::size_t limit) {
    auto *const all = static_cast<Most *>(palloc0(sizeof(Most) * most_namespaces));
    for (std::size_t pool = 0; pool < most_namespaces; ++pool) {
        const Holder &holder = holder_of(pool);
        if (holder.database != MyDatabaseId || holder.retired)
            continue;
        const Namespace *const space = known_namespace(holder.name);
        if (space != nullptr && space->tiers.table && space->tiers.memory && space->warm != Warm::none)
            all[pool] = {pstrdup(space->name), space->is_shared, holder.incarnation,
                         static_cast<Used *>(palloc(sizeof(Used) * limit)), 0};
    }
    return all;
}

void collect(Most *all, std::size_t limit) {
    Bucket entries;
    for (std::size_t bucket = 0; bucket < store().buckets(); ++bucket) {
        if (bucket % buckets_at_once == 0)
            check_interrupts();
        entries.read(bucket, Bucket::all_pools);
        entries.each([&](Seen &seen) {
            Most &most = all[seen.pool];
            if (most.name != nullptr && seen.hits > 0 && holder_of(seen.pool).incarnation == most.incarnation)
                most.add(seen, limit);
        });
    }
}

void show(const ResultRows &rows, const Most &most) {
    std::size_t const role_size = most.is_shared ? 0 : sizeof(Oid);
    for (std::size_t i = 0; i < most.size; ++i)
        rows.add([&] {
            const Used &used = most.heap[i];
            Oid role = InvalidOid;
            memcpy(&role, used.key, role_size);
            return std::array{
                CStringGetTextDatum(most.name), ObjectIdGetDatum(role),
                PointerGetDatum(cstring_to_text_with_len(reinterpret_cast<const char *>(used.key) + role_size,
                                                         static_cast<int>(used.key_size - role_size))),
                Int64GetDatum(used.hits)};
        });
}

/// The keys of a role that are used most, or were so at this hour of other days.
List *popular_keys(const Namespace &space, int32 limit) {
    constexpr Oid types[] = {TEXTOID, OIDOID, INT4OID};
    constexpr const char *popular = "p.uses";
    constexpr const char *predicted =
        "p.hour_uses[1 OPERATOR(pg_catalog.+) pg_catalog.date_part('hour', "
        "pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()))::pg_catalog.int4]";
    Oid const table = steward_table("cache_popular");
    if (!OidIsValid(table))
        return NIL;
    MemoryContext const caller = CurrentMemoryContext;
    Oid const role = role_of(space);
    List *keys = NIL;
    as_owner(table, [&] {
        Datum values[] = {CStringGetTextDatum(space.name), ObjectIdGetDatum(role), Int32GetDatum(limit)};
        const char *const statement = psprintf(
            "SELECT p.key FROM steward.cache_popular AS p WHERE p.namespace OPERATOR(pg_catalog.=) $1"
            " AND p.role OPERATOR(pg_catalog.=) $2 ORDER BY %s DESC, p.uses DESC, p.key LIMIT $3",
            space.warm == Warm::predicted ? predicted : popular);
        if (SPI_execute_with_args(statement, std::size(types), const_cast<Oid *>(types), values, nullptr,
                                  true, 0) != SPI_OK_SELECT)
            elog(ERROR, "could not read the keys that are used most");
        keys = returned_texts(keys, caller);
    });
    return keys;
}

void require_number(int32 number) {
    if (number < 1 || number > 100'000)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("n must be 1 to 100000"));
}

/// Names of namespaces that have something to be warmed by; the list of those that are known may change.
List *names_to_warm() {
    List *names = NIL;
    for (const Namespace &space : known_namespaces())
        if (space.tiers.table && space.tiers.memory && space.warm != Warm::none && space.is_shared)
            names = lappend(names, pstrdup(space.name));
    return names;
}

} // namespace

/// (namespace, n) -> the keys that are used most
STEWARD_FUNCTION(steward_cache_popular_keys) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    int32 const limit = PG_GETARG_INT32(1);
    require_number(limit);
    ResultRows const rows = start_rows(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    ListCell *cell = nullptr;
    foreach (cell, popular_keys(space, limit))
        rows.add([&] { return std::array{PointerGetDatum(lfirst(cell))}; });
    return Datum{0};
}

/// (n): brings so many values of each namespace back into memory -> how many are there
STEWARD_FUNCTION(steward_cache_warm_all) {
    int32 const limit = PG_GETARG_INT32(0);
    require_number(limit);
    int64 warmed = 0;
    ListCell *name = nullptr;
    foreach (name, has_memory() ? names_to_warm() : NIL) {
        const Namespace *const known = known_namespace(static_cast<const char *>(lfirst(name)));
        ListCell *cell = nullptr;
        foreach (cell,
                 known == nullptr ? NIL : popular_keys(*known, limit)) { // without keys it takes no pool
            check_interrupts();
            Namespace &space = find_namespace(static_cast<const char *>(lfirst(name)));
            EntryKey const key(space, view(static_cast<const text *>(lfirst(cell))));
            warmed += peek(space, key).hit != core::Hit::none ? 1 : 0;
        }
    }
    PG_RETURN_INT64(warmed);
}

/// (n) -> namespace, role, key, hits of the n keys of each namespace that are used most
STEWARD_FUNCTION(steward_cache_used_most) {
    int32 const limit = PG_GETARG_INT32(0);
    require_number(limit);
    ResultRows const rows = start_rows(fcinfo);
    if (!has_memory())
        return Datum{0};
    Most *const all = places_for(static_cast<std::size_t>(limit));
    collect(all, static_cast<std::size_t>(limit));
    for (std::size_t pool = 0; pool < most_namespaces; ++pool)
        if (all[pool].name != nullptr)
            show(rows, all[pool]);
    return Datum{0};
}

} // namespace steward::cache
