// The complex Ginzburg-Landau equation on a square with periodic borders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>

#include "core/error.hpp"
#include "core/fields/aligned.hpp"
#include "core/stop.hpp"

namespace steward::core {

/// dA/dt = A + (1 + i c1) (d2/dx2 + d2/dy2) A - (1 - i c3) |A|^2 A, all of it without units.
struct CglParameters {
    double c1 = 0;       ///< linear dispersion, also called alpha, or b
    double c3 = -1.5;    ///< nonlinear dispersion; beta, or c, is -c3
    double length = 100; ///< of a side of the square
    double dt = 0.05;    ///< time of a step
    double noise = 0.01; ///< deviation of both parts of each number at the start
};

/// Sides of a field: multiples of 8.
inline constexpr std::size_t least_side = 16;
inline constexpr std::size_t most_side = 1024;

/// Throws Error(invalid_argument) unless these are those of a field that can be solved.
void check(std::size_t side, const CglParameters &parameters);

/// A field on its way through time.
///
/// Fourier modes, and exponential time differencing of second order for them (ETD2, equations 5 and 6 of Cox
/// and Matthews, "Exponential time differencing for stiff systems", J. Comput. Phys. 176, 2002), started by a
/// step of first order. A step costs a transform there and one back: rows are transformed back, react and
/// are transformed again while they are in the nearest cache, and so are columns with the spectrum.
class CglField {
  public:
    /// Zero everywhere; throws as check() and std::bad_alloc. The parameters stay.
    CglField(std::size_t side, const CglParameters &parameters, std::pmr::memory_resource *memory, Stop stop);

    /// Sets it to noise, determined by the seed.
    void draw(std::int64_t seed);
    /// Sets it to these numbers: `side` rows of `side` each, real and imaginary parts apart.
    void set(std::span<const double> real, std::span<const double> imaginary);

    /// So many steps on. Throws Error(out_of_range) when the numbers are no longer finite.
    void advance(std::uint64_t steps);

    /// The numbers, in the order in which set() takes them.
    void get(std::span<double> real, std::span<double> imaginary) const;

    std::size_t side() const noexcept { return side_; }

    struct Amplitude {
        double mean;
        double deviation;
    };
    /// Of |A| over all points.
    Amplitude amplitude() const;

  private:
    double *row(std::size_t y) noexcept { return field_.data() + y * stride_; }
    const double *row(std::size_t y) const noexcept { return field_.data() + y * stride_; }
    double *tables(std::size_t column) noexcept;
    void make_tables();
    void start();
    void react();
    template <class Each> void spectrum(Each each);
    template <class Each> void spectrum_of(std::size_t first, std::size_t next, Each each);
    void finish();

    std::size_t side_;
    std::size_t
        stride_; ///< doubles from row to row, more than a row has: a power of two would share cache lines
    CglParameters parameters_;
    Stop stop_;
    AlignedDoubles field_;
    AlignedDoubles carried_;  ///< what ETD2 carries from step to step, column by column
    AlignedDoubles tables_;   ///< of its coefficients, for half of the columns: the others mirror them
    AlignedDoubles columns_;  ///< those that are transformed now
    AlignedDoubles spectrum_; ///< a row or a column that was
};

} // namespace steward::core
