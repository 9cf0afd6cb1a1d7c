// Statements on tables of the product, which are none of its callers' business.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace steward {

inline Oid owner_of_table(Oid table) {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for relation %u", table);
    Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

/// Runs `body`, which calls SPI, as the owner of a table; an error gives the caller's identity back. The
/// statements name operators with their schema: the search_path is the caller's.
template <class Body> void as_owner(Oid table, Body body) {
    Oid role = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&role, &context);
    SetUserIdAndSecContext(owner_of_table(table), context | SECURITY_LOCAL_USERID_CHANGE);
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "could not connect to SPI");
    body();
    SPI_finish();
    SetUserIdAndSecContext(role, context);
}

/// Prepares a statement, inside as_owner(), unless that was done before; it is planned again as needed.
inline void keep_plan(SPIPlanPtr &plan, const char *text, std::span<const Oid> types) {
    if (plan != nullptr)
        return;
    SPIPlanPtr const fresh =
        SPI_prepare(text, static_cast<int>(types.size()), const_cast<Oid *>(types.data()));
    if (fresh == nullptr)
        elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
    if (SPI_keepplan(fresh) != 0)
        elog(ERROR, "could not keep a statement");
    plan = fresh;
}

/// The texts in the first column of what the last statement has returned, in another memory context than
/// SPI's.
inline List *returned_texts(List *texts, MemoryContext context) {
    MemoryContext const spi = MemoryContextSwitchTo(context);
    for (std::uint64_t i = 0; i < SPI_processed; ++i) {
        bool is_null = false;
        Datum const value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);
        texts = lappend(texts, DatumGetTextPCopy(value));
    }
    MemoryContextSwitchTo(spi);
    return texts;
}

} // namespace steward
