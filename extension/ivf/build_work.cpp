#include "extension/ivf/build_work.hpp"

#include <limits>

#include "extension/boundary.hpp"
#include "extension/ivf/build_pass.hpp"
#include "extension/ivf/grouping.hpp"
#include "extension/ivf/posting_writer.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "executor/instrument.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
}

namespace steward::ivf {

namespace {

constexpr std::size_t taken_at_once = 256;

template <class Value>
void make_room(Value *&room, std::size_t count, char *begin, std::size_t &at) noexcept {
    room = reinterpret_cast<Value *>(begin + at);
    at += MAXALIGN(count * sizeof(Value));
}

} // namespace

std::size_t lay_out(const Work &work, char *begin, Rooms &rooms) noexcept {
    std::size_t at = 0;
    make_room(rooms.sample, work.sampled * work.dimensions, begin, at);
    make_room(rooms.ids, work.queries, begin, at);
    make_room(rooms.groups, work.training, begin, at);
    make_room(rooms.middles, work.lists * work.dimensions, begin, at);
    make_room(rooms.codebook, work.codebook, begin, at);
    make_room(rooms.neighbours,
              static_cast<std::size_t>(work.most_processes) * work.queries * core::RecallMeter::neighbours,
              begin, at);
    return at;
}

void meet(Work &work) {
    guarded([&] { BarrierArriveAndWait(&work.barrier, PG_WAIT_EXTENSION); });
}

Opened Worker::opened() const {
    const Meta &meta = work_.meta;
    std::vector<float> values(rooms_.codebook, rooms_.codebook + work_.codebook);
    return make_opened(meta, {rooms_.middles, std::size_t{meta.lists} * meta.dimensions},
                       core::Codebook({meta.dimensions, meta.bits, meta.parts}, std::move(values)));
}

void Worker::assign() {
    core::Centroids const centroids(static_cast<core::Metric>(work_.meta.metric), work_.dimensions,
                                    {rooms_.middles, work_.lists * work_.dimensions});
    const float *const training = rooms_.sample + work_.queries * work_.dimensions;
    for (;;) {
        std::size_t const first = pg_atomic_fetch_add_u64(&work_.next, taken_at_once);
        if (first >= work_.training)
            return;
        std::size_t const count = std::min(taken_at_once, work_.training - first);
        core::assign(centroids, {training + first * work_.dimensions, count * work_.dimensions},
                     work_.dimensions, rooms_.groups + first, on_interrupt);
    }
}

/// Rows as the scan gives them -> how many of their vectors are not counted in what is shared yet.
std::uint64_t Worker::give(const Opened &opened, Distributor &distributor) {
    std::vector<float> prepared;
    std::uint64_t told = 0;
    auto const take = [&](const ItemPointerData &tid, std::span<const float> vector) {
        guarded([&] { require_dimensions(index_, vector.size(), work_.dimensions); });
        if (!prepare(opened, vector, prepared))
            return;
        distributor.add(prepared, tid);
        auto const come =
            static_cast<std::int64_t>(distributor.given() - std::exchange(told, distributor.given()));
        std::uint64_t const all = pg_atomic_add_fetch_u64(&work_.given, come);
        if (number_ == 0)
            pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, static_cast<std::int64_t>(all));
    };
    IndexInfo *const info = guarded([&] { return BuildIndexInfo(index_); });
    info->ii_Concurrent = work_.is_concurrent;
    TableScanDesc const scan = guarded([&] { return table_beginscan_parallel(heap_, scan_); });
    go_through(heap_, index_, info, take, scan);
    distributor.finish();
    return distributor.given() - told;
}

