// Lexicons and score profiles by name: the built-in ones, and those that a site keeps in its tables.
#pragma once

#include "core/score/constitutional.hpp"
#include "core/score/lexicon.hpp"

#include "extension/boundary.hpp"

namespace steward {

/// The lexicon of that name: built in, or read from table steward.lexicon with the rights of the caller and
/// kept, compiled, until that table changes. The reference holds until the next call. Throws
/// Error(undefined_name).
const core::Lexicon &lexicon_named(std::string_view name);

/// What a row of table steward.score_profile says.
struct ScoreProfile {
    core::Weights weights;
    std::string lexicon;
};

/// The profile of that name, kept until the table changes. The reference holds until the next call. Throws
/// Error(undefined_name); raises 55000 where the table is missing.
const ScoreProfile &score_profile_named(std::string_view name);

} // namespace steward
