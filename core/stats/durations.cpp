#include "core/stats/durations.hpp"

#include <numeric>

namespace steward::core {

namespace {

constexpr char format = 1;
constexpr unsigned bits = 7;
constexpr std::uint64_t low_bits = (1U << bits) - 1;
constexpr unsigned most_shift = 63;

} // namespace

std::uint64_t Durations::count() const noexcept {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

void Durations::add(const Durations &other) noexcept {
    nanoseconds += other.nanoseconds;
    for (std::size_t i = 0; i < duration_buckets; ++i)
        buckets[i] += other.buckets[i];
}

void Durations::observe(std::uint64_t duration, std::uint64_t times) noexcept {
    nanoseconds += duration * times;
    buckets[duration_bucket(duration)] += times;
}

Durations since(const Durations &before, const Durations &now) noexcept {
    Durations more{now.nanoseconds - before.nanoseconds, {}};
    bool was_reset = now.nanoseconds < before.nanoseconds;
    for (std::size_t i = 0; i < duration_buckets; ++i) {
        was_reset = was_reset || now.buckets[i] < before.buckets[i];
        more.buckets[i] = now.buckets[i] - before.buckets[i];
    }
    return was_reset ? now : more;
}

void append_number(std::string &bytes, std::uint64_t number) {
    for (; number > low_bits; number >>= bits)
        bytes += static_cast<char>((number & low_bits) | (low_bits + 1));
    bytes += static_cast<char>(number);
}

std::optional<std::uint64_t> take_number(std::string_view &bytes) noexcept {
    std::uint64_t number = 0;
    for (unsigned shift = 0; !bytes.empty() && shift <= most_shift; shift += bits) {
        auto const byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        number |= (byte & low_bits) << shift;
        if (byte <= low_bits)
            return number;
    }
    return std::nullopt;
}

void pack(const Durations &durations, std::string &bytes) {
    bytes += format;
    append_number(bytes, durations.nanoseconds);
    std::uint64_t empty = 0;
    for (std::uint64_t const count : durations.buckets) {
        if (count == 0) {
            ++empty;
            continue;
        }
        append_number(bytes, empty);
        append_number(bytes, count);
        empty = 0;
    }
}

bool add_packed(Durations &sum, std::string_view bytes) noexcept {
    if (bytes.empty() || bytes.front() != format)
        return false;
    bytes.remove_prefix(1);
    std::optional<std::uint64_t> const nanoseconds = take_number(bytes);
    if (!nanoseconds)
        return false;
    sum.nanoseconds += *nanoseconds;
    std::uint64_t next = 0;
    while (!bytes.empty()) {
        std::optional<std::uint64_t> const empty = take_number(bytes);
        std::optional<std::uint64_t> const count = take_number(bytes);
        if (!empty || !count || next == duration_buckets || *empty >= duration_buckets - next)
            return false;
        sum.buckets[next + *empty] += *count;
        next += *empty + 1;
    }
    return true;
}

std::optional<Durations> unpack(std::string_view bytes) noexcept {
    Durations durations;
    if (!add_packed(durations, bytes))
        return std::nullopt;
    return durations;
}

} // namespace steward::core
