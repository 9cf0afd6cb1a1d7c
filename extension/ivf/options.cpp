#include "extension/ivf/options.hpp"

extern "C" {
#include "access/genam.h"
#include "access/reloptions.h"
}

namespace steward::ivf {

constinit SearchSettings search_settings;

namespace {

relopt_kind kind;

constexpr int most_lists = 65'536;
constexpr int most_parts = 16'000;

relopt_enum_elt_def quantizers[] = {
    {"scalar", static_cast<int>(Quantizer::scalar)}, {"pq", static_cast<int>(Quantizer::pq)}, {nullptr, 0}};

} // namespace

void define_options() {
    kind = add_reloption_kind();
    add_int_reloption(kind, "lists", "Number of lists of vectors, or 0 for as many as suit the rows", 0, 0,
                      most_lists, AccessExclusiveLock);
    add_int_reloption(kind, "bits", "Bits for each dimension of a vector: 1, 4 or 8", 4, 1, 8,
                      AccessExclusiveLock);
    add_enum_reloption(kind, "quantizer", "How codes are made: each dimension by itself, or by a codebook",
                       quantizers, static_cast<int>(Quantizer::scalar),
                       "Valid values are \"scalar\" and \"pq\".", AccessExclusiveLock);
    add_int_reloption(kind, "m", "With quantizer pq, parts of a vector", 16, 1, most_parts,
                      AccessExclusiveLock);
    add_int_reloption(kind, "nbits", "With quantizer pq, bits for each part", 8, 1, 8, AccessExclusiveLock);
}

bytea *read_options(Datum options, bool validate) {
    static const relopt_parse_elt elements[] = {
        {"lists", RELOPT_TYPE_INT, offsetof(Options, lists)},
        {"bits", RELOPT_TYPE_INT, offsetof(Options, bits)},
        {"quantizer", RELOPT_TYPE_ENUM, offsetof(Options, quantizer)},
        {"m", RELOPT_TYPE_INT, offsetof(Options, m)},
        {"nbits", RELOPT_TYPE_INT, offsetof(Options, nbits)},
    };
    auto *const parsed = static_cast<Options *>(
        build_reloptions(options, validate, kind, sizeof(Options), elements, lengthof(elements)));
    if (validate && parsed != nullptr && parsed->bits != 1 && parsed->bits != 4 && parsed->bits != 8)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bits must be 1, 4 or 8"));
    return reinterpret_cast<bytea *>(parsed);
}

Options options_of(Relation index) noexcept {
    auto const *const options = reinterpret_cast<const Options *>(index->rd_options);
    return options != nullptr ? *options : Options{0, 0, 4, static_cast<int>(Quantizer::scalar), 16, 8};
}

namespace {

std::int32_t class_of(Relation index) {
    return DatumGetInt32(FunctionCall1(index_getprocinfo(index, 1, 1), ObjectIdGetDatum(InvalidOid)));
}

} // namespace

core::Metric metric_of(Relation index) {
    return static_cast<core::Metric>(class_of(index) & 255);
}

Kind kind_of(Relation index) {
    return static_cast<Kind>(class_of(index) >> 8);
}

} // namespace steward::ivf
