// SQL functions that make vectors of texts, and compare texts by meaning.
#include <optional>

#include "core/semantic/hashed.hpp"
#include "core/semantic/overlap.hpp"
#include "core/semantic/pair_score.hpp"

#include "extension/embed/embed.hpp"
#include "extension/embed/vectors.hpp"
#include "extension/rows.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace steward::embed {

namespace {

constexpr const char *component = "text";

ArrayType *array_of(std::span<const float> vector) {
    auto *const array = static_cast<ArrayType *>(
        guarded([&] { return palloc(ARR_OVERHEAD_NONULLS(1) + vector.size_bytes()); }));
    SET_VARSIZE(array, ARR_OVERHEAD_NONULLS(1) + vector.size_bytes());
    array->ndim = 1;
    array->dataoffset = 0;
    array->elemtype = FLOAT4OID;
    ARR_DIMS(array)[0] = static_cast<int>(vector.size());
    ARR_LBOUND(array)[0] = 1;
    memcpy(ARR_DATA_PTR(array), vector.data(), vector.size_bytes());
    return array;
}

/// Argument `n`, or the built-in model.
std::string_view model_argument(FunctionCallInfo fcinfo, int n) {
    return PG_NARGS() > n ? text_argument(fcinfo, n) : hashed_model;
}

Datum overlap_row(FunctionCallInfo fcinfo, const core::Overlap &words, const core::Overlap &sequence) {
    return one_row(fcinfo, std::array{Float8GetDatum(words.precision), Float8GetDatum(words.recall),
                                      Float8GetDatum(words.f1), Float8GetDatum(sequence.precision),
                                      Float8GetDatum(sequence.recall), Float8GetDatum(sequence.f1)});
}

} // namespace

ArrayType *embed(std::string_view content, std::string_view model, core::Encoding encoding) {
    if (model == hashed_model) {
        auto const vector = core::hashed_vector(content, encoding, on_interrupt);
        return vector ? array_of(*vector) : nullptr;
    }
    auto const vector = vectors_named(model).embed(content, encoding, on_interrupt);
    return vector ? array_of(*vector) : nullptr;
}

/// (content [, model]) -> vector
STEWARD_FUNCTION(steward_embed) {
    std::string_view const content = text_argument(fcinfo, 0);
    std::string_view const model = model_argument(fcinfo, 1);
    ArrayType *const vector = embed(content, model, database_encoding());
    if (vector == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_ARRAYTYPE_P(vector);
}

/// (a, b [, model]) -> score, method, negation, numbers
STEWARD_FUNCTION(steward_semantic_score) {
    std::string_view const a = text_argument(fcinfo, 0);
    std::string_view const b = text_argument(fcinfo, 1);
    std::string_view const model = model_argument(fcinfo, 2);
    core::Encoding const encoding = database_encoding();
    const core::WordVectors *const vectors = model == hashed_model ? nullptr : &vectors_named(model);
    core::PairScore const score = core::score_pair(a, b, encoding, vectors, on_interrupt);
    const char *const method = vectors != nullptr ? core::method_with_vectors : core::method_without_vectors;
    return one_row(fcinfo, std::array{Float8GetDatum(score.score), CStringGetTextDatum(method),
                                      BoolGetDatum(score.negation), BoolGetDatum(score.numbers)});
}

/// (expected, actual) -> F1 of words in common
STEWARD_FUNCTION(steward_token_f1) {
    std::string_view const expected = text_argument(fcinfo, 0);
    std::string_view const actual = text_argument(fcinfo, 1);
    PG_RETURN_FLOAT8(core::token_overlap(expected, actual, database_encoding(), on_interrupt).f1);
}

/// (expected, actual) -> F1 of the longest sequence of words in common
STEWARD_FUNCTION(steward_rouge_l) {
    std::string_view const expected = text_argument(fcinfo, 0);
    std::string_view const actual = text_argument(fcinfo, 1);
    PG_RETURN_FLOAT8(core::rouge_l(expected, actual, database_encoding(), on_interrupt).f1);
}

/// (expected, actual) -> precision, recall and F1 of both
STEWARD_FUNCTION(steward_text_overlap) {
    std::string_view const expected = text_argument(fcinfo, 0);
    std::string_view const actual = text_argument(fcinfo, 1);
    core::Encoding const encoding = database_encoding();
    return overlap_row(fcinfo, core::token_overlap(expected, actual, encoding, on_interrupt),
                       core::rouge_l(expected, actual, encoding, on_interrupt));
}

} // namespace steward::embed
