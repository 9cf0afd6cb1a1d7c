#include "core/vector/codes.hpp"

#include "extension/ivf/posting_writer.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "catalog/pg_type.h"
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

Tuplesortstate *begin_sort(TupleDesc columns, SortCoordinate part, int memory) {
    AttrNumber numbers[] = {1, 2};
    Oid operators[] = {lookup_type_cache(INT4OID, TYPECACHE_LT_OPR)->lt_opr,
                       lookup_type_cache(INT8OID, TYPECACHE_LT_OPR)->lt_opr};
    Oid collations[] = {InvalidOid, InvalidOid};
    bool nulls_first[] = {false, false};
    return tuplesort_begin_heap(columns, 2, numbers, operators, collations, nulls_first, memory, part,
                                TUPLESORT_NONE);
}

} // namespace

PostingWriter::PostingWriter(const Opened &opened, SortCoordinate part, int memory) : opened_(opened) {
    guarded([&] {
        TupleDesc const columns = sorted_columns();
        sort_ = begin_sort(columns, part, memory);
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

void PostingWriter::leave_part() {
    guarded([&] {
        tuplesort_performsort(sort_);
        ExecDropSingleTupleTableSlot(slot_);
        tuplesort_end(sort_);
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

/// As many vectors of a list as go onto its next pages: how many frames they take.
std::size_t PostingWriter::fill(std::vector<PGAlignedBlock> &images, std::uint32_t list, Entry &entry,
                                ItemPointerData &tid, bool &is_there) {
    const FrameLayout &layout = opened_.layout;
    std::size_t count = 0;
    std::size_t const most = layout.frames_per_page() * core::lanes;
    for (; is_there && entry.list == list && count < most; ++count, is_there = next(entry, tid)) {
        std::size_t const lane = count % core::lanes;
        FrameHead *const head = frame_on(images[0].data, layout, count / core::lanes);
        put_entry(layout, reinterpret_cast<char *>(head), 0, lane, entry, tid);
        for (std::size_t part = 1; part < images.size(); ++part)
            put_entry(layout, contents(images[part].data), part, lane, entry, tid);
        head->live = static_cast<std::uint16_t>(head->live | (1U << lane));
    }
    return (count + core::lanes - 1) / core::lanes;
}

/// The frames of one list, page by page; at the end `entry` is the first of another list.
ListHead PostingWriter::write_list(Pages &pages, std::uint32_t list, Entry &entry, ItemPointerData &tid,
                                   bool &is_there) {
    const FrameLayout &layout = opened_.layout;
    std::vector<PGAlignedBlock> images(layout.pages_per_frame());
    BlockNumber block = guarded([&] { return pages.take(list); });
    ListHead head{block, block};
    do {
        check_interrupts();
        head.next_insert = block;
        for (PGAlignedBlock &image : images)
            start_page(image.data, list, pages.generation());
        std::size_t const frames = fill(images, list, entry, tid, is_there);
        bool const goes_on = is_there && entry.list == list;
        for (std::size_t part = 0; part < images.size(); ++part) {
            Page const page = images[part].data;
            bool const is_last = part + 1 == images.size() && !goes_on;
            tail_of(page)->frames = static_cast<std::uint16_t>(part == 0 ? frames : 0);
            set_used(page, part == 0 ? std::max<std::size_t>(frames, images.size() > 1 ? 1 : 0) *
                                           std::min(layout.bytes(), page_room)
                                     : layout.groups_on(part) * core::group_bytes);
            guarded([&] {
                BlockNumber const next = is_last ? InvalidBlockNumber : pages.take(list);
                tail_of(page)->next = next;
                pages.put(block, page);
                block = next;
            });
        }
    } while (block != InvalidBlockNumber);
    return head;
}

void PostingWriter::write(Pages &pages, std::span<const float> middles, Meta &meta) {
    guarded([&] { tuplesort_performsort(sort_); });
    std::vector<ListHead> heads;
    Entry entry;
    ItemPointerData tid;
    bool is_there = next(entry, tid);
    for (std::uint32_t list = 0; list < meta.lists; ++list)
        heads.push_back(write_list(pages, list, entry, tid, is_there));
    guarded([&] {
        if (opened_.codebook.is_there())
            meta.codebook = pages.put_run(reinterpret_cast<const char *>(opened_.codebook.values().data()),
                                          opened_.codebook.values().size_bytes(), page_room);
        if (meta.lists > 1)
            meta.middles = pages.put_run(reinterpret_cast<const char *>(middles.data()), middles.size_bytes(),
                                         page_room);
        meta.directory = pages.put_run(reinterpret_cast<const char *>(heads.data()),
                                       heads.size() * sizeof(ListHead), entries_per_page * sizeof(ListHead));
        ExecDropSingleTupleTableSlot(slot_);
        tuplesort_end(sort_);
    });
}

} // namespace steward::ivf
