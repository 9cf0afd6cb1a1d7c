#include "core/learn/features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "core/hash.hpp"

namespace steward::core {

namespace {

/// As hash_bytes(), with letters of ASCII as lower case, and not mixed yet.
std::uint64_t hash_bytes(std::uint64_t hash, std::string_view bytes) noexcept {
    for (char const byte : bytes)
        hash = (hash ^ fold_ascii(static_cast<unsigned char>(byte))) * 0x100000001b3;
    return hash;
}

constexpr std::uint64_t start = 0xcbf29ce484222325;

Feature placed(std::uint64_t hash) noexcept {
    std::uint64_t const mixed = mix_hash(hash);
    return {static_cast<std::uint32_t>(mixed & (word_places - 1)), (mixed >> 63) != 0 ? -1.0F : 1.0F};
}

constexpr std::size_t few = 4096; ///< for which a sort takes no time worth a look
constexpr int digit_bits = 10;
constexpr std::size_t digits = std::size_t{1} << digit_bits;
constexpr std::size_t features_per_stop = 65'536;

/// One pass of a sort by digits: those alike in it stay in their order.
void sort_by_digit(std::span<const Feature> from, std::span<Feature> to, int shift, Stop stop) {
    auto const digit_of = [&](const Feature &feature) { return (feature.place >> shift) & (digits - 1); };
    std::array<std::size_t, digits> next{};
    for (const Feature &feature : from)
        ++next[digit_of(feature)];
    std::exclusive_scan(next.begin(), next.end(), next.begin(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (i % features_per_stop == 0)
            stop();
        to[next[digit_of(from[i])]++] = from[i];
    }
}

/// In the order of their places. A long text has millions.
void sort_places(std::span<Feature> features, Stop stop) {
    if (features.size() <= few) {
        std::sort(features.begin(), features.end(),
                  [](const Feature &a, const Feature &b) { return a.place < b.place; });
        return;
    }
    std::vector<Feature> half_sorted(features.size());
    sort_by_digit(features, half_sorted, 0, stop);
    sort_by_digit(half_sorted, features, digit_bits, stop);
}

} // namespace

void merge_places(std::vector<Feature> &features, std::size_t from, Stop stop) {
    auto const first = features.begin() + static_cast<std::ptrdiff_t>(from);
    sort_places({first, features.end()}, stop);
    auto kept = first;
    for (auto each = first; each != features.end(); ++each) {
        if ((each - first) % static_cast<std::ptrdiff_t>(features_per_stop) == 0)
            stop();
        if (each != first && std::prev(kept)->place == each->place)
            std::prev(kept)->value += each->value;
        else
            *kept++ = *each;
    }
    features.erase(kept, features.end());
    std::erase_if(features, [](const Feature &feature) { return feature.value == 0.0F; });
}

Feature hash_word(std::string_view word, std::string_view previous) noexcept {
    if (previous.empty())
        return placed(hash_bytes(start, word));
    return placed(hash_bytes(hash_bytes(hash_bytes(start, previous), " "), word));
}

void append_words(std::vector<Feature> &features, std::string_view text, Encoding encoding, Stop stop) {
    std::size_t const from = features.size();
    std::uint64_t previous = 0;
    each_word(
        text, encoding,
        [&](std::string_view word) {
            features.push_back(placed(hash_bytes(start, word)));
            if (previous != 0)
                features.push_back(placed(hash_bytes(previous, word)));
            previous = hash_bytes(hash_bytes(start, word), " ");
        },
        stop);
    merge_places(features, from, stop);
    float squares = 0;
    for (std::size_t i = from; i < features.size(); ++i)
        squares += features[i].value * features[i].value;
    float const scale = squares > 0 ? 1.0F / std::sqrt(squares) : 0.0F;
    for (std::size_t i = from; i < features.size(); ++i)
        features[i].value *= scale;
}

} // namespace steward::core
