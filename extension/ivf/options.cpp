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

} // namespace

void define_options() {
    kind = add_reloption_kind();
    add_int_reloption(kind, "lists", "Number of lists of vectors, or 0 for as many as suit the rows", 0, 0,
                      most_lists, AccessExclusiveLock);
    add_int_reloption(kind, "bits", "Bits for each dimension of a vector: 4 or 8", 4, 4, 8,
                      AccessExclusiveLock);
}

bytea *read_options(Datum options, bool validate) {
    static const relopt_parse_elt elements[] = {
        {"lists", RELOPT_TYPE_INT, offsetof(Options, lists)},
        {"bits", RELOPT_TYPE_INT, offsetof(Options, bits)},
    };
    auto *const parsed = static_cast<Options *>(
        build_reloptions(options, validate, kind, sizeof(Options), elements, lengthof(elements)));
    if (validate && parsed != nullptr && parsed->bits != 4 && parsed->bits != 8)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bits must be 4 or 8"));
    return reinterpret_cast<bytea *>(parsed);
}

Options options_of(Relation index) noexcept {
    auto const *const options = reinterpret_cast<const Options *>(index->rd_options);
    return options != nullptr ? *options : Options{0, 0, 4};
}

core::Metric metric_of(Relation index) {
    FmgrInfo *const support = index_getprocinfo(index, 1, 1);
    return static_cast<core::Metric>(DatumGetInt32(FunctionCall1(support, ObjectIdGetDatum(InvalidOid))));
}

} // namespace steward::ivf
