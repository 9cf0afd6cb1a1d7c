#include "core/learn/online.hpp"

#include "extension/learn/champion.hpp"

#include <map>

#include "extension/learn/bytes.hpp"
#include "extension/migration.hpp"
#include "extension/site_table.hpp"

extern "C" {
#include "access/htup_details.h"
#include "mb/pg_wchar.h"
}

namespace steward::learn {

namespace {

constexpr const char *champion_query = "SELECT version, confidence, coefficients FROM steward.model_champion"
                                       " WHERE name OPERATOR(pg_catalog.=) $1";

/// What was learnt since, the newest first: a thousand examples are a training.
constexpr const char *learnt_query =
    "SELECT features, labels FROM steward.model_learnt WHERE name OPERATOR(pg_catalog.=) $1"
    " ORDER BY learned_at DESC, example_id DESC LIMIT 1000";

/// How many models a process keeps; beyond that it starts anew.
constexpr std::size_t most_kept = 32;

constinit SiteTable champion_table{"model_champion", "models"};
constinit SiteTable learnt_table{"model_learnt", "models"};

/// A row as it was read. Plain data.
struct Read {
    bool is_there;
    std::int64_t version;
    double confidence;
    bytea *coefficients;
};

void read_champion(HeapTuple row, TupleDesc columns, void *into) {
    auto *const read = static_cast<Read *>(into);
    bool is_null = false;
    read->version = DatumGetInt64(heap_getattr(row, 1, columns, &is_null));
    read->confidence = DatumGetFloat8(heap_getattr(row, 2, columns, &is_null));
    read->coefficients = DatumGetByteaPCopy(heap_getattr(row, 3, columns, &is_null));
    read->is_there = true;
}

/// An example as it was read. Plain data.
struct ReadExample {
    bytea *features;
    LabelViews labels;
};

void read_example(HeapTuple row, TupleDesc columns, void *into) {
    bool is_null = false;
    auto *const example = static_cast<ReadExample *>(palloc(sizeof(ReadExample)));
    example->features = DatumGetByteaPCopy(heap_getattr(row, 1, columns, &is_null));
    example->labels = labels_of(DatumGetArrayTypePCopy(heap_getattr(row, 2, columns, &is_null)));
    auto *const examples = static_cast<List **>(into);
    *examples = lcons(example, *examples);
}

/// The model with what it was taught since its training.
core::Model taught(core::Model model, std::string_view name) {
    List *examples = NIL;
    guarded([&] { learnt_table.read(learnt_query, name, read_example, static_cast<void *>(&examples)); });
    if (examples == NIL)
        return model;
    core::Online online(model);
    std::vector<core::Feature> features;
    ListCell *cell = nullptr;
    foreach (cell, examples) {
        check_interrupts();
        auto const *const example = static_cast<const ReadExample *>(lfirst(cell));
        unpack(features, example->features);
        online.learn(features, example->labels);
    }
    guarded([&] { list_free(examples); });
    return online.best();
}

Champion load(std::string_view name) {
    Read read{};
    guarded([&] { champion_table.read(champion_query, name, read_champion, static_cast<void *>(&read)); });
    if (!read.is_there)
        throw core::Error(
            core::ErrorKind::undefined_name, "no version of model \"" + std::string(name) + "\" serves", {},
            "View steward.models has the names of all, and steward.model_versions says what became of "
            "each version.");
    std::string_view const bytes{VARDATA_ANY(read.coefficients), VARSIZE_ANY_EXHDR(read.coefficients)};
    Champion champion{taught(core::Model::deserialize(bytes), name), read.version, read.confidence};
    pfree(read.coefficients);
    for (const std::string &label : champion.model.labels()) // whoever owns a model may write any bytes
        guarded([&] { pg_verifymbstr(label.data(), static_cast<int>(label.size()), false); });
    return champion;
}

using Kept = std::map<std::string, Champion, std::less<>>;

/// Made on first use and never destroyed, so that nothing runs when a process exits.
Kept &kept_champions() {
    static auto *const kept = new Kept;
    return *kept;
}

} // namespace

const Champion &champion_named(std::string_view name) {
    Kept &kept = kept_champions();
    if (champion_table.changed() || learnt_table.changed() || kept.size() > most_kept) {
        kept.clear();
        guarded([] {
            champion_table.start_over();
            learnt_table.start_over();
        });
    }
    if (auto const found = kept.find(name); found != kept.end())
        return found->second;
    return kept.insert_or_assign(std::string(name), load(name)).first->second;
}

} // namespace steward::learn
