// Copies of word vectors in memory: one that all processes of the server share, or one of this process.
#pragma once

#include "core/semantic/word_vectors.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "storage/dsm.h"
}

namespace steward::embed {

/// SHA-256 of the stored bytes: what a copy is known by, in any database.
using Hash = std::array<unsigned char, 32>;

/// Word vectors and their index in memory. Plain data.
struct Copy {
    dsm_segment *segment; ///< null if it is of this process alone
    const std::byte *start;
    std::size_t stored_size;
    std::size_t index_size;

    bool is_there() const noexcept { return start != nullptr; }
    core::Bytes stored() const noexcept { return {start, stored_size}; }
    core::Bytes index() const noexcept { return {start + MAXALIGN(stored_size), index_size}; }
};

/// The copy that is shared under that hash, if there is one. Plain C.
Copy attach_shared(const Hash &hash);

/// Makes a copy with its index, shared if the server has room and nothing forbids, else of this process.
/// Throws Error(invalid_argument) if the bytes are no word vectors, or not those of that hash.
Copy make_copy(core::Bytes stored, const Hash &hash);

/// Plain C. Others may go on using it.
void let_go(const Copy &copy);

} // namespace steward::embed
