// SQL functions: zstd_compress, zstd_decompress, zstd_dictionary.
#include "extension/boundary.hpp"
#include "extension/compress/zstd.hpp"

extern "C" {
#include "utils/array.h"
}

namespace steward::zstd {

static constexpr const char *component = "compress";

namespace {

using core::zstd::Bytes;

Bytes bytes_argument(FunctionCallInfo fcinfo, int n) {
    return bytes_of(PG_GETARG_BYTEA_PP(n));
}

std::optional<Bytes> dictionary_argument(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(1))
        return std::nullopt;
    return bytes_argument(fcinfo, 1);
}

/// An even choice of an array's elements, as many as are looked at. Plain C.
std::span<const Bytes> samples_argument(FunctionCallInfo fcinfo) {
    ArrayType *const array = PG_GETARG_ARRAYTYPE_P(0);
    auto const elements = static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)));
    std::size_t const most = std::min(elements, core::zstd::most_samples);
    std::size_t const step = most == 0 ? 1 : (elements + most - 1) / most;
    auto *const samples = static_cast<Bytes *>(palloc(most * sizeof(Bytes)));
    std::size_t count = 0;
    std::size_t next = 0;
    Datum element = 0;
    bool null = false;
    ArrayIterator const iterator = array_create_iterator(array, 0, nullptr);
    for (std::size_t i = 0; array_iterate(iterator, &element, &null); ++i) {
        if (i % 65536 == 0)
            check_interrupts();
        if (null || i < next)
            continue;
        samples[count++] = bytes_of(DatumGetByteaPP(element));
        next = i + step;
    }
    return {samples, count};
}

/// Null if the samples are too few or too small.
bytea *make_dictionary(std::span<const Bytes> samples, std::size_t size) {
    std::vector<std::byte> const made = core::zstd::train(samples, size, on_interrupt);
    if (made.empty())
        return nullptr;
    return guarded([&] {
        auto *const result = static_cast<bytea *>(palloc(VARHDRSZ + made.size()));
        SET_VARSIZE(result, VARHDRSZ + made.size());
        memcpy(VARDATA(result), made.data(), made.size());
        return result;
    });
}

} // namespace

STEWARD_FUNCTION(steward_zstd_compress) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
        PG_RETURN_NULL();
    bytea *const compressed =
        compress(bytes_argument(fcinfo, 0), dictionary_argument(fcinfo), PG_GETARG_INT32(2));
    if (compressed == nullptr)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("compressed value is too large"),
                errdetail("A value has at most %zu bytes.", most_bytes));
    PG_RETURN_BYTEA_P(compressed);
}

STEWARD_FUNCTION(steward_zstd_decompress) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    std::optional<Bytes> const dictionary = dictionary_argument(fcinfo);
    Decompressed const decompressed = decompress(bytes_argument(fcinfo, 0), dictionary);
    if (decompressed.value == nullptr)
        refuse(decompressed, dictionary);
    PG_RETURN_BYTEA_P(decompressed.value);
}

STEWARD_FUNCTION(steward_zstd_dictionary) {
    std::span<const Bytes> const samples = samples_argument(fcinfo);
    int32 const size = PG_GETARG_INT32(1);
    bytea *const dictionary = make_dictionary(samples, size < 0 ? 0 : static_cast<std::size_t>(size));
    if (dictionary == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_BYTEA_P(dictionary);
}

} // namespace steward::zstd
