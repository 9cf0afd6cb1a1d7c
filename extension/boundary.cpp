#include "extension/boundary.hpp"

namespace steward {

namespace {

int sqlstate_of(core::ErrorKind kind) noexcept {
    switch (kind) {
    case core::ErrorKind::invalid_argument:
        return ERRCODE_INVALID_PARAMETER_VALUE;
    case core::ErrorKind::undefined_name:
        return ERRCODE_UNDEFINED_OBJECT;
    case core::ErrorKind::unsupported:
        return ERRCODE_FEATURE_NOT_SUPPORTED;
    case core::ErrorKind::out_of_range:
        return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    }
    return ERRCODE_INTERNAL_ERROR;
}

/// What was cut to fit may end inside a character, which no client accepts.
void cut_at_character(char *text) {
    std::size_t const length = strlen(text);
    if (length + 1 == ErrorReport::size)
        text[pg_mbcliplen(text, static_cast<int>(length), static_cast<int>(length))] = '\0';
}

} // namespace

void ErrorReport::take(const core::Error &error) noexcept {
    sqlstate = sqlstate_of(error.kind());
    strlcpy(message, error.what(), size);
    strlcpy(detail, error.detail().c_str(), size);
    strlcpy(hint, error.hint().c_str(), size);
}

void ErrorReport::raise() {
    if (postgres != nullptr)
        ReThrowError(postgres);
    cut_at_character(message);
    cut_at_character(detail);
    cut_at_character(hint);
    ereport(ERROR, errcode(sqlstate), errmsg("%s", message),
            detail[0] != '\0' ? errdetail_internal("%s", detail) : 0,
            hint[0] != '\0' ? errhint("%s", hint) : 0);
    pg_unreachable();
}

} // namespace steward
