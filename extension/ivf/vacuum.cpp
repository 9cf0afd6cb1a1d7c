// Vectors of dead rows give their lanes back: one pass over the pages, no repair of anything. Then, when many
// have come or gone, they are grouped anew.
#include "core/vector/codes.hpp"

#include "extension/ivf/access.hpp"

#include "extension/boundary.hpp"
#include "extension/ivf/insert.hpp"
#include "extension/ivf/opened.hpp"
#include "extension/ivf/regroup.hpp"

extern "C" {
#include "access/generic_xlog.h"
#include "commands/vacuum.h"
#include "storage/indexfsm.h"
}

namespace steward::ivf {

namespace {

/// What a pass over the pages is about. Plain data.
struct Sweep {
    IndexVacuumInfo *info;
    IndexBulkDeleteResult *stats;
    IndexBulkDeleteCallback is_dead; ///< null if vectors are counted only
    void *state;
    BlockNumber *first_room; ///< of each list, its first page with a free lane
};

/// The lanes of a frame whose rows are dead.
unsigned dead_lanes(const FrameHead *frame, const Sweep &sweep) {
    unsigned dead = 0;
    if (sweep.is_dead == nullptr)
        return dead;
    for (unsigned live = frame->live; live != 0; live &= live - 1) {
        auto const lane = static_cast<std::size_t>(std::countr_zero(live));
        ItemPointerData tid = frame->tids[lane];
        if (sweep.is_dead(&tid, sweep.state))
            dead |= 1U << lane;
    }
    return dead;
}

void sweep_page(Buffer buffer, const FrameLayout &layout, const Sweep &sweep) {
    Relation const index = sweep.info->index;
    Page const page = BufferGetPage(buffer);
    PageTail const tail = *tail_of(page);
    GenericXLogState *state = nullptr;
    Page changed = nullptr;
    bool has_room = false;
    for (std::size_t i = 0; i < tail.frames; ++i) {
        const FrameHead *const frame = frame_on(page, layout, i);
        unsigned const dead = dead_lanes(frame, sweep);
        if (dead != 0 && state == nullptr) {
            state = GenericXLogStart(index);
            changed = GenericXLogRegisterBuffer(state, buffer, 0);
        }
        unsigned const left = frame->live & ~dead;
        if (dead != 0)
            frame_on(changed, layout, i)->live = static_cast<std::uint16_t>(left);
        has_room = has_room || left != 0xffffU;
        sweep.stats->tuples_removed += std::popcount(dead);
        sweep.stats->num_index_tuples += std::popcount(left);
    }
    if (state != nullptr)
        GenericXLogFinish(state);
    if (has_room && sweep.first_room[tail.list] == InvalidBlockNumber)
        sweep.first_room[tail.list] = BufferGetBlockNumber(buffer);
}

void sweep_pages(const Opened &opened, const Sweep &sweep) {
    Relation const index = sweep.info->index;
    BlockNumber const blocks = RelationGetNumberOfBlocks(index);
    double const removed = sweep.stats->tuples_removed;
    sweep.stats->pages_free = 0;
    for (BlockNumber block = 1; block < blocks; ++block) {
        vacuum_delay_point();
        Buffer const buffer =
            ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, sweep.info->strategy);
        LockBuffer(buffer, sweep.is_dead != nullptr ? BUFFER_LOCK_EXCLUSIVE : BUFFER_LOCK_SHARE);
        Page const page = BufferGetPage(buffer);
        bool const is_unused = is_free(page, opened.oldest);
        // Middles and directory have no frames; pages of another generation do not count.
        if (!is_unused && tail_of(page)->generation == opened.meta.generation && tail_of(page)->frames > 0 &&
            tail_of(page)->list < opened.meta.lists)
            sweep_page(buffer, opened.layout, sweep);
        UnlockReleaseBuffer(buffer);
        if (is_unused) {
            RecordFreeIndexPage(index, block);
            ++sweep.stats->pages_free;
        }
    }
    if (sweep.stats->pages_free > 0)
        IndexFreeSpaceMapVacuum(index);
    note_removed(index, static_cast<std::uint64_t>(sweep.stats->tuples_removed - removed));
    sweep.stats->num_pages = blocks;
    for (std::uint32_t list = 0; list < opened.meta.lists; ++list)
        if (sweep.first_room[list] != InvalidBlockNumber)
            hint_insert(index, opened, list, sweep.first_room[list]);
}

IndexBulkDeleteResult *sweep(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                             IndexBulkDeleteCallback is_dead, void *state) {
    if (stats == nullptr)
        stats = static_cast<IndexBulkDeleteResult *>(palloc0(sizeof(IndexBulkDeleteResult)));
    stats->num_index_tuples = 0;
    boundary([&] {
        std::shared_ptr<const Opened> const opened = open(info->index);
        if (opened == nullptr)
            return;
        std::vector<BlockNumber> first_room(opened->meta.lists, InvalidBlockNumber);
        Sweep const sweep{info, stats, is_dead, state, first_room.data()};
        guarded([&] { sweep_pages(*opened, sweep); });
    });
    return stats;
}

} // namespace

IndexBulkDeleteResult *ambulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                    IndexBulkDeleteCallback is_dead, void *state) {
    return sweep(info, stats, is_dead, state);
}

/// Without dead rows nothing was swept: vectors are counted then.
IndexBulkDeleteResult *amvacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats) {
    if (info->analyze_only)
        return stats;
    if (stats == nullptr)
        stats = sweep(info, nullptr, nullptr, nullptr);
    boundary([&] {
        auto const vectors = static_cast<std::uint64_t>(stats->num_index_tuples);
        if (needs_regrouping(info->index, vectors))
            regroup(info->index, vectors);
    });
    stats->num_pages = RelationGetNumberOfBlocks(info->index);
    return stats;
}

} // namespace steward::ivf
