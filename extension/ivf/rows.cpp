#include "core/vector/kernels.hpp"

#include "extension/ivf/rows.hpp"

#include <cmath>

#include "extension/vector_argument.hpp"

namespace steward::ivf {

namespace {

constexpr float longest_square = 1e36F; ///< whose sums and multiples floats still have

/// How pgvector has a vector.
struct PgVector {
    std::int32_t vl_len_;
    std::int16_t dimensions;
    std::int16_t unused;
    float values[FLEXIBLE_ARRAY_MEMBER];
};

} // namespace

std::span<const float> floats_of(Datum value, Kind kind) {
    if (kind == Kind::array)
        return vector_of(DatumGetArrayTypeP(value));
    auto const *const vector = reinterpret_cast<const PgVector *>(PG_DETOAST_DATUM(value));
    return {vector->values, static_cast<std::size_t>(vector->dimensions)};
}

std::span<const float> indexed_vector(Datum value, Kind kind) {
    std::span<const float> const vector = floats_of(value, kind);
    if (vector.size() > most_dimensions)
        ereport(
            ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("a vector of a steward_ivf index can have %zu dimensions at the most", most_dimensions),
            errdetail("It has %zu.", vector.size()));
    for (float const each : vector)
        if (!std::isfinite(each))
            ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                    errmsg("a vector of a steward_ivf index must have finite values"));
    return vector;
}

void require_length(Relation index, std::span<const float> vector) {
    if (metric_of(index) == core::Metric::cosine)
        return;
    if (core::kernels().dot(vector.data(), vector.data(), vector.size()) > longest_square)
        ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                errmsg("a vector is too long for index \"%s\"", RelationGetRelationName(index)),
                errdetail("The square of its length is out of range for type real."));
}

void require_dimensions(Relation index, std::size_t has, std::size_t needs) {
    if (has != needs)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("vectors of index \"%s\" have %zu dimensions", RelationGetRelationName(index), needs),
                errdetail("This one has %zu.", has));
}

std::uint32_t list_of(const Opened &opened, const std::vector<float> &prepared) noexcept {
    return opened.meta.lists > 1 ? static_cast<std::uint32_t>(opened.centroids.nearest(prepared.data())) : 0;
}

void make_entry(const Opened &opened, const float *prepared, std::uint32_t list, Entry &entry) {
    entry.list = list;
    entry.square = core::kernels().dot(prepared, prepared, opened.meta.dimensions);
    if (opened.codebook.is_there())
        opened.codebook.encode(prepared, entry.code);
    else
        core::encode(opened.format, prepared, entry.code);
}

void put_entry(const FrameLayout &layout, char *frame_or_contents, std::size_t part, std::size_t lane,
               const Entry &entry, const ItemPointerData &tid) noexcept {
    std::size_t first = 0;
    for (std::size_t before = 0; before < part; ++before)
        first += layout.groups_on(before);
    auto *groups = reinterpret_cast<std::uint8_t *>(frame_or_contents);
    if (part == 0) {
        auto *const frame = reinterpret_cast<FrameHead *>(frame_or_contents);
        frame->tids[lane] = tid;
        frame->scales[lane] = entry.code.scale;
        if (layout.has_squares())
            frame->squares[lane] = entry.square;
        groups = groups_of(frame, layout);
    }
    core::put_lane(groups, lane, std::span(entry.code.words).subspan(first, layout.groups_on(part)));
}

} // namespace steward::ivf
