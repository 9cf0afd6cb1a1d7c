#include "core/compress/kept.hpp"

#include "extension/boundary.hpp"
#include "extension/compress/zstd.hpp"

namespace steward::zstd {

namespace {

using core::zstd::Bytes;
using core::zstd::Compressor;
using core::zstd::Decompressor;
using core::zstd::Problem;

/// What large values leave behind is given back.
constexpr std::size_t most_kept = std::size_t{2} << 20;

/// What a process keeps. Made on first use and never destroyed, so that nothing runs when a process exits.
struct Kept {
    std::unique_ptr<Compressor> compressor;
    std::unique_ptr<Decompressor> decompressor;
    core::zstd::KeptDictionaries dictionaries{8, std::size_t{8} << 20};
};

Kept &kept() {
    static auto *const made = new Kept;
    return *made;
}

/// One of the two for one value, also for one whose end is an exception.
template <class Worker> class Lent {
  public:
    explicit Lent(std::unique_ptr<Worker> &worker) : worker_(worker) {
        if (!worker_)
            worker_ = std::make_unique<Worker>();
    }
    Lent(const Lent &) = delete;
    Lent &operator=(const Lent &) = delete;
    ~Lent() {
        if (worker_->bytes() > most_kept)
            worker_.reset();
    }
    Worker *operator->() const noexcept { return worker_.get(); }

  private:
    std::unique_ptr<Worker> &worker_;
};

template <class Dictionary> Dictionary require_dictionary(Dictionary dictionary) {
    if (!dictionary)
        throw core::Error(core::ErrorKind::invalid_argument, "invalid dictionary",
                          "It is no trained dictionary of zstd, or has more than " +
                              std::to_string(core::zstd::most_dictionary) + " bytes.",
                          "Make one from samples with zstd_dictionary().");
    return dictionary;
}

bytea *allocate(std::size_t size) {
    return guarded([size] { return static_cast<bytea *>(palloc(VARHDRSZ + size)); });
}

core::zstd::Room room_of(bytea *value, std::size_t size) noexcept {
    return {reinterpret_cast<std::byte *>(VARDATA(value)), size};
}

std::size_t compress_into(core::zstd::Room room, Bytes value, std::optional<Bytes> dictionary, int level) {
    if (!dictionary)
        return Lent(kept().compressor)->compress(value, room, level, on_interrupt);
    auto const ready = require_dictionary(kept().dictionaries.compression(*dictionary, level));
    return Lent(kept().compressor)->compress(value, room, *ready, on_interrupt);
}

} // namespace

bytea *compress(Bytes value, std::optional<Bytes> dictionary, int level) {
    std::size_t const most = std::min(Compressor::bound(value.size()), most_bytes);
    bytea *const result = allocate(most);
    std::size_t const size = compress_into(room_of(result, most), value, dictionary, level);
    if (size == 0) {
        pfree(result);
        return nullptr;
    }
    SET_VARSIZE(result, VARHDRSZ + size);
    // A large block is not kept for what it might have held.
    return guarded([&] { return static_cast<bytea *>(repalloc(result, VARHDRSZ + size)); });
}

Decompressed decompress(Bytes frame, std::optional<Bytes> dictionary, std::size_t limit) {
    std::shared_ptr<const core::zstd::DecompressionDictionary> ready;
    if (dictionary)
        ready = require_dictionary(kept().dictionaries.decompression(*dictionary));
    core::zstd::Header const header = core::zstd::read_header(frame, std::min(limit, most_bytes));
    if (header.problem != Problem::none)
        return {header.problem, header.dictionary, nullptr};
    bytea *const result = allocate(header.size);
    Problem const problem =
        Lent(kept().decompressor)->decompress(frame, room_of(result, header.size), ready.get(), on_interrupt);
    if (problem != Problem::none) {
        pfree(result);
        return {problem, header.dictionary, nullptr};
    }
    SET_VARSIZE(result, VARHDRSZ + header.size);
    return {Problem::none, header.dictionary, result};
}

void refuse(const Decompressed &refused, std::optional<Bytes> dictionary) {
    switch (refused.problem) {
    case Problem::not_a_frame:
        ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                errmsg("value is not compressed with zstd"));
        break;
    case Problem::no_size:
        ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                errmsg("compressed value does not tell the size of its content"));
        break;
    case Problem::too_large:
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("content of compressed value is too large"),
                errdetail("A value has at most %zu bytes.", most_bytes));
        break;
    case Problem::large_window:
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("compressed value needs a window of more than 128 MB"));
        break;
    case Problem::other_dictionary:
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("compressed value needs dictionary %u", refused.dictionary),
                dictionary
                    ? errdetail("The dictionary that is given is %u.", core::zstd::dictionary_id(*dictionary))
                    : errdetail("No dictionary is given."));
        break;
    case Problem::damaged:
    case Problem::none:
        ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("compressed value is damaged"));
    }
    pg_unreachable();
}

} // namespace steward::zstd
