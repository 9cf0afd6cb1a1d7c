#include "extension/ivf/pages.hpp"

extern "C" {
#include "access/generic_xlog.h"
#include "commands/vacuum.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
}

namespace steward::ivf {

Buffer extend(Relation index, ForkNumber fork) {
    bool const is_shared = !RELATION_IS_LOCAL(index);
    if (is_shared)
        LockRelationForExtension(index, ExclusiveLock);
    Buffer const buffer = ReadBufferExtended(index, fork, P_NEW, RBM_ZERO_AND_LOCK, nullptr);
    if (is_shared)
        UnlockRelationForExtension(index, ExclusiveLock);
    return buffer;
}

Buffer free_page(Relation index, std::uint32_t oldest) {
    for (;;) {
        // The map of free pages is a guess: what a page says of itself decides.
        BlockNumber const block = GetFreeIndexPage(index);
        if (block == InvalidBlockNumber)
            return extend(index, MAIN_FORKNUM);
        if (block == meta_block || block >= RelationGetNumberOfBlocks(index))
            continue;
        Buffer const buffer = ReadBuffer(index, block);
        if (ConditionalLockBuffer(buffer)) {
            if (is_free(BufferGetPage(buffer), oldest))
                return buffer;
            LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
        }
        ReleaseBuffer(buffer);
    }
}

BlockNumber Pages::put_run(const char *bytes, std::size_t size, std::size_t per_page) {
    BlockNumber const first = take(0);
    for (BlockNumber block = first; block != InvalidBlockNumber;) {
        std::size_t const here = std::min(size, per_page);
        PGAlignedBlock image;
        start_page(image.data, 0, generation_);
        memcpy(contents(image.data), bytes, here);
        set_used(image.data, here);
        bytes += here;
        size -= here;
        BlockNumber const next = size > 0 ? take(0) : InvalidBlockNumber;
        tail_of(image.data)->next = next;
        put(block, image.data);
        block = next;
    }
    return first;
}

BlockNumber FreshPages::take(std::uint32_t) {
    return next_++;
}

void FreshPages::put(BlockNumber block, Page image) {
    Buffer const buffer = extend(index_, MAIN_FORKNUM);
    if (BufferGetBlockNumber(buffer) != block)
        elog(ERROR, "page %u of index \"%s\" is not in its place", block, RelationGetRelationName(index_));
    memcpy(BufferGetPage(buffer), image, BLCKSZ);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

BlockNumber LoggedPages::take(std::uint32_t list) {
    Buffer const buffer = free_page(index_, oldest_);
    GenericXLogState *const state = GenericXLogStart(index_);
    start_page(GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE), list, generation_);
    GenericXLogFinish(state);
    BlockNumber const block = BufferGetBlockNumber(buffer);
    UnlockReleaseBuffer(buffer);
    return block;
}

void LoggedPages::put(BlockNumber block, Page image) {
    Buffer const buffer = ReadBuffer(index_, block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *const state = GenericXLogStart(index_);
    memcpy(GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE), image, BLCKSZ);
    GenericXLogFinish(state);
    UnlockReleaseBuffer(buffer);
    vacuum_delay_point();
}

} // namespace steward::ivf
