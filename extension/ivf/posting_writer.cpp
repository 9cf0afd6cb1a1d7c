#include "core/vector/codes.hpp"

#include "extension/ivf/posting_writer.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "storage/lmgr.h"
#include "utils/typcache.h"
}

namespace steward::ivf {

namespace {

/// (list, tid, entry)
TupleDesc sorted_columns() {
    TupleDesc const columns = CreateTemplateTupleDesc(3);
    TupleDescInitEntry(columns, 1, "list", INT4OID, -1, 0);
    TupleDescInitEntry(columns, 2, "tid", INT8OID, -1, 0);
    TupleDescInitEntry(columns, 3, "entry", BYTEAOID, -1, 0);
    return columns;
}

Tuplesortstate *begin_sort(TupleDesc columns) {
    AttrNumber numbers[] = {1, 2};
    Oid operators[] = {lookup_type_cache(INT4OID, TYPECACHE_LT_OPR)->lt_opr,
                       lookup_type_cache(INT8OID, TYPECACHE_LT_OPR)->lt_opr};
    Oid collations[] = {InvalidOid, InvalidOid};
    bool nulls_first[] = {false, false};
    return tuplesort_begin_heap(columns, 2, numbers, operators, collations, nulls_first,
                                maintenance_work_mem / 2, nullptr, TUPLESORT_NONE);
}

/// Adds a page and fills it. Plain C.
template <class Fill> BlockNumber append(Relation index, Fill fill) {
    Buffer const buffer = extend(index, MAIN_FORKNUM);
    fill(BufferGetPage(buffer));
    MarkBufferDirty(buffer);
    BlockNumber const block = BufferGetBlockNumber(buffer);
    UnlockReleaseBuffer(buffer);
    return block;
}

/// Bytes over as many pages as they take. Plain C.
void append_run(Relation index, const char *bytes, std::size_t size, std::size_t per_page) {
    do {
        std::size_t const here = std::min(size, per_page);
        append(index, [&](Page page) {
            start_page(page, 0);
            memcpy(contents(page), bytes, here);
            set_used(page, here);
        });
        bytes += here;
        size -= here;
    } while (size > 0);
}

void overwrite(Relation index, BlockNumber block, const char *bytes, std::size_t size) {
    Buffer const buffer = ReadBuffer(index, block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    memcpy(contents(BufferGetPage(buffer)), bytes, size);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

} // namespace

Buffer extend(Relation index, ForkNumber fork) {
    bool const is_shared = fork == MAIN_FORKNUM && !RELATION_IS_LOCAL(index);
    if (is_shared)
        LockRelationForExtension(index, ExclusiveLock);
    Buffer const buffer = ReadBufferExtended(index, fork, P_NEW, RBM_NORMAL, nullptr);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    if (is_shared)
        UnlockRelationForExtension(index, ExclusiveLock);
    return buffer;
}

void write_empty(Relation index, ForkNumber fork, core::Metric metric, std::uint16_t bits) {
    Buffer const buffer = extend(index, fork);
    Page const page = BufferGetPage(buffer);
    start_page(page, 0);
    Meta meta{};
    meta.magic = magic;
    meta.bits = bits;
    meta.metric = static_cast<std::uint16_t>(metric);
    memcpy(contents(page), &meta, sizeof meta);
    set_used(page, sizeof meta);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

PostingWriter::PostingWriter(const Opened &opened) : opened_(opened) {
    guarded([&] {
        TupleDesc const columns = sorted_columns();
        sort_ = begin_sort(columns);
        slot_ = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
    });
}

void PostingWriter::add(const Entry &entry, const ItemPointerData &tid) {
    std::size_t const words = entry.code.words.size() * sizeof(std::uint32_t);
    packed_.resize(VARHDRSZ + 2 * sizeof(float) + words);
    char *at = packed_.data() + VARHDRSZ;
    memcpy(at, &entry.code.scale, sizeof(float));
    memcpy(at + sizeof(float), &entry.square, sizeof(float));
    memcpy(at + 2 * sizeof(float), entry.code.words.data(), words);
    SET_VARSIZE(packed_.data(), packed_.size());
    guarded([&] {
        ExecClearTuple(slot_);
        slot_->tts_values[0] = Int32GetDatum(static_cast<std::int32_t>(entry.list));
        slot_->tts_values[1] = Int64GetDatum(static_cast<std::int64_t>(number_of(tid)));
        slot_->tts_values[2] = PointerGetDatum(packed_.data());
        slot_->tts_isnull[0] = slot_->tts_isnull[1] = slot_->tts_isnull[2] = false;
        ExecStoreVirtualTuple(slot_);
        tuplesort_puttupleslot(sort_, slot_);
    });
}

bool PostingWriter::next(Entry &entry, ItemPointerData &tid) {
    const bytea *packed = nullptr;
    std::int64_t number = 0;
    guarded([&] {
        if (!tuplesort_gettupleslot(sort_, true, false, slot_, nullptr))
            return;
        slot_getallattrs(slot_);
        entry.list = static_cast<std::uint32_t>(DatumGetInt32(slot_->tts_values[0]));
        number = DatumGetInt64(slot_->tts_values[1]);
        packed = reinterpret_cast<bytea *>(DatumGetPointer(slot_->tts_values[2]));
    });
    if (packed == nullptr)
        return false;
    ItemPointerSet(&tid, static_cast<BlockNumber>(number >> 16), static_cast<OffsetNumber>(number & 0xffff));
    const char *const at = VARDATA_ANY(packed);
    memcpy(&entry.code.scale, at, sizeof(float));
    memcpy(&entry.square, at + sizeof(float), sizeof(float));
    entry.code.words.resize(opened_.layout.groups());
    memcpy(entry.code.words.data(), at + 2 * sizeof(float), entry.code.words.size() * sizeof(std::uint32_t));
    return true;
}

/// The frames of one list, page by page; at the end `entry` is the first of another list.
void PostingWriter::write_list(Relation index, std::uint32_t list, Entry &entry, ItemPointerData &tid,
                               bool &is_there) {
    const FrameLayout &layout = opened_.layout;
    std::size_t const pages = layout.pages_per_frame();
    std::vector<PGAlignedBlock> images(pages);
    bool is_first = true;
    do {
        check_interrupts();
        for (PGAlignedBlock &image : images)
            start_page(image.data, list);
        std::size_t count = 0;
        std::size_t const most = layout.frames_per_page() * core::lanes;
        for (; is_there && entry.list == list && count < most; ++count, is_there = next(entry, tid)) {
            std::size_t const lane = count % core::lanes;
            FrameHead *const head = frame_on(images[0].data, layout, count / core::lanes);
            put_entry(layout, reinterpret_cast<char *>(head), 0, lane, entry, tid);
            for (std::size_t part = 1; part < pages; ++part)
                put_entry(layout, contents(images[part].data), part, lane, entry, tid);
            head->live = static_cast<std::uint16_t>(head->live | (1U << lane));
        }
        std::size_t const frames = (count + core::lanes - 1) / core::lanes;
        bool const goes_on = is_there && entry.list == list;
        BlockNumber const first = guarded([&] { return RelationGetNumberOfBlocks(index); });
        for (std::size_t part = 0; part < pages; ++part) {
            Page const page = images[part].data;
            bool const is_last = part + 1 == pages && !goes_on;
            tail_of(page)->next = is_last ? InvalidBlockNumber : static_cast<BlockNumber>(first + part + 1);
            tail_of(page)->frames = static_cast<std::uint16_t>(part == 0 ? frames : 0);
            set_used(page, part == 0 ? std::max<std::size_t>(frames, pages > 1 ? 1 : 0) *
                                           std::min(layout.bytes(), page_room)
                                     : layout.groups_on(part) * core::group_bytes);
            guarded([&] { append(index, [&](Page fresh) { memcpy(fresh, page, BLCKSZ); }); });
        }
        if (is_first)
            heads_[list].first = first;
        heads_[list].next_insert = first;
        is_first = false;
    } while (is_there && entry.list == list);
}

void PostingWriter::write(Relation index, std::span<const float> middles) {
    Meta meta = opened_.meta;
    heads_.resize(meta.lists);
    guarded([&] {
        tuplesort_performsort(sort_);
        append(index, [&](Page page) { start_page(page, 0); }); // of the meta page
        if (meta.lists > 1)
            append_run(index, reinterpret_cast<const char *>(middles.data()), middles.size_bytes(),
                       page_room);
        meta.directory = RelationGetNumberOfBlocks(index);
        append_run(index, reinterpret_cast<const char *>(heads_.data()), heads_.size() * sizeof(ListHead),
                   entries_per_page * sizeof(ListHead));
    });
    Entry entry;
    ItemPointerData tid;
    bool is_there = next(entry, tid);
    for (std::uint32_t list = 0; list < meta.lists; ++list)
        write_list(index, list, entry, tid, is_there);
    guarded([&] {
        for (std::size_t i = 0; i < heads_.size(); i += entries_per_page)
            overwrite(index, directory_block(meta, static_cast<std::uint32_t>(i)),
                      reinterpret_cast<const char *>(heads_.data() + i),
                      std::min(entries_per_page, heads_.size() - i) * sizeof(ListHead));
        overwrite(index, meta_block, reinterpret_cast<const char *>(&meta), sizeof meta);
        Buffer const buffer = ReadBuffer(index, meta_block);
        LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
        set_used(BufferGetPage(buffer), sizeof meta);
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
        ExecDropSingleTupleTableSlot(slot_);
        tuplesort_end(sort_);
    });
}

} // namespace steward::ivf
