#include "core/vector/diversity.hpp"

#include <algorithm>
#include <limits>

#include "core/vector/kernels.hpp"
#include "core/vector/metric.hpp"

namespace steward::core {

std::vector<Chosen> choose_diverse(std::span<const float> query, std::span<const float> vectors,
                                   std::size_t count, double diversity, Stop stop) {
    std::size_t const dimensions = query.size();
    std::size_t const available = vectors.size() / dimensions;
    std::vector<float> directions(vectors.begin(), vectors.end());
    std::vector<float> wanted(query.begin(), query.end());
    normalize(wanted.data(), dimensions);
    std::vector<double> likeness;
    for (std::size_t i = 0; i < available; ++i) {
        if (i % 64 == 0)
            stop();
        float *const vector = directions.data() + i * dimensions;
        normalize(vector, dimensions);
        likeness.push_back(static_cast<double>(kernels().dot(wanted.data(), vector, dimensions)));
    }
    std::vector<double> most_alike(available, 0); // to those chosen; to be the opposite is no merit
    std::vector<char> is_chosen(available);
    std::vector<Chosen> chosen;
    while (chosen.size() < std::min(count, available)) {
        stop();
        Chosen best{0, -std::numeric_limits<double>::infinity()};
        for (std::size_t i = 0; i < available; ++i) {
            double const score = (1 - diversity) * likeness[i] - diversity * most_alike[i];
            if (is_chosen[i] == 0 && score > best.score)
                best = {i, score};
        }
        const float *const vector = directions.data() + best.number * dimensions;
        for (std::size_t i = 0; i < available; ++i) {
            auto const alike =
                static_cast<double>(kernels().dot(vector, directions.data() + i * dimensions, dimensions));
            most_alike[i] = std::max(most_alike[i], alike);
        }
        is_chosen[best.number] = 1;
        chosen.push_back(best);
    }
    return chosen;
}

} // namespace steward::core
