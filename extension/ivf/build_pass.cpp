#include "extension/ivf/build_pass.hpp"

#include "extension/boundary.hpp"
#include "extension/ivf/options.hpp"
#include "extension/ivf/rows.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/tableam.h"
#include "catalog/index.h"
}

namespace steward::ivf {

namespace {

struct Pass {
    Relation index;
    core::Metric metric;
    MemoryContext scratch;
    const VectorTaker &taker;
};

bool has_direction(core::Metric metric, std::span<const float> vector) noexcept {
    return metric != core::Metric::cosine ||
           std::ranges::any_of(vector, [](float value) { return value != 0; });
}

void take_row(const Pass &pass, const ItemPointerData &tid, Datum value) {
    check_interrupts();
    std::span<const float> const vector = guarded([&] {
        MemoryContext const caller = MemoryContextSwitchTo(pass.scratch);
        std::span<const float> const floats = indexed_vector(value, kind_of(pass.index));
        MemoryContextSwitchTo(caller);
        return floats;
    });
    if (has_direction(pass.metric, vector))
        pass.taker(tid, vector);
    guarded([&] { MemoryContextReset(pass.scratch); });
}

void row_met(Relation, ItemPointer tid, Datum *values, bool *nulls, bool, void *state) {
    if (nulls[0])
        return;
    boundary([&] { take_row(*static_cast<const Pass *>(state), *tid, values[0]); });
}

} // namespace

double go_through(Relation heap, Relation index, IndexInfo *info, const VectorTaker &taker,
                  TableScanDesc scan) {
    return guarded([&] {
        Pass pass{index, metric_of(index),
                  AllocSetContextCreate(CurrentMemoryContext, "steward_ivf row", ALLOCSET_DEFAULT_SIZES),
                  taker};
        double const rows = table_index_build_scan(heap, index, info, scan != nullptr, !IsParallelWorker(),
                                                   row_met, static_cast<void *>(&pass), scan);
        MemoryContextDelete(pass.scratch);
        return rows;
    });
}

} // namespace steward::ivf
