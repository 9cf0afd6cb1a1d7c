// Numbers that begin where a vector instruction likes them to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

namespace steward::core {

/// Doubles, zero at first, of a resource that may know no such alignment.
class AlignedDoubles {
  public:
    AlignedDoubles(std::size_t size, std::pmr::memory_resource *memory) : all_(size + slack, 0.0, memory) {
        auto const address = reinterpret_cast<std::uintptr_t>(all_.data());
        begin_ = all_.data() + (alignment - address % alignment) % alignment / sizeof(double);
    }
    AlignedDoubles(const AlignedDoubles &) = delete;
    AlignedDoubles &operator=(const AlignedDoubles &) = delete;

    double *data() noexcept { return begin_; }
    const double *data() const noexcept { return begin_; }

    static constexpr std::size_t alignment = 64;

  private:
    static constexpr std::size_t slack = alignment / sizeof(double);

    std::pmr::vector<double> all_;
    double *begin_;
};

} // namespace steward::core
