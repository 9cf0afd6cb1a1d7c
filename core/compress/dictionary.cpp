// Dictionaries from samples.
#include <algorithm>
#include <string>

// The one call of libzstd that its headers do not promise for ever; the library exports it since 1.3.8.
#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>

#include "core/compress/zstd.hpp"
#include "core/error.hpp"

namespace steward::core::zstd {

namespace {

/// The samples one after the other, as the trainer wants them.
struct Chosen {
    std::vector<std::byte> bytes;
    std::vector<std::size_t> sizes;
};

std::size_t used_of(Bytes sample) noexcept {
    return std::min(sample.size(), longest_sample);
}

/// How many of them may be looked at, so that these have most_sample_bytes at most if all are alike.
std::size_t affordable(std::span<const Bytes> samples) noexcept {
    std::size_t bytes = 0;
    for (Bytes const sample : samples)
        bytes += used_of(sample);
    std::size_t const most = std::min(samples.size(), most_samples);
    if (bytes <= most_sample_bytes)
        return most;
    double const share = static_cast<double>(most_sample_bytes) / static_cast<double>(bytes);
    return std::clamp<std::size_t>(static_cast<std::size_t>(share * static_cast<double>(samples.size())), 1,
                                   most);
}

/// An even choice.
Chosen choose(std::span<const Bytes> samples) {
    Chosen chosen;
    std::size_t const count = affordable(samples);
    for (std::size_t i = 0; i < count; ++i) {
        Bytes const sample = samples[i * samples.size() / count];
        std::size_t const used = used_of(sample);
        if (used == 0 || chosen.bytes.size() + used > most_sample_bytes)
            continue;
        chosen.bytes.insert(chosen.bytes.end(), sample.begin(),
                            sample.begin() + static_cast<std::ptrdiff_t>(used));
        chosen.sizes.push_back(used);
    }
    return chosen;
}

} // namespace

std::uint32_t dictionary_id(Bytes dictionary) noexcept {
    if (ZDICT_isError(ZDICT_getDictHeaderSize(dictionary.data(), dictionary.size())) != 0)
        return 0;
    return ZDICT_getDictID(dictionary.data(), dictionary.size());
}

// Of 1 MB in samples of 32 bytes to 20 kB ZDICT_trainFromBuffer took 5 to 146 ms, since it tries five lengths
// of a segment; one length takes 1 to 29 ms, and that only for 32,000 samples: each costs 0.8 us, which is
// why they are counted. Segments of 200 bytes, found by 6 bytes in 2^18 counters, gave within 1 % of what the
// five gave or more, on C++, C headers and package lists in pieces of 300 and 2,000 bytes.
std::vector<std::byte> train(std::span<const Bytes> samples, std::size_t size, Stop stop) {
    if (size < least_dictionary || size > most_dictionary)
        throw Error(ErrorKind::invalid_argument, "invalid size of a dictionary",
                    "A dictionary has " + std::to_string(least_dictionary) + " to " +
                        std::to_string(most_dictionary) + " bytes.");
    stop();
    Chosen const chosen = choose(samples);
    stop();
    ZDICT_fastCover_params_t parameters{};
    parameters.k = 200;
    parameters.d = 6;
    parameters.f = 18;
    parameters.accel = 1;
    parameters.zParams.compressionLevel = default_level;
    std::vector<std::byte> dictionary(size);
    std::size_t const made = ZDICT_trainFromBuffer_fastCover(
        dictionary.data(), dictionary.size(), chosen.bytes.data(), chosen.sizes.data(),
        static_cast<unsigned>(chosen.sizes.size()), parameters);
    stop();
    dictionary.resize(ZDICT_isError(made) != 0 ? 0 : made);
    return dictionary;
}

} // namespace steward::core::zstd
