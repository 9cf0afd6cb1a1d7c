// Functions that return rows: a set through a tuplestore, or one composite value.
#pragma once

#include "extension/pg.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/tuplestore.h"
}

namespace steward {

/// The rows that a set-returning function gives back. They go to disk beyond work_mem. Values are built
/// in a context of its own that each row empties, so that memory stays flat over any number of rows.
class ResultRows {
  public:
    ResultRows(Tuplestorestate *store, TupleDesc descriptor, MemoryContext values)
        : store_(store), descriptor_(descriptor), values_(values) {}

    /// Adds one row. `build` makes the values, in a memory context that is emptied afterwards, and
    /// returns the array of them, none of which is null.
    template <class Build> void add(Build build) const {
        MemoryContext const caller = MemoryContextSwitchTo(values_);
        auto values = build();
        bool nulls[values.size()] = {};
        tuplestore_putvalues(store_, descriptor_, values.data(), nulls);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(values_);
    }

    /// The same for values of which some are null.
    template <class Build> void add_nullable(Build build) const {
        MemoryContext const caller = MemoryContextSwitchTo(values_);
        auto const row = build();
        Datum values[row.size()] = {};
        bool nulls[row.size()] = {};
        for (std::size_t i = 0; i < row.size(); ++i) {
            values[i] = row[i].value;
            nulls[i] = row[i].isnull;
        }
        tuplestore_putvalues(store_, descriptor_, values, nulls);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(values_);
    }

  private:
    Tuplestorestate *store_;
    TupleDesc descriptor_;
    MemoryContext values_;
};

/// Starts the result of a function that was declared SETOF record or RETURNS TABLE; with
/// MAT_SRF_USE_EXPECTED_DESC that of one that returns a set of single values.
inline ResultRows start_rows(FunctionCallInfo fcinfo, bits32 flags = 0) {
    InitMaterializedSRF(fcinfo, flags);
    auto const *const info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    MemoryContext const values =
        AllocSetContextCreate(CurrentMemoryContext, "steward result row", ALLOCSET_SMALL_SIZES);
    return {info->setResult, info->setDesc, values};
}

/// One composite value from the values of its columns, none of which is null unless it is said.
template <std::size_t columns>
Datum one_row(FunctionCallInfo fcinfo, const std::array<Datum, columns> &values,
              const std::array<bool, columns> &nulls = {}) {
    TupleDesc descriptor = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("function returning record called in context that cannot accept type record"));
    HeapTuple const tuple = heap_form_tuple(BlessTupleDesc(descriptor), const_cast<Datum *>(values.data()),
                                            const_cast<bool *>(nulls.data()));
    PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

} // namespace steward
