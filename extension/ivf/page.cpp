#include "extension/ivf/page.hpp"

namespace steward::ivf {

FrameLayout::FrameLayout(core::CodeFormat format, core::Metric metric) noexcept
    : has_squares_(metric == core::Metric::l2), groups_(format.groups()),
      groups_at_(has_squares_ ? sizeof(FrameHead) : offsetof(FrameHead, squares)),
      bytes_(MAXALIGN(groups_at_ + groups_ * core::group_bytes)), frames_per_page_(page_room / bytes_),
      pages_(1) {
    if (frames_per_page_ > 0)
        return;
    frames_per_page_ = 1;
    while (groups_on(pages_) > 0)
        ++pages_;
}

std::size_t FrameLayout::groups_on(std::size_t page) const noexcept {
    std::size_t const on_first = std::min(groups_, (page_room - groups_at_) / core::group_bytes);
    if (page == 0)
        return on_first;
    std::size_t const on_next = page_room / core::group_bytes;
    std::size_t const before = on_first + (page - 1) * on_next;
    return before >= groups_ ? 0 : std::min(groups_ - before, on_next);
}

void start_page(Page page, std::uint32_t list, std::uint32_t generation) {
    PageInit(page, BLCKSZ, sizeof(PageTail));
    PageTail *const tail = tail_of(page);
    tail->next = InvalidBlockNumber;
    tail->list = list;
    tail->frames = 0;
    tail->page_id = page_id;
    tail->generation = generation;
}

void set_used(Page page, std::size_t bytes) noexcept {
    auto const lower = static_cast<LocationIndex>(contents(page) - static_cast<char *>(page) + bytes);
    reinterpret_cast<PageHeader>(page)->pd_lower = lower;
}

void raise_corrupted(Relation index, BlockNumber block) {
    ereport(
        ERROR, errcode(ERRCODE_INDEX_CORRUPTED),
        errmsg("index \"%s\" is not a steward_ivf index at block %u", RelationGetRelationName(index), block),
        errhint("REINDEX it."));
}

Meta read_meta(Relation index) {
    Buffer const buffer = ReadBuffer(index, meta_block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    Meta meta;
    memcpy(&meta, contents(BufferGetPage(buffer)), sizeof meta);
    UnlockReleaseBuffer(buffer);
    if (meta.magic != magic)
        raise_corrupted(index, meta_block);
    return meta;
}

void check_page(Relation index, Buffer buffer) {
    Page const page = BufferGetPage(buffer);
    if (PageIsNew(page) || PageGetSpecialSize(page) != MAXALIGN(sizeof(PageTail)) ||
        tail_of(page)->page_id != page_id)
        raise_corrupted(index, BufferGetBlockNumber(buffer));
}

bool is_free(Page page, std::uint32_t generation) noexcept {
    return PageIsNew(page) || (PageGetSpecialSize(page) == MAXALIGN(sizeof(PageTail)) &&
                               tail_of(page)->page_id == page_id && tail_of(page)->generation < generation);
}

} // namespace steward::ivf
