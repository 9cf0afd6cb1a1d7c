#include "extension/learn/bytes.hpp"

#include <cmath>

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

bytea *bytea_of(std::string_view bytes) {
    if (!AllocSizeIsValid(bytes.size() + VARHDRSZ))
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the model is too large"));
    auto *const value = static_cast<bytea *>(palloc(bytes.size() + VARHDRSZ));
    SET_VARSIZE(value, bytes.size() + VARHDRSZ);
    memcpy(VARDATA(value), bytes.data(), bytes.size());
    return value;
}

bytea *pack(std::span<const core::Feature> features) {
    return bytea_of({reinterpret_cast<const char *>(features.data()), features.size_bytes()});
}

void unpack(std::vector<core::Feature> &features, const bytea *packed) {
    std::string_view const bytes = view(packed);
    features.resize(bytes.size() / sizeof(core::Feature));
    if (!features.empty())
        memcpy(features.data(), bytes.data(), features.size() * sizeof(core::Feature));
    // Whoever wrote them: in ascending order, within bounds, and numbers.
    auto const is_wrong = [](const core::Feature &feature) {
        return feature.place >= core::input_places || !std::isfinite(feature.value);
    };
    if (std::ranges::any_of(features, is_wrong) ||
        !std::ranges::is_sorted(features, {}, &core::Feature::place))
        features.clear();
}

LabelViews labels_of(ArrayType *array) {
    Datum *values = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    auto *const labels = static_cast<std::string_view *>(
        palloc(sizeof(std::string_view) * static_cast<std::size_t>(count + 1)));
    std::size_t kept = 0;
    for (int i = 0; i < count; ++i)
        if (!nulls[i])
            labels[kept++] = view(DatumGetTextPP(values[i]));
    return {labels, kept};
}

Datum array_of(Datum *values, int count, Oid type) {
    bool const is_text = type == TEXTOID;
    return PointerGetDatum(construct_array(values, count, type, is_text ? -1 : 8, !is_text,
                                           is_text ? TYPALIGN_INT : TYPALIGN_DOUBLE));
}

} // namespace steward::learn
