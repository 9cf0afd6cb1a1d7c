// Inputs of models: a text, or a JSON object of a text and named values.
#pragma once

#include "core/learn/input.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace steward::learn {

/// Which members of an object a model looks at. Plain data.
struct Layout {
    std::string_view text;               ///< the name of the text; empty if there is none
    std::span<const std::string> values; ///< names of the values
    bool has(std::string_view name) const noexcept { return std::ranges::find(values, name) != values.end(); }
};

/// Argument `n` of the running function, text or jsonb, as an input in the memory context of the caller.
/// Numbers and booleans are numbers, strings words; elements of arrays are several, and members of objects
/// have the name "outer.inner". Nulls, and members that the model does not look at, are left out. Plain C.
/// Raises 22023 for an object whose text is none, and for a text where the model takes none.
core::Input input_argument(FunctionCallInfo fcinfo, int n, const Layout &layout);

/// The values of an object, all of them.
std::span<const core::NamedValue> values_of(Jsonb *object, const Layout &layout, std::string_view &text);

} // namespace steward::learn
