// SQL text as the core sees it.
#pragma once

#include "core/text/character.hpp"
#include "extension/pg.hpp"

namespace steward {

/// The bytes of a detoasted text. Plain data: may be made before any object exists.
inline std::string_view view(const text *value) noexcept {
    return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

/// Argument `n` of the running function, detoasted.
inline std::string_view text_argument(FunctionCallInfo fcinfo, int n) {
    return view(PG_GETARG_TEXT_PP(n));
}

/// How this database encodes characters. Raises 0A000 for the multibyte encodings other than UTF8.
core::Encoding database_encoding();

} // namespace steward
