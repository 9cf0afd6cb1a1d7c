#include "core/error.hpp"

#include "extension/embed/copies.hpp"

#include "extension/embed/hash.hpp"
#include "extension/embed/vectors.hpp"
#include "extension/shared.hpp"
#include "extension/subtransaction.hpp"

extern "C" {
#include "access/parallel.h"
}

namespace steward::embed {

namespace {

/// A segment that holds a copy. It is pinned: it stays until its place is taken, and then until the last
/// process lets go of it.
struct Place {
    Hash hash;
    dsm_handle handle; ///< DSM_HANDLE_INVALID where nothing is
    std::uint64_t used;
    std::size_t stored_size;
    std::size_t index_size;
};

struct Places {
    std::uint64_t clock;
    std::array<Place, 16> all;
};

constinit Shared<Places> places("steward embeddings 1", [](void *memory) {
    for (Place &place : static_cast<Places *>(memory)->all)
        place.handle = DSM_HANDLE_INVALID;
});

Place *find_place(const Hash &hash) {
    for (Place &place : places.get().all)
        if (place.handle != DSM_HANDLE_INVALID && place.hash == hash)
            return &place;
    return nullptr;
}

Copy copy_in(dsm_segment *segment, const Place &place) {
    return {segment, static_cast<const std::byte *>(dsm_segment_address(segment)), place.stored_size,
            place.index_size};
}

/// With the lock held, so that nobody takes the place meanwhile.
Copy attach(Place &place) {
    dsm_segment *const segment = dsm_attach(place.handle);
    if (segment == nullptr)
        return {};
    dsm_pin_mapping(segment);
    place.used = ++places.get().clock;
    return copy_in(segment, place);
}

/// Shares a segment of this process; the one that was used longest ago makes room.
void share(const Copy &copy, const Hash &hash) {
    LWLockAcquire(places.lock(), LW_EXCLUSIVE);
    Place *best = find_place(hash);
    if (best == nullptr) { // else somebody was faster: this copy is not shared, and ends with its process
        auto &all = places.get().all;
        best = std::ranges::min_element(
            all, {}, [](const Place &place) { return place.handle == DSM_HANDLE_INVALID ? 0 : place.used; });
        dsm_pin_segment(copy.segment);
        if (best->handle != DSM_HANDLE_INVALID)
            dsm_unpin_segment(best->handle);
        *best = {hash, dsm_segment_handle(copy.segment), ++places.get().clock, copy.stored_size,
                 copy.index_size};
    }
    LWLockRelease(places.lock());
}

/// Null where the server has no such memory left: /dev/shm may be small.
dsm_segment *make_segment(std::size_t size) {
    if (IsInParallelMode() || !places.block().available())
        return nullptr;
    dsm_segment *segment = nullptr;
    try {
        Subtransaction attempt;
        guarded([&] {
            segment = dsm_create(size, 0);
            dsm_pin_mapping(segment);
        });
        attempt.commit();
    } catch (const PgError &error) {
        if (error.data()->sqlerrcode == ERRCODE_QUERY_CANCELED ||
            error.data()->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
            throw;
        ereport(LOG, errcode(ERRCODE_OUT_OF_MEMORY),
                errmsg("word vectors are not shared: each process has its own copy"),
                errdetail_internal("%s", error.what()));
        return nullptr;
    }
    return segment;
}

MemoryContext own_memory() {
    static MemoryContext context = nullptr;
    if (context == nullptr)
        context = AllocSetContextCreate(TopMemoryContext, "steward word vectors", ALLOCSET_START_SMALL_SIZES);
    return context;
}

/// Ends with its scope what a failure would leave behind.
class Held {
  public:
    explicit Held(const Copy &copy) noexcept : copy_(&copy) {}
    ~Held() {
        if (copy_ != nullptr)
            let_go(*copy_);
    }
    Held(const Held &) = delete;
    Held &operator=(const Held &) = delete;
    void keep() noexcept { copy_ = nullptr; }

  private:
    const Copy *copy_;
};

} // namespace

SharedBlock &block() noexcept {
    return places.block();
}

Copy attach_shared(const Hash &hash) {
    if (!places.block().available())
        return {};
    LWLockAcquire(places.lock(), LW_EXCLUSIVE);
    Place *const place = find_place(hash);
    Copy const copy = place != nullptr ? attach(*place) : Copy{};
    LWLockRelease(places.lock());
    return copy;
}

Copy make_copy(core::Bytes stored, const Hash &hash) {
    // Whoever writes the table may write any bytes, but not those of another hash: others would read them.
    if (guarded([&] { return hash_of(stored); }) != hash)
        throw core::Error(core::ErrorKind::invalid_argument,
                          "an embedding model does not have the hash that its row says");
    core::WordVectors const given(stored);
    Copy copy{nullptr, nullptr, stored.size(), given.index_size()};
    std::size_t const size = MAXALIGN(stored.size()) + given.index_size();
    copy.segment = make_segment(size);
    auto *const memory = static_cast<std::byte *>(
        copy.segment != nullptr ? dsm_segment_address(copy.segment)
                                : guarded([&] { return MemoryContextAllocHuge(own_memory(), size); }));
    copy.start = memory;
    Held held(copy);
    std::ranges::copy(stored, memory);
    core::WordVectors(core::Bytes(memory, stored.size()))
        .make_index({memory + MAXALIGN(stored.size()), given.index_size()}, on_interrupt);
    if (copy.segment != nullptr)
        guarded([&] { share(copy, hash); });
    held.keep();
    return copy;
}

void let_go(const Copy &copy) {
    if (copy.segment != nullptr)
        dsm_detach(copy.segment);
    else if (copy.start != nullptr)
        pfree(const_cast<std::byte *>(copy.start));
}

} // namespace steward::embed
