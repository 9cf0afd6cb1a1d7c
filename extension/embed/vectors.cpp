#include "extension/embed/vectors.hpp"

#include <map>
#include <memory>

#include "extension/embed/copies.hpp"
#include "extension/site_table.hpp"

extern "C" {
#include "access/htup_details.h"
}

namespace steward::embed {

namespace {

constexpr const char *hash_query =
    "SELECT hash FROM steward.embedding_model WHERE name OPERATOR(pg_catalog.=) $1";
constexpr const char *bytes_query =
    "SELECT bytes FROM steward.embedding_model WHERE name OPERATOR(pg_catalog.=) $1";

constinit SiteTable model_table{"embedding_model", "embeddings"};

/// A copy that this process has attached, or made for itself.
struct Kept {
    Copy copy;
    core::WordVectors vectors;

    explicit Kept(const Copy &of) : copy(of), vectors(of.stored()) { vectors.use_index(of.index()); }
};

/// What is read of the table holds until it changes; what was loaded holds for ever, as it is named by its
/// hash.
struct Models {
    std::map<std::string, Hash, std::less<>> hashes;
    std::map<Hash, std::unique_ptr<Kept>> kept;
};

/// Made on first use and never destroyed, so that nothing runs when a process exits.
Models &models() {
    static auto *const all = new Models;
    return *all;
}

void read_value(HeapTuple row, TupleDesc columns, void *into) {
    bool is_null = false;
    *static_cast<bytea **>(into) = DatumGetByteaPCopy(heap_getattr(row, 1, columns, &is_null));
}

/// Null if there is no such row.
bytea *read(const char *query, std::string_view name) {
    bytea *value = nullptr;
    guarded([&] { model_table.read(query, name, read_value, static_cast<void *>(&value)); });
    return value;
}

[[noreturn]] void refuse(std::string_view name) {
    throw core::Error(core::ErrorKind::undefined_name,
                      "embedding model \"" + std::string(name) + "\" does not exist", {},
                      "\"hashed\" is built in; others stand in table steward.embedding_model, where "
                      "steward.embedding_import() brings them.");
}

Hash hash_named(std::string_view name) {
    const bytea *const value = read(hash_query, name);
    Hash hash{};
    if (value == nullptr || VARSIZE_ANY_EXHDR(value) != hash.size())
        refuse(name);
    memcpy(hash.data(), VARDATA_ANY(value), hash.size());
    return hash;
}

/// Lets go of those that no name stands for any more.
void forget_others(Models &all) {
    std::erase_if(all.kept, [&](const auto &kept) {
        bool const is_named =
            std::ranges::any_of(all.hashes, [&](const auto &named) { return named.second == kept.first; });
        if (!is_named)
            guarded([&] { let_go(kept.second->copy); });
        return !is_named;
    });
}

std::unique_ptr<Kept> load(std::string_view name, const Hash &hash) {
    Copy copy{};
    guarded([&] { copy = attach_shared(hash); });
    if (!copy.is_there()) {
        bytea *const stored = read(bytes_query, name);
        if (stored == nullptr)
            refuse(name);
        std::span const bytes(reinterpret_cast<const std::byte *>(VARDATA_ANY(stored)),
                              VARSIZE_ANY_EXHDR(stored));
        copy = make_copy(bytes, hash);
        pfree(stored);
    }
    return std::make_unique<Kept>(copy);
}

} // namespace

const core::WordVectors &vectors_named(std::string_view name) {
    Models &all = models();
    if (model_table.changed()) {
        all.hashes.clear();
        guarded([] { model_table.start_over(); });
    }
    auto named = all.hashes.find(name);
    if (named == all.hashes.end())
        named = all.hashes.emplace(std::string(name), hash_named(name)).first;
    auto found = all.kept.find(named->second);
    if (found == all.kept.end()) {
        forget_others(all);
        found = all.kept.emplace(named->second, load(name, named->second)).first;
    }
    return found->second->vectors;
}

} // namespace steward::embed
