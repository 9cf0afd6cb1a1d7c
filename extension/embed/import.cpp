// Word vectors from a file on the server, or from rows, as the bytes that are stored.
#include <memory>

#include "core/semantic/vectors_reader.hpp"
#include "core/semantic/word_vectors.hpp"

#include "extension/boundary.hpp"
#include "extension/memory.hpp"
#include "extension/text.hpp"
#include "extension/vector_argument.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "executor/spi.h"
#include "storage/fd.h"
#include "utils/acl.h"
}

namespace steward::embed {

namespace {

constexpr const char *component = "embedding";
constexpr std::size_t piece_size = 1U << 16U;
constexpr long rows_at_once = 1000;

std::size_t words_argument(FunctionCallInfo fcinfo, int n) {
    std::int32_t const words = PG_GETARG_INT32(n);
    if (words < 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("words must be positive"));
    return static_cast<std::size_t>(words);
}

Datum bytes_datum(core::WordVectorsBuilder &builder) {
    std::pmr::string const bytes = builder.finish(on_interrupt);
    auto *const value = static_cast<bytea *>(
        guarded([&] { return MemoryContextAllocHuge(CurrentMemoryContext, bytes.size() + VARHDRSZ); }));
    SET_VARSIZE(value, bytes.size() + VARHDRSZ);
    memcpy(VARDATA(value), bytes.data(), bytes.size());
    return PointerGetDatum(value);
}

/// What COPY asks of who reads a file.
void check_file_rights() {
    if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("must be a member of pg_read_server_files to read a file on the server"),
                errhint("Copy the file into a table with psql's \\copy, and import the table."));
}

core::VectorsReader reader_into(core::WordVectorsBuilder &builder) {
    return core::VectorsReader([&builder](std::string_view word, std::span<const float> vector) {
        builder.add(word, vector);
        return !builder.is_full();
    });
}

void read_file(const char *path, core::WordVectorsBuilder &builder) {
    auto *const file = guarded([&] { return AllocateFile(path, "r"); });
    if (file == nullptr)
        guarded([&] {
            ereport(ERROR, errcode_for_file_access(),
                    errmsg("could not open file \"%s\" for reading: %m", path));
        });
    core::VectorsReader reader = reader_into(builder);
    auto const piece = std::make_unique<std::array<char, piece_size>>();
    bool is_wanted = true;
    for (std::size_t size = piece_size; is_wanted && size == piece_size;) {
        check_interrupts();
        size = fread(piece->data(), 1, piece_size, file);
        if (ferror(file) != 0)
            guarded([&] {
                ereport(ERROR, errcode_for_file_access(), errmsg("could not read file \"%s\": %m", path));
            });
        is_wanted = reader.feed({piece->data(), size});
    }
    reader.finish();
    FreeFile(file); // an error leaves it to the end of the transaction
}

void take_line(core::VectorsReader &reader, bool &is_wanted, Datum line) {
    const text *const value = guarded([&] { return DatumGetTextPP(line); });
    is_wanted = reader.feed(view(value)) && reader.feed("\n");
}

/// The rows of a portal, (line) or (word, vector), until there are enough.
void read_rows(Portal portal, core::WordVectorsBuilder &builder) {
    core::VectorsReader reader = reader_into(builder);
    bool is_wanted = true;
    while (is_wanted) {
        check_interrupts();
        guarded([&] { SPI_cursor_fetch(portal, true, rows_at_once); });
        if (SPI_processed == 0)
            break;
        for (std::uint64_t i = 0; i < SPI_processed && is_wanted; ++i) {
            HeapTuple const row = SPI_tuptable->vals[i];
            TupleDesc const columns = SPI_tuptable->tupdesc;
            bool first_is_null = false;
            bool second_is_null = columns->natts < 2;
            Datum const first = SPI_getbinval(row, columns, 1, &first_is_null);
            Datum const second = second_is_null ? Datum{0} : SPI_getbinval(row, columns, 2, &second_is_null);
            if (first_is_null || (columns->natts > 1 && second_is_null))
                continue;
            if (columns->natts == 1) {
                take_line(reader, is_wanted, first);
                continue;
            }
            const text *word = nullptr;
            ArrayType *vector = nullptr;
            std::span<const float> values;
            guarded([&] {
                word = DatumGetTextPP(first);
                vector = DatumGetArrayTypePCopy(second);
                values = vector_of(vector);
            });
            builder.add(view(word), values);
            pfree(vector);
            is_wanted = !builder.is_full();
        }
        guarded([] { SPI_freetuptable(SPI_tuptable); });
    }
    reader.finish();
}

} // namespace

/// (path, words) -> bytes
STEWARD_FUNCTION(steward_embedding_pack_file) {
    const char *const path = text_to_cstring(PG_GETARG_TEXT_PP(0));
    std::size_t const words = words_argument(fcinfo, 1);
    check_file_rights();
    ContextResource memory;
    core::WordVectorsBuilder builder(words, &memory);
    read_file(path, builder);
    return bytes_datum(builder);
}

/// (query, words) -> bytes
STEWARD_FUNCTION(steward_embedding_pack_query) {
    const char *const query = text_to_cstring(PG_GETARG_TEXT_PP(0));
    std::size_t const words = words_argument(fcinfo, 1);
    MemoryContext const caller = CurrentMemoryContext;
    SPI_connect();
    Portal const portal = SPI_cursor_open_with_args(nullptr, query, 0, nullptr, nullptr, nullptr, true, 0);
    ContextResource memory(caller); // not SPI's, which ends before
    core::WordVectorsBuilder builder(words, &memory);
    read_rows(portal, builder);
    guarded([&] {
        SPI_cursor_close(portal);
        SPI_finish();
    });
    MemoryContextSwitchTo(caller);
    return bytes_datum(builder);
}

} // namespace steward::embed
