// What a process keeps of an index: all that does not change between two builds.
#pragma once

#include <memory>
#include <vector>

#include "core/vector/centroids.hpp"
#include "core/vector/codebook.hpp"
#include "core/vector/rotation.hpp"

#include "extension/ivf/page.hpp"

namespace steward::ivf {

struct Opened {
    Meta meta;
    core::Metric metric;
    core::CodeFormat format;
    core::Codebook codebook; ///< if codes are made by one
    FrameLayout layout;
    core::Rotation rotation;
    core::Centroids centroids;
    std::vector<BlockNumber> first;     ///< page of each list
    std::vector<BlockNumber> directory; ///< its pages
    std::uint32_t oldest;               ///< generation that counts: pages of older ones are free

    BlockNumber directory_page(std::uint32_t list) const noexcept {
        return directory[list / entries_per_page];
    }

    /// As many lists as the setting, or the target of recall, says: in the mean of many queries, so that
    /// there may be a fraction.
    double probes(int asked, double target_recall) const noexcept;
};

/// All but where lists are. `middles` are rotated.
Opened make_opened(const Meta &meta, std::span<const float> middles, core::Codebook codebook);

/// Reads where lists are; false if another generation counts by now.
bool read_directory(Relation index, Opened &opened);

/// Reads the index where it is another one than was kept; null as long as no vector was in it.
std::shared_ptr<const Opened> open(Relation index);

/// The vector of a query or a row as the index has it: a direction for the cosine, and rotated. False where
/// the cosine has none.
bool prepare(const Opened &opened, std::span<const float> vector, std::vector<float> &prepared);

} // namespace steward::ivf
