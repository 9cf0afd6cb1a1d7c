// cache_get and its forms.
#include "extension/cache/arguments.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

Datum get(FunctionCallInfo fcinfo, Type type) {
    Namespace &space = namespace_argument(fcinfo, Right::read);
    Looked const looked = look_up(space, EntryKey(space, text_argument(fcinfo, 1)));
    if (looked.hit == core::Hit::none)
        PG_RETURN_NULL();
    return datum_of(fcinfo, looked.value, type);
}

/// An array as long as that of the keys; null where nothing was found.
Datum get_many(FunctionCallInfo fcinfo, Type type, Oid element, char alignment) {
    Namespace &space = namespace_argument(fcinfo, Right::read);
    ArrayType *const keys = PG_GETARG_ARRAYTYPE_P(1);
    Datum *elements = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    deconstruct_array(keys, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
    for (int i = 0; i < count; ++i) {
        check_interrupts();
        if (nulls[i])
            continue;
        Looked const looked = look_up(space, EntryKey(space, view(DatumGetTextPP(elements[i]))));
        nulls[i] = looked.hit == core::Hit::none || looked.value.bytes == nullptr;
        if (!nulls[i])
            elements[i] = datum_of(fcinfo, looked.value, type);
    }
    int lengths[] = {count};
    int bounds[] = {1};
    PG_RETURN_ARRAYTYPE_P(
        count == 0 ? construct_empty_array(element)
                   : construct_md_array(elements, nulls, 1, lengths, bounds, element, -1, false, alignment));
}

} // namespace

STEWARD_FUNCTION(steward_cache_get) {
    return get(fcinfo, Type::json);
}

STEWARD_FUNCTION(steward_cache_get_text) {
    return get(fcinfo, Type::text);
}

STEWARD_FUNCTION(steward_cache_get_bytes) {
    return get(fcinfo, Type::bytes);
}

STEWARD_FUNCTION(steward_cache_get_many) {
    return get_many(fcinfo, Type::json, JSONBOID, TYPALIGN_INT);
}

STEWARD_FUNCTION(steward_cache_get_text_many) {
    return get_many(fcinfo, Type::text, TEXTOID, TYPALIGN_INT);
}

STEWARD_FUNCTION(steward_cache_get_bytes_many) {
    return get_many(fcinfo, Type::bytes, BYTEAOID, TYPALIGN_INT);
}

} // namespace steward::cache
