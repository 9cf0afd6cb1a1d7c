#include "extension/prompt/counts.hpp"

#include "extension/rows.hpp"
#include "extension/text.hpp"

extern "C" {
#include "miscadmin.h"
#include "port/atomics.h"
}

namespace steward::prompt {

namespace {

constexpr const char *component = "prompt";

constexpr std::array<std::string_view, 4> outcomes{"exact", "similar", "refused", "missed"};
constexpr std::size_t name_size = 33; ///< with the zero byte at the end
constexpr std::size_t most_caches = 64;

/// The counts of a cache, which are added to under a shared lock.
struct Counts {
    Oid database; ///< InvalidOid where nothing is
    char cache[name_size];
    pg_atomic_uint64 used; ///< by the clock of all
    std::array<pg_atomic_uint64, outcomes.size()> counts;
};

struct AllCounts {
    pg_atomic_uint64 clock;
    std::array<Counts, most_caches> caches;
};

constinit Shared<AllCounts> shared("steward prompts 1", [](void *memory) {
    auto *const all = static_cast<AllCounts *>(memory);
    pg_atomic_init_u64(&all->clock, 0);
    for (Counts &of : all->caches) {
        pg_atomic_init_u64(&of.used, 0);
        for (pg_atomic_uint64 &count : of.counts)
            pg_atomic_init_u64(&count, 0);
    }
});

/// With the lock held. Null if there is none.
Counts *find(std::string_view cache) {
    for (Counts &of : shared.get().caches)
        if (of.database == MyDatabaseId && cache == of.cache)
            return &of;
    return nullptr;
}

/// With the lock held exclusively. The place that was used longest ago, or never, is the new one's.
Counts *add(std::string_view cache) {
    Counts *const of = std::ranges::min_element(shared.get().caches, {}, [](Counts &candidate) {
        return candidate.database == InvalidOid ? 0 : pg_atomic_read_u64(&candidate.used) + 1;
    });
    of->database = MyDatabaseId;
    *std::ranges::copy(cache, of->cache).out = '\0';
    for (pg_atomic_uint64 &count : of->counts)
        pg_atomic_write_u64(&count, 0);
    return of;
}

void count(Counts &of, std::size_t outcome) {
    pg_atomic_write_u64(&of.used, pg_atomic_add_fetch_u64(&shared.get().clock, 1));
    pg_atomic_fetch_add_u64(&of.counts[outcome], 1);
}

} // namespace

SharedBlock &block() noexcept {
    return shared.block();
}

/// (cache, outcome). Counts nothing where the server has no room for it.
STEWARD_FUNCTION(steward_prompt_count) {
    std::string_view const cache = text_argument(fcinfo, 0);
    auto const *const outcome = std::ranges::find(outcomes, text_argument(fcinfo, 1));
    if (cache.empty() || cache.size() >= name_size || outcome == outcomes.end())
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("a prompt cache and exact, similar, refused or missed are needed"));
    if (!shared.block().available())
        PG_RETURN_VOID();
    auto const place = static_cast<std::size_t>(outcome - outcomes.begin());
    LWLockAcquire(shared.lock(), LW_SHARED);
    Counts *of = find(cache);
    if (of != nullptr)
        count(*of, place);
    LWLockRelease(shared.lock());
    if (of != nullptr)
        PG_RETURN_VOID();
    LWLockAcquire(shared.lock(), LW_EXCLUSIVE);
    of = find(cache);
    count(of != nullptr ? *of : *add(cache), place);
    LWLockRelease(shared.lock());
    PG_RETURN_VOID();
}

/// (cache)
STEWARD_FUNCTION(steward_prompt_count_forget) {
    std::string_view const cache = text_argument(fcinfo, 0);
    if (!shared.block().available())
        PG_RETURN_VOID();
    LWLockAcquire(shared.lock(), LW_EXCLUSIVE);
    if (Counts *const of = find(cache))
        of->database = InvalidOid;
    LWLockRelease(shared.lock());
    PG_RETURN_VOID();
}

/// -> cache, and how often each outcome came
STEWARD_FUNCTION(steward_prompt_counts) {
    ResultRows const rows = start_rows(fcinfo);
    if (!shared.block().available())
        return 0; // no rows
    auto *const copy = static_cast<AllCounts *>(palloc(sizeof(AllCounts)));
    LWLockAcquire(shared.lock(), LW_SHARED);
    memcpy(copy, &shared.get(), sizeof(AllCounts));
    LWLockRelease(shared.lock());
    for (Counts &of : copy->caches) {
        if (of.database != MyDatabaseId)
            continue;
        rows.add([&of] {
            std::array<Datum, 1 + outcomes.size()> row{CStringGetTextDatum(of.cache)};
            for (std::size_t i = 0; i < outcomes.size(); ++i)
                row[1 + i] = UInt64GetDatum(pg_atomic_read_u64(&of.counts[i]));
            return row;
        });
    }
    return 0; // the rows are in the tuplestore
}

} // namespace steward::prompt
