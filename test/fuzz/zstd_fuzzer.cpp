// Frames and dictionaries of strangers: a problem or a content, and what is compressed comes back.
//
// Input: an option digit, a dictionary, a line feed, a frame or a value. Options: 1 compress by the
// dictionary, if it is one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/compress/zstd.hpp"
#include "test/fuzz/input.hpp"

namespace steward::fuzz {
namespace {

namespace zstd = core::zstd;
using Vector = std::vector<std::byte>;

constexpr std::size_t limit = std::size_t{1} << 22;

zstd::Bytes bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

void decompress(zstd::Bytes frame, const zstd::DecompressionDictionary *dictionary) {
    zstd::Header const header = zstd::read_header(frame, limit);
    if (header.problem != zstd::Problem::none)
        return;
    require(header.size <= limit, "the limit holds");
    Vector room(header.size);
    zstd::Decompressor().decompress(frame, room, dictionary);
}

void there_and_back(zstd::Bytes value, const zstd::CompressionDictionary *compression,
                    const zstd::DecompressionDictionary *dictionary) {
    Vector frame(zstd::Compressor::bound(value.size()));
    zstd::Compressor compressor;
    frame.resize(compression != nullptr ? compressor.compress(value, frame, *compression)
                                        : compressor.compress(value, frame));
    require(zstd::read_header(frame, limit).size == value.size(), "a frame knows its size");
    Vector room(value.size());
    zstd::Problem const problem = zstd::Decompressor().decompress(frame, room, dictionary);
    require(problem == zstd::Problem::none, "what was compressed is decompressed");
    require(std::equal(room.begin(), room.end(), value.begin()), "a value comes back");
}

} // namespace
} // namespace steward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    namespace fuzz = steward::fuzz;
    namespace zstd = steward::core::zstd;
    fuzz::Input const input = fuzz::split(data, size);
    auto const dictionary = zstd::DecompressionDictionary::make(fuzz::bytes(input.before));
    auto const compression =
        (input.options & 1U) != 0
            ? zstd::CompressionDictionary::make(fuzz::bytes(input.before), zstd::default_level)
            : nullptr;
    fuzz::decompress(fuzz::bytes(input.behind), dictionary.get());
    fuzz::there_and_back(fuzz::bytes(input.behind), compression.get(), dictionary.get());
    return 0;
}
