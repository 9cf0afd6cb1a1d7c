#include "core/vector/centroids.hpp"

#include "extension/ivf/opened.hpp"

#include <cmath>
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

/// A page of a chain. Plain data.
struct Link {
    Relation index;
    BlockNumber block;
    std::uint32_t generation;
};

/// What is on a page, and which is the next; false if it is of another generation by now. Plain C.
bool read_link(Link &link, char *into, std::size_t bytes) {
    Buffer const buffer = ReadBuffer(link.index, link.block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    check_page(link.index, buffer);
    Page const page = BufferGetPage(buffer);
    bool const is_same = tail_of(page)->generation == link.generation;
    if (is_same) {
        memcpy(into, contents(page), bytes);
        link.block = tail_of(page)->next;
    }
    UnlockReleaseBuffer(buffer);
    return is_same;
}

/// The same of a chain, whose blocks are noted.
bool read_run(Link link, char *into, std::size_t bytes, std::size_t per_page,
              std::vector<BlockNumber> &blocks) {
    blocks.clear();
    while (bytes > 0) {
        std::size_t const here = std::min(bytes, per_page);
        blocks.push_back(link.block);
        if (!guarded([&] { return read_link(link, into, here); }))
            return false;
        into += here;
        bytes -= here;
    }
    return true;
}

core::CodeFormat format_of(const Meta &meta) noexcept {
    return {meta.dimensions, meta.bits, meta.parts};
}

/// Null if vectors were grouped anew, so that `meta` holds no more.
std::shared_ptr<const Opened> read(Relation index, const Meta &meta) {
    std::vector<float> middles(std::size_t{meta.lists} * meta.dimensions);
    std::vector<BlockNumber> blocks;
    if (meta.lists > 1 &&
        !read_run({index, meta.middles, meta.generation}, reinterpret_cast<char *>(middles.data()),
                  middles.size() * sizeof(float), page_room, blocks))
        return nullptr;
    core::CodeFormat const format = format_of(meta);
    std::vector<float> values(format.parts > 0 ? format.dimensions * static_cast<std::size_t>(format.levels())
                                               : 0);
    if (!read_run({index, meta.codebook, meta.generation}, reinterpret_cast<char *>(values.data()),
                  values.size() * sizeof(float), page_room, blocks))
        return nullptr;
    auto opened =
        std::make_shared<Opened>(make_opened(meta, middles, core::Codebook(format, std::move(values))));
    return read_directory(index, *opened) ? opened : nullptr;
}

} // namespace

bool read_directory(Relation index, Opened &opened) {
    std::vector<ListHead> heads(opened.meta.lists);
    if (!read_run({index, opened.meta.directory, opened.meta.generation},
                  reinterpret_cast<char *>(heads.data()), heads.size() * sizeof(ListHead),
                  entries_per_page * sizeof(ListHead), opened.directory))
        return false;
    opened.first.clear();
    for (const ListHead &head : heads)
        opened.first.push_back(head.first);
    return true;
}

Opened make_opened(const Meta &meta, std::span<const float> middles, core::Codebook codebook) {
    auto const metric = static_cast<core::Metric>(meta.metric);
    core::CodeFormat const format = format_of(meta);
    return {meta,
            metric,
            format,
            std::move(codebook),
            FrameLayout(format, metric),
            core::Rotation(meta.dimensions, meta.seed),
            core::Centroids(metric, meta.dimensions, middles),
            {},
            {},
            meta.generation};
}

double Opened::probes(int asked, double target_recall) const noexcept {
    auto const all = static_cast<double>(meta.lists);
    if (asked > 0)
        return std::min(static_cast<double>(asked), all);
    for (std::size_t i = 0; i < measured_recalls.size(); ++i) {
        auto const share = static_cast<double>(measured_recalls[i]);
        if (share < target_recall - 1e-6)
            continue;
        auto const here = static_cast<double>(meta.probes[i]);
        if (i == 0 || share <= target_recall + 1e-6)
            return std::clamp(here, 1.0, all);
        // Between two shares: as much nearer to one as what is missed is.
        auto const before = static_cast<double>(meta.probes[i - 1]);
        double const missed = 1 - static_cast<double>(measured_recalls[i - 1]);
        double const part = std::log(missed / (1 - target_recall)) / std::log(missed / (1 - share));
        return std::clamp(before + (here - before) * part, 1.0, all);
    }
    return all;
}

std::shared_ptr<const Opened> open(Relation index) {
    static auto *const kept = new std::map<Key, std::shared_ptr<const Opened>>; // never destroyed: nothing
                                                                                // runs when a process exits
    std::uint64_t tried = 0;
    for (;;) {
        Meta const meta = guarded([&] { return read_meta(index); });
        if (meta.dimensions == 0)
            return nullptr;
        if (auto const found = kept->find(key_of(index));
            found != kept->end() && found->second->meta.epoch == meta.epoch)
            return found->second;
        if (kept->size() >= most_kept)
            kept->clear();
        if (std::shared_ptr<const Opened> opened = read(index, meta))
            return kept->insert_or_assign(key_of(index), std::move(opened)).first->second;
        if (tried == meta.epoch) // its pages are of another generation, and nobody has made a new one
            guarded([&] { raise_corrupted(index, meta.directory); });
        tried = meta.epoch;
    }
}

bool prepare(const Opened &opened, std::span<const float> vector, std::vector<float> &prepared) {
    prepared.assign(vector.begin(), vector.end());
    if (opened.metric == core::Metric::cosine && !(core::normalize(prepared.data(), prepared.size()) > 0))
        return false;
    opened.rotation.apply(prepared.data());
    return true;
}

} // namespace steward::ivf
