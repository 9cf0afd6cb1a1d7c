// Rows on their way into a table of changes.
#pragma once

#include "core/summary/key_sums.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
}

namespace steward::summary {

/// Adds a value of a key to the bytes that stand for the key.
void append_value(StringInfo bytes, const FormData_pg_attribute *column, Datum value);

/// Inserts some rows at once. The last column says when. Plain data: an error leaves nothing behind that the
/// transaction does not clean up.
class ChangeWriter {
  public:
    explicit ChangeWriter(Relation table);

    /// A key, as append_value() has written it, and its sums.
    void add(const std::byte *key, std::span<const core::Sum> sums);
    /// That any key may have changed.
    void add_all() { store(next_slot()); }
    void end();

  private:
    TupleTableSlot *next_slot();
    static void set(TupleTableSlot *slot, int column, Datum value);
    void store(TupleTableSlot *slot);
    void write();

    EState *state_ = nullptr; ///< where the table has indexes
    ResultRelInfo *indexes_ = nullptr;
    Relation table_;
    TimestampTz now_;
    TupleTableSlot *slots_[256] = {};
    int count_ = 0;
};

} // namespace steward::summary
