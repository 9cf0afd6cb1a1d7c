#include "extension/summary/change_writer.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupmacs.h"
#include "access/xact.h"
#include "utils/numeric.h"
}

namespace steward::summary {

void append_value(StringInfo bytes, const FormData_pg_attribute *column, Datum value) {
    if (column->attbyval) {
        appendBinaryStringInfo(bytes, reinterpret_cast<const char *>(&value), sizeof value);
        return;
    }
    const char *from = DatumGetPointer(value);
    int size = column->attlen;
    if (size == -1) {
        from = reinterpret_cast<const char *>(PG_DETOAST_DATUM_PACKED(value));
        size = static_cast<int>(VARSIZE_ANY(from));
    }
    appendBinaryStringInfo(bytes, reinterpret_cast<const char *>(&size), sizeof size);
    appendBinaryStringInfo(bytes, from, size);
}

namespace {

/// The value that append_value() has written, which is copied, because it may need to be aligned.
Datum take(const std::byte *&from, const FormData_pg_attribute *column) {
    Datum value = 0;
    if (column->attbyval) {
        memcpy(&value, from, sizeof value);
        from += sizeof value;
        return value;
    }
    int size = 0;
    memcpy(&size, from, sizeof size);
    auto *const copy = static_cast<char *>(palloc(static_cast<Size>(size)));
    memcpy(copy, from + sizeof size, static_cast<std::size_t>(size));
    from += sizeof size + static_cast<std::size_t>(size);
    return PointerGetDatum(copy);
}

Datum numeric_of(core::Sum sum) {
    if (sum >= INT64_MIN && sum <= INT64_MAX)
        return NumericGetDatum(int64_to_numeric(static_cast<int64>(sum)));
    char digits[48];
    char *place = digits + sizeof digits;
    *--place = '\0';
    bool const is_negative = sum < 0;
    for (; sum != 0; sum /= 10)
        *--place = static_cast<char>('0' + (is_negative ? -(sum % 10) : sum % 10));
    if (is_negative)
        *--place = '-';
    return DirectFunctionCall3(numeric_in, CStringGetDatum(place), ObjectIdGetDatum(InvalidOid),
                               Int32GetDatum(-1));
}

} // namespace

ChangeWriter::ChangeWriter(Relation table) : table_(table), now_(GetCurrentTimestamp()) {
    if (!table->rd_rel->relhasindex)
        return;
    state_ = CreateExecutorState();
    indexes_ = makeNode(ResultRelInfo);
    InitResultRelInfo(indexes_, table, 0, nullptr, 0);
    ExecOpenIndices(indexes_, false);
}

void ChangeWriter::add(const std::byte *key, std::span<const core::Sum> sums) {
    int const keys = RelationGetDescr(table_)->natts - 1 - static_cast<int>(sums.size());
    TupleTableSlot *const slot = next_slot();
    for (int i = 0; i < keys; ++i)
        set(slot, i, take(key, TupleDescAttr(RelationGetDescr(table_), i)));
    for (std::size_t i = 0; i < sums.size(); ++i)
        set(slot, keys + static_cast<int>(i), numeric_of(sums[i]));
    store(slot);
}

void ChangeWriter::end() {
    write();
    if (state_ != nullptr) {
        ExecCloseIndices(indexes_);
        FreeExecutorState(state_);
    }
    for (TupleTableSlot *const slot : slots_)
        if (slot != nullptr)
            ExecDropSingleTupleTableSlot(slot);
}

/// With nulls in it.
TupleTableSlot *ChangeWriter::next_slot() {
    TupleTableSlot *&slot = slots_[count_++];
    if (slot == nullptr)
        slot = table_slot_create(table_, nullptr);
    ExecClearTuple(slot);
    std::fill_n(slot->tts_isnull, RelationGetDescr(table_)->natts, true);
    return slot;
}

void ChangeWriter::set(TupleTableSlot *slot, int column, Datum value) {
    slot->tts_values[column] = value;
    slot->tts_isnull[column] = false;
}

void ChangeWriter::store(TupleTableSlot *slot) {
    set(slot, RelationGetDescr(table_)->natts - 1, TimestampTzGetDatum(now_));
    ExecStoreVirtualTuple(slot);
    if (count_ == static_cast<int>(std::size(slots_)))
        write();
}

void ChangeWriter::write() {
    if (count_ > 0)
        heap_multi_insert(table_, slots_, count_, GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; state_ != nullptr && i < count_; ++i)
        ExecInsertIndexTuples(indexes_, slots_[i], state_, false, false, nullptr, NIL);
    count_ = 0;
}

} // namespace steward::summary
