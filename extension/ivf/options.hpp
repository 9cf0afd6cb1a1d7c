// Options of an index, and settings of a search.
#pragma once

#include "core/vector/metric.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace steward::ivf {

/// WITH (...) of an index. Plain data, as the server keeps it.
struct Options {
    std::int32_t vl_len_;
    int lists; ///< 0 for as many as suit the rows
    int bits;
    int quantizer; ///< Quantizer
    int m;         ///< parts of a vector, of Quantizer::pq
    int nbits;     ///< of each part
};

enum class Quantizer : int { scalar, pq };

/// Tells the server which options there are. Once for each process. Plain C.
void define_options();
bytea *read_options(Datum options, bool validate);
Options options_of(Relation index) noexcept;

/// How a value of an indexed column is to be read: as real[], or as the type of pgvector.
enum class Kind : int { array, pgvector };

/// By its operator class, whose support function says which they are: the distance, and 256 more for
/// pgvector's type. Plain C.
core::Metric metric_of(Relation index);
Kind kind_of(Relation index);

/// What a session may set.
enum class Iterative : int { off, relaxed, strict };
struct SearchSettings {
    int probes = 0; ///< 0 for as many as the target of recall needs
    double target_recall = 0.95;
    int rerank = 0; ///< 0 for as many as suit the bits
    int iterative = static_cast<int>(Iterative::relaxed);
};
extern SearchSettings search_settings;

} // namespace steward::ivf
