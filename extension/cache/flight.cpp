#include "extension/cache/flight.hpp"

namespace steward::cache {

namespace {

/// Beside those of pg_advisory_lock(), which are 1 and 2.
constexpr std::uint16_t lock_class = 51;

const Flight *innermost = nullptr;

} // namespace

Flight::Flight(const Namespace &space, const EntryKey &key) : outer_(innermost) {
    // Without memory no namespace has an incarnation, and the same key has one hash in all of them.
    std::uint64_t const hash = static_cast<core::Key>(key).hash ^
                               std::uint64_t{space.held.incarnation} << 32 ^ std::uint64_t{space.slot} << 16;
    SET_LOCKTAG_ADVISORY(tag_, MyDatabaseId, static_cast<std::uint32_t>(hash >> 32),
                         static_cast<std::uint32_t>(hash), lock_class);
    for (const Flight *flight = innermost; flight != nullptr; flight = flight->outer_)
        if (memcmp(&flight->tag_, &tag_, sizeof tag_) == 0)
            ereport(
                ERROR, errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
                errmsg("computing a value of cache namespace \"%s\" needs that value itself", space.name),
                errdetail("The key is \"%.*s\".", static_cast<int>(key.text().size()), key.text().data()));
    innermost = this;
}

Flight::~Flight() {
    innermost = outer_;
}

bool Flight::try_take() {
    is_taken_ = LockAcquire(&tag_, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
    return is_taken_;
}

void Flight::take() {
    (void)LockAcquire(&tag_, ExclusiveLock, false, false);
    is_taken_ = true;
}

void Flight::land() {
    if (std::exchange(is_taken_, false))
        LockRelease(&tag_, ExclusiveLock, false);
}

} // namespace steward::cache
