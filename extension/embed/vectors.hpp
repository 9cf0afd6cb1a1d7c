// Models of word vectors by name: one copy for all processes of the server.
#pragma once

#include "core/semantic/word_vectors.hpp"

#include "extension/boundary.hpp"

namespace steward {
class SharedBlock;
}

namespace steward::embed {

/// The model that needs no table.
inline constexpr std::string_view hashed_model = "hashed";

/// The room that a preloaded library reserves: where the shared copies are.
SharedBlock &block() noexcept;

/// Word vectors of table steward.embedding_model, whose row is read with the rights of the caller; loaded
/// once on the server, and kept until that row changes. The reference holds until the next call. Throws
/// Error(undefined_name); raises 55000 where the table is missing.
const core::WordVectors &vectors_named(std::string_view name);

} // namespace steward::embed
