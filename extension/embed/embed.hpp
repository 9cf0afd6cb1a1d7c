// A text as a vector, by a model that has a name.
#pragma once

#include "core/text/character.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "utils/array.h"
}

namespace steward::embed {

/// Null if the text has no word that the model knows. Throws what vectors_named() does.
ArrayType *embed(std::string_view content, std::string_view model, core::Encoding encoding);

} // namespace steward::embed
