// One vector more. It takes the first free lane of its list: one page is changed, whatever the size of the
// index.
#include "core/vector/codes.hpp"

#include "extension/ivf/access.hpp"

#include "extension/boundary.hpp"
#include "extension/ivf/insert.hpp"
#include "extension/ivf/pages.hpp"

extern "C" {
#include "access/generic_xlog.h"
#include "common/pg_prng.h"
#include "storage/lmgr.h"
}

namespace steward::ivf {

namespace {

Buffer lock_page(Relation index, BlockNumber block, int mode) {
    Buffer const buffer = ReadBuffer(index, block);
    LockBuffer(buffer, mode);
    check_page(index, buffer);
    return buffer;
}

/// A frame with a free lane.
struct Place {
    std::size_t frame;
    std::size_t lane;
    bool is_new_frame;
    bool is_there;
};

Place find_place(Page page, const FrameLayout &layout) {
    std::size_t const frames = tail_of(page)->frames;
    for (std::size_t frame = 0; frame < frames; ++frame) {
        unsigned const taken = frame_on(page, layout, frame)->live;
        if (taken != 0xffffU)
            return {frame, static_cast<std::size_t>(std::countr_one(taken)), false, true};
    }
    return {frames, 0, true, frames < layout.frames_per_page()};
}

/// The parts of a wide vector behind the first: nobody looks at them before the lane is live.
void write_other_parts(Relation index, BlockNumber block, const FrameLayout &layout, std::size_t lane,
                       const Entry &entry, const ItemPointerData &tid) {
    for (std::size_t part = 1; part < layout.pages_per_frame(); ++part) {
        Buffer const buffer = lock_page(index, block, BUFFER_LOCK_EXCLUSIVE);
        GenericXLogState *const state = GenericXLogStart(index);
        Page const page = GenericXLogRegisterBuffer(state, buffer, 0);
        put_entry(layout, contents(page), part, lane, entry, tid);
        block = tail_of(page)->next;
        GenericXLogFinish(state);
        UnlockReleaseBuffer(buffer);
    }
}

void write_entry(Relation index, Buffer buffer, const FrameLayout &layout, Place place, const Entry &entry,
                 const ItemPointerData &tid) {
    write_other_parts(index, tail_of(BufferGetPage(buffer))->next, layout, place.lane, entry, tid);
    GenericXLogState *const state = GenericXLogStart(index);
    Page const page = GenericXLogRegisterBuffer(state, buffer, 0);
    FrameHead *const frame = frame_on(page, layout, place.frame);
    if (place.is_new_frame) {
        std::size_t const bytes = std::min(layout.bytes(), page_room - place.frame * layout.bytes());
        memset(static_cast<void *>(frame), 0, bytes);
        tail_of(page)->frames = static_cast<std::uint16_t>(place.frame + 1);
        set_used(page, place.frame * layout.bytes() + bytes);
    }
    put_entry(layout, reinterpret_cast<char *>(frame), 0, place.lane, entry, tid);
    frame->live = static_cast<std::uint16_t>(frame->live | (1U << place.lane));
    GenericXLogFinish(state);
}

/// What pages are added to.
struct Belongs {
    std::uint32_t list;
    std::uint32_t generation;
    std::uint32_t oldest; ///< generation that counts
};

/// Empty pages for one more frame, or several narrow ones, that nothing leads to yet; the first of them.
BlockNumber add_pages(Relation index, const FrameLayout &layout, Belongs to) {
    BlockNumber next = InvalidBlockNumber;
    for (std::size_t part = layout.pages_per_frame(); part-- > 0;) {
        Buffer const buffer = free_page(index, to.oldest);
        GenericXLogState *const state = GenericXLogStart(index);
        Page const page = GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE);
        start_page(page, to.list, to.generation);
        tail_of(page)->next = next;
        if (part > 0) { // those of lanes that are never used are zero, and below pd_lower
            memset(contents(page), 0, layout.groups_on(part) * core::group_bytes);
            set_used(page, layout.groups_on(part) * core::group_bytes);
        }
        GenericXLogFinish(state);
        next = BufferGetBlockNumber(buffer);
        UnlockReleaseBuffer(buffer);
    }
    return next;
}

/// Where the chain goes on behind the frames that begin on a page, which is locked; and the page that says
/// so.
struct End {
    BlockNumber next;
    BlockNumber block;
};

End end_of(Relation index, Buffer buffer, const FrameLayout &layout) {
    End end{tail_of(BufferGetPage(buffer))->next, BufferGetBlockNumber(buffer)};
    for (std::size_t part = 1; part < layout.pages_per_frame(); ++part) {
        Buffer const other = lock_page(index, end.next, BUFFER_LOCK_SHARE);
        end = {tail_of(BufferGetPage(other))->next, BufferGetBlockNumber(other)};
        UnlockReleaseBuffer(other);
    }
    return end;
}

/// Makes the chain longer. Whoever does that holds the page on which its last frames begin.
BlockNumber lengthen(Relation index, Buffer buffer, const Opened &opened, BlockNumber last) {
    std::uint32_t const list = tail_of(BufferGetPage(buffer))->list;
    BlockNumber const added = add_pages(index, opened.layout, {list, opened.meta.generation, opened.oldest});
    bool const is_same = last == BufferGetBlockNumber(buffer);
    Buffer const end = is_same ? buffer : lock_page(index, last, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *const state = GenericXLogStart(index);
    tail_of(GenericXLogRegisterBuffer(state, end, 0))->next = added;
    GenericXLogFinish(state);
    if (!is_same)
        UnlockReleaseBuffer(end);
    return added;
}

ListHead read_head(Relation index, const Opened &opened, std::uint32_t list) {
    Buffer const buffer = lock_page(index, opened.directory_page(list), BUFFER_LOCK_SHARE);
    ListHead const head = *directory_entry(BufferGetPage(buffer), list);
    UnlockReleaseBuffer(buffer);
    return head;
}

} // namespace

void insert_entry(Relation index, const Opened &opened, const Entry &entry, const ItemPointerData &tid) {
    BlockNumber const hinted = read_head(index, opened, entry.list).next_insert;
    BlockNumber block = hinted;
    for (;;) {
        Buffer const buffer = lock_page(index, block, BUFFER_LOCK_EXCLUSIVE);
        Place const place = find_place(BufferGetPage(buffer), opened.layout);
        if (place.is_there) {
            write_entry(index, buffer, opened.layout, place, entry, tid);
            UnlockReleaseBuffer(buffer);
            break;
        }
        End const end = end_of(index, buffer, opened.layout);
        block = end.next != InvalidBlockNumber ? end.next : lengthen(index, buffer, opened, end.block);
        UnlockReleaseBuffer(buffer);
    }
    if (block != hinted)
        hint_insert(index, opened, entry.list, block);
}

namespace {

/// The first vector decides how many dimensions all have. There is one list until vacuum makes more of it.
void start_index(Relation index, std::size_t dimensions) {
    Buffer const buffer = ReadBuffer(index, meta_block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    Meta meta;
    memcpy(&meta, contents(BufferGetPage(buffer)), sizeof meta);
    if (meta.dimensions != 0) { // another session was faster
        UnlockReleaseBuffer(buffer);
        return;
    }
    core::CodeFormat const format{dimensions, meta.bits};
    FrameLayout const layout(format, static_cast<core::Metric>(meta.metric));
    BlockNumber const first = add_pages(index, layout, {0, meta.generation, meta.generation});
    Buffer const directory = free_page(index, meta.generation);
    meta.dimensions = static_cast<std::uint32_t>(dimensions);
    meta.lists = 1;
    meta.seed = build_seed;
    meta.epoch = pg_prng_uint64(&pg_global_prng_state);
    meta.directory = BufferGetBlockNumber(directory);
    meta.probes.fill(1);
    GenericXLogState *const state = GenericXLogStart(index);
    Page const entries = GenericXLogRegisterBuffer(state, directory, GENERIC_XLOG_FULL_IMAGE);
    start_page(entries, 0, meta.generation);
    *directory_entry(entries, 0) = {first, first};
    set_used(entries, sizeof(ListHead));
    memcpy(contents(GenericXLogRegisterBuffer(state, buffer, 0)), &meta, sizeof meta);
    GenericXLogFinish(state);
    UnlockReleaseBuffer(directory);
    UnlockReleaseBuffer(buffer);
}

void insert(Relation index, Datum value, ItemPointer tid) {
    std::span<const float> const vector = guarded([&] { return indexed_vector(value, kind_of(index)); });
    guarded([&] { LockPage(index, grouping_lock, ShareLock); });
    std::shared_ptr<const Opened> opened = open(index);
    if (opened == nullptr) {
        guarded([&] { start_index(index, vector.size()); });
        opened = open(index);
    }
    guarded([&] {
        require_dimensions(index, vector.size(), opened->meta.dimensions);
        require_length(index, vector);
    });
    std::vector<float> prepared;
    if (!prepare(*opened, vector, prepared))
        return guarded([&] { UnlockPage(index, grouping_lock, ShareLock); });
    Entry entry;
    make_entry(*opened, prepared.data(), list_of(*opened, prepared), entry);
    guarded([&] {
        insert_entry(index, *opened, entry, *tid);
        UnlockPage(index, grouping_lock, ShareLock);
    });
}

} // namespace

void hint_insert(Relation index, const Opened &opened, std::uint32_t list, BlockNumber block) {
    Buffer const buffer = ReadBuffer(index, opened.directory_page(list));
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    if (directory_entry(BufferGetPage(buffer), list)->next_insert != block) {
        GenericXLogState *const state = GenericXLogStart(index);
        directory_entry(GenericXLogRegisterBuffer(state, buffer, 0), list)->next_insert = block;
        GenericXLogFinish(state);
    }
    UnlockReleaseBuffer(buffer);
}

bool aminsert(Relation index, Datum *values, bool *nulls, ItemPointer tid, Relation, IndexUniqueCheck, bool,
              IndexInfo *) {
    if (nulls[0])
        return false;
    MemoryContext const scratch =
        AllocSetContextCreate(CurrentMemoryContext, "steward_ivf insert", ALLOCSET_SMALL_SIZES);
    MemoryContext const caller = MemoryContextSwitchTo(scratch);
    boundary([&] { insert(index, values[0], tid); });
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(scratch);
    return false;
}

} // namespace steward::ivf