/// For the leader.
void Worker::leave_found(const core::RecallMeter *meter) {
    constexpr std::size_t neighbours = core::RecallMeter::neighbours;
    auto *found = rooms_.neighbours + static_cast<std::size_t>(number_) * work_.queries * neighbours;
    std::fill_n(found, work_.queries * neighbours,
                core::RecallMeter::Neighbour{-std::numeric_limits<float>::infinity(), 0});
    for (std::size_t query = 0; meter != nullptr && query < work_.queries; ++query, found += neighbours)
        std::ranges::copy(meter->found(query), found);
}

void Worker::distribute(const Opened &opened) {
    std::optional<core::RecallMeter> meter;
    if (opened.meta.lists > 1 && work_.queries > 0)
        meter.emplace(opened.metric, std::span(rooms_.sample, work_.queries * work_.dimensions),
                      std::span(rooms_.ids, work_.queries), work_.dimensions);
    SortCoordinateData part{true, -1, sort_};
    PostingWriter writer(opened, &part, maintenance_work_mem / 2 / work_.processes);
    Distributor distributor(opened, writer, meter ? &*meter : nullptr);
    std::uint64_t const rest = give(opened, distributor);
    pg_atomic_fetch_add_u64(&work_.given, static_cast<std::int64_t>(rest));
    writer.leave_part();
    leave_found(meter ? &*meter : nullptr);
}

namespace {

struct Attached {
    Work *work;
    Rooms rooms;
    Relation heap;
    Relation index;
    ParallelTableScanDesc scan;
    Sharedsort *sort;
};

/// With the locks that the leader has. Plain C.
Attached attach(dsm_segment *segment, shm_toc *toc) {
    Attached attached{};
    debug_query_string = static_cast<char *>(shm_toc_lookup(toc, part_query, false));
    pgstat_report_activity(STATE_RUNNING, debug_query_string);
    attached.work = static_cast<Work *>(shm_toc_lookup(toc, part_work, false));
    lay_out(*attached.work, reinterpret_cast<char *>(attached.work) + MAXALIGN(sizeof(Work)), attached.rooms);
    attached.scan = static_cast<ParallelTableScanDesc>(shm_toc_lookup(toc, part_scan, false));
    attached.sort = static_cast<Sharedsort *>(shm_toc_lookup(toc, part_sort, false));
    tuplesort_attach_shared(attached.sort, segment);
    bool const is_concurrent = attached.work->is_concurrent;
    attached.heap = table_open(attached.work->heap, is_concurrent ? ShareUpdateExclusiveLock : ShareLock);
    attached.index = index_open(attached.work->index, is_concurrent ? RowExclusiveLock : AccessExclusiveLock);
    BarrierAttach(&attached.work->barrier);
    pg_atomic_fetch_add_u32(&attached.work->come, 1);
    ConditionVariableSignal(&attached.work->coming);
    return attached;
}

/// Task by task; after distributing there is none.
void work(const Attached &attached) {
    Worker worker(*attached.work, attached.rooms, ParallelWorkerNumber + 1, attached.heap, attached.index,
                  attached.scan, attached.sort);
    for (Task task = Task::assign; task != Task::distribute;) {
        meet(*attached.work);
        task = attached.work->task;
        if (task == Task::assign)
            worker.assign();
        else
            worker.distribute(worker.opened());
        meet(*attached.work);
    }
}

} // namespace

} // namespace steward::ivf

/// What a process that helps to make an index runs.
STEWARD_HELPER(steward_ivf_build_worker) {
    using namespace steward::ivf;
    steward::guarded([&] {
        InstrStartParallelQuery();
        Attached const attached = attach(segment, toc);
        steward::boundary([&] { work(attached); });
        index_close(attached.index, NoLock);
        table_close(attached.heap, NoLock);
        auto *const buffers = static_cast<BufferUsage *>(shm_toc_lookup(toc, part_buffers, false));
        auto *const wal = static_cast<WalUsage *>(shm_toc_lookup(toc, part_wal, false));
        InstrEndParallelQuery(&buffers[ParallelWorkerNumber], &wal[ParallelWorkerNumber]);
    });
}
