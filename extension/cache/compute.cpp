// cache_fetch: values that a function computes.
#include "extension/cache/arguments.hpp"
#include "extension/cache/fetch.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

/// Which function, of what. Plain data.
struct Call {
    Oid function;
    int arguments; ///< 0 or 1
    NullableDatum argument;
    Type type;
};

Oid oid_of(Type type) noexcept {
    switch (type) {
    case Type::json:
        return JSONBOID;
    case Type::text:
        return TEXTOID;
    default:
        return BYTEAOID;
    }
}

/// How many arguments the function takes. Raises an error unless the caller may call it and it fits.
int check_function(Oid function, Type type) {
    HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
                errmsg("function with OID %u does not exist", function));
    auto const *const row = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    int const arguments = row->pronargs;
    bool const fits = row->prokind == PROKIND_FUNCTION && !row->proretset &&
                      row->prorettype == oid_of(type) &&
                      (arguments == 0 || (arguments == 1 && row->proargtypes.values[0] == JSONBOID));
    ReleaseSysCache(tuple);
    if (!fits)
        ereport(ERROR, errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
                errmsg("function %s cannot compute the value", format_procedure(function)),
                errdetail("It must return %s, and take one argument of type jsonb or none.",
                          format_type_be(oid_of(type))));
    if (pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(function));
    InvokeFunctionExecuteHook(function);
    return arguments;
}

Value run(const Request &request) {
    auto const &call = *static_cast<const Call *>(request.context);
    FmgrInfo function;
    fmgr_info(call.function, &function);
    LOCAL_FCINFO(info, 1);
    InitFunctionCallInfoData(*info, &function, static_cast<short>(call.arguments), InvalidOid, nullptr,
                             nullptr);
    info->args[0] = call.argument;
    if (function.fn_strict && call.arguments > 0 && call.argument.isnull)
        return {nullptr, call.type};
    Datum const result = FunctionCallInvoke(info);
    return {info->isnull ? nullptr : PG_DETOAST_DATUM_PACKED(result), call.type};
}

/// (namespace, key, compute, args, ttl, tags)
Datum fetch_as(FunctionCallInfo fcinfo, Type type) {
    Namespace &space = namespace_argument(fcinfo, Right::write);
    require_argument(fcinfo, 1, "key");
    require_argument(fcinfo, 2, "compute");
    EntryKey const key(space, text_argument(fcinfo, 1));
    Call const call{PG_GETARG_OID(2), check_function(PG_GETARG_OID(2), type), fcinfo->args[3], type};
    ArrayType *const words = PG_ARGISNULL(5) ? nullptr : PG_GETARG_ARRAYTYPE_P(5);
    Request const request{&space,  run,
                          &call,   stamps_of(space, key, words),
                          nullptr, PG_ARGISNULL(4) ? nullptr : PG_GETARG_INTERVAL_P(4)};
    (void)end_of(space, request.ttl); // complains before anything is computed
    return datum_of(fcinfo, fetch(request, key), type);
}

} // namespace

STEWARD_FUNCTION(steward_cache_fetch) {
    return fetch_as(fcinfo, Type::json);
}

STEWARD_FUNCTION(steward_cache_fetch_text) {
    return fetch_as(fcinfo, Type::text);
}

STEWARD_FUNCTION(steward_cache_fetch_bytes) {
    return fetch_as(fcinfo, Type::bytes);
}

} // namespace steward::cache
