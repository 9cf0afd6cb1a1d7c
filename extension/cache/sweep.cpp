#include "extension/cache/sweep.hpp"

namespace steward::cache {

namespace {

/// Between two looks whether the query was cancelled: some 50 us.
constexpr std::size_t buckets_at_once = 256;

/// Dead, or of before a change.
bool is_useless(const core::Entries &entries, core::Place place, core::Time time) {
    if (store().is_dead(entries.at(place), time))
        return true;
    Stamps stamps;
    stamps.read(entries, place);
    return !stamps.hold();
}

} // namespace

std::string_view Seen::key_text(const Namespace &space) noexcept {
    std::span<std::byte> const bytes = space.is_shared ? key() : key().subspan(sizeof(Oid));
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

bool Bucket::copy(const core::Entries &entries, core::Place place) {
    const core::Entry &entry = entries.at(place);
    std::size_t const size = room_for(entry.key_size);
    if (used_ + size > room_)
        return false;
    auto *const seen = reinterpret_cast<Seen *>(buffer_ + used_);
    *seen = {entry.node.pool,
             static_cast<Type>(entry.type & ~null_bit),
             (entry.type & null_bit) != 0,
             entry.label,
             entry.value_size,
             entry.hits,
             entries.size(place),
             entry.key_size};
    entries.read_key(place, seen->key().data());
    used_ += size;
    return true;
}

void Bucket::read(std::size_t bucket, std::size_t pool) {
    if (buffer_ == nullptr) {
        room_ = 32 * 1024;
        buffer_ = static_cast<char *>(palloc(room_));
    }
    core::Time const time = now();
    auto const visit = [&](const core::Entries &entries, core::Place place) {
        const core::Entry &entry = entries.at(place);
        if ((pool != all_pools && entry.node.pool != pool) || is_useless(entries, place, time))
            return true;
        return copy(entries, place);
    };
    for (used_ = 0; !store().each(bucket, visit); used_ = 0) {
        room_ *= 2;
        buffer_ = static_cast<char *>(repalloc_huge(buffer_, room_));
    }
}

std::int64_t sweep(std::size_t pool) {
    std::int64_t swept = 0;
    core::Time const time = now();
    for (std::size_t bucket = 0; bucket < store().buckets(); ++bucket) {
        if (bucket % buckets_at_once == 0)
            check_interrupts();
        swept += static_cast<std::int64_t>(store().remove_if(
            bucket, core::Cause::expired, [&](const core::Entries &entries, core::Place place) {
                const core::Entry &entry = entries.at(place);
                if (pool != Bucket::all_pools && entry.node.pool != pool)
                    return false;
                return is_useless(entries, place, time) ||
                       holder_of(entry.node.pool).retired; // stored by who had not heard that it is gone
            }));
    }
    free_retired();
    return swept;
}

} // namespace steward::cache
