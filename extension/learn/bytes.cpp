#include "extension/learn/bytes.hpp"

#include "core/error.hpp"

namespace steward::learn {

std::optional<core::Model> readable(const bytea *model) {
    if (model == nullptr)
        return std::nullopt;
    try {
        return core::Model::deserialize(view(model));
    } catch (const core::Error &) {
        return std::nullopt;
    }
}

bytea *bytea_of(const std::string &bytes) {
    if (!AllocSizeIsValid(bytes.size() + VARHDRSZ))
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the model is too large"));
    auto *const value = static_cast<bytea *>(palloc(bytes.size() + VARHDRSZ));
    SET_VARSIZE(value, bytes.size() + VARHDRSZ);
    memcpy(VARDATA(value), bytes.data(), bytes.size());
    return value;
}

Datum array_of(Datum *values, int count, Oid type) {
    bool const is_text = type == TEXTOID;
    return PointerGetDatum(construct_array(values, count, type, is_text ? -1 : 8, !is_text,
                                           is_text ? TYPALIGN_INT : TYPALIGN_DOUBLE));
}

} // namespace steward::learn
