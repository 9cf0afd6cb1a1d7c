// What is to be seen of the cache.
#include "extension/cache/arguments.hpp"
#include "extension/cache/sweep.hpp"
#include "extension/rows.hpp"

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

struct Nullable {
    Datum value = 0;
    bool isnull = true;
};

Nullable some(Datum value) {
    return {value, false};
}

/// A pool as it was when its lock was held.
struct PoolFacts {
    Holder holder;
    std::uint64_t entries;
    std::uint64_t bytes;
    std::uint64_t leaving;
    std::uint64_t lost;
    std::array<std::uint64_t, core::causes> left;
};

bool read_facts(std::size_t pool, PoolFacts &facts) {
    lock_pool(pool);
    facts.holder = holder_of(pool);
    const core::Pool &of_store = store().pool(pool);
    facts.entries = of_store.size();
    facts.bytes = of_store.bytes();
    facts.leaving = of_store.leaving();
    facts.lost = of_store.lost();
    for (std::size_t i = 0; i < core::causes; ++i)
        facts.left[i] = of_store.left(static_cast<core::Cause>(i));
    unlock_pool(pool);
    return facts.holder.database == MyDatabaseId && !facts.holder.retired;
}

/// The share of hits in this minute and the five before.
Nullable recent_share(const Holder &holder) {
    std::int64_t const present = now() / USECS_PER_MINUTE;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    for (const Minute &minute : holder.recent)
        if (present - minute.number < static_cast<std::int64_t>(minutes)) {
            hits += minute.hits;
            misses += minute.misses;
        }
    if (hits + misses == 0)
        return {};
    return some(Float8GetDatum(static_cast<double>(hits) / static_cast<double>(hits + misses)));
}

Datum number(std::uint64_t value) {
    return Int64GetDatum(static_cast<int64>(value));
}

const char *name_of(Type type) noexcept {
    switch (type) {
    case Type::json:
        return "jsonb";
    case Type::bytes:
        return "bytea";
    default:
        return "text";
    }
}

Nullable end_of_value(core::Time expires) {
    return expires == core::never ? Nullable{} : some(TimestampTzGetDatum(timestamp_of(expires)));
}

using CountRow = std::array<Nullable, 23>;

std::uint64_t of(const PoolFacts &facts, Count what) noexcept {
    return facts.holder.counts[static_cast<std::size_t>(what)];
}

Nullable seconds(std::uint64_t microseconds) {
    return some(Float8GetDatum(static_cast<double>(microseconds) / 1e6));
}

Nullable cost(std::uint64_t hits, double price) {
    return some(Float8GetDatum(static_cast<double>(hits) * price));
}

CountRow memory_row(const PoolFacts &facts, double price) {
    auto const counted = [&](Count what) { return some(number(of(facts, what))); };
    auto const left_by = [&](core::Cause cause) {
        return some(number(facts.left[static_cast<std::size_t>(cause)]));
    };
    std::uint64_t const below = of(facts, Count::table_hits) + of(facts, Count::archive_hits);
    return {
        some(CStringGetTextDatum(facts.holder.name)),
        some(CStringGetTextDatum("memory")),
        counted(Count::hits),
        some(number(of(facts, Count::misses) + below)),
        counted(Count::negative_hits),
        counted(Count::stale_hits),
        counted(Count::early_refreshes),
        counted(Count::flight_waits),
        counted(Count::refused),
        counted(Count::sets),
        counted(Count::refused_sets),
        left_by(core::Cause::entries),
        left_by(core::Cause::bytes),
        left_by(core::Cause::memory),
        left_by(core::Cause::expired),
        left_by(core::Cause::deleted),
        some(number(facts.entries)),
        some(number(facts.bytes)),
        some(number(facts.leaving)),
        some(number(facts.lost)),
        recent_share(facts.holder),
        seconds(of(facts, Count::saved_us)),
        cost(of(facts, Count::hits) + of(facts, Count::negative_hits) + of(facts, Count::stale_hits), price)};
}

/// Of what lies below only hits are counted here; the share of hits is that of all tiers.
CountRow lower_row(const PoolFacts &facts, const char *tier, std::uint64_t hits, std::uint64_t misses,
                   std::uint64_t saved_us, double price) {
    CountRow row{};
    row[0] = some(CStringGetTextDatum(facts.holder.name));
    row[1] = some(CStringGetTextDatum(tier));
    row[2] = some(number(hits));
    row[3] = some(number(misses));
    row[20] = recent_share(facts.holder);
    row[21] = seconds(saved_us);
    row[22] = cost(hits, price);
    return row;
}

} // namespace

/// A row for each namespace of this database that holds memory, and each of its tiers.
STEWARD_FUNCTION(steward_cache_counts) {
    ResultRows const rows = start_rows(fcinfo);
    for (std::size_t pool = 0; has_memory() && pool < most_namespaces; ++pool) {
        PoolFacts facts;
        if (!read_facts(pool, facts))
            continue;
        const Namespace *const known = known_namespace(facts.holder.name);
        Tiers const tiers = known == nullptr ? Tiers{true, false, false} : known->tiers;
        double const price = known == nullptr ? 0 : known->price;
        rows.add_nullable([&] { return memory_row(facts, price); });
        if (tiers.table)
            rows.add_nullable([&] {
                return lower_row(facts, "table", of(facts, Count::table_hits),
                                 of(facts, Count::misses) + of(facts, Count::archive_hits),
                                 of(facts, Count::table_saved_us), price);
            });
        if (tiers.archive)
            rows.add_nullable([&] {
                return lower_row(facts, "archive", of(facts, Count::archive_hits), of(facts, Count::misses),
                                 of(facts, Count::archive_saved_us), price);
            });
    }
    return Datum{0};
}

/// (namespace) -> the entries that this role can see
STEWARD_FUNCTION(steward_cache_entry_list) {
    Namespace &space = namespace_argument(fcinfo, Right::read);
    ResultRows const rows = start_rows(fcinfo);
    each_entry(space, [&](Seen &seen) {
        rows.add_nullable([&] {
            std::string_view const key = seen.key_text(space);
            return std::array{
                some(PointerGetDatum(cstring_to_text_with_len(key.data(), static_cast<int>(key.size())))),
                seen.is_null ? Nullable{} : some(CStringGetTextDatum(name_of(seen.type))),
                some(Int64GetDatum(seen.value_size)),
                some(number(seen.size)),
                some(Int64GetDatum(seen.hits)),
                some(Float8GetDatum(seen.label.cost / 1e3)),
                end_of_value(seen.label.expires)};
        });
    });
    return Datum{0};
}

/// (namespace) -> whether the caller may read it
STEWARD_FUNCTION(steward_cache_may_read) {
    PG_RETURN_BOOL(has_right(find_namespace(text_argument(fcinfo, 0)), Right::read));
}

/// The size of the cache's memory, what of it is free, and how many namespaces hold some: null without
/// memory.
STEWARD_FUNCTION(steward_cache_memory) {
    if (!has_memory())
        PG_RETURN_NULL();
    std::int64_t held = 0;
    for (std::size_t pool = 0; pool < most_namespaces; ++pool)
        held += OidIsValid(holder_of(pool).database) ? 1 : 0;
    return one_row(
        fcinfo, std::array{number(store().total_bytes()), number(store().free_bytes()), Int64GetDatum(held)});
}

} // namespace steward::cache
