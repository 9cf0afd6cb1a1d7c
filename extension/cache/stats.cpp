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
    std::array<std::uint64_t, core::causes> left;
};

bool read_facts(std::size_t pool, PoolFacts &facts) {
    lock_pool(pool);
    facts.holder = holder_of(pool);
    const core::Pool &of_store = store().pool(pool);
    facts.entries = of_store.size();
    facts.bytes = of_store.bytes();
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

} // namespace

/// A row for each namespace of this database that holds memory.
STEWARD_FUNCTION(steward_cache_counts) {
    ResultRows const rows = start_rows(fcinfo);
    for (std::size_t pool = 0; has_memory() && pool < most_namespaces; ++pool) {
        PoolFacts facts;
        if (!read_facts(pool, facts))
            continue;
        auto const count_of = [&](Count what) {
            return number(facts.holder.counts[static_cast<std::size_t>(what)]);
        };
        auto const left_by = [&](core::Cause cause) {
            return number(facts.left[static_cast<std::size_t>(cause)]);
        };
        rows.add_nullable([&] {
            return std::array{
                some(CStringGetTextDatum(facts.holder.name)),
                some(count_of(Count::hits)),
                some(count_of(Count::misses)),
                some(count_of(Count::negative_hits)),
                some(count_of(Count::stale_hits)),
                some(count_of(Count::early_refreshes)),
                some(count_of(Count::flight_waits)),
                some(count_of(Count::refused)),
                some(count_of(Count::sets)),
                some(count_of(Count::refused_sets)),
                some(left_by(core::Cause::entries)),
                some(left_by(core::Cause::bytes)),
                some(left_by(core::Cause::memory)),
                some(left_by(core::Cause::expired)),
                some(left_by(core::Cause::deleted)),
                some(number(facts.entries)),
                some(number(facts.bytes)),
                recent_share(facts.holder),
                some(Float8GetDatum(
                    static_cast<double>(facts.holder.counts[static_cast<std::size_t>(Count::saved_us)]) /
                    1e6))};
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
