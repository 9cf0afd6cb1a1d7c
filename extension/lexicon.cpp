// The site's lexicons and score profiles, kept compiled in each process.
#include "extension/lexicon.hpp"

#include <map>
#include <memory>

#include "core/score/site_lexicon.hpp"

#include "extension/migration.hpp"
#include "extension/site_table.hpp"

extern "C" {
#include "access/htup_details.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/rel.h"
}

namespace steward {

namespace {

constexpr const char *component = "score";

constexpr const char *phrases_query =
    "SELECT class, weight, phrase, coalesce(reference, '') FROM steward.lexicon"
    " WHERE name OPERATOR(pg_catalog.=) $1 ORDER BY class COLLATE \"C\", weight, phrase COLLATE \"C\"";
constexpr const char *profile_query =
    "SELECT weights, lexicon FROM steward.score_profile WHERE name OPERATOR(pg_catalog.=) $1";

/// How many compiled lexicons a process keeps; beyond that it starts anew.
constexpr std::size_t most_kept = 64;

constinit SiteTable lexicon_table{"lexicon", "scoring"};
constinit SiteTable profile_table{"score_profile", "scoring"};

template <class Kept> using ByName = std::map<std::string, Kept, std::less<>>;

/// Made on first use and never destroyed, so that nothing runs when a process exits.
template <class Kept> ByName<Kept> &kept_by_name() {
    static auto *const kept = new ByName<Kept>;
    return *kept;
}

char *column(HeapTuple row, TupleDesc columns, int number) {
    bool null = false;
    Datum const value = heap_getattr(row, number, columns, &null);
    return null ? pstrdup("") : text_to_cstring(DatumGetTextPP(value));
}

/// A phrase as it was read: in the memory context of the reader.
struct ReadPhrase {
    char *group;
    char *phrase;
    char *reference;
    double weight;
};

void read_phrase(HeapTuple row, TupleDesc columns, void *into) {
    auto *const phrase = static_cast<ReadPhrase *>(palloc(sizeof(ReadPhrase)));
    bool null = false;
    phrase->group = column(row, columns, 1);
    phrase->weight = DatumGetFloat8(heap_getattr(row, 2, columns, &null));
    phrase->phrase = column(row, columns, 3);
    phrase->reference = column(row, columns, 4);
    auto *const list = static_cast<List **>(into);
    *list = lappend(*list, phrase);
}

std::span<ListCell> cells(List *list) {
    return {list_head(list), static_cast<std::size_t>(list_length(list))};
}

/// "NAME-" and 16 hexadecimal digits that change with every phrase, class and weight.
std::string version_of(std::string_view name, List *phrases) {
    uint64 hash = 0;
    auto const add = [&hash](const void *bytes, std::size_t size) {
        hash = hash_bytes_extended(static_cast<const unsigned char *>(bytes), static_cast<int>(size), hash);
    };
    for (ListCell const &cell : cells(phrases)) {
        auto const *const phrase = static_cast<const ReadPhrase *>(lfirst(&cell));
        add(phrase->group, strlen(phrase->group) + 1);
        add(phrase->phrase, strlen(phrase->phrase) + 1);
        add(&phrase->weight, sizeof phrase->weight);
    }
    char digits[17];
    snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    return std::string(name) + "-" + digits;
}

std::unique_ptr<core::SiteLexicon> load_lexicon(std::string_view name) {
    List *read = NIL;
    guarded([&] { lexicon_table.read(phrases_query, name, read_phrase, static_cast<void *>(&read)); });
    if (read == NIL)
        throw core::Error(core::ErrorKind::undefined_name,
                          "lexicon \"" + std::string(name) + "\" does not exist", {},
                          "The built-in lexicons are \"iso\" and \"acgs\"; a site's own stand in table "
                          "steward.lexicon.");
    std::string version = version_of(name, read);
    std::vector<core::SitePhrase> phrases;
    for (ListCell const &cell : cells(read)) {
        auto const *const phrase = static_cast<const ReadPhrase *>(lfirst(&cell));
        phrases.push_back({phrase->group, phrase->weight, phrase->phrase, phrase->reference});
    }
    return std::make_unique<core::SiteLexicon>(std::string(name), std::move(version), std::move(phrases),
                                               on_interrupt);
}

/// A profile as it was read.
struct ReadProfile {
    const double *weights = nullptr;
    std::size_t count = 0;
    char *lexicon = nullptr;
};

void read_profile(HeapTuple row, TupleDesc columns, void *into) {
    auto *const profile = static_cast<ReadProfile *>(into);
    bool null = false;
    ArrayType *const weights = DatumGetArrayTypePCopy(heap_getattr(row, 1, columns, &null));
    profile->weights = reinterpret_cast<const double *>(ARR_DATA_PTR(weights));
    profile->count = static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(weights), ARR_DIMS(weights)));
    profile->lexicon = column(row, columns, 2);
}

ScoreProfile load_profile(std::string_view name) {
    ReadProfile read;
    guarded([&] { profile_table.read(profile_query, name, read_profile, static_cast<void *>(&read)); });
    if (read.lexicon == nullptr)
        throw core::Error(core::ErrorKind::undefined_name,
                          "score profile \"" + std::string(name) + "\" does not exist", {},
                          "Profiles stand in table steward.score_profile.");
    return {core::make_weights({read.weights, read.count}), read.lexicon};
}

/// What is kept under `name`, or else what `load` makes of it.
template <class Kept, class Load> Kept &kept_or_loaded(SiteTable &table, std::string_view name, Load load) {
    ByName<Kept> &kept = kept_by_name<Kept>();
    if (table.changed() || kept.size() > most_kept) {
        kept.clear();
        guarded([&] { table.start_over(); });
    }
    if (auto const found = kept.find(name); found != kept.end())
        return found->second;
    return kept.insert_or_assign(std::string(name), load(name)).first->second;
}

} // namespace

const core::Lexicon &lexicon_named(std::string_view name) {
    if (const core::Lexicon *const built_in = core::find_built_in_lexicon(name))
        return *built_in;
    if (!OidIsValid(guarded([] { return steward_table("lexicon"); })))
        return core::find_lexicon(name); // says which there are
    return kept_or_loaded<std::unique_ptr<core::SiteLexicon>>(lexicon_table, name, load_lexicon)->lexicon();
}

const ScoreProfile &score_profile_named(std::string_view name) {
    return kept_or_loaded<ScoreProfile>(profile_table, name, load_profile);
}

/// Forgets what this process keeps. Whoever sees a row that a change of these tables has left may be ahead of
/// the invalidation, which is sent when the change can be seen already.
STEWARD_FUNCTION(steward_lexicon_forget) {
    lexicon_table.forget();
    profile_table.forget();
    PG_RETURN_VOID();
}

/// Statement trigger: every process forgets what it keeps of the table, once the change is committed; this
/// one at the end of the statement.
STEWARD_FUNCTION(steward_lexicon_invalidate) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("lexicon_invalidate must be called as a trigger"));
    CacheInvalidateRelcache(reinterpret_cast<TriggerData *>(fcinfo->context)->tg_relation);
    return PointerGetDatum(nullptr);
}

} // namespace steward
