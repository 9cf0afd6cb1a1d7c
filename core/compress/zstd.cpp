#include "core/compress/zstd.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include <zdict.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/error.hpp"

namespace steward::core::zstd {

namespace {

/// One call of the library takes or gives no more: none can be cancelled.
constexpr std::size_t value_piece = std::size_t{1} << 17; // a block
constexpr std::size_t frame_piece = std::size_t{1} << 16;
constexpr std::size_t content_piece = std::size_t{1} << 19;

/// A block takes 4 bytes of the frame at least: 3 of a header, and one that it repeats.
constexpr std::size_t most_in_block = std::size_t{1} << 17;
constexpr std::size_t least_of_block = 4;

/// What only memory can be short for, or a caller be wrong about.
std::size_t require(std::size_t result) {
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
        throw std::bad_alloc();
    if (ZSTD_isError(result) != 0)
        throw Error(ErrorKind::invalid_argument,
                    std::string("zstd refuses to compress: ") + ZSTD_getErrorName(result));
    return result;
}

void require_level(int level) {
    if (level < least_level || level > most_level)
        throw Error(ErrorKind::invalid_argument, "invalid compression level: " + std::to_string(level),
                    "Levels are " + std::to_string(least_level) + " to " + std::to_string(most_level) + ".");
}

/// Whether making it ready can fail for want of memory only.
bool is_dictionary(Bytes dictionary) noexcept {
    return dictionary.size() <= most_dictionary && dictionary_id(dictionary) != 0;
}

template <class Made> Made *require_made(Made *made) {
    if (made == nullptr)
        throw std::bad_alloc();
    return made;
}

Problem problem_of(std::size_t error) {
    switch (ZSTD_getErrorCode(error)) {
    case ZSTD_error_memory_allocation:
        throw std::bad_alloc();
    case ZSTD_error_frameParameter_windowTooLarge:
        return Problem::large_window;
    case ZSTD_error_dictionary_wrong:
        return Problem::other_dictionary;
    default:
        return Problem::damaged;
    }
}

} // namespace

Header read_header(Bytes frame, std::size_t limit) noexcept {
    // Little-endian, as the format is; frames to be skipped and those of old formats have other numbers.
    constexpr std::array magic{std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD}};
    if (frame.size() < magic.size() || !std::equal(magic.begin(), magic.end(), frame.begin()))
        return {Problem::not_a_frame, 0, 0};
    auto const size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_ERROR)
        return {Problem::damaged, 0, 0};
    std::uint32_t const dictionary = ZSTD_getDictID_fromFrame(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN)
        return {Problem::no_size, 0, dictionary};
    if (size > limit)
        return {Problem::too_large, 0, dictionary};
    if (size / most_in_block > frame.size() / least_of_block)
        return {Problem::damaged, 0, dictionary};
    return {Problem::none, static_cast<std::size_t>(size), dictionary};
}

void CompressionDictionary::Free::operator()(ZSTD_CDict_s *dictionary) const noexcept {
    ZSTD_freeCDict(dictionary);
}

std::unique_ptr<const CompressionDictionary> CompressionDictionary::make(Bytes dictionary, int level) {
    require_level(level);
    if (!is_dictionary(dictionary))
        return nullptr;
    std::unique_ptr<CompressionDictionary> made(new CompressionDictionary(nullptr, level));
    made->digested_.reset(require_made(ZSTD_createCDict(dictionary.data(), dictionary.size(), level)));
    return made;
}

std::size_t CompressionDictionary::bytes() const noexcept {
    return ZSTD_sizeof_CDict(digested_.get());
}

void DecompressionDictionary::Free::operator()(ZSTD_DDict_s *dictionary) const noexcept {
    ZSTD_freeDDict(dictionary);
}

std::unique_ptr<const DecompressionDictionary> DecompressionDictionary::make(Bytes dictionary) {
    if (!is_dictionary(dictionary))
        return nullptr;
    std::unique_ptr<DecompressionDictionary> made(
        new DecompressionDictionary(nullptr, dictionary_id(dictionary)));
    made->digested_.reset(require_made(ZSTD_createDDict(dictionary.data(), dictionary.size())));
    return made;
}

std::size_t DecompressionDictionary::bytes() const noexcept {
    return ZSTD_sizeof_DDict(digested_.get());
}

void Compressor::Free::operator()(ZSTD_CCtx_s *context) const noexcept {
    ZSTD_freeCCtx(context);
}

Compressor::Compressor() : context_(require_made(ZSTD_createCCtx())) {
}

std::size_t Compressor::bound(std::size_t size) noexcept {
    return ZSTD_compressBound(size);
}

std::size_t Compressor::bytes() const noexcept {
    return ZSTD_sizeof_CCtx(context_.get());
}

std::size_t Compressor::compress(Bytes value, Room room, int level, Stop stop) {
    require_level(level);
    require(ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_and_parameters));
    require(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level));
    return run(value, room, stop);
}

std::size_t Compressor::compress(Bytes value, Room room, const CompressionDictionary &dictionary, Stop stop) {
    require(ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_and_parameters));
    require(ZSTD_CCtx_refCDict(context_.get(), dictionary.digested_.get()));
    return run(value, room, stop);
}

std::size_t Compressor::run(Bytes value, Room room, Stop stop) {
    require(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1));
    require(ZSTD_CCtx_setPledgedSrcSize(context_.get(), value.size()));
    ZSTD_inBuffer in{value.data(), 0, 0};
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    while (true) {
        stop();
        in.size = std::min(value.size(), in.pos + value_piece);
        bool const last = in.size == value.size();
        std::size_t const left =
            require(ZSTD_compressStream2(context_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue));
        if (last && left == 0)
            return out.pos;
        if (out.pos == out.size)
            return 0;
    }
}

void Decompressor::Free::operator()(ZSTD_DCtx_s *context) const noexcept {
    ZSTD_freeDCtx(context);
}

Decompressor::Decompressor() : context_(require_made(ZSTD_createDCtx())) {
}

std::size_t Decompressor::bytes() const noexcept {
    return ZSTD_sizeof_DCtx(context_.get());
}

Problem Decompressor::decompress(Bytes frame, Room room, const DecompressionDictionary *dictionary,
                                 Stop stop) {
    Header const header = read_header(frame, room.size());
    if (header.problem != Problem::none)
        return header.problem;
    require(ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_and_parameters));
    if (header.dictionary != 0) {
        if (dictionary == nullptr || dictionary->id() != header.dictionary)
            return Problem::other_dictionary;
        require(ZSTD_DCtx_refDDict(context_.get(), dictionary->digested_.get()));
    }
    return run(frame, room.first(header.size), stop);
}

Problem Decompressor::run(Bytes frame, Room room, Stop stop) {
    ZSTD_inBuffer in{frame.data(), 0, 0};
    ZSTD_outBuffer out{room.data(), 0, 0};
    while (true) {
        stop();
        in.size = std::min(frame.size(), in.pos + frame_piece);
        out.size = std::min(room.size(), out.pos + content_piece);
        std::size_t const before = in.pos + out.pos;
        std::size_t const left = ZSTD_decompressStream(context_.get(), &out, &in);
        if (ZSTD_isError(left) != 0)
            return problem_of(left);
        if (left == 0)
            return in.pos == frame.size() && out.pos == room.size() ? Problem::none : Problem::damaged;
        if (in.pos + out.pos == before && in.size == frame.size())
            return Problem::damaged; // more is awaited than there is
    }
}

} // namespace steward::core::zstd
