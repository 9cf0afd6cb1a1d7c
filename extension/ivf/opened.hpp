// What a process keeps of an index: all that does not change between two builds.
#pragma once

#include <memory>
#include <vector>

#include "core/vector/centroids.hpp"
#include "core/vector/rotation.hpp"

#include "extension/ivf/page.hpp"

namespace steward::ivf {

struct Opened {
    Meta meta;
    core::Metric metric;
    core::CodeFormat format;
    FrameLayout layout;
    core::Rotation rotation;
    core::Centroids centroids;
    std::vector<BlockNumber> first; ///< page of each list

    /// As many lists as the setting, or the target of recall, says.
    std::size_t probes(int asked, double target_recall) const noexcept;
};

/// Reads the index where it is another one than was kept; null as long as no vector was in it.
std::shared_ptr<const Opened> open(Relation index);

/// The vector of a query or a row as the index has it: a direction for the cosine, and rotated. False where
/// the cosine has none.
bool prepare(const Opened &opened, std::span<const float> vector, std::vector<float> &prepared);

} // namespace steward::ivf
