// Making an index: vectors are sampled for the middles of lists, then each goes to its list, list by list to
// pages.
#include "extension/ivf/access.hpp"

#include "extension/boundary.hpp"
#include "extension/ivf/grouping.hpp"
#include "extension/ivf/options.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
}

namespace steward::ivf {

namespace {

/// What pg_stat_progress_create_index shows; the server has 1 for itself.
enum Phase : int { sampling = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1, grouping, distributing, writing };
constexpr std::array phase_names{"sampling vectors", "finding middles of lists", "giving vectors to lists",
                                 "writing lists"};

void enter(Phase phase) noexcept {
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, phase);
}

/// What both passes over the table have in common.
struct Pass {
    Relation heap;
    Relation index;
    core::Metric metric;
    IndexInfo *info;
    MemoryContext scratch;
    double rows = 0;
    std::optional<Sample> sample = std::nullopt; ///< of the first pass
    const Opened *opened = nullptr;
    Distributor *distributor = nullptr; ///< of the second
    std::vector<float> prepared = {};
};

bool has_direction(core::Metric metric, std::span<const float> vector) noexcept {
    return metric != core::Metric::cosine ||
           std::ranges::any_of(vector, [](float value) { return value != 0; });
}

void take_vector(Pass &pass, const ItemPointerData &tid, std::span<const float> vector) {
    if (!has_direction(pass.metric, vector))
        return;
    if (pass.distributor != nullptr) {
        if (prepare(*pass.opened, vector, pass.prepared))
            pass.distributor->add(pass.prepared, tid);
        pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE,
                                     static_cast<std::int64_t>(pass.distributor->given()));
        return;
    }
    if (!pass.sample)
        pass.sample.emplace(vector.size(), pass.metric);
    guarded([&] {
        require_dimensions(pass.index, vector.size(), pass.sample->dimensions());
        require_length(pass.index, vector);
    });
    pass.sample->take(vector, number_of(tid));
}

void take_row(Pass &pass, ItemPointer tid, Datum value) {
    check_interrupts();
    std::span<const float> const vector = guarded([&] {
        MemoryContext const caller = MemoryContextSwitchTo(pass.scratch);
        std::span<const float> const floats = indexed_vector(value, kind_of(pass.index));
        MemoryContextSwitchTo(caller);
        return floats;
    });
    take_vector(pass, *tid, vector);
    guarded([&] { MemoryContextReset(pass.scratch); });
}

void row_met(Relation, ItemPointer tid, Datum *values, bool *nulls, bool, void *state) {
    if (nulls[0])
        return;
    boundary([&] { take_row(*static_cast<Pass *>(state), tid, values[0]); });
}

void go_through(Pass &pass) {
    guarded([&] {
        pass.rows = table_index_build_scan(pass.heap, pass.index, pass.info, false, true, row_met,
                                           static_cast<void *>(&pass), nullptr);
    });
}

Meta first_meta(Relation index) {
    Meta meta{};
    meta.magic = magic;
    meta.bits = static_cast<std::uint16_t>(options_of(index).bits); // a codebook has to wait for vectors
    meta.metric = static_cast<std::uint16_t>(metric_of(index));
    meta.generation = meta.drawn = 1;
    return meta;
}

/// An index without a vector: its first page alone. Plain C.
void write_empty(Relation index, ForkNumber fork) {
    Buffer const buffer = extend(index, fork);
    Page const page = BufferGetPage(buffer);
    start_page(page, 0, 0);
    Meta const meta = first_meta(index);
    memcpy(contents(page), &meta, sizeof meta);
    set_used(page, sizeof meta);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

void write_meta(Relation index, const Meta &meta) {
    Buffer const buffer = ReadBuffer(index, meta_block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    memcpy(contents(BufferGetPage(buffer)), &meta, sizeof meta);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

/// The second pass: each vector goes to its list.
std::uint64_t distribute(Pass &pass, Grouping &grouping) {
    Opened &opened = grouping.opened;
    std::optional<core::RecallMeter> meter = meter_of(opened, *pass.sample);
    PostingWriter writer(opened);
    Distributor distributor(opened, writer, meter ? &*meter : nullptr);
    pass.opened = &opened;
    pass.distributor = &distributor;
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL,
                                 static_cast<std::int64_t>(pass.sample->seen()));
    enter(Phase::distributing);
    go_through(pass);
    distributor.finish();
    if (meter)
        std::ranges::copy(meter->probes(opened.centroids, measured_recalls, on_interrupt),
                          opened.meta.probes.begin());
    opened.meta.vectors = distributor.given();
    enter(Phase::writing);
    FreshPages pages(pass.index, opened.meta.generation);
    writer.write(pages, grouping.middles, opened.meta);
    guarded([&] { write_meta(pass.index, opened.meta); });
    return distributor.given();
}

struct Built {
    double rows;
    double indexed;
};

Built build(Relation heap, Relation index, IndexInfo *info) {
    Meta meta = guarded([&] {
        write_empty(index, MAIN_FORKNUM);
        return first_meta(index);
    });
    Pass pass{.heap = heap,
              .index = index,
              .metric = static_cast<core::Metric>(meta.metric),
              .info = info,
              .scratch = guarded([] {
                  return AllocSetContextCreate(CurrentMemoryContext, "steward_ivf row",
                                               ALLOCSET_DEFAULT_SIZES);
              })};
    enter(Phase::sampling);
    go_through(pass);
    if (!pass.sample)
        return {pass.rows, 0};
    meta.dimensions = static_cast<std::uint32_t>(pass.sample->dimensions());
    meta.seed = build_seed;
    guarded([&] { take_code_options(index, meta); });
    pass.sample->shuffle();
    pass.sample->rotate(core::Rotation(meta.dimensions, meta.seed));
    enter(Phase::grouping);
    Grouping grouping =
        group(*pass.sample, meta, wanted_lists(index, static_cast<double>(pass.sample->seen())), {});
    std::uint64_t const indexed = distribute(pass, grouping);
    guarded([&] { MemoryContextDelete(pass.scratch); });
    return {pass.rows, static_cast<double>(indexed)};
}

} // namespace

IndexBuildResult *ambuild(Relation heap, Relation index, IndexInfo *info) {
    if (RelationGetNumberOfBlocks(index) != 0)
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    Built const built = boundary([&] { return build(heap, index, info); });
    if (RelationNeedsWAL(index))
        log_newpage_range(index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(index), true);
    auto *const result = static_cast<IndexBuildResult *>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = built.rows;
    result->index_tuples = built.indexed;
    return result;
}

char *ambuildphasename(int64 phase) {
    if (phase == PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE)
        return pstrdup("initializing");
    std::size_t const at = static_cast<std::size_t>(phase - Phase::sampling);
    return at < phase_names.size() ? pstrdup(phase_names[at]) : nullptr;
}

void ambuildempty(Relation index) {
    write_empty(index, INIT_FORKNUM);
    log_newpage_range(index, INIT_FORKNUM, 0, 1, true);
}

} // namespace steward::ivf
