#include "core/vector/centroids.hpp"

#include "extension/ivf/opened.hpp"

#include <map>

#include "extension/boundary.hpp"

namespace steward::ivf {

namespace {

constexpr std::size_t most_kept = 16;

struct Key {
    Oid database;
    Oid space;
    Oid file; ///< another one after REINDEX or TRUNCATE
    auto operator<=>(const Key &) const = default;
};

Key key_of(Relation index) noexcept {
#if PG_VERSION_NUM < 160000
    return {index->rd_node.dbNode, index->rd_node.spcNode, index->rd_node.relNode};
#else
    return {index->rd_locator.dbOid, index->rd_locator.spcOid, index->rd_locator.relNumber};
#endif
}

/// The bytes of consecutive pages. Plain C.
void read_run(Relation index, BlockNumber block, char *into, std::size_t bytes, std::size_t per_page) {
    while (bytes > 0) {
        std::size_t const here = std::min(bytes, per_page);
        Buffer const buffer = ReadBuffer(index, block++);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        memcpy(into, contents(BufferGetPage(buffer)), here);
        UnlockReleaseBuffer(buffer);
        into += here;
        bytes -= here;
    }
}

std::vector<float> read_middles(Relation index, const Meta &meta) {
    std::vector<float> middles(std::size_t{meta.lists} * meta.dimensions);
    guarded([&] {
        if (meta.lists > 1)
            read_run(index, meta_block + 1, reinterpret_cast<char *>(middles.data()),
                     middles.size() * sizeof(float), page_room);
    });
    return middles;
}

std::vector<BlockNumber> read_directory(Relation index, const Meta &meta) {
    std::vector<ListHead> heads(meta.lists);
    guarded([&] {
        read_run(index, meta.directory, reinterpret_cast<char *>(heads.data()),
                 heads.size() * sizeof(ListHead), entries_per_page * sizeof(ListHead));
    });
    std::vector<BlockNumber> first;
    first.reserve(heads.size());
    for (const ListHead &head : heads)
        first.push_back(head.first);
    return first;
}

Opened read(Relation index, const Meta &meta) {
    auto const metric = static_cast<core::Metric>(meta.metric);
    core::CodeFormat const format{meta.dimensions, meta.bits};
    return {meta,
            metric,
            format,
            FrameLayout(format, metric),
            core::Rotation(meta.dimensions, meta.seed),
            core::Centroids(metric, meta.dimensions, read_middles(index, meta)),
            read_directory(index, meta)};
}

} // namespace

std::size_t Opened::probes(int asked, double target_recall) const noexcept {
    if (asked > 0)
        return std::min<std::size_t>(static_cast<std::size_t>(asked), meta.lists);
    for (std::size_t i = 0; i < measured_recalls.size(); ++i)
        if (static_cast<double>(measured_recalls[i]) >= target_recall - 1e-6)
            return std::clamp<std::size_t>(meta.probes[i], 1, meta.lists);
    return meta.lists;
}

std::shared_ptr<const Opened> open(Relation index) {
    static auto *const kept = new std::map<Key, std::shared_ptr<const Opened>>; // never destroyed: nothing
                                                                                // runs when a process exits
    Meta const meta = guarded([&] { return read_meta(index); });
    if (meta.dimensions == 0)
        return nullptr;
    if (auto const found = kept->find(key_of(index));
        found != kept->end() && found->second->meta.epoch == meta.epoch)
        return found->second;
    if (kept->size() >= most_kept)
        kept->clear();
    return kept->insert_or_assign(key_of(index), std::make_shared<const Opened>(read(index, meta)))
        .first->second;
}

bool prepare(const Opened &opened, std::span<const float> vector, std::vector<float> &prepared) {
    prepared.assign(vector.begin(), vector.end());
    if (opened.metric == core::Metric::cosine && !(core::normalize(prepared.data(), prepared.size()) > 0))
        return false;
    opened.rotation.apply(prepared.data());
    return true;
}

} // namespace steward::ivf
