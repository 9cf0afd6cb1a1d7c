#include "core/learn/model.hpp"

#include "extension/learn/training_rows.hpp"

extern "C" {
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "utils/typcache.h"
}

namespace steward::learn {

namespace {

/// (order, row)
TupleDesc sorted_columns() {
    TupleDesc const columns = CreateTemplateTupleDesc(2);
    TupleDescInitEntry(columns, 1, "order", INT8OID, -1, 0);
    TupleDescInitEntry(columns, 2, "row", BYTEAOID, -1, 0);
    return columns;
}

Tuplesortstate *begin_sort(TupleDesc columns, int memory_kb) {
    AttrNumber numbers[] = {1, 2};
    Oid operators[] = {lookup_type_cache(INT8OID, TYPECACHE_LT_OPR)->lt_opr,
                       lookup_type_cache(BYTEAOID, TYPECACHE_LT_OPR)->lt_opr};
    Oid collations[] = {InvalidOid, InvalidOid};
    bool nulls_first[] = {false, false};
    return tuplesort_begin_heap(columns, 2, numbers, operators, collations, nulls_first, memory_kb, nullptr,
                                TUPLESORT_RANDOMACCESS);
}

} // namespace

SortedRows::SortedRows(int memory_kb) : sort_(nullptr), slot_(nullptr) {
    guarded([&] {
        TupleDesc const columns = sorted_columns();
        sort_ = begin_sort(columns, memory_kb);
        slot_ = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
    });
}

void SortedRows::add(std::int64_t order, std::span<const core::Feature> features, RowLabels labels) {
    auto const count = static_cast<std::uint32_t>(features.size());
    packed_.resize(VARHDRSZ + sizeof count + features.size_bytes() + labels.size());
    char *at = packed_.data() + VARHDRSZ;
    memcpy(at, &count, sizeof count);
    at += sizeof count;
    if (count > 0)
        memcpy(at, features.data(), features.size_bytes());
    at += features.size_bytes();
    if (!labels.empty())
        memcpy(at, labels.data(), labels.size());
    if (packed_.size() > MaxAllocSize / 2)
        throw core::Error(core::ErrorKind::invalid_argument, "a row has too many features");
    SET_VARSIZE(packed_.data(), packed_.size());
    guarded([&] {
        ExecClearTuple(slot_);
        slot_->tts_values[0] = Int64GetDatum(order);
        slot_->tts_values[1] = PointerGetDatum(packed_.data());
        slot_->tts_isnull[0] = slot_->tts_isnull[1] = false;
        ExecStoreVirtualTuple(slot_);
        tuplesort_puttupleslot(sort_, slot_);
    });
    ++size_;
}

void SortedRows::finish(const HeadsOfLabels &heads) {
    heads_ = &heads;
    truths_.resize(heads.heads);
    guarded([&] { tuplesort_performsort(sort_); });
}

void SortedRows::end() {
    guarded([&] {
        ExecDropSingleTupleTableSlot(slot_);
        tuplesort_end(sort_);
    });
}

void SortedRows::rewind() {
    guarded([&] { tuplesort_rescan(sort_); });
}

bool SortedRows::next(core::Example &example) {
    bytea *row = nullptr;
    guarded([&] {
        if (tuplesort_gettupleslot(sort_, true, false, slot_, nullptr)) {
            bool is_null = false;
            row = reinterpret_cast<bytea *>(DatumGetPointer(slot_getattr(slot_, 2, &is_null)));
        }
    });
    if (row == nullptr)
        return false;
    const char *at = VARDATA_ANY(row);
    const char *const end = at + VARSIZE_ANY_EXHDR(row);
    std::uint32_t count = 0;
    memcpy(&count, at, sizeof count);
    at += sizeof count;
    features_.resize(count);
    if (count > 0)
        memcpy(features_.data(), at, count * sizeof(core::Feature));
    at += count * sizeof(core::Feature);
    std::ranges::fill(truths_, core::Truth::no);
    for (; at != end; ++at)
        for (std::uint8_t const head : heads_->of_label[static_cast<std::uint8_t>(*at)])
            truths_[head] = core::Truth::yes;
    example = {features_, truths_};
    return true;
}

} // namespace steward::learn
