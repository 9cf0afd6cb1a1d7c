// An index scan: what the executor asks for, row by row.
#include "core/vector/metric.hpp"

#include "extension/ivf/access.hpp"

#include <limits>
#include <memory>

#include "extension/boundary.hpp"
#include "extension/ivf/rows.hpp"
#include "extension/ivf/search.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "pgstat.h"
}

namespace steward::ivf {

namespace {

/// Vectors of rows of the table, which may be computed by an expression.
class TableRows final : public Rows {
  public:
    /// Plain C inside: made by guarded().
    TableRows(IndexScanDesc scan, std::span<const float> query, core::Metric metric)
        : scan_(scan), query_(query.begin(), query.end()), metric_(metric) {
        guarded([&] { open(); });
    }
    ~TableRows() override = default; // what it has of the server goes with the context, or by close()

    bool distance(const ItemPointerData &tid, double &distance) override {
        return guarded([&] { return look_up(tid, distance); });
    }
    void close() {
        table_index_fetch_end(fetch_);
        ExecDropSingleTupleTableSlot(slot_);
        if (state_ != nullptr)
            FreeExecutorState(state_);
        MemoryContextDelete(scratch_);
    }

  private:
    void open() {
        kind_ = kind_of(scan_->indexRelation);
        fetch_ = table_index_fetch_begin(scan_->heapRelation);
        slot_ = table_slot_create(scan_->heapRelation, nullptr);
        scratch_ = AllocSetContextCreate(CurrentMemoryContext, "steward_ivf row", ALLOCSET_DEFAULT_SIZES);
        column_ = scan_->indexRelation->rd_index->indkey.values[0];
        if (column_ != 0)
            return;
        info_ = BuildIndexInfo(scan_->indexRelation);
        state_ = CreateExecutorState();
        GetPerTupleExprContext(state_)->ecxt_scantuple = slot_;
    }

    bool look_up(const ItemPointerData &tid, double &distance) {
        ItemPointerData at = tid; // moves along a chain of versions
        bool call_again = false;
        bool all_dead = false;
        if (!table_index_fetch_tuple(fetch_, &at, scan_->xs_snapshot, slot_, &call_again, &all_dead))
            return false;
        MemoryContext const caller = MemoryContextSwitchTo(scratch_);
        bool is_null = false;
        Datum const value = value_of(is_null);
        bool const is_there = !is_null;
        if (is_there) {
            std::span<const float> const vector = floats_of(value, kind_);
            if (vector.size() != query_.size())
                require_dimensions(scan_->indexRelation, query_.size(), vector.size());
            distance = core::distance(metric_, query_.data(), vector.data(), vector.size());
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(scratch_);
        return is_there;
    }

    Datum value_of(bool &is_null) {
        if (column_ != 0)
            return slot_getattr(slot_, column_, &is_null);
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        ResetPerTupleExprContext(state_);
        FormIndexDatum(info_, slot_, state_, values, nulls);
        is_null = nulls[0];
        return values[0];
    }

    IndexScanDesc scan_;
    std::vector<float> query_;
    core::Metric metric_;
    IndexFetchTableData *fetch_ = nullptr;
    TupleTableSlot *slot_ = nullptr;
    MemoryContext scratch_ = nullptr;
    AttrNumber column_ = 0;
    Kind kind_ = Kind::array;
    IndexInfo *info_ = nullptr;
    EState *state_ = nullptr;
};

/// What a scan has while it is open.
struct ScanState {
    std::unique_ptr<TableRows> rows;
    std::unique_ptr<Search> search;
    bool is_begun = false;
};

ScanState &state_of(IndexScanDesc scan) {
    return *static_cast<ScanState *>(scan->opaque);
}

bool is_null(IndexScanDesc scan) noexcept {
    return (scan->orderByData->sk_flags & SK_ISNULL) != 0;
}

/// The vector of the query. To null all are equally near, as to no direction. Plain C.
std::span<const float> query_of(IndexScanDesc scan, std::size_t dimensions) {
    if (is_null(scan))
        return {static_cast<const float *>(palloc0(dimensions * sizeof(float))), dimensions};
    std::span<const float> const query =
        indexed_vector(scan->orderByData->sk_argument, kind_of(scan->indexRelation));
    require_dimensions(scan->indexRelation, query.size(), dimensions);
    require_length(scan->indexRelation, query);
    return query;
}

void begin(IndexScanDesc scan, ScanState &state) {
    state.is_begun = true;
    std::shared_ptr<const Opened> const opened = open(scan->indexRelation);
    if (opened == nullptr)
        return;
    std::span<const float> const query = guarded([&] { return query_of(scan, opened->meta.dimensions); });
    state.rows = std::make_unique<TableRows>(scan, query, opened->metric);
    state.search = std::make_unique<Search>(scan->indexRelation, opened, query, search_settings);
}

void end(ScanState &state) {
    state.search.reset();
    if (state.rows != nullptr)
        guarded([&] { state.rows->close(); });
    state.rows.reset();
    state.is_begun = false;
}

} // namespace

IndexScanDesc ambeginscan(Relation index, int keys, int order_bys) {
    IndexScanDesc const scan = RelationGetIndexScan(index, keys, order_bys);
    auto *const callback = static_cast<MemoryContextCallback *>(palloc0(sizeof(MemoryContextCallback)));
    scan->xs_orderbyvals =
        static_cast<Datum *>(palloc0(sizeof(Datum) * static_cast<std::size_t>(std::max(order_bys, 1))));
    scan->xs_orderbynulls =
        static_cast<bool *>(palloc0(sizeof(bool) * static_cast<std::size_t>(std::max(order_bys, 1))));
    scan->opaque = boundary([] { return static_cast<void *>(new ScanState); });
    callback->arg = scan->opaque;
    callback->func = [](void *state) { delete static_cast<ScanState *>(state); };
    MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
    return scan;
}

void amrescan(IndexScanDesc scan, ScanKey keys, int, ScanKey order_bys, int) {
    boundary([&] { end(state_of(scan)); });
    if (keys != nullptr && scan->numberOfKeys > 0)
        memmove(scan->keyData, keys, static_cast<std::size_t>(scan->numberOfKeys) * sizeof(ScanKeyData));
    if (order_bys != nullptr && scan->numberOfOrderBys > 0)
        memmove(scan->orderByData, order_bys,
                static_cast<std::size_t>(scan->numberOfOrderBys) * sizeof(ScanKeyData));
}

bool amgettuple(IndexScanDesc scan, ScanDirection direction) {
    if (!ScanDirectionIsForward(direction) || scan->orderByData == nullptr)
        elog(ERROR, "a steward_ivf index is scanned forward, by a distance");
    Found found{};
    bool const is_there = boundary([&] {
        ScanState &state = state_of(scan);
        if (!state.is_begun) {
            MemoryContext const caller = MemoryContextSwitchTo(GetMemoryChunkContext(scan)); // lives as long
            guarded([&] { pgstat_count_index_scan(scan->indexRelation); });
            begin(scan, state);
            MemoryContextSwitchTo(caller);
        }
        return state.search != nullptr && state.search->next(*state.rows, found);
    });
    if (!is_there)
        return false;
    scan->xs_heaptid = found.tid;
    scan->xs_orderbyvals[0] = Float8GetDatum(found.distance);
    scan->xs_orderbynulls[0] = is_null(scan);
    scan->xs_recheck = false;
    scan->xs_recheckorderby = false;
    return true;
}

void amendscan(IndexScanDesc scan) {
    boundary([&] { end(state_of(scan)); });
}

} // namespace steward::ivf
