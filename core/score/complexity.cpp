#include "core/score/complexity.hpp"

#include <algorithm>

namespace steward::core {

double statement_complexity(std::string_view statement, Encoding encoding, Stop stop) {
    std::size_t words = 0;
    std::size_t space_bytes = 0;
    bool inside = false;
    for (std::size_t i = 0; i < statement.size(); ++i) {
        if (i % bytes_per_stop == 0)
            stop();
        bool const space = is_ascii_space(static_cast<unsigned char>(statement[i]));
        space_bytes += space ? 1 : 0;
        words += !space && !inside ? 1 : 0;
        inside = !space;
    }
    if (words == 0)
        return 0.0;
    auto const letters = static_cast<double>(count_characters(statement, encoding, stop) - space_bytes);
    auto const count = static_cast<double>(words);
    return std::min(count / 100.0 + letters / count / 10.0, 1.0);
}

} // namespace steward::core
