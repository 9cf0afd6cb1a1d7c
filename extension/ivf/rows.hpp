// Vectors of rows, as they come to an index.
#pragma once

#include "core/vector/codes.hpp"

#include "extension/ivf/opened.hpp"
#include "extension/ivf/options.hpp"

extern "C" {
#include "storage/itemptr.h"
}

namespace steward::ivf {

/// A vector as it is kept in a lane. `words` are those of `code`.
struct Entry {
    core::Code code;
    float square = 0; ///< of its length
    std::uint32_t list = 0;
};

/// The floats of an indexed value, in the current memory context. Plain C. Raises what vector_of() does,
/// 54000 for too many dimensions, 22003 for what is not finite.
std::span<const float> indexed_vector(Datum value, Kind kind);

/// The same without these checks, of what was indexed. Plain C.
std::span<const float> floats_of(Datum value, Kind kind);

/// Raises 22003 for a vector so long that floats cannot have its square, unless only its direction counts.
/// Plain C.
void require_length(Relation index, std::span<const float> vector);

/// Raises 22000 unless a vector has as many dimensions as those of the index. Plain C.
void require_dimensions(Relation index, std::size_t has, std::size_t needs);

/// Which list a prepared vector goes to.
std::uint32_t list_of(const Opened &opened, const std::vector<float> &prepared) noexcept;

/// The code of a prepared vector that goes to a list.
void make_entry(const Opened &opened, const float *prepared, std::uint32_t list, Entry &entry);

/// Writes an entry into a lane of a frame: all that is on the frame's page number `part`, but not that it is
/// live.
void put_entry(const FrameLayout &layout, char *frame_or_contents, std::size_t part, std::size_t lane,
               const Entry &entry, const ItemPointerData &tid) noexcept;

} // namespace steward::ivf
