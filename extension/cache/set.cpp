// cache_set and its forms.
#include "extension/cache/arguments.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

ArrayType *words_argument(FunctionCallInfo fcinfo) {
    return PG_ARGISNULL(4) ? nullptr : PG_GETARG_ARRAYTYPE_P(4);
}

/// (namespace, key, value, ttl, tags)
Datum set(FunctionCallInfo fcinfo, Type type) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    require_argument(fcinfo, 1, "key");
    EntryKey const key(space, text_argument(fcinfo, 1));
    Value const value{PG_ARGISNULL(2) ? nullptr : PG_GETARG_VARLENA_PP(2), type};
    core::Item const item = item_of(space, key, value, end_argument(fcinfo, space, 3), 0);
    require_fit(space, item);
    PG_RETURN_BOOL(store_value(space, key, item, stamps_of(space, key, words_argument(fcinfo))));
}

/// (namespace, keys, values, ttl, tags) -> how many were stored
Datum set_many(FunctionCallInfo fcinfo, Type type, Oid element) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    require_argument(fcinfo, 1, "keys");
    require_argument(fcinfo, 2, "items");
    core::Time const end = end_argument(fcinfo, space, 3);
    Datum *keys = nullptr;
    Datum *values = nullptr;
    bool *key_nulls = nullptr;
    bool *value_nulls = nullptr;
    int key_count = 0;
    int value_count = 0;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &keys, &key_nulls,
                      &key_count);
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), element, -1, false, TYPALIGN_INT, &values, &value_nulls,
                      &value_count);
    if (key_count != value_count)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("there are %d keys and %d items", key_count, value_count));
    ArrayType *const words = words_argument(fcinfo);
    int64 stored = 0;
    for (int i = 0; i < key_count; ++i) {
        check_interrupts();
        if (key_nulls[i])
            ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("keys must not contain null values"));
        Value const value{value_nulls[i] ? nullptr : PG_DETOAST_DATUM_PACKED(values[i]), type};
        EntryKey const key(space, view(DatumGetTextPP(keys[i])));
        core::Item const item = item_of(space, key, value, end, 0);
        require_fit(space, item);
        stored += store_value(space, key, item, stamps_of(space, key, words)) ? 1 : 0;
    }
    PG_RETURN_INT64(stored);
}

} // namespace

STEWARD_FUNCTION(steward_cache_set) {
    return set(fcinfo, Type::json);
}

STEWARD_FUNCTION(steward_cache_set_text) {
    return set(fcinfo, Type::text);
}

STEWARD_FUNCTION(steward_cache_set_bytes) {
    return set(fcinfo, Type::bytes);
}

STEWARD_FUNCTION(steward_cache_set_many) {
    return set_many(fcinfo, Type::json, JSONBOID);
}

STEWARD_FUNCTION(steward_cache_set_text_many) {
    return set_many(fcinfo, Type::text, TEXTOID);
}

STEWARD_FUNCTION(steward_cache_set_bytes_many) {
    return set_many(fcinfo, Type::bytes, BYTEAOID);
}

} // namespace steward::cache
