#include "extension/shared.hpp"

extern "C" {
#include "storage/ipc.h"
#include "storage/shmem.h"
}

namespace steward {

namespace {

constexpr std::size_t most_blocks = 8;
constexpr std::size_t most_touched = 1 << 20;
constexpr std::size_t lock_size = MAXALIGN(sizeof(LWLock));

std::array<SharedBlock *, most_blocks> reserved{};
shmem_request_hook_type next_request_hook = nullptr;
shmem_startup_hook_type next_startup_hook = nullptr;

/// Plain C for guarded(): nothing here may hold an object.
void each_reserved(void (*visit)(SharedBlock &)) {
    for (SharedBlock *const block : reserved)
        if (block != nullptr)
            visit(*block);
}

void request_room() {
    if (next_request_hook != nullptr)
        next_request_hook();
    each_reserved([](SharedBlock &block) { RequestAddinShmemSpace(block.size()); });
}

void make_blocks() {
    if (next_startup_hook != nullptr)
        next_startup_hook();
    each_reserved([](SharedBlock &block) { block.attach(); }); // again after a crash: the memory is new
}

} // namespace

std::size_t SharedBlock::size() const noexcept {
    return lock_size + MAXALIGN(size_);
}

void *SharedBlock::memory() {
    if (memory_ == nullptr)
        attach();
    return memory_;
}

LWLock *SharedBlock::lock() {
    if (memory_ == nullptr)
        attach();
    return lock_;
}

bool SharedBlock::available() noexcept {
    if (memory_ != nullptr || refused_)
        return memory_ != nullptr;
    uint32 const interrupt_holds = InterruptHoldoffCount;
    uint32 const cancel_holds = QueryCancelHoldoffCount;
    try {
        guarded([this] { attach(); });
    } catch (const PgError &error) {
        refuse(error.what(), interrupt_holds, cancel_holds);
    }
    return memory_ != nullptr;
}

/// What the abort of a transaction would do: attach() holds one lock and nothing else, and the error has
/// forgotten how often interrupts are held off.
void SharedBlock::refuse(const char *why, uint32 interrupt_holds, uint32 cancel_holds) noexcept {
    refused_ = true;
    InterruptHoldoffCount = interrupt_holds;
    QueryCancelHoldoffCount = cancel_holds;
    if (LWLockHeldByMe(AddinShmemInitLock)) {
        InterruptHoldoffCount = interrupt_holds + 1; // taken back by the release
        LWLockRelease(AddinShmemInitLock);
    }
    ereport(LOG, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("pg_steward goes without \"%s\"", name_),
            errdetail_internal("%s", why),
            errhint("Add pg_steward to shared_preload_libraries, which reserves room for it."));
}

void SharedBlock::attach() {
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    bool found = false;
    auto *const start = static_cast<char *>(ShmemInitStruct(name_, size(), &found));
    auto *const lock = reinterpret_cast<LWLock *>(start);
    if (!found) {
        memset(start, 0, std::min(size(), most_touched));
        LWLockInitialize(lock, LWLockNewTrancheId());
        if (initialise_ != nullptr)
            initialise_(start + lock_size);
    }
    LWLockRelease(AddinShmemInitLock);
    LWLockRegisterTranche(lock->tranche, name_);
    lock_ = lock;
    memory_ = start + lock_size;
}

void reserve_shared_memory(std::span<SharedBlock *const> blocks) {
    if (blocks.size() > reserved.size())
        elog(ERROR, "too many blocks of shared memory");
    std::copy(blocks.begin(), blocks.end(), reserved.begin());
    next_request_hook = shmem_request_hook;
    shmem_request_hook = [] { boundary([] { request_room(); }); };
    next_startup_hook = shmem_startup_hook;
    shmem_startup_hook = [] { boundary([] { make_blocks(); }); };
}

} // namespace steward
