// A statement on the tables below the memory.
#pragma once

#include "extension/pg.hpp"
#include "extension/sql_as_owner.hpp"

extern "C" {
#include "utils/snapmgr.h"
}

namespace steward::cache {

/// A statement that is planned once. Plain data.
struct Statement {
    SPIPlanPtr plan;

    void prepare(const char *text, int count, const Oid *types) {
        keep_plan(plan, text, {types, static_cast<std::size_t>(count)});
    }
    /// Sees what is committed by now: the snapshot of the transaction may be older than a row that must go.
    void run(const Datum *values, int expected, const char *nulls = nullptr) const {
        int const result = SPI_execute_snapshot(plan, const_cast<Datum *>(values), nulls, GetLatestSnapshot(),
                                                InvalidSnapshot, expected == SPI_OK_SELECT, true, 0);
        if (result != expected)
            elog(ERROR, "could not write to the tables of the cache: %s", SPI_result_code_string(result));
    }
};

} // namespace steward::cache
