#include "extension/ivf/build_team.hpp"

#include <cmath>

#include "extension/boundary.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/instrument.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
}

namespace steward::ivf {

namespace {

const char *statement() noexcept {
    return debug_query_string != nullptr ? debug_query_string : "";
}

/// As much as is to be shared, empty. Plain C.
ParallelContext *share(Relation heap, Snapshot snapshot, std::size_t work, int workers) {
    EnterParallelMode();
    ParallelContext *const context = CreateParallelContext("pg_steward", "steward_ivf_build_worker", workers);
    shm_toc_estimator *const sizes = &context->estimator;
    shm_toc_estimate_chunk(sizes, work);
    shm_toc_estimate_chunk(sizes, table_parallelscan_estimate(heap, snapshot));
    shm_toc_estimate_chunk(sizes, tuplesort_estimate_shared(workers + 1));
    shm_toc_estimate_chunk(sizes, strlen(statement()) + 1);
    shm_toc_estimate_chunk(sizes, mul_size(sizeof(BufferUsage), static_cast<Size>(workers)));
    shm_toc_estimate_chunk(sizes, mul_size(sizeof(WalUsage), static_cast<Size>(workers)));
    shm_toc_estimate_keys(sizes, 6);
    InitializeParallelDSM(context);
    return context;
}

void *put(ParallelContext *context, Part part, Size size) {
    void *const place = shm_toc_allocate(context->toc, size);
    shm_toc_insert(context->toc, part, place);
    return place;
}

void wait_until_all_are_there(Work &work, int workers) {
    ConditionVariablePrepareToSleep(&work.coming);
    while (pg_atomic_read_u32(&work.come) < static_cast<std::uint32_t>(workers))
        ConditionVariableSleep(&work.coming, PG_WAIT_EXTENSION);
    ConditionVariableCancelSleep();
}

} // namespace

std::optional<Team> Team::gather(Relation heap, Relation index, const IndexInfo *info, Sample &sample,
                                 const Meta &meta, std::size_t lists) {
    int const workers =
        guarded([&] { return plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index)); });
    if (workers <= 0)
        return std::nullopt;
    Work work{};
    work.heap = RelationGetRelid(heap);
    work.index = RelationGetRelid(index);
    work.is_concurrent = info->ii_Concurrent;
    work.most_processes = workers + 1;
    work.dimensions = sample.dimensions();
    work.sampled = sample.size();
    work.queries = queries_of(sample);
    work.training = training_of(sample, lists).size() / sample.dimensions();
    work.lists = lists > 1 ? std::min(lists, work.training) : 1;
    work.codebook = meta.parts > 0 ? work.dimensions << meta.bits : 0;
    work.meta = meta;
    Team team;
    team.heap_ = heap;
    team.index_ = index;
    std::size_t const rooms = lay_out(work, nullptr, team.rooms_);
    if (!guarded([&] { return team.launch(work, rooms); }))
        return std::nullopt;
    sample.move_to(team.rooms_.sample);
    std::ranges::copy(sample.ids().first(work.queries), team.rooms_.ids);
    return team;
}

bool Team::launch(const Work &plan, std::size_t rooms) {
    int const workers = plan.most_processes - 1;
    snapshot_ = plan.is_concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
    context_ = share(heap_, snapshot_, MAXALIGN(sizeof(Work)) + rooms, workers);
    if (context_->seg == nullptr) { // the server has no room for more
        let_go();
        return false;
    }
    auto *const place = static_cast<char *>(put(context_, part_work, MAXALIGN(sizeof(Work)) + rooms));
    work_ = new (place) Work(plan);
    lay_out(*work_, place + MAXALIGN(sizeof(Work)), rooms_);
    BarrierInit(&work_->barrier, 0);
    BarrierAttach(&work_->barrier);
    ConditionVariableInit(&work_->coming);
    pg_atomic_init_u32(&work_->come, 0);
    pg_atomic_init_u64(&work_->next, 0);
    pg_atomic_init_u64(&work_->given, 0);
    scan_ = static_cast<ParallelTableScanDesc>(
        put(context_, part_scan, table_parallelscan_estimate(heap_, snapshot_)));
    table_parallelscan_initialize(heap_, scan_, snapshot_);
    sort_ = static_cast<Sharedsort *>(put(context_, part_sort, tuplesort_estimate_shared(workers + 1)));
    tuplesort_initialize_shared(sort_, workers + 1, context_->seg);
    strcpy(static_cast<char *>(put(context_, part_query, strlen(statement()) + 1)), statement());
    put(context_, part_buffers, sizeof(BufferUsage) * static_cast<Size>(workers));
    put(context_, part_wal, sizeof(WalUsage) * static_cast<Size>(workers));
    LaunchParallelWorkers(context_);
    if (context_->nworkers_launched == 0) {
        let_go();
        return false;
    }
    work_->processes = context_->nworkers_launched + 1;
    WaitForParallelWorkersToAttach(context_);
    wait_until_all_are_there(*work_, context_->nworkers_launched);
    return true;
}

void Team::run(Task task, const Opened *opened) {
    work_->task = task;
    pg_atomic_write_u64(&work_->next, 0);
    meet(*work_);
    Worker leader(*work_, rooms_, 0, heap_, index_, scan_, sort_);
    if (task == Task::assign)
        leader.assign();
    else
        leader.distribute(*opened);
    meet(*work_);
}

core::Assign Team::assigner() {
    return [this](std::span<const float> middles, std::span<std::uint32_t> groups) {
        std::ranges::copy(middles, rooms_.middles);
        run(Task::assign, nullptr);
        std::copy_n(rooms_.groups, groups.size(), groups.begin());
    };
}

std::uint64_t Team::distribute(const Opened &opened, std::span<const float> middles,
                               core::RecallMeter *meter) {
    work_->meta = opened.meta;
    std::ranges::copy(middles, rooms_.middles);
    if (opened.codebook.is_there())
        std::ranges::copy(opened.codebook.values(), rooms_.codebook);
    run(Task::distribute, &opened);
    const core::RecallMeter::Neighbour *found = rooms_.neighbours;
    for (int process = 0; meter != nullptr && process < work_->processes; ++process)
        for (std::size_t query = 0; query < work_->queries; ++query)
            for (std::size_t i = 0; i < core::RecallMeter::neighbours; ++i, ++found)
                if (std::isfinite(found->nearness))
                    meter->meet_again(query, *found);
    sorted_ = {false, work_->processes, sort_};
    return pg_atomic_read_u64(&work_->given);
}

void Team::dismiss() {
    guarded([&] {
        WaitForParallelWorkersToFinish(context_);
        auto *const buffers = static_cast<BufferUsage *>(shm_toc_lookup(context_->toc, part_buffers, false));
        auto *const wal = static_cast<WalUsage *>(shm_toc_lookup(context_->toc, part_wal, false));
        for (int i = 0; i < context_->nworkers_launched; ++i)
            InstrAccumParallelQuery(&buffers[i], &wal[i]);
        let_go();
    });
}

/// Plain C.
void Team::let_go() {
    DestroyParallelContext(context_);
    if (IsMVCCSnapshot(snapshot_))
        UnregisterSnapshot(snapshot_);
    ExitParallelMode();
}

} // namespace steward::ivf
