// What is done with keys beside reading and storing their values.
#include "extension/cache/arguments.hpp"
#include "extension/cache/lower.hpp"
#include "extension/cache/sweep.hpp"
#include "extension/cache/transaction.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

bool remove(Namespace &space, std::string_view key) {
    return remove_value(space, EntryKey(space, key));
}

} // namespace

/// (namespace, key)
STEWARD_FUNCTION(steward_cache_has) {
    Namespace &space = namespace_argument(fcinfo, Right::read);
    PG_RETURN_BOOL(peek(space, EntryKey(space, text_argument(fcinfo, 1))).hit != core::Hit::none);
}

/// (namespace, key) -> what is left until the value ends; null if it is not there or does not end
STEWARD_FUNCTION(steward_cache_ttl) {
    Namespace &space = namespace_argument(fcinfo, Right::read);
    Looked const looked = peek(space, EntryKey(space, text_argument(fcinfo, 1)));
    if (looked.hit == core::Hit::none || looked.label.expires == core::never)
        PG_RETURN_NULL();
    auto *const left = static_cast<Interval *>(palloc0(sizeof(Interval)));
    left->time = looked.label.expires - now();
    PG_RETURN_INTERVAL_P(left);
}

/// (namespace, key, ttl): the value, if it is there, ends then
STEWARD_FUNCTION(steward_cache_touch) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    require_argument(fcinfo, 1, "key");
    EntryKey const key(space, text_argument(fcinfo, 1));
    core::Time const end = end_argument(fcinfo, space, 2);
    PG_RETURN_BOOL(keeps_values(space) && expire_value(space, key, end));
}

/// (namespace, key)
STEWARD_FUNCTION(steward_cache_delete) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    PG_RETURN_BOOL(remove(space, text_argument(fcinfo, 1)));
}

/// (namespace, keys) -> how many were there
STEWARD_FUNCTION(steward_cache_delete_many) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    Datum *keys = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &keys, &nulls, &count);
    int64 removed = 0;
    for (int i = 0; i < count; ++i) {
        check_interrupts();
        removed += !nulls[i] && remove(space, view(DatumGetTextPP(keys[i]))) ? 1 : 0;
    }
    PG_RETURN_INT64(removed);
}

/// (namespace, pattern of LIKE) -> how many were there
STEWARD_FUNCTION(steward_cache_delete_like) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    Datum const pattern = PG_GETARG_DATUM(1);
    int64 removed = 0;
    each_entry(space, [&](Seen &seen) {
        std::string_view const key = seen.key_text(space);
        Datum const text =
            PointerGetDatum(cstring_to_text_with_len(key.data(), static_cast<int>(key.size())));
        if (DatumGetBool(DirectFunctionCall2Coll(textlike, DEFAULT_COLLATION_OID, text, pattern)))
            removed += remove(space, key) ? 1 : 0;
        pfree(DatumGetPointer(text));
    });
    PG_RETURN_INT64(removed + (has_lower(space) ? remove_lower_like(space, pattern) : 0));
}

/// (namespace): nothing of it is found any more
STEWARD_FUNCTION(steward_cache_clear) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    if (is_held(space) && space.is_dependent) {
        change_at_commit(space.slot);
        PG_RETURN_VOID();
    }
    if (has_memory())
        clear_memory(space);
    if (is_held(space))
        sweep(space.held.pool);
    if (has_lower(space))
        clear_lower(space.name);
    PG_RETURN_VOID();
}

/// (every): nothing, if somebody did so lately
STEWARD_FUNCTION(steward_cache_expire) {
    core::Time const every = microseconds(*PG_GETARG_INTERVAL_P(0));
    PG_RETURN_INT64(has_memory() && take_turn(InvalidOid, "sweep", every) ? sweep() : 0);
}

/// (step, every) -> how often it was done in this database before, or null if that was lately. Without memory
/// nobody counts: any number, so that each of those that take turns has its own at times.
STEWARD_FUNCTION(steward_cache_turn) {
    std::optional<std::int64_t> turn = static_cast<std::int64_t>(pg_prng_uint64(&pg_global_prng_state) >> 1);
    if (has_memory())
        turn = take_turn(MyDatabaseId, text_argument(fcinfo, 0), microseconds(*PG_GETARG_INTERVAL_P(1)));
    if (!turn)
        PG_RETURN_NULL();
    PG_RETURN_INT64(*turn);
}

} // namespace steward::cache
